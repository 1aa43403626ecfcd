"""Rules for questions about one decision or day: why, what about it, what it was like, what would have been."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

from agent.chat.local.dates import Period
from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of, doing, each_symbol, one, scope
from agent.chat.view import View


def hypothetical(q: Question, view: View) -> Route | None:
    """What would have been: of a decision, or without a skill over all of them."""
    left_out = q.skills and re.search(r"\b(?:without|minus|excluding|leaving out)\b", q.text)
    if not (q.has("whatif") or left_out) or q.has("why") and not q.has("without"):
        return None
    at = {"symbol": q.symbol, "at": q.day, "id": q.idents[0] if q.idents else None}
    located = q.idents or q.day
    if q.skills and not located:
        return one("without_skill", skill=q.skills[0], **scope(q))
    if q.skills:
        return each_symbol(q, view, "what_if", {**at, "without_skills": q.skills})
    changes = _inputs(q) or _left_out(q)
    if not located and q.has("memories"):
        return one("result", measure="arms")
    if not located and not changes:
        return None
    if not located:
        return one("what_if", "no decision was named, so this is the last", **changes, symbol=q.symbol or view.tables.symbols[0])
    asked = each_symbol(q, view, "what_if", {**at, **changes})
    return asked if changes else replace(asked, doubt="I did not understand what is to be changed")


def _inputs(q: Question) -> dict[str, Any]:
    """Changed features, limits and thresholds."""
    changes: dict[str, Any] = {}
    if q.tests:
        changes["features"] = {q.tests[0].feature: q.tests[0].value}
    elif q.features and q.amounts:
        changes["features"] = {q.features[0]: q.amounts[-1]}
    if q.limit and q.amounts:
        counts = "bars" in q.limit or "losses" in q.limit
        changes["limits"] = {q.limit: q.amounts[-1] if counts else _share(q.amounts[-1])}
    if not changes and q.any("parameter", "confidence") and q.amounts:
        changes["min_confidence"] = _share(q.amounts[-1])
    return changes


def _share(value: float) -> float:
    return value / 100 if value > 1 else value


def _left_out(q: Question) -> dict[str, Any]:
    """Memory, voters or every skill left out."""
    if not q.has("without"):
        return {}
    if q.has("memories"):
        return {"without_memory": True}
    if q.voters:
        return {"without_voters": q.voters}
    return {"without_skills": ("all",)} if q.has("skill") else {}


def compared(q: Question, view: View) -> Route | None:
    """Two decisions or two skills beside each other."""
    if len(q.symbols) == 2 and not q.periods and re.search(r"\b(?:better|worse)\b", q.text):
        return one("trades", by="symbol", regime=q.regime)
    if not q.has("compare") and len(q.periods) < 2:
        return None
    if len(q.idents) == 2:
        return one("compare", a=q.idents[0], b=q.idents[1])
    days = [p.day for p in q.periods if p.day]
    if len(days) == 2 and (q.symbols or len(view.tables.symbols) == 1):
        first = q.symbols[0] if q.symbols else view.tables.symbols[0]
        second = q.symbols[1] if len(q.symbols) > 1 else first
        return one("compare", a=f"{first} {days[0]}", b=f"{second} {days[1]}")
    if len(q.symbols) == 2 and len(days) == 1:
        return one("compare", a=f"{q.symbols[0]} {days[0]}", b=f"{q.symbols[1]} {days[0]}")
    if len(q.symbols) == 2 and not days and q.has("compare") and not q.period:
        return one("trades", by="symbol")
    if len(q.skills) >= 2:
        return Route(tuple(Step("skill", {"name": name, "aspect": "reliability"}) for name in q.skills))
    return None


def aspect(q: Question) -> str:
    """What about a decision is asked."""
    tests: tuple[tuple[str, bool], ...] = (
        ("outcome", q.has("outcome")),
        ("votes", q.any("voter") and not q.has("believe")),
        ("confidence", q.has("confidence")),
        ("clamps", q.has("clamp") or (q.has("limit") and not q.limit)),
        ("target", q.has("target") and not q.has("exit")),
        ("stop", q.has("stop") and not q.has("exit") and "stopped" not in q.text),
        ("size", q.has("size")),
        ("forecast", q.has("forecast")),
        ("skills", q.has("skill")),
        ("memories", q.has("memories")),
    )
    return next((name for name, holds in tests if holds), "all")


def wanted_of(q: Question) -> str | None:
    """What the person believes was done."""
    if q.has("hold") and not q.has("close"):
        return "hold"
    if q.has("close") or (q.has("sell") and "short" not in q.text):
        return "close"
    return "buy" if q.any("buy", "short") else None


def identified(q: Question, view: View) -> Route | None:
    """A decision or a skill named by its id."""
    if q.memories and not q.idents:
        return one("recall", query=None, kind="preference") if q.has("preference") else None
    if not q.idents:
        return None
    if not view.tables.found(q.idents[0]):
        named = next((s for s in view.catalogue.versions() if s.id.startswith(q.idents[0])), None)
        if named is not None:
            return one("skill", name=named.id)
    if q.has("similar"):
        return one("similar", id=q.idents[0])
    wanted = "close" if q.has("close") and not q.has("buy") else None
    return one("why", id=q.idents[0], aspect=aspect(q), wanted=wanted)


def reasoned(q: Question, view: View) -> Route | None:
    """Why something was done, what a day was like, or what was decided on it."""
    day = q.day
    if day and q.any("trade", "hold") and any(words in q.text for words in ("how long", "how many days", "how many bars")):
        return each_symbol(q, view, "why", {"symbol": q.symbol, "at": day, "aspect": "outcome", "wanted": "buy"}, "buy")
    if q.has("similar") and (day or q.has("describe") or not q.any("trade", "count")):
        return each_symbol(q, view, "similar", {"symbol": q.symbol, "at": day})
    if q.has("why"):
        return _why(q, view)
    if day and q.voters and not q.any("believe", "calibrated", "change", "regime"):
        return each_symbol(q, view, "why", {"symbol": q.symbol, "at": day, "aspect": "votes"})
    if day is None:
        return None
    return _seen_on(q, view, day) or _done_on(q, view, day)


_ASKING = ("was ", "were ", "did ", "had ", "is ", "are ", "what ", "which position")
_HELD = re.compile(
    r"\b(?:was|were|did|had|is|are)\b.{0,24}\b(?:invested|in the market|in a (?:trade|position)|a position|"
    r"positions?|long|flat|hold|own|have)\b"
)


def _seen_on(q: Question, view: View, day: date) -> Route | None:
    """What the market or the account was on a day."""
    if (
        q.text.startswith(("was ", "were ", "did ", "had ", "is ", "are ", "what ", "which position"))
        and _HELD.search(q.text)
        and _plainly(q)
    ):
        return one("positions", symbol=q.symbol, at=day)
    if q.features and not q.tests and not q.any("buy", "sell"):
        return _feature_at(q, view)
    owned = any(word in q.text for word in ("account", "portfolio", "equity", "balance", "capital"))
    if q.has("price") and not owned and not q.any("buy", "sell", "stop", "target"):
        return each_symbol(q, view, "market_state", {"symbol": q.symbol, "at": day, "feature": "close"})
    if q.has("regime"):
        return each_symbol(q, view, "market_state", {"symbol": q.symbol, "at": day})
    if q.any("equity") and not q.has("size"):
        return one("result", measure="equity", end=day)
    if q.has("state") and aspect(q) == "all" and not q.any("buy", "close", "hold", "sell", "happened", "decision"):
        return each_symbol(q, view, "market_state", {"symbol": q.symbol, "at": day})
    return None


_DONE = ("buy", "sell", "close", "hold", "happened", "trade", "decision", "describe")


def _plainly(q: Question) -> bool:
    """Whether nothing is asked but what was held."""
    acts = (
        "buy",
        "close",
        "sell",
        "win",
        "lose",
        "return",
        "outcome",
        "size",
        "stop",
        "target",
        "confidence",
        "exposure",
        "happened",
    )
    mere = q.without("buy", "exposure") if re.search(r"invested|long|positions? open|open positions?", q.text) else q
    return not mere.any(*acts)


def _traded_on(view: View, day: date) -> str | None:
    """Whether a trade began or ended on a day, in the words of a question."""
    return next((wanted for wanted in ("buy", "close") if doing(view, day, wanted)), None)


def _done_on(q: Question, view: View, day: date) -> Route | None:
    """What was decided on a day, or something about it."""
    if q.has("change"):
        return None
    chosen = aspect(q)
    if chosen != "all":
        fits = "buy" if chosen in ("size", "stop", "target", "outcome") else None
        return each_symbol(q, view, "why", {"symbol": q.symbol, "at": day, "aspect": chosen, "wanted": _believed(q)}, fits)
    counted = q.any("count", "rate", "average") and q.any("trade", "win", "lose", "entries")
    earned = q.has("return") and not q.any("happened", "buy", "close", "hold", "sell")
    if earned and q.has("trade") and (on := _traded_on(view, day)):
        return each_symbol(q, view, "why", {"symbol": q.symbol, "at": day, "aspect": "outcome", "wanted": on}, on)
    if counted or earned or q.has("event") and not q.has("happened"):
        return None
    if not q.any(*_DONE) and len(q.text.split()) > 4:
        return None
    wanted = wanted_of(q) or (_traded_on(view, day) if q.has("trade") else None)
    told = "outcome" if q.any("win", "lose", "return") and wanted == "buy" else "all"
    return each_symbol(q, view, "why", {"symbol": q.symbol, "at": day, "wanted": wanted, "aspect": told}, wanted)


def _believed(q: Question) -> str | None:
    """An aspect is of the entry where one is meant."""
    return "buy" if q.any("buy", "size", "stop", "target", "outcome") else None


_LEFT = ("retired", "probation", "stale", "suspended", "watch")


def _why(q: Question, view: View) -> Route | None:
    """A reason: of a skill's standing, a halt, a parameter, or of a decision."""
    acted = q.any("buy", "sell", "close", "hold")
    if q.skills and not acted:
        if re.search(r"\bexplain|explanation|through", q.text) and not q.any(*_LEFT, "active", "change"):
            return one("skill", name=q.skills[0])
        return one("skill", name=q.skills[0], aspect="history")
    if q.has("skill") and q.any(*_LEFT):
        return _why_left(view, next(w for w in _LEFT if q.has(w)))
    if q.has("halt") and not q.day:
        return one("standing", of="halt")
    if q.has("parameter") or (q.has("change") and not acted):
        return one("parameters", **days_of(q))
    if q.any("best", "worst"):
        return _why_extreme(q, view)
    return _why_overall(q, view) or _why_decided(q, view)


