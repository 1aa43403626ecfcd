"""Which decision a question is about: an id, a symbol and a day, or "the best trade", "the last entry on NASDAQ"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from agent.chat.local.composing import order_of, which_of
from agent.chat.local.reading import Question
from agent.chat.local.route import Step, clean, doing
from agent.chat.tables import Trade
from agent.chat.tools.selecting import Trades, selected
from agent.chat.view import View


@dataclass(frozen=True)
class Referent:
    """Where the decision is, as inputs of ``why``; what says so; a doubt where several fit; a step that shows it first."""

    wheres: tuple[dict[str, Any], ...]
    tells: frozenset[str] = frozenset()
    doubt: str | None = None
    shown: tuple[Step, ...] = ()


MOST = 3
_NOUNS = ("trade", "win", "lose", "buy", "entries", "close", "sell", "decision")
_WAYS = re.compile(r"\b(?:exit|close|closing) (?:reasons?|types?|kinds?|ways?)\b|\breasons? for (?:exit|closing)")


def referent(q: Question, view: View, wanted: str | None) -> Referent | None:
    """The decision meant; None where none is."""
    if q.idents:
        return Referent(tuple({"id": ident} for ident in q.idents))
    if q.day is not None:
        symbols = list(q.symbols) or doing(view, q.day, wanted) or view.tables.symbols
        return Referent(tuple({"symbol": s, "at": q.day} for s in symbols))
    return _extreme(q, view) or _entry(q, view, wanted)


def _extreme(q: Question, view: View) -> Referent | None:
    """The trade at the end of an order: the best, the last, the one held longest."""
    found = order_of(q)
    if found is None or not q.any(*_NOUNS) or _WAYS.search(q.text):
        return None
    order, figure, tells = found
    given, used = which_of(q)
    if (order == "best") == (given.get("won") is True) and order in ("best", "worst"):
        given.pop("won", None)  # the smallest win is the worst of the winners, the biggest loss the worst of all
    nth = q.value("nth")
    asked = Trades.model_validate(clean({**given, "order": order, "figure": figure, "nth": nth}))
    chosen = selected(view, asked)[: min(MOST, q.top)]
    if not chosen:
        return None
    step = Step("trades", clean({**given, "order": order, "figure": figure, "nth": nth, "n": q.top if q.top > 1 else None}))
    return Referent(
        tuple({"id": t.outcome.decision} for t in chosen),
        frozenset(tells | used | {"trade", "decision", "buy", "win", "lose"}),
        None,
        (step,),
    )


def _entry(q: Question, view: View, wanted: str | None) -> Referent | None:
    """The entries (or exits) of a stretch, the last of them where there are many."""
    if q.period is None:
        return None
    given, used = which_of(q)
    given.pop("won", None)
    key = "exit" if wanted == "close" else given.get("dated", "exit")
    inside: list[Trade] = selected(view, Trades.model_validate({**given, "dated": key, "order": "first"}))
    lost = [t for t in inside if not t.won] if q.has("lose") else [t for t in inside if t.won] if q.has("win") else inside
    if not lost:
        return None
    doubt = None if len(lost) <= MOST else f"{len(lost)} trades fit; these are the last"
    return Referent(
        tuple({"id": t.outcome.decision} for t in lost[-MOST:]),
        frozenset(used | {"trade", "buy", "win", "lose", "decision", "close", "sell"}),
        doubt,
    )
