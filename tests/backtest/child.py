"""The command line as a process of its own, with the quick embedder, that may die at a chosen moment.

``python -m tests.backtest.child WHERE N words...`` kills itself with SIGKILL at the Nth time
``WHERE`` is reached: ``bar`` (before a bar is decided), ``commit`` (committed, head not yet signed),
``chunk`` (before a chunk is closed), ``index`` (the walk is done, the index is not), or never.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import agent.backtest.walk
import agent.wiring.homes
import memory_db.journal
from agent.cli import main
from memory_db.store import MemoryStore
from tests.cli.kit import quick_embedder

PLACES: dict[str, tuple[object, str]] = {
    "bar": (agent.backtest.walk, "run_bar"),
    "commit": (memory_db.journal, "write_head"),
    "chunk": (agent.backtest.walk, "close_chunk"),
    "index": (MemoryStore, "index"),
}


def dying(real: Callable[..., Any], times: int) -> Callable[..., Any]:
    """The real thing, but the Nth call kills this process first."""
    left = iter(range(times - 1))

    def call(*args: Any, **kwargs: Any) -> Any:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    return call


def run(where: str, times: int, words: list[str]) -> int:
    swap(agent.wiring.homes, "SentenceEmbedder", quick_embedder)
    if where in PLACES:
        owner, name = PLACES[where]
        swap(owner, name, dying(getattr(owner, name), times))
    return main(words)


def swap(owner: object, name: str, value: Callable[..., Any]) -> None:
    """Put ``value`` where the program looks for ``name``."""
    setattr(owner, name, value)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