def _why_left(view: View, which: str) -> Route:
    """The skills that stand so, and how each came to."""
    named = [row["name"] for row in view.catalogue.rows() if row["status"] == which]
    return Route((Step("skills", {"which": which}), *(Step("skill", {"name": n, "aspect": "history"}) for n in named[:3])))


def _why_extreme(q: Question, view: View) -> Route | None:
    """The best or the worst trade, and why it was made."""
    if not q.any("trade", "win", "lose") or q.any("skill", "month", "quarter", "year", "regime") or q.regimes:
        return None
    low = q.has("worst") or q.has("lose") and not q.has("win")
    inside = [
        t for t in view.tables.trades if q.symbol in (None, t.outcome.symbol) and _within(q.period, t.outcome.exit_bar.date())
    ]
    if not inside:
        return None
    found = (min if low else max)(inside, key=lambda t: t.outcome.pnl)
    wanted = "close" if q.has("close") and not q.has("buy") else None
    listed = Step("trades", clean({"order": "worst" if low else "best", **scope(q, regime=False)}))
    return Route((listed, Step("why", clean({"id": found.outcome.decision, "wanted": wanted}))))


def _why_overall(q: Question, view: View) -> Route | None:
    """A reason that no single decision holds."""
    wanted = wanted_of(q)
    if q.day or q.idents:
        return None
    if "short" in q.text and wanted != "close":
        return one("standing", limit="allow_short")
    if q.has("clamp") and "size" in q.text:
        return Route((Step("parameters", clean(days_of(q))), Step("decisions", {"clamped": True, **clean(scope(q))})))
    if q.any("lose", "return") and wanted is None:
        return Route(
            (Step("trades", {"by": "exit", **clean(scope(q))}), Step("trades", {"by": "regime", **clean(scope(q))})),
            doubt="a reason for a whole stretch is not on record; this is where the result came from",
        )
    return None


