"""Commands that keep episodic memory: import, and what else changes or copies it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import console, dump, emit, stages

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from memory_db.store import MemoryStore


def register(memory: typer.Typer) -> None:
    """Add the commands."""
    memory.command("import")(import_)
    for command in (export, cleanup, forget, backup, restore, rebuild, compare, encrypt):
        memory.command()(command)
    memory.command("rotate-key")(rotate_key)


def _standing() -> str:
    return GLOBALS.run or "paper"


def _opened(run: str) -> AbstractContextManager[MemoryStore]:
    from agent.wiring.homes import open_memory_of

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
    whole: Annotated[bool, typer.Option("--whole", help="The lines are an export; rebuild an empty run from them.")] = False,
) -> int:
    """Take in memories; a bad line is refused with its reason and the rest is kept."""
    from agent.wiring.clock import wall_clock
    from memory_db.lines import BATCH, bounded, import_lines

    run = _standing()
    if whole:
        return _rebuilt(jsonl, run)
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


def _rebuilt(jsonl: Path, run: str) -> int:
    from agent.errors import ConfigError
    from memory_db.copies import rebuilt

    if GLOBALS.principal != "operator":
        raise ConfigError(
            f"--whole writes facts and state as they are, which --as {GLOBALS.principal} may not; use --as operator"
        )
    with _source(jsonl) as file, _opened(run) as store:
        count = rebuilt(store.journal, file)
    GLOBALS.wrote(run)
    emit({"imported": count, "duplicates": 0, "rejected": []}, lambda out: out.print(f"{count} facts rebuilt in run {run}"))
    return 0


def export(
    out_file: Annotated[Path | None, typer.Option("--out", help="Where to; default stdout.")] = None,
) -> None:
    """Every fact with its vectors as JSON lines, from which memory import --whole rebuilds everything."""
    from agent.errors import ConfigError
    from memory_db.copies import exported

    with _opened(GLOBALS.read_run()) as store:
        if out_file is None:
            for line in exported(store.journal):
                sys.stdout.write(line + "\n")
            return
        try:
            out_file.touch(mode=0o600, exist_ok=False)
            with out_file.open("w", encoding="utf-8") as file:
                count = sum(file.write(line + "\n") > 0 for line in exported(store.journal))
        except OSError as err:
            raise ConfigError(f"--out {out_file} cannot be written: {err.strerror}; name a new file") from None
    emit({"exported": count, "path": str(out_file)}, lambda out: out.print(f"{count} facts exported to {out_file}"))


def cleanup() -> None:
    """Archive what decayed or exceeds its cap; recall as of an earlier time still sees it."""
    from agent.wiring.clock import wall_clock

    with _opened(_standing()) as store:
        count = store.cleanup(wall_clock())
    emit({"archived": count}, lambda out: out.print(f"{count} memories archived"))


def forget(
    name: Annotated[str, typer.Argument(help="Id or key, as memory search shows it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "asked to",
) -> None:
    """Delete a memory's content for good; the chain stays whole, and backups that hold it are named."""
    from agent.wiring.clock import wall_clock

    with _opened(_standing()) as store:
        done = store.forget(name, wall_clock(), reason)

    def words(out: Console) -> None:
        out.print(f"forgotten: {done.kind} {done.key}")
        for place in done.backups:
            out.print(f"  backup {place} still holds it")

    emit({"id": f"m{done.seq}", "key": done.key, "kind": done.kind, "backups": done.backups}, words)


def backup(
    path: Annotated[Path | None, typer.Argument(help="The file to write; default HOME/backups/RUN-TIME.sqlite.")] = None,
) -> None:
    """Copy the journal while others write, and verify the copy."""
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import signer_for
    from memory_db import copies

    run, now = _standing(), wall_clock()
    place = path or GLOBALS.home / "backups" / f"{run}-{now:%Y%m%dT%H%M%S%f}.sqlite"
    with _opened(run) as store:
        count = copies.backup(store.journal, place, signer_for(GLOBALS.home), now)
    emit({"path": str(place), "facts": count, "verified": True}, lambda out: out.print(f"{count} facts in {place}, verified"))


def restore(path: Annotated[Path, typer.Argument(help="A file that memory backup wrote.")]) -> None:
    """Put a backup in the run's place; the present journal is kept beside it as .before-restore."""
    from agent.wiring.homes import restore_journal

    run = _standing()
    count = restore_journal(GLOBALS.home, run, path)
    GLOBALS.wrote(run)
    emit({"run": run, "facts": count}, lambda out: out.print(f"run {run} has the {count} facts of {path}"))


def rebuild() -> None:
    """Delete every index and make it again from the journal."""
    with _opened(_standing()) as store:
        done = store.rebuild(stages)
    emit(done, lambda out: out.print(", ".join(f"{name} {count}" for name, count in done.items())))


def encrypt() -> None:
    """Encrypt the run's content and vectors at rest; end other processes that have it open first.

    The key is TRADECRAFT_MEMORY_KEY (Fernet keys, the newest first), or of the keyring (service tradecraft-memory, the
    home as account), or is made and kept in HOME/keys/memory.key under TRADECRAFT_MEMORY_PASSPHRASE.
    """
    from agent.wiring.homes import encrypt_run

    run = _standing()
    count = encrypt_run(GLOBALS.home, run, stages)
    emit({"run": run, "facts": count, "encrypted": True}, lambda out: out.print(f"run {run}: {count} facts are encrypted"))


def rotate_key() -> None:
    """Seal every encrypted run of the home with a new key, while others go on writing.

    A key file gets a new key by itself. In TRADECRAFT_MEMORY_KEY or the keyring put the new key before the old one first,
    and take the old one away afterwards.
    """
    from agent.wiring.homes import rotate_memory_key

    count = rotate_memory_key(GLOBALS.home, stages)
    emit({"facts": count}, lambda out: out.print(f"{count} facts are sealed with the newest key"))


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="YYYYMMDD-YYYYMMDD, both dates included.")],
    second: Annotated[str, typer.Argument(metavar="B", help="YYYYMMDD-YYYYMMDD, both dates included.")],
) -> None:
    """What was remembered in one period beside another: counts by kind, importance, what situations paid."""
    from memory_db.periods import Period, summary

    periods = [Period.parse(text) for text in (first, second)]
    with _opened(GLOBALS.read_run()) as store:
        a, b = (summary(store.journal, period) for period in periods)

    def words(out: Console) -> None:
        from agent.cli.output import number, table

        shown = table(None, "", first, second, right=(1, 2))
        for name in sorted(a.keys() | b.keys()):
            shown.add_row(name, number(a.get(name), "{:,.3g}"), number(b.get(name), "{:,.3g}"))
        out.print(shown)

    emit({"a": {"period": first, **a}, "b": {"period": second, **b}}, words)
