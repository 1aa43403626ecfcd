"""Questions about decisions as a whole: how many of a kind, how sure and how large, what was cut, refused or left undecided."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from agent.chat.local.composing import decision_group, route, which_decisions, won_of
from agent.chat.local.intents.trades import both
from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of, intent, one, scope
from agent.chat.view import View

FEW_DAYS = 12


def _decisions(q: Question, tells: set[str], **more: Any) -> Route:
    given, used = which_decisions(q)
    return route(Step("decisions", clean({**given, **more})), used, tells)


def _count_decisions(q: Question, view: View) -> Route | None:
    if q.tests and not q.any("decision", "hold", "buy", "entries", "sell"):
        return None  # how often the market stood so
    found = decision_group(q)
    tells = {"how_many", "share", "how_much", "list"}
    if found is not None:
        return _decisions(q, {*tells, found[1], "by", "most", "least", "compare"}, by=found[0], least=q.has("least"))
    decided = _decisions(q, tells)
    if decided.steps[0].input.get("action") != "close":
        return decided
    # a position is sold by its stop, target or time as well
    return replace(decided, steps=(*decided.steps, Step("trades", clean({"symbol": q.symbol, **days_of(q), "measure": "exits"}))))


def _causes(q: Question, view: View) -> Route | None:
    """Why it held, counted over many decisions."""
    held = re.search(r"\bhold(?:s|ing)?\b", q.text) is not None
    idle = q.has("hold") or q.has("negation", "trade|buy|entries")
    if q.day or q.idents or q.any("longest", "how_long", "close", "short") or not (held or idle):
        return None
    given, used = which_decisions(q)
    return route(
        Step("decisions", clean({**given, "action": "hold" if held else None, "entered": None, "by": "cause"})),
        used,
        {"why", "how_many", "share", "by", "most", "least", "list", "trade", "buy", "average", "when", "overall", "describe"},
    )


def _status(name: str, concept: str) -> Any:
    def make(q: Question, view: View) -> Route | None:
        given = {"refused": True} if name == "refused" else {"status": name}
        found = decision_group(q)
        more = {"by": found[0], "least": q.has("least")} if found else {}
        grouped = {found[1], "by", "most", "least"} if found else set()
        return route(
            Step("decisions", clean({**scope(q), **given, **more})),
            {
                concept,
                "how_many",
                "share",
                "decision",
                "when",
                "why",
                "list",
                "fill",
                "buy",
                "trade",
                "happened",
                "last",
                "overall",
                "negation",
            },
            grouped,
        )

    return make


def _sure(q: Question, view: View) -> Route | None:
    """The surest or least sure, or how sure on average."""
    if q.any("most", "least", "best", "worst") or q.top > 1:
        low = q.any("least", "worst")
        return _decisions(
            q,
            {"confidence", "most", "least", "best", "worst", "when", "trade"},
            order="least_confident" if low else "most_confident",
            n=q.top,
        )
    if q.any("win", "lose"):
        return both(
            q, {"figure": "confidence"}, {"confidence", "average", "happened", "when", "condition", "decision", "buy", "entries"}
        )
    if q.has("hold", "buy|entries"):
        return one("decisions", by="action", figure="confidence", **scope(q)).telling("hold buy entries compare by average")
    found = decision_group(q)
    more = {"by": found[0]} if found else {}
    return _decisions(
        q, {"confidence", "average", "how_much", "trade", *([found[1], "by"] if found else [])}, figure="confidence", **more
    )


def _sized(q: Question, view: View) -> Route | None:
    if q.any("win", "lose") and not q.any("buy", "entries", "trade"):
        return None  # "how large are the losses" asks for results
    if q.any("most", "least"):
        return _decisions(
            q,
            {"size", "most", "least", "trade", "how_much"},
            order="smallest" if q.has("least") and not q.has("most") else "largest",
            entered=True,
            n=q.top,
        )
    return _decisions(q, {"size", "average", "how_much", "trade"}, figure="size", entered=True)


def _walked(q: Question, view: View) -> Route | None:
    """Every decision of a stretch, in order."""
    if q.period is None:
        return None
    return _decisions(q, {"list", "why", "describe", "how_many", "by"}, order="first", n=30)


def _shown(q: Question, view: View) -> Route | None:
    """The decisions of a stretch one by one, where they are asked for and no figure of them is."""
    if not re.search(r"\bdecisions\b", q.text) or q.any(
        "how_many", "share", "average", "most", "least", "first", "last", "clamp", "confidence"
    ):
        return None
    return _walked(q, view)


def _few_days(q: Question, view: View) -> Route | None:
    """What went on over a few days, decision by decision."""
    if q.period is None or q.day or not (q.period.start and q.period.end) or (q.period.end - q.period.start).days > FEW_DAYS:
        return None
    return _walked(q, view)


def _ordered(q: Question, view: View) -> Route | None:
    first = q.has("first") and not q.has("last")
    return _decisions(
        q, {"first", "last", "when", "list", "describe", "trade"}, order="first" if first else "last", n=q.top, nth=q.value("nth")
    )


def _clamped(q: Question, view: View) -> Route | None:
    given, used = which_decisions(q)
    given.pop("action", None)
    given.pop("entered", None)
    found = decision_group(q)
    more = {"by": found[0]} if found else {}
    tells = {
        "clamp",
        "limit",
        "why",
        "executions",
        "size",
        "how_many",
        "how_much",
        "when",
        "which",
        "buy",
        "entries",
        "list",
        "by",
        "trade",
        "stop",
        "happened",
        "risk",
        "most",
        "negation",
        "often",
    }
    return route(
        Step("decisions", clean({**given, "clamped": True, "clamp": q.limit, **more})),
        used,
        tells,
        {found[1]} if found else set(),
    )


def _of_signals(q: Question, view: View) -> Route | None:
    return _made_of(q, view) if re.search(r"\bsignals?\b", q.text) else None


def _made_of(q: Question, view: View) -> Route | None:
    if q.day or q.idents or re.search(r"\bremember", q.text):
        return None
    entered = q.any("buy", "entries", "trade", "win", "lose")
    return one("contributions", entered=entered or None, won=won_of(q), **scope(q))


INTENTS = (
    intent("refused", "refused", "", _status("refused", "refused"), 0.2),
    intent("abstained", "abstained", "", _status("abstained", "abstained"), 0.2),
    intent("errors", "error", "", _status("error", "error")),
    intent("decisions counted", "how_many|share decision|hold|buy|entries|sell|happened", "when", _count_decisions),
    intent("why it held", "hold|holding why", "decision", _causes, 0.3),
    intent("why nothing was traded", "negation why trade|buy|entries|happened", "decision when position_open", _causes, 0.35),
    intent("decisions", "decision|hold|entries", "when", _count_decisions, -0.3),
    intent("decisions in order", "first|last decision|buy|entries|hold", "", _ordered),
    intent("a few days", "happened|describe @stretch", "when decision hold buy entries happened state", _few_days, 0.25),
    intent("decisions shown", "decision @stretch", "when hold buy entries happened by list describe", _shown, 0.4),
    intent("decisions of a stretch", "@stretch", "when decision hold buy entries happened", _walked, -0.4),
    intent("how sure", "confidence", "", _sure),
    intent("how large", "size", "", _sized),
    intent("largest position", "most|least trade", "position_open", _sized, -0.2),
    intent("what memory adds to decisions", "memories|forecast decision worth_having|parts|how_much", "voter skill average by most least when", _made_of, 0.4),
    intent("what votes add to signals", "parts voter", "memories forecast skill average how_much share by most least decision when", _of_signals, 0.45),
    intent("what signals are made of", "parts|memories", "voter memories forecast skill average how_much compare buy entries decision happened win lose trade confidence by when condition most least", _made_of, 0.0),
    intent("parts against each other", "memories|forecast voter|skill compare|disagree|agree|parts", "voter memories forecast skill average how_much buy entries decision happened when", _made_of, 0.2),
    intent("cut by limits", "clamp", "", _clamped),
    intent("limits at work", "limit clamp|when", "", _clamped),
)  # fmt: skip
