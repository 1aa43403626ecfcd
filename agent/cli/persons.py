"""Who is asking, and what a writing command asks of a person: the principal, the passphrase, a reason, the run that changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.globals import GLOBALS
from agent.errors import ConfigError

if TYPE_CHECKING:
    from agent.guard.principals import Principal
    from memory_db.journal import Journal
    from skills.catalogue import Catalogue

Ident = Annotated[str, typer.Argument(metavar="ID", help="A skill's id or name.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays on the record.")]


def ask() -> str:
    """Ask a person at a terminal for the operator's passphrase; nothing where there is no terminal."""
    import getpass

    return getpass.getpass("operator's passphrase: ") if sys.stdin.isatty() else ""


def new_passphrase() -> str:
    """Return the passphrase that is to come, from the environment or typed twice; ConfigError without one."""
    import getpass
    import os

    from agent.guard.keys import NEW_PASSPHRASE

    if found := os.environ.get(NEW_PASSPHRASE):
        return found
    if not sys.stdin.isatty():
        raise ConfigError(f"a new passphrase is needed; set {NEW_PASSPHRASE}, or run this at a terminal")
    typed = getpass.getpass("new passphrase: ")
    if typed != getpass.getpass("once more: "):
        raise ConfigError("the two new passphrases differ; nothing was changed")
    return typed


def operator_key(home: Path) -> str | None:
    """Return the id of the operator's key, making it where a passphrase is at hand; None where none is."""
    from agent.guard.keys import HomeKeys

    held = HomeKeys(home, ask)
    try:
        held.passphrase()
    except ConfigError:
        return None
    return held.signer("operator").key_id


def principal() -> Principal:
    """Return who --as says is asking; ConfigError for an unknown name."""
    from agent.guard.principals import principal_named

    return principal_named(GLOBALS.principal)


def written_run() -> str:
    """Return the run that a writing command changes: --run, else paper."""
    return GLOBALS.run or "paper"


@contextmanager
def writing() -> Iterator[tuple[Journal, Catalogue]]:
    """Open the run that a writing command changes; a person at a terminal is asked for the operator's passphrase."""
    from agent.wiring.homes import open_catalogue

    with open_catalogue(GLOBALS.home, written_run(), GLOBALS.settings(), ask) as opened:
        yield opened


def said(reason: str) -> None:
    """Refuse an empty reason (ConfigError)."""
    if not reason.strip():
        raise ConfigError("--reason is empty; say why, it stays on the record")
