"""Rules for questions about skills, voters, what is remembered and what changed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from agent.chat.local.dates import last_quarter
from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of, one, scope
from agent.chat.view import View

_STANDINGS = ("retired", "probation", "stale", "suspended", "quarantined", "candidate", "watch", "untried", "active")


def procedural(q: Question, view: View) -> Route | None:
    """What is to be done in a case."""
    if q.has("procedure") and not q.any("skill", "win", "lose", "rate"):
        return one("procedures", task=q.said)
    return None


_OF_THE_WHOLE = ("benchmark", "return", "sharpe", "drawdown", "volatility", "win", "lose")


def skilled(q: Question, view: View) -> Route | None:
    """One skill, or those that stand or do so."""
    if q.skills:
        return _one_skill(q, view)
    standing = q.any(*_STANDINGS) and not q.any("trade", "halt", "parameter", "regime", "buy", "close", "limit", "preference")
    whole = (
        "strategy" in q.text
        and "skill" not in q.text
        and q.any("benchmark", "return", "sharpe", "drawdown", "volatility", "win", "lose")
    )
    if not q.has("skill") and not standing or whole:
        return None
    if q.any("happened", "change") and q.period is not None:
        return None
    return _by_standing(q) or _by_record(q) or _by_use(q)


def _by_standing(q: Question) -> Route | None:
    which = [name for name in _STANDINGS if q.has(name)]
    if not which or which == ["active"] and q.any("best", "worst"):
        return None
    return one("skills", which=which[0], regime=q.regime)


_MONEY = ("money", "profit", "made", "earn", "pnl", "p&l", "gain")


def _by_record(q: Question) -> Route | None:
    reliable = "reliab" in q.text or "trust" in q.text
    if q.has("rate") and q.any("win", "by"):
        return one("trades", by="skill", measure="win_rate", **scope(q))
    if q.any("lowest", "worst") and reliable:
        return one("skills", rank="least_reliable", regime=q.regime, n=q.top)
    if q.has("worst") or q.has("lose") and "most" in q.text:
        return one("skills", rank="worst", regime=q.regime, n=q.top)
    if q.has("best") and any(word in q.text for word in _MONEY):
        return one("trades", by="skill", **scope(q))
    if q.any("best", "highest") or "most reliable" in q.text or reliable and q.has("believe"):
        return one("skills", rank="reliability" if reliable else "mean_r", regime=q.regime, n=max(q.top, 3))
    if q.has("lose"):
        return one("skills", which="losing", regime=q.regime)
    if q.has("win") or q.has("return") and any(word in q.text for word in ("making", "profit", "earning", "gain")):
        return one("skills", which="winning", regime=q.regime)
    return None


def _by_use(q: Question) -> Route | None:
    if q.has("used") or re.search(
        r"\b(?:use|fires?|trades?|appl(?:y|ies)|agrees?|act(?:s|ive)?)\b.{0,12}\b(?:most|often)|most (?:active|frequent|used)",
        q.text,
    ):
        recent = q.has("last") or "when" in q.text
        return one("skills", rank="last_used" if recent else "executions", regime=q.regime, n=max(q.top, 3))
    if q.any("trade", "return") and q.has("by"):
        return one("trades", by="skill", **scope(q))
    if "shadow" in q.text or "paper" in q.text:
        return one("skills", which="shadow")
    return None if q.has("limit") and q.limit else one("skills", regime=q.regime)


def _one_skill(q: Question, view: View) -> Route:
    name = q.skills[0]
    if q.any("rate", "trade", "return", "count") and q.period is not None:
        return one("backtest_skill", skill=name, start=q.period.start, end=q.period.end)
    if q.has("count") and not q.any("last", *_STANDINGS):
        chosen = "trades"
    elif q.has("used") or ("when" in q.text and not q.any(*_STANDINGS)) or (q.has("last") and q.any("trade", "used")):
        chosen = "last_used"
    elif q.any("history", "retired", "stale", "probation", "suspended", "watch", "active") or "status" in q.text:
        chosen = "history" if q.any("history", "retired", "when", "stale", "probation") else "status"
    elif q.has("regime") or q.regimes:
        chosen = "regimes"
    elif q.any("rate", "win", "lose", "return", "count", "trade", "best"):
        chosen = "trades"
    elif (q.has("reliability") or "record" in q.text) and not q.text.startswith(("what is a", "describe")):
        chosen = "reliability"
    else:
        chosen = "all"
    return one("skill", name=name, aspect=chosen)


def believed(q: Question, view: View) -> Route | None:
    """Whom the agent believes, and how sure it may be."""
    if q.has("calibrated") and not q.voters and not q.has("voter") and not q.day:
        share = next((a / 100 if a > 1 else a for a in q.amounts if a <= 100), None)
        return one("calibration", p=share)
    if not (q.any("voter", "believe", "calibrated") or q.voters) or q.any("trade", "change") and not q.voters:
        return None
    if q.any("price", "preference", "limit") or q.has("skill") and not q.has("voter"):
        return None
    if q.any("run", "notes") and not q.any("voter") and not q.voters:
        return one("run", of="notes")
    rank = "weight"
    if q.has("calibrated"):
        rank = "brier"
    elif q.any("rate") or "right" in q.text or "accura" in q.text or (q.has("best") and not q.has("believe")):
        rank = "hit_rate"
    if len(q.voters) > 1:
        return Route(tuple(Step("voters", clean({"voter": v, "regime": q.regime, "rank": rank})) for v in q.voters))
    least = q.any("lowest", "worst") or re.search(r"\b(?:least|wrong)\b", q.text) is not None
    by_regime = q.has("regime") and not q.regime or ("each" in q.text and q.has("regime"))
    return one(
        "voters",
        voter=q.voters[0] if q.voters else None,
        regime=q.regime,
        rank=rank,
        by_regime=by_regime or None,
        least=least or None,
    )


def changed(q: Question, view: View) -> Route | None:
    """What the agent changed in itself."""
    if q.has("parameter") and not q.has("settings"):
        when = "when" in q.text or "how often" in q.text
        if q.any("change", "history") or q.period or when:
            return one("parameters", **days_of(q))
        return one("standing", of="parameters")
    switched = q.has("regime") and re.search(r"\b(?:switch\w*|flip\w*)\b", q.text)
    if switched or q.has("change", "regime") and (q.any("count", "last") or "when" in q.text or "often" in q.text):
        return one("regimes", measure="changes", **scope(q))
    if not q.has("change") or q.any("buy", "sell", "close") and q.day:
        return None
    period = q.period
    if period is None:
        start = last_quarter(view.today).start
        return one("changes", "no day was given; this is since the last quarter began", since=_eve(start))
    start = period.start or view.tables.rows[0].day
    if period.kind == "day":
        return one("changes", since=start)
    open_end = period.kind == "since" or q.has("open") or period.end is None or period.end >= view.today
    return one("changes", since=_eve(start), until=None if open_end else period.end)


def _eve(day: date | None) -> date | None:
    return day - timedelta(days=1) if day else None


def remembered(q: Question, view: View) -> Route | None:
    """What is remembered in words."""
    if q.has("arms"):
        return one("result", measure="arms")
    if q.has("stats"):
        return one("memory_stats")
    if q.has("preference"):
        return one("standing", of="preferences")
    kind = "lesson" if q.has("lesson") else "market_event" if q.has("event") else None
    if kind is None and not q.has("memories"):
        return None
    if q.any("rate", "return") and q.any("arms", "benchmark"):
        return None
    period = q.period
    # a lesson of a stretch is written when it is over
    until = period.end + timedelta(days=4) if period and period.end else None
    days: dict[str, Any] = {"start": period.start, "end": until} if period else {}
    newest = period is not None or q.any("last", "count") or kind is not None
    topic = " ".join(w for w in q.text.replace("?", "").split() if w not in _EMPTY)
    if newest and kind is not None and len(topic.split()) < 2:
        return one("recall", kind=kind, symbol=q.symbol, n=max(q.top, 3), **days)
    about = f"{topic} {' '.join(q.symbols)}".strip()
    return one("recall", query=about or q.said, kind=kind, symbol=q.symbol, **days)


_EMPTY = frozenset(
    [
        "what",
        "which",
        "do",
        "does",
        "did",
        "you",
        "we",
        "i",
        "know",
        "about",
        "remember",
        "of",
        "the",
        "a",
        "an",
        "is",
        "are",
        "was",
        "were",
        "have",
        "has",
        "in",
        "on",
        "for",
        "any",
        "your",
        "our",
        "me",
        "tell",
        "show",
        "learn",
        "learned",
        "lesson",
        "lessons",
        "event",
        "events",
        "memory",
        "memories",
        "recall",
        "from",
        "taught",
        "it",
        "there",
        "anything",
        "notable",
        "market",
        "to",
        "say",
        "all",
        "with",
        "and",
        "happened",
        "that",
        "list",
        "last",
        "latest",
        "recent",
        "since",
        "most",
        "remembered",
        "take",
        "took",
        "taken",
        "away",
        "draw",
        "drew",
        "drawn",
        "what's",
        "been",
    ]
)
