"""Questions about one decision, or a day: why, what about it, what it led to, what would have been, two beside each other."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.chat.local.composing import which_of
from agent.chat.local.reading import Question
from agent.chat.local.referring import Referent, referent
from agent.chat.local.route import Intent, Make, Route, Step, clean, days_of, doing, each_symbol, intent, one, scope
from agent.chat.view import View


def wanted_of(q: Question) -> str | None:
    """What the person believes was done."""
    if q.has("hold") and not q.any("close", "benchmark"):
        return "hold"
    if q.has("close") or (q.has("sell") and not q.has("short")):
        return "close"
    return "buy" if q.any("buy", "short", "entries") else None


def _asked(found: Referent, aspect: str | None, wanted: str | None) -> Route:
    wheres = [{**where, "aspect": aspect, "wanted": wanted} for where in found.wheres]
    return Route((*found.shown, *(Step("why", clean(where)) for where in wheres)), doubt=found.doubt, tells=found.tells)


def _why(q: Question, view: View) -> Route | None:
    wanted = wanted_of(q)
    if wanted is None and q.day and q.has("trade"):
        wanted = next((w for w in ("buy", "close") if doing(view, q.day, w)), None)
    found = referent(q, view, wanted)
    if found is None:
        return None
    if not q.day and wanted == "buy":
        wanted = None  # found by what came of it: its own decision is the entry
    return _asked(found, None, wanted)


_OWN = {"clamps": "clamp", "outcome": "outcome|how_long|holding|exit_way", "regime": "trade|decision|entries"}


_REACHED = re.compile(
    r"\b(?:hit|reach(?:ed)?|triggered|got to|get to|made it to|touched)\b"
)  # whether a level was, not where it lay


def _aspect(name: str) -> Make:
    """Something about a decision that was made."""
    fits = "buy" if name in ("size", "stop", "target", "outcome") else None

    def make(q: Question, view: View) -> Route | None:
        wanted = wanted_of(q)
        if name in ("stop", "target") and _REACHED.search(q.text):
            return _aspect("outcome")(q, view)
        if name == "outcome" and wanted != "buy":
            wanted = "close" if wanted == "close" and q.day and doing(view, q.day, "close") else fits
        elif wanted != "buy":
            wanted = fits
        if name in ("clamps", "outcome", "regime") and not (q.day or q.idents) and not q.has(_OWN[name]):
            return None  # said of trades as a whole
        found = referent(q, view, wanted or fits)
        return _asked(found, name, wanted if q.day else None) if found else None

    return make


def _risk_of(q: Question, view: View) -> Route | None:
    """What was at stake in a trade: how large it was, and where its stop and target lay."""
    found = referent(q, view, "buy") if q.idents or q.day and q.symbols else None
    if found is None:
        return None
    size = _asked(found, "size", "buy" if q.day else None)
    return replace(size, steps=(*size.steps, *_asked(found, "stop", "buy" if q.day else None).steps))


def _why_size(q: Question, view: View) -> Route | None:
    """Why a position was as large as it was: its size with the limits that cut it, then the reasons of the decision."""
    if not (q.day or q.idents):
        return None
    found = referent(q, view, "buy")
    if found is None:
        return None
    told = _asked(found, "size", "buy" if q.day else None)
    return replace(told, steps=(*told.steps, *_asked(found, None, "buy" if q.day else None).steps))


def _last(q: Question, view: View) -> Route | None:
    """The newest decision, where a reason is asked and nothing says which."""
    wanted = wanted_of(q)
    symbols = q.symbols or tuple(view.tables.symbols)
    steps = tuple(Step("why", clean({"symbol": s, "wanted": wanted})) for s in symbols)
    return Route(steps, doubt="no day was given; this is the last")


def _compared(q: Question, view: View) -> Route | None:
    days = [p.day for p in q.periods if p.day]
    if len(q.idents) == 2:
        return one("compare", a=q.idents[0], b=q.idents[1])
    if len(days) == 2 and (q.symbols or len(view.tables.symbols) == 1):
        first = q.symbols[0] if q.symbols else view.tables.symbols[0]
        second = q.symbols[1] if len(q.symbols) > 1 else first
        return one("compare", a=f"{first} {days[0]}", b=f"{second} {days[1]}")
    if len(q.symbols) == 2 and len(days) == 1:
        return one("compare", a=f"{q.symbols[0]} {days[0]}", b=f"{q.symbols[1]} {days[0]}")
    return None


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
        return _asked(found, "state", None)
    if q.day is None:
        return None
    symbols = q.symbols or tuple(view.tables.symbols)
    beside = any(f.startswith("sma_") for f in q.features) and re.search(r"\b(?:far|distance|away|from|above|below)\b", q.text)
    price = ("close",) if beside or any(b.feature.startswith("close_to_") for b in q.bounds) else ()
    asked = [(s, f) for s in symbols for f in (*price, *q.features)]
    return Route(tuple(Step("market_state", {"symbol": s, "at": q.day, "feature": f}) for s, f in asked)).telling("@bound most")


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


def _votes_on(q: Question, view: View) -> Route | None:
    return _aspect("votes")(q, view)


# what would have been


def _changes(q: Question) -> dict[str, Any]:
    """Changed features, limits and thresholds, and what is left out."""
    changes: dict[str, Any] = {}
    values = [*q.amounts, *(b.value for b in q.bounds)]
    if q.tests:
        changes["features"] = {q.tests[0].feature: q.tests[0].value}
    elif q.values("feature") and values:
        changes["features"] = {q.values("feature")[0]: values[-1]}
    elif q.limit and values:
        whole = "bars" in q.limit or "losses" in q.limit
        changes["limits"] = {q.limit: values[-1] if whole or values[-1] <= 1 else values[-1] / 100}
    elif q.any("parameter", "confidence") and values:
        changes["min_confidence"] = values[-1] if values[-1] <= 1 else values[-1] / 100
    if changes or not q.has("without"):
        return changes
    if q.has("memories"):
        return {"without_memory": True}
    if q.voters:
        return {"without_voters": q.voters}
    return {"without_skills": ("all",)} if q.has("skill") else {}


def used_words(q: Question) -> str:
    """What a question about leaving trades out says besides."""
    return "happened outcome equity negation" if q.bounds else ""


def _what_if(q: Question, view: View) -> Route | None:
    changes = {"without_skills": q.skills} if q.skills else _changes(q)
    if not changes:
        return None
    found = referent(q, view, "buy")
    used = "@bound @amount @limit @feature @voter"
    if found is not None and (q.day or q.idents or found.shown):
        steps = tuple(Step("what_if", {**where, **changes}) for where in found.wheres)
        return Route(steps, doubt=found.doubt, tells=found.tells).telling(used)
    if "min_confidence" in changes and q.bounds:
        given, said = which_of(q)
        return Route((Step("trades", clean({**given, "measure": "pnl"})),), tells=frozenset(said)).telling(
            "buy entries sell whatif without change return trade confidence " + used_words(q)
        )
    if q.skills or "without_memory" in changes:
        return None
    symbol = q.symbol or view.tables.symbols[0]
    return one("what_if", "no decision was named, so this is the last", **changes, symbol=symbol).telling(used)


# something of the whole run made otherwise
_OTHERWISE = re.compile(
    r"\b(?:what if|what would|suppose|supposing|imagine|(?<![a-z] )had (?:we|you|it|the|there|i)|had (?:we|you|i)|if (?:we|you|it|i|the \w+|shorts?|stops?|targets?|costs?|fees)"
    r" (?:had|were|was|would)|would (?:\w+ ){0,4}(?:have been|be|improve|change|help|hurt|make|made|raise|lower|reduce))\b"
)
_OPTIONS = (
    ("start_cash", "--cash N"), ("forecast", "--arm no-forecast"),
    ("skill", "--arm no-skills"),
)  # fmt: skip


def _another_backtest(q: Question, view: View) -> Route | None:
    """What a whole run would have been takes another run: nothing in the record tells, and the command is named."""
    if (
        q.day
        or q.idents
        or q.skills
        or q.bounds
        or q.any("cost", "now", "last", "future", "benchmark", "halt", "memories")
        or not _OTHERWISE.search(q.text)
    ):
        return None
    if (alone := _alone(q)) is not None:
        return alone
    option = next((text for concept, text in _OPTIONS if q.has(concept)), "--timerange FROM-TO" if q.periods else "")
    left_out = f", leaving out the file of {q.symbols[0]}" if q.symbols and not option and q.has("without|negation") else ""
    setting = (
        "" if option or left_out else ", after changing the setting in tradecraft.toml (`tradecraft show-config` names them)"
    )
    how = f"`{f'tradecraft backtest --data FILES {option}'.strip()}`{left_out}{setting}"
    words = (
        f"The record cannot say what a whole run would have been: every later decision would have been another. That needs another "
        f"backtest: {how} [run:{view.run}]."
    )
    return Route(words=words).telling("@symbol @period @limit @amount @bound @exit @top @regime " + " ".join(q.concepts))


_ONLY = re.compile(r"\b(?:only|just|solely|exclusively|nothing but)\b")


def _alone(q: Question) -> Route | None:
    """One symbol traded by itself: what its trades made here, which is not what it would have made alone."""
    if q.symbol is None or not _ONLY.search(q.text):
        return None
    doubt = (
        "alone it would have decided otherwise, and only `tradecraft backtest --data FILE` with its file alone would tell; "
        "this is what its trades made in this run"
    )
    return one("trades", doubt, symbol=q.symbol, measure="pnl", **days_of(q)).telling(" ".join(q.concepts))


def _without_skill(q: Question, view: View) -> Route | None:
    if q.day:
        return None
    return one("without_skill", skill=q.skills[0], **scope(q))


def _of_id(q: Question, view: View) -> Route | None:
    if view.tables.found(q.idents[0]):
        return one("why", id=q.idents[0])
    named = next((s for s in view.catalogue.versions() if s.id.startswith(q.idents[0])), None)
    return one("skill", name=named.id).telling("@id skill") if named is not None else one("why", id=q.idents[0])


_ABOUT = "when buy entries sell close hold trade decision describe win lose"
_REF = "why|confidence|size|stop|target|voter|skill|memories|clamp|forecast|outcome|parts|state|regime"


def _about(name: str, needs: str, tells: str = "", weight: float = 0.15) -> Intent:
    return intent(f"{name} of a decision", needs, f"{_ABOUT} {tells}", _aspect(name), weight)


INTENTS = (
    intent("why", "why", f"{_ABOUT} happened short return state memories negation outcome position_open first last", _why, 0.2),
    intent("what was done", "@day", f"{_ABOUT} happened why short state negation", _why, -0.1),
    intent("what was done there", "happened|buy|close|hold|sell|decision|trade @day", f"{_ABOUT} why short state negation", _why, 0.1),
    intent("the last", "why buy|sell|close|hold|decision|trade", f"{_ABOUT} last now short negation", _last, -0.6),
    intent("by id", "@id", f"{_ABOUT} happened why outcome parts", _of_id, 0.1),
    _about("confidence", "confidence", "how_much buy"),
    _about("size", "equity share", "how_many how_much size trade position_open"),
    _about("size", "size", "how_many how_much equity share exposure risk return levels @amount"),
    _about("stop", "stop|levels", "price levels where target how_much limit exit_way @exit away"),
    _about("target", "target", "price levels where how_much stop @exit"),
    intent("risk of a trade", "risk_on|payoff trade|position_open|buy|entries", f"{_ABOUT} how_much size equity share", _risk_of, 0.5),
    intent("why so large", "why size", f"{_ABOUT} how_many how_much equity share exposure risk money levels @amount clamp limit", _why_size, 0.4),
    _about("votes", "voter|believe|agree|disagree|@voter", "why how_many each by list @voter happened compare"),
    _about("skills", "skill", "executions by list how_many reliability why believe agree"),
    _about("memories", "memories", "why how_many similar happened parts followed"),
    _about("clamps", "clamp|limit", "size how_much why @limit refused happened"),
    _about("forecast", "forecast", "happened voter how_much model"),
    _about("outcome", "outcome|return|win|lose|how_long|holding|exit_way", "how_much happened followed why cost fill price r streak long exit_way", 0.1),
    _about("votes", "voter win|lose @day", "why how_many each by @voter happened right wrong", 0.35),
    _about("outcome", "@day win|lose", "how_much outcome", 0.2),
    _about("outcome", "fill|price buy|sell|close|entries|trade", "how_much when"),
    _about("parts", "parts", "confidence how_much memories forecast voter skill by list share", 0.1),
    _about("regime", "regime", "state happened", 0.15),
    _about("state", "state", "happened regime price", 0.0),
    intent("two decisions", "compare", f"{_ABOUT} happened state", _compared, 0.3),
    intent("two days", "@day", "compare decision trade", _compared, 0.0),
    intent("what was held", "position_open @day", "trade symbol how_many long short buy size now list exposure", _held_on, 0.15),
    intent("what was held then", "position_open|risk_on @stretch", "trade symbol how_many long short buy size now list exposure how_much risk_on position_open hold", _risk_then, -0.1),
    intent("risk on a day", "risk_on @day", "trade symbol how_many long short buy size now list exposure how_much position_open hold", _held_on, 0.1),
    intent("market on a day", "state|regime|price @day", "happened symbol event volatility", _state_on, 0.1),
    intent("features on a day", "state @day", "happened decision describe list look buy trade entries", _features_on, 0.5),
    intent("feature on a day", "@feature", f"{_ABOUT} price state happened how_much", _feature_on, 0.2),
    intent("close on a day", "price @day", "symbol close how_much state index", _close_on, 0.2),
    intent("close at the end", "price|close|levels|@feature @stretch", "symbol how_much state index last", _close_at_end, 0.45),
    intent("volatility of a symbol", "volatility", "symbol how_much state market when happened", _volatility_on, 0.35),
    intent("days like it", "similar", "when state list how_many happened followed memories trade win lose return outcome regime sequence last first situation history again now price most", _like_it, 0.9),
    intent("similar days", "similar", "when state list how_many happened followed followed memories best most trade win lose return outcome regime sequence last first situation history again now price", _similar, 0.35),
    intent("what if", "whatif|without", "without whatif happened decision trade buy confidence parameter limit outcome position_open size negation voter memories skill how_much threshold settings return price state entries condition", _what_if, 0.3),
    intent("another backtest", "whatif", "", _another_backtest, 0.6),
    intent("without a skill", "whatif|without @skill", "without whatif happened return trade outcome result how_much skill win lose negation position_open overall equity condition last", _without_skill, 0.3),
)  # fmt: skip
