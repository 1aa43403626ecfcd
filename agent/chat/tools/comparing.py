"""Two decisions beside each other."""

from __future__ import annotations

from datetime import date
from typing import Any

from agent.chat.found import Found, Table, nothing
from agent.chat.tables import Row
from agent.chat.tools.aspects import headline
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.domain import Frozen


class Compare(Frozen):
    """Two decisions, each by id or as SYMBOL YYYY-MM-DD."""

    a: str
    b: str


def compare(view: View, asked: Compare) -> Found:
    """Two decisions beside each other: what differed, and what came of each."""
    found = [_named(view, name) for name in (asked.a, asked.b)]
    if any(row is None for row in found):
        missing = asked.a if found[0] is None else asked.b
        return nothing(f"There is no decision {missing!r}; give an id, or a symbol and a day of the record.", f"run:{view.run}")
    a, b = (row for row in found if row is not None)
    pairs: list[tuple[str, ...]] = [
        (name, _shown(getattr(a, name)), _shown(getattr(b, name)))
        for name in ("symbol", "day", "action", "confidence", "size", "regime", "close", "stop", "target", "votes")
    ]
    pairs += [
        (name, _shown(a.feature(name)), _shown(b.feature(name)))
        for name in ("rsi_14", "trend_strength", "volatility_z", "adx_14")
    ]
    ends = [view.tables.trade_of.get(row.id) for row in (a, b)]
    pairs.append(("result in R", *(f"{t.outcome.r:+.2f}" if t else "no trade" for t in ends)))
    different = [f"{name} {one} against {two}" for name, one, two in pairs if one != two]
    text = f"{headline(a)} {headline(b)} They differ in {'; '.join(different)}."
    rows = tuple(pairs)
    return Found(text=text, ids=(a.id, b.id), table=Table(title="two decisions", columns=("", a.id[:8], b.id[:8]), rows=rows))


def _named(view: View, name: str) -> Row | None:
    words = name.split()
    if len(words) == 2 and words[0] in view.tables.by_symbol:
        try:
            return view.tables.at(words[0], date.fromisoformat(words[1]))
        except ValueError:
            return None
    found = view.tables.found(name)
    return found[0] if len(found) == 1 else None


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{k} {'abstained' if v is None else f'{v:+.2f}'}" for k, v in value.items())
    return str(value)


TOOLS = (Tool("compare", "Two decisions beside each other: what differed and what came of it.", Compare, compare),)
