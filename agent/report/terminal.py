"""The result of a run in a terminal: the verdict, and a table that fits 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.report.document import Document
from agent.report.document import documents as read_documents
from agent.report.wording import bounds, label, number, sentences, verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

_COLUMNS = ("return %", "year %", "Sharpe", "max dd %", "trades", "win %", "held %")


def summary(documents: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Return what ``rich`` prints for these arms, the full arm first: verdict, table, differences.

    Raises ConfigError when there is no document or one cannot be read.
    """
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    arms = read_documents(documents)
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("arm", max_width=16, overflow="ellipsis", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for position, arm in enumerate(arms):
        table.add_row(Text(label(arm.arm)), *_row(arm), style="bold" if position == 0 else "")

    def small(line: str) -> Text:
        return Text(line.replace("\u00a0%", "%"), style="dim")  # a terminal breaks lines even at that space

    opening = Text(verdict(arms).replace("\u00a0%", "%"), style="bold")
    return Group(opening, table, *(small(line) for line in sentences(arms)[1:]))


def _row(arm: Document) -> list[str]:
    span = bounds(arm.sharpe_interval, 1)
    ratio = number(arm.figure("Sharpe Ratio"))
    return [
        number(arm.figure("Return [%]"), 1, sign=True),
        number(arm.figure("Return (Ann.) [%]"), 1, sign=True),
        f"{ratio} {span}" if span else ratio,
        number(arm.figure("Max. Drawdown [%]"), 1),
        number(arm.figure("# Trades"), 0),
        number(arm.figure("Win Rate [%]"), 0),
        number(arm.figure("Exposure Time [%]"), 0),
    ]
