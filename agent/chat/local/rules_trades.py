"""Rules for questions about decisions and trades as a whole: how many, how good, the best and the worst."""

from __future__ import annotations

import re
from typing import Any

from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, one, scope
from agent.chat.view import View

_THRESHOLD = re.compile(
    r"(?:min\w*|lowest|least|required|needed) confidence .{0,16}\b(?:for|to|before|needed|required)\b|"
    r"confidence (?:is |does .{0,12})?(?:needed|required|need)"
)
_BETWEEN = re.compile(r"without (?:a |any )?(?:single )?(?:trades?|positions?)\b|between (?:two )?trades")
_WAYS = re.compile(r"\bexits?\b|\b(?:stops?|stop[- ]loss(?:es)?|targets?)\b(?!.{0,20}\bwon\b)")


def decided(q: Question, view: View) -> Route | None:
    """Decisions as a whole: refused, abstained, most confident, counted."""
    where = scope(q)
    for status in ("abstained", "error"):
        if q.has(status):
            return one("decisions", status=status, **where)
    if q.has("refused"):
        return one("decisions", refused=True, **where)
    if _THRESHOLD.search(q.text):
        return Route(
            (Step("run", {"of": "settings", "setting": "reason.min_confidence"}), Step("standing", {"of": "parameters"}))
        )
    if q.has("confidence"):
        entered = q.any("buy", "trade", "entries") or None
        if q.has("average"):
            doubt = "winners and losers are not told apart here" if q.any("win", "lose") else None
            return one("decisions", doubt, entered=entered, **where)
        low = q.has("lowest") or "least" in q.text
        return one("decisions", order="least_confident" if low else "most_confident", n=q.top, entered=entered, **where)
    return _counted(q, where)


def _counted(q: Question, where: dict[str, Any]) -> Route | None:
    """How many decisions, the first or last of them, the largest entry."""
    if q.has("count", "hold") and not q.any("holding", "trade", "average"):
        return one("decisions", action="hold", **where)
    if q.has("count") and q.any("entries", "buy") and not q.any("win", "lose", "close", "skill"):
        return one("trades", side="sell", measure="count", **where) if q.has("short") else one("decisions", entered=True, **where)
    if q.any("first", "last") and q.any("buy", "entries") and not q.any("win", "lose"):
        return one("decisions", entered=True, order="first" if q.has("first") else "last", n=q.top, **where)
    if q.has("decision") and q.any("rate", "share") and not q.any("win", "lose", "trade"):
        return one("decisions", action="hold" if q.has("hold") else None, entered=q.any("buy", "entries") or None, **where)
    if q.has("decision") and q.any("first", "last", "count"):
        order = "first" if q.has("first") else "last" if q.has("last") and not q.has("count") else None
        return one("decisions", order=order, n=q.top, **where)
    if q.has("size", "average") and not q.any("win", "lose"):
        return one("decisions", entered=True, **where)
    if q.has("entries") and not q.any("win", "lose", "rate", "average", "return", "clamp", "by"):
        return one("decisions", entered=True, order="first" if q.period else "last", n=20 if q.period else 5, **where)
    if (q.has("size") or "position" in q.text) and q.any("highest", "best", "average") and not q.any("win", "lose"):
        return one("decisions", order="largest", entered=True, n=q.top, **where)
    return None


_TRADING = (
    "trade", "win", "lose", "streak", "holding", "rate", "exit", "longest", "shortest", "average", "best", "worst", "return",
    "outcome", "count", "side", "short", "first", "last", "sell", "close",
)  # fmt: skip


def traded(q: Question, view: View) -> Route | None:
    """Closed trades: a figure over them, by group, or single ones."""
    weekly = q.weekday is not None and not q.has("happened")
    if not (weekly or q.any(*_TRADING)) or q.features and not q.any("trade", "win", "lose"):
        return None
    if q.any("symbolword", "period") and not q.any("win", "lose", "best", "worst", "return", "count", "rate", "average"):
        return None
    if _BETWEEN.search(q.text):
        return one("trades", "the time between trades is not told", measure="all", **scope(q))
    given: dict[str, Any] = {**scope(q), "exit": _exit_reason(q), "side": q.side}
    return _grouped(q, given) or _measured(q, given) or _single(q, given) or _summed(q, given)


def _won(q: Question) -> bool | None:
    """Winners or losers, where one of them is meant."""
    both = q.has("trade") and len(re.findall(r"how many|number of", q.text)) > 1
    if both or q.has("win") == q.has("lose"):
        return None
    return q.has("win")


