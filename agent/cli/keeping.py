"""Commands that keep episodic memory: import, and what else changes or copies it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import console, dump, emit

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from memory_db.store import MemoryStore


def register(memory: typer.Typer) -> None:
    """Add the commands."""
    memory.command("import")(import_)


def _standing() -> str:
    return GLOBALS.run or "paper"


def _opened(run: str) -> AbstractContextManager[MemoryStore]:
    from agent.wiring import open_memory_of

    return open_memory_of(GLOBALS.home, run, GLOBALS.settings())


@contextmanager
def _source(path: Path) -> Iterator[BinaryIO]:
    """The file to read; - is stdin."""
    from agent.errors import ConfigError

    if str(path) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as err:
        raise ConfigError(f"--jsonl {path} cannot be read: {err.strerror}; name a file of JSON lines, or - for stdin") from None
    with file:
        yield file


def _acknowledge(key: str) -> None:
    sys.stdout.write(dump({"key": key}) + "\n")
    sys.stdout.flush()


def import_(
    jsonl: Annotated[Path, typer.Option("--jsonl", help="Memories as JSON lines; - reads stdin.")],
    ack: Annotated[bool, typer.Option("--ack", help="Print each key once it is durable.")] = False,
) -> int:
    """Take in memories; a bad line is refused with its reason and the rest is kept."""
    from agent.wiring import wall_clock
    from memory_db.lines import BATCH, bounded, import_lines

    run = _standing()
    with _source(jsonl) as file, _opened(run) as store:
        # who writes into a pipe and waits for its answer gets it line by line
        batch = 1 if ack and str(jsonl) == "-" else BATCH
        done = import_lines(
            store.journal,
            bounded(file),
            wall_clock(),
            trust="outside" if GLOBALS.principal == "outside" else "imported",
            batch=batch,
            acknowledge=_acknowledge if ack else None,
        )
    GLOBALS.wrote(run)
    document = {"imported": done.imported, "duplicates": done.duplicates, "rejected": done.rejected}

    def words(out: Console) -> None:
        # the acknowledged keys have stdout to themselves
        out = console(stderr=True) if ack else out
        out.print(f"{done.imported} imported, {done.duplicates} known already, {len(done.rejected)} refused")
        for item in done.rejected:
            out.print(f"  line {item['line']}: {item['reason']}")

    emit(document, words)
    return 1 if done.rejected and not done.imported + done.duplicates else 0
