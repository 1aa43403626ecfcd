"""Questions about what would have been: a decision with something changed, a run without a skill, another backtest."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from typing import Any

from agent.chat.local.composing import order_of, which_of
from agent.chat.local.reading import Question
from agent.chat.local.referring import referent
from agent.chat.local.route import Route, Step, clean, days_of, intent, one, scope
from agent.chat.view import View


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


_LEFT_OUT = re.compile(r"\b(?:without|excluding|exclude|except|leav(?:e|ing) out|left out|take out|took out|remov(?:ed?|ing))\b")
# said of what was really done too: left out only where it is supposed
_FORGONE = re.compile(
    r"\b(?:skip(?:ped|ping)?|avoid(?:ed|ing)?|ignor(?:ed?|ing)|drop(?:ped|ping)?|stayed out of|(?:not|never) (?:traded|taken|bought|made|entered))\b"
)
_SUPPOSED = re.compile(r"\b(?:if|suppos\w+|imagine|would|had (?:we|you|i|it))\b")
_ENDS = ("best", "worst", "largest", "smallest", "longest", "shortest")


def _left_out(q: Question, view: View) -> Route | None:
    """What the trades make without some of them: those of a symbol, a regime, a stretch, an exit, the best or worst few."""
    forgone = _FORGONE.search(q.text) and _SUPPOSED.search(q.text)
    if q.day or q.idents or q.skills or q.voters or not (_LEFT_OUT.search(q.text) or forgone):
        return None
    if q.any("sharpe", "sortino", "drawdown", "volatility", "exposure", "benchmark"):
        return None  # figures of a curve that there would have been
    given, used = which_of(q)
    given.pop("but", None)
    found = order_of(q)
    if found is not None and found[0] in _ENDS:
        given.pop("won", None)
        given |= {"order": found[0], "n": q.top}
        used = used | found[2]
    if not given:
        return None
    doubt = "every later decision could have been another; this only leaves those trades out"
    return Route((Step("trades", clean({**given, "rest": True})),), doubt=doubt, tells=frozenset(used) | q.concepts)


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
    if q.day or not (q.has("whatif") or _LEFT_OUT.search(q.text) or _SUPPOSED.search(q.text)):
        return None
    return one("without_skill", skill=q.skills[0], **scope(q))


INTENTS = (
    intent("what if", "whatif|without", "without whatif happened decision trade buy confidence parameter limit outcome position_open size negation voter memories skill how_much threshold settings return price state entries condition", _what_if, 0.3),
    intent("trades left out", "whatif|without|negation", "", _left_out, 2.0),
    intent("another backtest", "whatif", "", _another_backtest, 0.6),
    intent("without a skill", "whatif|without @skill", "without whatif happened return trade outcome result how_much skill win lose negation position_open overall equity condition last", _without_skill, 0.3),
)  # fmt: skip
