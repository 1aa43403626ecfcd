"""Questions about one decision: why, what about it, what it led to, two beside each other."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from dataclasses import replace

from agent.chat.local.reading import Question
from agent.chat.local.referring import Referent, referent
from agent.chat.local.route import Intent, Make, Route, Step, clean, doing, intent, one
from agent.chat.view import View


def wanted_of(q: Question) -> str | None:
    """What the person believes was done."""
    if q.has("hold") and not q.any("close", "benchmark"):
        return "hold"
    if q.has("close") or (q.has("sell") and not q.has("short")):
        return "close"
    return "buy" if q.any("buy", "short", "entries") else None


def asked(found: Referent, aspect: str | None, wanted: str | None) -> Route:
    """What the decisions meant have to say, all of it or one aspect."""
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
    return asked(found, None, wanted)


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
        if (
            name == "outcome"
            and q.day
            and not q.symbols
            and q.has("return")
            and not q.any("trade", "buy", "close", "sell", "position_open")
        ):
            return None  # of the whole day
        if name in ("clamps", "outcome", "regime") and not (q.day or q.idents) and not q.has(_OWN[name]):
            return None  # said of trades as a whole
        found = referent(q, view, wanted or fits)
        return asked(found, name, wanted if q.day else None) if found else None

    return make


def _risk_of(q: Question, view: View) -> Route | None:
    """What was at stake in a trade: how large it was, and where its stop and target lay."""
    found = referent(q, view, "buy") if q.idents or q.day and q.symbols else None
    if found is None:
        return None
    size = asked(found, "size", "buy" if q.day else None)
    return replace(size, steps=(*size.steps, *asked(found, "stop", "buy" if q.day else None).steps))


def _why_size(q: Question, view: View) -> Route | None:
    """Why a position was as large as it was: its size with the limits that cut it, then the reasons of the decision."""
    if not (q.day or q.idents):
        return None
    found = referent(q, view, "buy")
    if found is None:
        return None
    told = asked(found, "size", "buy" if q.day else None)
    return replace(told, steps=(*told.steps, *asked(found, None, "buy" if q.day else None).steps))


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


def _votes_on(q: Question, view: View) -> Route | None:
    return _aspect("votes")(q, view)


def _of_id(q: Question, view: View) -> Route | None:
    if view.tables.found(q.idents[0]):
        return one("why", id=q.idents[0])
    named = next((s for s in view.catalogue.versions() if s.id.startswith(q.idents[0])), None)
    return one("skill", name=named.id).telling("@id skill") if named is not None else one("why", id=q.idents[0])


ABOUT = "when buy entries sell close hold trade decision describe win lose"


_REF = "why|confidence|size|stop|target|voter|skill|memories|clamp|forecast|outcome|parts|state|regime"


def _about(name: str, needs: str, tells: str = "", weight: float = 0.15) -> Intent:
    return intent(f"{name} of a decision", needs, f"{ABOUT} {tells}", _aspect(name), weight)


INTENTS = (
    intent("why", "why", f"{ABOUT} happened short return state memories negation outcome position_open first last", _why, 0.2),
    intent("what was done", "@day", f"{ABOUT} happened why short state negation", _why, -0.1),
    intent("what was done there", "happened|buy|close|hold|sell|decision|trade @day", f"{ABOUT} why short state negation", _why, 0.1),
    intent("the last", "why buy|sell|close|hold|decision|trade", f"{ABOUT} last now short negation", _last, -0.6),
    intent("by id", "@id", f"{ABOUT} happened why outcome parts", _of_id, 0.1),
    _about("confidence", "confidence", "how_much buy"),
    _about("size", "equity share", "how_many how_much size trade position_open"),
    _about("size", "size", "how_many how_much equity share exposure risk return levels @amount"),
    _about("stop", "stop|levels", "price levels where target how_much limit exit_way @exit away"),
    _about("target", "target", "price levels where how_much stop @exit return win", 0.3),
    intent("risk of a trade", "risk_on|payoff trade|position_open|buy|entries", f"{ABOUT} how_much size equity share", _risk_of, 0.5),
    intent("why so large", "why size", f"{ABOUT} how_many how_much equity share exposure risk money levels @amount clamp limit", _why_size, 0.4),
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
    intent("two decisions", "compare", f"{ABOUT} happened state", _compared, 0.3),
    intent("two days", "@day", "compare decision trade", _compared, 0.0),
)  # fmt: skip
