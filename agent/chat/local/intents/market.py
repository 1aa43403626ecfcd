"""Questions about the market: features and prices over days, regimes, situations and what followed them."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.chat.local.reading import Question
from agent.chat.local.route import Make, Route, Step, clean, intent, one, scope
from agent.chat.view import View


def _situations(q: Question, view: View) -> Route | None:
    crossed = bool(q.values("cross"))
    if crossed and {b.op for b in q.tests} == {"<", ">"} and len({b.feature for b in q.tests}) == 1:
        # which way it crossed is not said
        return Route(tuple(Step("situations", clean({"tests": (b,), "crossed": True, **scope(q)})) for b in q.tests))
    return one("situations", tests=q.tests, crossed=crossed or None, **scope(q))


def _history(q: Question, view: View) -> Route | None:
    if q.day:
        return None
    priced = (q.any("price", "peak") or q.has("spread_of") and bool(q.symbols)) and not q.has(
        "cost"
    )  # what something cost is no price of the market
    if not q.symbols and not q.values("feature") and _OURS.search(q.text):
        return None  # our highest point is that of equity
    features = q.values("feature") or (("close",) if priced else ())
    pick = "highest" if q.any("most") else "lowest" if q.has("least") else "mean" if q.has("average") else None
    steps = tuple(Step("feature_history", clean({"feature": f, "pick": pick, **scope(q)})) for f in features)
    return Route(steps) if steps else None


_LOOKS = re.compile(
    r"\b(?:what|how) (?:does|did|do|is) (?:the |our )?(?:\w+ )?(?:markets?|index|indices|it) (?:now |currently )?look\w*|"
    r"^(?:the )?markets? (?:right )?now\b|\bhow (?:is|are) (?:the )?(?:markets?|ind(?:ex|ices))\b|\bstate of the (?:markets?|index|indices)\b|\bmarket state\b"
)


def _looks(q: Question, view: View) -> Route | None:
    return _now(q, view) if _LOOKS.search(q.text) else None


_NOW = re.compile(r"^(?:is|are) (?:it|we|the|both|any)\b|\b(?:now|currently|at the moment|at present)\b")


def _test_now(q: Question, view: View) -> Route | None:
    """Whether a condition holds at the newest bar."""
    if q.day or q.period or not _NOW.search(q.text) or q.any("trade", "buy", "entries", "win", "lose"):
        return None
    symbols = q.symbols or tuple(view.tables.symbols)
    features = dict.fromkeys(b.feature.removeprefix("close_to_") for b in q.tests)
    return Route(tuple(Step("market_state", {"symbol": s, "feature": f}) for s in symbols for f in features)).telling(
        "@bound @cross"
    )


_OURS = re.compile(r"\b(?:we|our|us|my|account|equity|money|portfolio|book)\b")


def _now(q: Question, view: View) -> Route | None:
    if q.day or q.period:
        return None
    features = q.values("feature") or (("close",) if q.has("price") else (None,))
    symbols = q.symbols or tuple(view.tables.symbols)
    return Route(tuple(Step("market_state", clean({"symbol": s, "feature": f})) for s in symbols for f in features))


def _regimes(measure: str) -> Make:
    def make(q: Question, view: View) -> Route | None:
        if measure == "now" and q.regime and q.has("when") and not q.day:
            return one("decisions", order="last", n=1, **scope(q)).telling("@regime")
        return one("regimes", measure=measure, **scope(q, regime=measure != "now")).telling("@regime")

    return make


def _durations(q: Question, view: View) -> Route | None:
    return (
        None
        if q.any("trade", "win", "lose") or q.text.startswith("when ")
        else one("regimes", measure="duration", **scope(q)).telling("@regime")
    )


def _spells(q: Question, view: View) -> Route | None:
    """How many stretches of a regime there were, which the durations tell with their number."""
    if not re.search(r"\b(?:phases|spells|stretches|periods|episodes|runs)\b", q.text) or q.any("trade", "win", "lose"):
        return None
    return one("regimes", measure="duration", **scope(q)).telling("@regime")


def _paid(q: Question, view: View) -> Route | None:
    """What trades in each regime, or in one, came to."""
    if q.has("how_many", "trade") and len(q.regimes) == 1:
        return None  # they are counted
    measure: dict[str, Any] = {"measure": "win_rate"} if q.has("win_rate") else {"measure": "pnl"}
    if len(q.regimes) == 1:
        of_one = one("trades", **measure, **scope(q))
        beside = one("trades", **measure, **scope(q, regime=False)).steps if q.has("overall", "compare") else ()
        return replace(of_one, steps=(*of_one.steps, *beside), tells=frozenset({"overall", "compare"}))
    low = q.any("worst", "least") or q.has("lose") and not q.has("win")
    ranked = q.any("best", "worst", "most", "least", "win", "lose", "compare")
    rank = (
        "win_rate"
        if q.has("win_rate")
        else "count"
        if q.has("trade") and q.any("most", "least") and not q.any("return", "best", "worst", "win", "lose")
        else "pnl"
    )
    return one("trades", by="regime", rank=rank if ranked else None, least=low, **scope(q)).telling("@regime")


_WHEN = "when condition how_many happened followed state list by describe"

INTENTS = (
    intent("situations", "@test", f"{_WHEN} regime sequence buy entries sell close hold trade decision return win lose similar outcome share average price recover again market knowledge negation memories @cross first last most change", _situations, 0.1),
    intent("a feature over days", "@feature", f"{_WHEN} most least average history peak last first price change", _history, 0.0),
    intent("the price over days", "price|peak|spread_of @stretch", f"{_WHEN} most least average peak last first symbol state change", _history, 0.0),
    intent("highest price", "price|peak most|least|average|peak", f"{_WHEN} most least average peak symbol close", _history, -0.2),
    intent("a condition now", "@test", f"{_WHEN} now market state regime price", _test_now, 0.5),
    intent("a feature now", "@feature", f"{_WHEN} now last price state how_much term", _now, -0.1),
    intent("how the market looks", "", f"{_WHEN} now last regime price symbol", _looks, 0.5),
    intent("the market now", "state|regime|price", f"{_WHEN} now last regime price symbol how_much", _now, -0.3),
    intent("regime now", "regime|@regime now|last|@day", f"{_WHEN} regime now last state symbol", _regimes("now"), 0.1),
    intent("share of regimes", "regime|@regime share|how_many|most|average|list", f"{_WHEN} regime share most least average how_long symbol compare dayunit decision overall year", _regimes("share"), 0.1),
    intent("regimes", "regime|@regime", f"{_WHEN} share symbol state overall", _regimes("share"), -0.4),
    intent("how many spells of a regime", "how_many regime|@regime", f"{_WHEN} share now", _spells, 0.4),
    intent("how long regimes last", "regime|@regime holding|how_long|streak", f"{_WHEN} regime holding how_long average most longest least shortest by list share barunit dayunit now", _durations, 0.25),
    intent("regime changes", "change regime|@regime", f"{_WHEN} regime last first how_many most symbol switch from year", _regimes("changes"), 0.1),
    intent("what regimes paid", "regime|@regime return|win|lose|best|worst|win_rate|trade|average|make|compare", f"{_WHEN} regime best worst most least win lose return trade average how_much compare by overall win_rate hold buy performance share", _paid, 0.15),
)  # fmt: skip
