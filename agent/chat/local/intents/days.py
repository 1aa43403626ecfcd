"""Questions about a day of the market: its state, a feature or the close, what was held, days like it."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re

from agent.chat.local.intents.decisions import ABOUT, asked, wanted_of
from agent.chat.local.reading import Question
from agent.chat.local.referring import referent
from agent.chat.local.route import Route, Step, clean, days_of, each_symbol, intent, one
from agent.chat.view import View


def _held_on(q: Question, view: View) -> Route | None:
    return one("positions", symbol=q.symbol, at=q.day)


def _risk_then(q: Question, view: View) -> Route | None:
    """What was open at the end of a stretch."""
    return one("positions", symbol=q.symbol, at=q.period.end) if q.period and q.day is None and q.period.end else None


def _state_on(q: Question, view: View) -> Route | None:
    return each_symbol(q, view, "market_state", {"symbol": q.symbol, "at": q.day})


_ALL_FEATURES = re.compile(r"\b(?:features?|indicators?|readings?)\b")


def _features_on(q: Question, view: View) -> Route | None:
    """Every feature of a day, where they are asked for as such."""
    return _state_on(q, view) if _ALL_FEATURES.search(q.text) and not q.values("feature") else None


def _feature_on(q: Question, view: View) -> Route | None:
    found = referent(q, view, wanted_of(q)) if not q.day else None
    if found is not None:
        return asked(found, "state", None)
    if q.day is None:
        return None
    symbols = q.symbols or tuple(view.tables.symbols)
    beside = any(f.startswith("sma_") for f in q.features) and re.search(r"\b(?:far|distance|away|from|above|below)\b", q.text)
    price = ("close",) if beside or any(b.feature.startswith("close_to_") for b in q.bounds) else ()
    wanted = [(s, f) for s in symbols for f in (*price, *q.features)]
    return Route(tuple(Step("market_state", {"symbol": s, "at": q.day, "feature": f}) for s, f in wanted)).telling("@bound most")


def _close_at_end(q: Question, view: View) -> Route | None:
    """The close, or a feature, on the last day of a stretch: "at the end of 2016"."""
    if q.period is None or q.period.kind != "end" or q.any("equity", "trade", "most", "least", "average"):
        return None
    features = q.values("feature")
    if not features and not q.symbols:
        return None  # where we ended is told by equity
    features, symbols = features or ("close",), q.symbols or tuple(view.tables.symbols)
    return Route(tuple(Step("market_state", {"symbol": s, "at": q.period.end, "feature": f}) for s in symbols for f in features))


def _volatility_on(q: Question, view: View) -> Route | None:
    """How far the market swung, on a day or over a stretch."""
    if not q.symbols or q.regimes:
        return None
    if q.day:
        steps = [Step("market_state", {"symbol": s, "at": q.day, "feature": f}) for s in q.symbols for f in _VOLATILITY]
    else:
        steps = [Step("feature_history", {**clean(days_of(q)), "symbol": s, "feature": "volatility_20"}) for s in q.symbols]
    return Route(tuple(steps))


_VOLATILITY = ("volatility_20", "volatility_z")


def _close_on(q: Question, view: View) -> Route | None:
    return each_symbol(q, view, "market_state", {"symbol": q.symbol, "at": q.day, "feature": "close"})


_LOOKS = re.compile(r"\b(?:what|how) (?:does|did|do) (?:\S+ ){0,4}?(?:look|looked) like\b")  # of the market itself


def _similar(q: Question, view: View) -> Route | None:
    if q.idents:
        return one("similar", id=q.idents[0])
    if q.day is None and not q.has("now", "similar") or _LOOKS.search(q.text):
        return None
    return each_symbol(q, view, "similar", {"symbol": q.symbol, "at": q.day})


_LIKE = re.compile(
    r"\b(?:anything|something|days?|situations?|times?|looked|markets?|bars?|this|that) (?:\S+ )?like\b|\blike (?:this|that|it did)\b|\bsimilar to\b"
)


def _like_it(q: Question, view: View) -> Route | None:
    """Days like one that is named, in words that can mean nothing else."""
    return _similar(q, view) if q.day and _LIKE.search(q.text) else None


INTENTS = (
    intent("what was held", "position_open @day", "trade symbol how_many long short buy size now list exposure", _held_on, 0.15),
    intent("what was held then", "position_open|risk_on @stretch", "trade symbol how_many long short buy size now list exposure how_much risk_on position_open hold", _risk_then, -0.1),
    intent("risk on a day", "risk_on @day", "trade symbol how_many long short buy size now list exposure how_much position_open hold", _held_on, 0.1),
    intent("market on a day", "state|regime|price @day", "happened symbol event volatility", _state_on, 0.1),
    intent("features on a day", "state @day", "happened decision describe list look buy trade entries", _features_on, 0.5),
    intent("feature on a day", "@feature", f"{ABOUT} price state happened how_much", _feature_on, 0.2),
    intent("close on a day", "price @day", "symbol close how_much state index", _close_on, 0.2),
    intent("close at the end", "price|close|levels|@feature @stretch", "symbol how_much state index last", _close_at_end, 0.45),
    intent("volatility of a symbol", "volatility", "symbol how_much state market when happened", _volatility_on, 0.35),
    intent("days like it", "similar", "when state list how_many happened followed memories trade win lose return outcome regime sequence last first situation history again now price most", _like_it, 0.9),
    intent("similar days", "similar", "when state list how_many happened followed followed memories best most trade win lose return outcome regime sequence last first situation history again now price", _similar, 0.35),
)  # fmt: skip