def _why_decided(q: Question, view: View) -> Route | None:
    wanted = wanted_of(q) or (_traded_on(view, q.day) if q.day and q.has("trade") else None)
    if wanted is None and not q.day and not q.symbols and not q.any("last", "trade", "decision", "state"):
        return None
    if q.period is not None and q.day is None:
        return _why_in(q, view, wanted)
    chosen = aspect(q) if aspect(q) in ("votes", "clamps", "forecast") else "all"
    if q.has("size", "clamp"):
        chosen = "size"
    return each_symbol(q, view, "why", {"symbol": q.symbol, "at": q.day, "wanted": wanted, "aspect": chosen}, wanted)


def _within(period: Period | None, day: date) -> bool:
    return period is None or (period.start or day) <= day <= (period.end or day)


def _why_in(q: Question, view: View, wanted: str | None) -> Route:
    """A reason asked of a stretch: of each entry or exit in it, up to three."""
    inside = [row for row in view.tables.rows if q.symbol in (None, row.symbol) and _within(q.period, row.day)]
    rows = [row for row in inside if (row.id in view.tables.trade_of if wanted == "close" else row.entered)]
    if not rows:
        return one("decisions", entered=True, **scope(q))
    doubt = None if len(rows) == 1 else f"{len(rows)} decisions fit; these are the last"
    return Route(tuple(Step("why", {"id": row.id, "wanted": wanted}) for row in rows[-3:]), doubt=doubt)


def _feature_at(q: Question, view: View) -> Route:
    steps = [
        Step("market_state", clean({"symbol": symbol, "at": q.day, "feature": feature}))
        for symbol in (q.symbols or tuple(view.tables.symbols))
        for feature in q.features
    ]
    return Route(tuple(steps))
