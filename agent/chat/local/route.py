"""What a question may be taken for: an intent with the concepts it needs and tells of, and the tools that answer it, as steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
    """What answers a question: tools in order, or words alone.

    ``tells`` are further concepts (and ``@kinds`` of slots) that it accounts for.
    """

    steps: tuple[Step, ...] = ()
    words: str | None = None
    doubt: str | None = None
    unknown: bool = False
    tells: frozenset[str] = frozenset()

    def telling(self, words: str) -> Route:
        """The same, accounting for more."""
        return replace(self, tells=self.tells | frozenset(words.split()))


Make = Callable[[Question, View], Route | None]


@dataclass(frozen=True)
class Intent:
    """One thing that can be asked. ``needs`` must all be in the question ("a|b": one of them; "@kind": a slot of that kind).

    ``weight`` is how far it goes before another that explains as much.
    """

    name: str
    needs: tuple[str, ...]
    tells: frozenset[str]
    make: Make
    weight: float = 0.0


def intent(name: str, needs: str, tells: str, make: Make, weight: float = 0.0) -> Intent:
    """An intent, its concepts as words."""
    return Intent(name, tuple(needs.split()), frozenset(tells.split()), make, weight)


def named(q: Question, need: str) -> bool:
    """Whether a question holds what an intent needs."""
    if not need.startswith("@"):
        return need in q.concepts
    kind = need[1:]
    found = {
        "day": q.day is not None,
        "period": q.period is not None,
        "stretch": q.period is not None and q.day is None,
        "symbol": bool(q.symbols),
        "skill": bool(q.skills),
        "id": bool(q.idents),
        "memory": bool(q.memories),
        "test": bool(q.tests),
        "feature": bool(q.features),
    }
    return found[kind] if kind in found else bool(q.values(kind))


def clean(given: dict[str, Any]) -> dict[str, Any]:
    """Without what was not named."""
    return {k: v for k, v in given.items() if v is not None and v != ()}


def one(tool: str, doubt: str | None = None, **given: Any) -> Route:
    """One tool."""
    return Route((Step(tool, clean(given)),), doubt=doubt)


def days_of(q: Question) -> dict[str, Any]:
    """The days named, as a range."""
    return {"start": q.period.start, "end": q.period.end} if q.period else {}


def scope(q: Question, *, regime: bool = True) -> dict[str, Any]:
    """The part of the record that a question names."""
    found: dict[str, Any] = {"symbol": q.symbol, **days_of(q)}
    return found | ({"regime": q.regime} if regime else {})


def each_symbol(q: Question, view: View, tool: str, given: dict[str, Any], wanted: str | None = None) -> Route:
    """A question about a day that names no symbol is asked of those that did what was asked about, else of all."""
    if given.get("symbol") or given.get("id"):
        return Route((Step(tool, clean(given)),))
    symbols = list(q.symbols) or doing(view, q.day, wanted) or view.tables.symbols
    return Route(tuple(Step(tool, clean({**given, "symbol": s})) for s in symbols))


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
