"""What a rule makes of a question: the tools that answer it, as steps; and what rules share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.chat.local.reading import Question
from agent.chat.view import View


@dataclass(frozen=True)
class Step:
    """One tool with its input, as the model would call it."""

    tool: str
    input: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """What answers a question: tools in order, or words alone; why it may not be what was asked."""

    steps: tuple[Step, ...] = ()
    words: str | None = None
    doubt: str | None = None
    unknown: bool = False


Rule = Callable[[Question, View], Route | None]


def one(tool: str, doubt: str | None = None, **given: Any) -> Route:
    """One tool."""
    return Route((Step(tool, {k: v for k, v in given.items() if v is not None}),), doubt=doubt)


def scope(q: Question, *, regime: bool = True) -> dict[str, Any]:
    """The part of the record that a question names."""
    found: dict[str, Any] = {"symbol": q.symbol}
    if q.period is not None:
        found |= {"start": q.period.start, "end": q.period.end}
    return found | ({"regime": q.regime} if regime else {})


def days_of(q: Question) -> dict[str, Any]:
    """The days named, as a range."""
    return {"start": q.period.start, "end": q.period.end} if q.period else {}


def clean(given: dict[str, Any]) -> dict[str, Any]:
    """Without what was not named."""
    return {k: v for k, v in given.items() if v is not None}


def each_symbol(q: Question, view: View, tool: str, given: dict[str, Any], wanted: str | None = None) -> Route:
    """A question about a day that names no symbol is asked of those that did what was asked about, else of all."""
    if given.get("symbol") or given.get("id"):
        return Route((Step(tool, {k: v for k, v in given.items() if v is not None}),))
    symbols = list(q.symbols) or doing(view, q.day, wanted) or view.tables.symbols
    return Route(tuple(Step(tool, {k: v for k, v in {**given, "symbol": s}.items() if v is not None}) for s in symbols))


def doing(view: View, day: date | None, wanted: str | None) -> list[str]:
    """The symbols that did what is asked about on a day."""
    if day is None:
        return []
    found = []
    for symbol in view.tables.symbols:
        row = view.tables.at(symbol, day)
        ended = any(t.outcome.symbol == symbol and t.outcome.exit_bar.date() == day for t in view.tables.trades)
        begun = any(t.outcome.symbol == symbol and t.outcome.entry_bar.date() == day for t in view.tables.trades)
        fits = {
            "buy": begun or (row is not None and row.entered),
            "close": ended or (row is not None and row.action == "close"),
            "hold": row is not None and not row.entered,
        }
        if wanted and fits.get(wanted):
            found.append(symbol)
    return found
