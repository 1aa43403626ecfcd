"""From any failure to one line and an exit code; no traceback reaches a user unless asked for."""

from __future__ import annotations

import json
import os
import sys

import typer
from typer.exceptions import TyperException

from agent.cli.globals import GLOBALS
from agent.errors import TradecraftError

INTERRUPTED = 130  # what the shell expects, and what typer makes of Ctrl-C


def _say(kind: str, message: str) -> None:
    line = " ".join(message.split())
    sys.stderr.write(f"error: {line}\n")
    if GLOBALS.json:
        sys.stdout.write(json.dumps({"error": {"kind": kind, "message": line}}) + "\n")


def guarded(argv: list[str]) -> int:
    """Run the application; every way it can end becomes an exit code."""
    if "--json" in argv:
        GLOBALS.json = True
    try:
        from agent.cli.app import app

        code = app(argv, standalone_mode=False, prog_name="tradecraft")
        sys.stdout.flush()
        return _interrupted() if code == INTERRUPTED else code if isinstance(code, int) else 0
    except TyperException as err:
        return _misused(err)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as err:  # noqa: BLE001 - the door: nothing passes it unexplained
        return _failed(err)


def _interrupted() -> int:
    sys.stderr.write("interrupted: what was recorded stays; the same command goes on where it can\n")
    return INTERRUPTED


def _misused(err: TyperException) -> int:
    """Say what was wrong with the words given; a group without a command shows its help."""
    message = err.format_message().rstrip(".")
    context = getattr(err, "ctx", None)
    path = context.command_path if context is not None else "tradecraft"
    if context is not None and (message.startswith("Usage:") or message == "Missing command"):
        sys.stderr.write(context.get_help() + "\n\n")
        message = f"no command given after `{path}`"
    _say("usage", f"{message}; see `{path} --help`")
    return 2


def _failed(err: Exception) -> int:
    if GLOBALS.debug:
        import traceback

        traceback.print_exc()
    if isinstance(err, TradecraftError):
        _say(err.kind, str(err))
        return err.exit_code
    if isinstance(err, OSError):
        _say("io", f"{err.filename or 'file'}: {err.strerror or err}; check the path and its permissions")
        return 1
    _say("internal", f"{type(err).__name__}: {err}; run again with --debug and report the trace")
    return 1
