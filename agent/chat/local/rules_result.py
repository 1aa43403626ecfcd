"""Rules for questions about the result, the market over time, how things stand, and the run itself."""

from __future__ import annotations

import re

from agent.chat.local.reading import Question
from agent.chat.local.route import Route, Step, clean, days_of, one, scope
from agent.chat.view import View


def beyond(q: Question, view: View) -> Route | None:
    """What no record can say: the future, secrets; and what this run does not hold."""
    if q.has("secret"):
        return Route(
            words="I do not know any key or password: keys are never in the record, and nothing here shows them.", unknown=True
        )
    if q.has("future") and not q.any("whatif", "limit", "halt", "skill", "preference"):
        end = view.today.isoformat()
        text = f"I do not know: the record ends on {end} and says nothing of what comes after [run:{view.run}]."
        return Route(words=text, unknown=True)
    if q.strangers and not q.symbols:
        held = " and ".join(view.tables.symbols) or "nothing"
        return Route(words=f"{q.strangers[0]} is not in this run: it holds {held} [run:{view.run}].", unknown=True)
    return None


def situations(q: Question, view: View) -> Route | None:
    """How often conditions were met, and what followed."""
    if not q.tests:
        return None
    return one("situations", tests=[t.model_dump() for t in q.tests], **scope(q))


_HELD = ("holding", "own", "flat", "invested", "long", "order", "in the book", "portfolio", "outstanding")
_ELSEWHERE = ("limit", "halt", "regime", "skill", "believe", "drawdown", "equity")


_STOPPING = re.compile(
    r"what (?:would|could|can|might|may) (?:stop|halt|block)|(?:circumstances|conditions|case) .{0,24}\b(?:halt|stop|paus)|"
    r"when (?:will|would|does|do) .{0,20}\b(?:halt|stop trading)"
)


def standing(q: Question, view: View) -> Route | None:
    """What is open, what is in force, what stopped trading."""
    held = q.any("trade", "hold", "buy") or any(word in q.text for word in _HELD)
    if q.has("open") and held and not q.any(*_ELSEWHERE):
        return one("positions", symbol=q.symbol)
    if q.limit and not (q.has("drawdown") and not q.any("limit", "halt", "clamp")):
        return one("standing", limit=q.limit)
    if _STOPPING.search(q.text):
        return one("standing", of="limits")
    if q.has("halt"):
        return one("standing", of="halt")
    if re.search(r"\bstatus\b", q.text):
        return Route((Step("standing"), Step("positions")))
    if q.has("clamp") or q.has("limit") and q.any("count", "decision", "trade") and "how much" not in q.text:
        return one("decisions", clamped=True, **scope(q))
    return one("standing", of="limits") if q.has("limit") else None


def regimes(q: Question, view: View) -> Route | None:
    """The regime now or on a day, its share of time, its changes."""
    if not (q.has("regime") or q.regimes):
        return None
    shared = q.has("share") and not q.any("trade", "win", "lose", "return", "best", "worst", "exit", "stop", "target")
    if q.any("trade", "win", "lose", "return", "rate", "best", "worst", "exit", "stop", "target") and not shared:
        timed = "time" in q.text and q.has("share") and not q.any("win", "trade")
        return one("regimes", measure="share", **scope(q)) if timed else None
    if q.has("open") or q.has("last") and not q.has("count") or q.day is not None:
        return one("regimes", measure="now", **scope(q, regime=False))
    return one("regimes", measure="changes" if q.has("change") else "share", **scope(q))


_FIGURES = ("sharpe", "sortino", "calmar", "cagr", "factor", "expectancy", "sqn", "kelly")


def result(q: Question, view: View) -> Route | None:
    """Figures of the result as a whole."""
    if q.has("arms"):
        return one("result", measure="arms")
    return _figure(q) or _risk(q) or _by_stretch(q) or _equity(q)


def _figure(q: Question) -> Route | None:
    name = next((name for name in _FIGURES if q.has(name)), None)
    if name == "factor" and (q.symbol or q.regimes or q.period):
        return one("trades", measure="factor", **scope(q))
    return one("result", measure=name, **days_of(q)) if name else None


def _risk(q: Question) -> Route | None:
    days = days_of(q)
    if q.has("drawdown") and not q.features:
        return one("result", measure="drawdown", **days)
    if q.has("benchmark"):
        return one("result", measure="benchmark", **days)
    if q.has("cost") and not q.any("model", "worst", "exit"):
        return one("result", measure="costs", symbol=q.symbol, **days)
    if q.has("exposure"):
        return one("result", measure="exposure", symbol=q.symbol, **days)
    named = q.regimes and "how volatile" not in q.text
    of_market = q.features or named or q.symbol or q.any("regime", "event", "trade", "memories", "lesson")
    return one("result", measure="volatility", **days) if q.has("volatility") and not of_market else None


