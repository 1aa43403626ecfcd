"""A measurement that is run as a script, ``python -m evals.NAME [FILE..]``: what it is, or what was wrong, in words.

``--help`` prints what the module promises. Bad input is one line that names the value and the fix, exit code 2; Ctrl-C is 130.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from agent.errors import TradecraftError

INTERRUPTED = 130


def run(main: Callable[[list[str]], None], promise: str | None) -> NoReturn:
    """Run ``main`` on the words of the command line and end the process; ``promise`` is the module's docstring."""
    sys.exit(outcome(main, promise, sys.argv[1:]))


def outcome(main: Callable[[list[str]], None], promise: str | None, words: list[str]) -> int:
    """Run ``main`` and return the exit code."""
    if {"-h", "--help"} & set(words):
        sys.stdout.write(promise or "")
        return 0
    try:
        main(words)
    except TradecraftError as err:
        sys.stderr.write(f"error: {err}\n")
        return err.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    return 0