def _grouped(q: Question, given: dict[str, Any]) -> Route | None:
    if q.weekday is not None or q.has("weekday"):
        return one("trades", by="weekday", **given)
    ways = [name for name, pattern in _EXITS if pattern.search(q.text)]
    if len(ways) > 1:
        return one("trades", by="exit", **{**given, "exit": None})
    if q.any("rate", "share") and (given["exit"] or _WAYS.search(q.text)):
        return one("trades", measure="exits", **{**given, "exit": None})
    by = _group(q)
    if by is None or q.any("streak", "holding"):
        return None
    return one("trades", by=by, measure="win_rate" if q.has("rate") else "all", **given)


def _measured(q: Question, given: dict[str, Any]) -> Route | None:
    if q.has("streak"):
        return one("trades", measure="streak", **given)
    if q.has("holding") and not q.any("best", "worst"):
        if q.has("win", "lose"):
            return Route(tuple(Step("trades", clean({"measure": "holding", "won": won, **given})) for won in (True, False)))
        order = "longest" if q.has("longest") else "shortest" if q.has("shortest") else None
        return one("trades", measure="holding", order=order, won=_won(q), n=q.top, **given)
    if q.has("rate") and not q.has("exit"):
        return one("trades", measure="win_rate", **given)
    if q.has("exit") and given["exit"] is None:
        return one("trades", measure="exits", **given)
    if q.has("average"):
        doubt = "this is the mean, not the median" if "median" in q.text else None
        return one("trades", doubt, measure="average", **given)
    named = q.any("trade", "win", "lose", "short", "exit", "close", "sell", "outcome") or given["exit"]
    if q.has("count") and named and not q.any("longest", "shortest"):
        return one("trades", measure="count", won=_won(q), **given)
    return None


def _single(q: Question, given: dict[str, Any]) -> Route | None:
    named = q.any("trade", "win", "lose", "short", "exit", "close", "sell")
    if re.search(r"smallest|tiniest|mildest", q.text) and (won := _won(q)) is not None:
        return one("trades", order="worst" if won else "best", n=q.top, won=won, **given)
    for order in ("longest", "shortest"):
        if q.has(order):
            return one("trades", order=order, n=q.top, **given)
    if q.any("best", "worst") and (named or not q.any("skill", "voter", "month", "quarter", "year", "regime")):
        low = q.has("worst") or q.has("lose") and not q.has("win")
        return one("trades", order="worst" if low else "best", n=q.top, **given)
    if q.any("first", "last") and named:
        return one("trades", order="first" if q.has("first") else "last", n=q.top, won=_won(q), **given)
    return None


def _summed(q: Question, given: dict[str, Any]) -> Route | None:
    placed = q.symbols or q.regimes or given["exit"] or given["side"]
    if placed and q.any("return", "lose", "win", "outcome") and not (q.has("trade") and given["exit"]):
        return one("trades", measure="pnl", **given)
    if q.has("win", "lose") and not q.has("return"):
        return one("trades", measure="count", **given)
    if q.has("trade", "describe") and q.period is not None:
        return one("trades", order="first", n=20, **given)
    if q.has("trade") and not q.has("return") or q.has("close") and q.period is not None:
        return one("trades", measure="all", **given)
    return None


_EXITS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "stop",
        re.compile(
            r"stopped out|(?:hit|at|through|into|reached) (?:the|its|their) stop|by (?:the |a )?stop|"
            r"stop(?:-loss)?s?(?: loss)? (?:was |were |got |get |are |is |been )?(?:hit|triggered|reached)"
        ),
    ),
    (
        "target",
        re.compile(
            r"(?:hit|reach(?:ed)?|at|by|made) (?:the |its |their |a )?(?:profit )?target|"
            r"targets? (?:was |were |got )?(?:hit|reached)|take[- ]profit"
        ),
    ),
    (
        "time",
        re.compile(
            r"time[- ]?(?:limit|out|d out| exit| stop)|by time|ran out of time|time ran out|time was up|timed out|expired"
        ),
    ),
    ("signal", re.compile(r"by (?:a |the )?(?:opposite )?signal|opposite signal|on signal")),
)


def _exit_reason(q: Question) -> str | None:
    """The way of ending that is named."""
    return next((name for name, pattern in _EXITS if pattern.search(q.text)), None)


def _group(q: Question) -> str | None:
    """By what trades are divided, where that is asked."""
    if len(q.symbols) > 1 or (q.has("symbolword") and q.any("by", "best", "worst")):
        return "symbol"
    if q.has("regime") and not q.regime:
        return "regime"
    if not q.has("by") and not re.search(r"\b(?:most|fewest|busiest|quietest)\b", q.text):
        return None
    for word, by in (
        ("quarter", "quarter"),
        ("month", "month"),
        ("year", "year"),
        ("exit", "exit"),
        ("side", "side"),
        ("skill", "skill"),
    ):
        if q.has(word) and _exit_reason(q) is None:
            return by
    return "symbol" if "symbol" in q.text or "index" in q.text else None