_STRETCHED = ("best", "worst", "return", "lose", "by", "highest", "lowest")


def _by_stretch(q: Question) -> Route | None:
    """The return of months, quarters or years."""
    unit = "day" if q.has("daily") else next((u for u in ("month", "quarter", "year") if q.has(u)), None)
    if unit and "profitable" in q.text and not q.has("trade"):
        return one("result", by=unit, **days_of(q))
    other = q.any("trade", "win", "rate", "holding", "streak", "entries", "voter") or q.symbol
    if unit is None or other or not q.any(*_STRETCHED):
        return None
    rank = "worst" if q.any("worst", "lowest", "lose") else "best" if q.any("best", "highest") else None
    return one("result", by=unit, rank=rank, **days_of(q))


def _equity(q: Question) -> Route | None:
    if q.has("peak") and not q.features and not q.has("price"):
        return one("result", measure="peak", **days_of(q))
    if q.has("equity") and re.search(r"\bstart(?:ed|ing)?\b|\bbeg[aiu]n\b|initial", q.text) and not (q.period or q.symbol):
        return one("run", of="cash")
    if not q.has("equity") or q.symbol or q.any("trade", "size", "lesson", "run", "settings", "buy"):
        return None
    return one("result", measure="equity", **days_of(q))


def seen(q: Question, view: View) -> Route | None:
    """Features and prices over time, and the state now."""
    if q.features and "what does" in q.text:
        return one("market_state", symbol=q.symbol, feature=q.features[0])
    if q.features or q.has("price"):
        feature = q.features[0] if q.features else "close"
        if q.period is not None or q.any("highest", "lowest", "average", "history"):
            pick = "highest" if q.any("highest") else "lowest" if q.any("lowest") else "mean" if q.has("average") else None
            return one("feature_history", feature=feature, pick=pick, **scope(q))
        return Route(
            tuple(Step("market_state", {"symbol": s, "feature": feature}) for s in (q.symbols or tuple(view.tables.symbols)))
        )
    if q.has("state"):
        return one("market_state", symbol=q.symbol)
    return None


def about(q: Question, view: View) -> Route | None:
    """The run itself: its settings, days, symbols, notes, its model."""
    if q.has("forecast"):
        return one("run", of="settings", setting="forecast.enabled") if not q.day else None
    if q.has("model"):
        return one("model_cost")
    if q.has("seed"):
        return one("run", of="seed")
    if q.has("notes"):
        return one("run", of="notes")
    if q.has("settings"):
        return one("run", of="settings")
    if q.has("period"):
        return one("run", of="period")
    if q.has("symbolword"):
        return one("run", of="symbols")
    if q.has("run") and not q.has("return"):
        return one("run")
    return None


def social(q: Question, view: View) -> Route | None:
    """Who asks for help, or greets."""
    if q.has("help"):
        return Route(words=HELP)
    if q.has("greeting") and len(q.said.split()) <= 4:
        return Route(words="Hello. Ask why a trade was made, how it went, what the skills have earned; /help shows the commands.")
    return None


_SUMS = ("return", "make", "made", "lose", "lost", "money", "profit", "earn", "gain")


def general(q: Question, view: View) -> Route | None:
    """A stretch and its result, the whole result, the newest decisions."""
    days = days_of(q)
    if q.has("return") or q.any("win", "lose") and not days:
        whole = not days and not any(word in q.text for word in _SUMS)
        weak = None if q.has("return") else "the question names neither trades nor a result"
        return one("result", weak, measure="all" if whole else "return", **days)
    if q.period is not None and q.day is None:
        clear = q.any("happened", "describe", "trade", "buy", "close")
        doubt = None if clear else "I take it that you ask how that stretch went"
        return Route((Step("result", clean({"measure": "return", **days})), Step("trades", clean(scope(q)))), doubt=doubt)
    if q.any("happened", "decision") and q.period is None and not q.has("describe"):
        return one("decisions", "no day was given; these are the last decisions", order="last", n=2, symbol=q.symbol)
    return None


HELP = (
    "Ask in plain words: why it bought, sold or held on a day; what it thought, how large, with what stop; how "
    "trades went (best, worst, "
    "win rate by regime, symbol, month); returns, drawdown, costs; which skills win or lose; who is believed; "
    "what followed situations "
    "like one day's; what changed since a day; what would have been without a skill. /help shows the commands."
)
