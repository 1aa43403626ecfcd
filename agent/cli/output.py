"""What goes where: documents to stdout, words and progress to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent.cli.globals import GLOBALS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agent.backtest.walk import Progress


def dump(value: Any) -> str:
    """One line of JSON; times and decimals as text."""
    return json.dumps(value, default=str, allow_nan=False)


def lines(values: Iterable[Any]) -> None:
    """JSON lines on stdout."""
    for value in values:
        sys.stdout.write(dump(value) + "\n")


def emit(value: Any, words: Callable[[Console], None]) -> None:
    """The document with --json, else words for a person."""
    if GLOBALS.json:
        lines([value])
    else:
        words(console())


def console(*, stderr: bool = False) -> Console:
    """A console that keeps to the terminal's width and to NO_COLOR.

    Words are printed as they are: a symbol or a remembered text in brackets is no markup.
    """
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False, markup=False, emoji=False)


def logs_to_stderr() -> None:
    """Keep what is logged out of the documents on stdout, wherever stderr points at that moment."""
    import structlog

    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def table(title: str | None, *columns: str, right: tuple[int, ...] = ()) -> Table:
    """A plain table; ``right`` gives the columns of numbers."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, box=box.SIMPLE, title_justify="left", pad_edge=False)
    for i, column in enumerate(columns):
        made.add_column(column, justify="right" if i in right else "left", overflow="fold")
    return made


def number(value: float | None, pattern: str = "{:.2f}") -> str:
    """A figure, or a dash where there is none."""
    return "-" if value is None else pattern.format(value)


@contextmanager
def walking(title: str) -> Iterator[Callable[[Progress], None]]:
    """A progress bar on stderr for a walk; silent where stderr is no terminal, apart from each chunk's line."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    out = console(stderr=True)
    if not out.is_terminal:
        yield _plain(title)
        return
    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=out, transient=False) as bar:
        task = bar.add_task(title, total=None, note="")

        def report(step: Progress) -> None:
            if step.done % 8 == 0 or step.done == step.total:
                bar.update(task, total=step.total, completed=step.done, note=f"{step.chunk} {step.equity:,.0f}")

        yield report


@contextmanager
def counting(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr for work that says (done, total); where stderr is no terminal, a line at each quarter."""
    from rich.progress import Progress as Bar

    out = console(stderr=True)
    with Bar(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def report(done: int, total: int) -> None:
            bar.update(task, total=total, completed=done)
            if not out.is_terminal and total and done * 4 // total > (done - 1) * 4 // total:
                sys.stderr.write(f"{title}: {done} of {total}\n")

        yield report


def stages(what: str, count: int, total: int) -> None:
    """Say on stderr how far a stage of several is."""
    sys.stderr.write(f"{what}: {count} of {total}\n")


def _plain(title: str) -> Callable[[Progress], None]:
    seen: set[str] = set()

    def report(step: Progress) -> None:
        if step.chunk not in seen:
            seen.add(step.chunk)
            sys.stderr.write(f"{title}: {step.chunk} ({step.done} of {step.total} bars, equity {step.equity:,.0f})\n")

    return report
