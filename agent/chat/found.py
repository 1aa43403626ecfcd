"""What a tool found: sentences with the ids they rest on, the figures behind them, and what is better looked at."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from agent.domain import Frozen

Json = dict[str, Any]


class Table(Frozen):
    """A small table; the columns named in ``right`` hold figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


class Chart(Frozen):
    """A line to look at, with marks at some of its points (an entry, an exit)."""

    title: str
    days: tuple[str, ...]
    values: tuple[float, ...]
    marks: tuple[tuple[int, str], ...] = ()


class Found(Frozen):
    """An answer of a tool. ``ids`` are whole; ``doubt`` says why it may not be meant; ``empty`` that nothing is known."""

    text: str
    ids: tuple[str, ...] = ()
    data: Json = {}
    table: Table | None = None
    chart: Chart | None = None
    doubt: str | None = None
    empty: bool = False


def nothing(text: str, *ids: str) -> Found:
    """Say that the record holds nothing of it."""
    return Found(text=text, ids=ids, empty=True)


def cite(kind: str, ident: str) -> str:
    """An id as it stands in a sentence: decisions and trades by their first eight characters."""
    return f"[{kind}:{ident[:8] if kind in ('decision', 'trade') else ident}]"


def day(moment: datetime | date | str) -> str:
    """A date, with the time where it is not midnight."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime) and (moment.hour or moment.minute):
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment:%Y-%m-%d}"


def money(value: float) -> str:
    """Cash, with its sign where it is a loss."""
    return f"{value:,.2f}"


def gain(value: float) -> str:
    """Cash won or lost."""
    return f"{value:+,.2f}"


def per_cent(share: float, digits: int = 1) -> str:
    """A share of one as a percentage."""
    return f"{share:.{digits}%}"


def figure(value: float | None, pattern: str = "{:.2f}") -> str:
    """A figure, or that it is not known."""
    return "not known" if value is None else pattern.format(value)


def listing(items: list[str], most: int = 8) -> str:
    """A list in words, cut where it grows long."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more
