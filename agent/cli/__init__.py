"""The command line: words in, one decision path behind, documents out.

Promises: nothing heavy is imported before a command needs it; with ``--json`` stdout carries the
document alone; every error is one line with its fix; exit codes are 0 fine, 1 failed or found
something, 2 bad usage or input, 3 halted by risk, 130 interrupted; what is written is its owner's alone.
"""

from __future__ import annotations

import os
import sys

from agent.cli.globals import GLOBALS, hoist


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code (the console script exits with it)."""
    from agent.cli.errors import guarded

    os.umask(0o077)
    given = hoist(list(sys.argv[1:] if argv is None else argv))
    GLOBALS.reset()
    return guarded(given)
