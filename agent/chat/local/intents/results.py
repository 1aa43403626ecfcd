"""Questions about the result as a whole: return, risk, costs, equity, by month or year, beside buy and hold and the other arms."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from typing import Any

from agent.chat.local.reading import Question
from agent.chat.local.route import Intent, Make, Route, Step, clean, days_of, intent, one, scope
from agent.chat.view import View

_BUY_AND_HOLD = re.compile(r"\b(?:buy(?:ing)? (?:and|&) hold(?:ing)?|benchmark|just holding|index)\b")


def _figure(measure: str) -> Make:
    def make(q: Question, view: View) -> Route | None:
        if measure == "sharpe" and (q.has("symbol") or len(q.symbols) > 1):
            symbols = q.symbols or tuple(view.tables.symbols)
            return Route(tuple(Step("result", clean({"measure": measure, "symbol": s, **days_of(q)})) for s in symbols)).telling(
                "symbol by compare best worst"
            )
        if measure == "benchmark" and q.day and not _BUY_AND_HOLD.search(q.text):
            return None  # what was held on a day
        if measure == "equity" and re.search(r"\bwhat is in the (?:portfolio|book|account)\b", q.text):
            return None  # positions are
        if measure == "equity" and re.search(
            r"\bgr(?:ow\w*|ew)\b|\b(?:chang\w+|fall|fell|fallen|ris\w+|rose|drop\w*|los[et]\w*|gain\w*|went)\b", q.text
        ):
            return None  # by how much, not to what
        symbol = q.symbol if measure in ("costs", "exposure", "benchmark", "sharpe") else None
        return one("result", measure=measure, symbol=symbol, **days_of(q))

    return make


_UNITS = (
    ("week", "week"),
    ("calendar_month", "calendar_month"),
    ("quarter", "quarter"),
    ("month", "month"),
    ("year", "year"),
    ("dayunit", "day"),
)


_MEASURED = ("drawdown", "benchmark", "exposure", "sharpe", "sortino", "volatility", "factor", "cost")


def _by_stretch(q: Question, view: View) -> Route | None:
    """The return of months, quarters or years; of one symbol it is that of its trades."""
    concept, unit = next(((c, u) for c, u in _UNITS if q.has(c)), (None, None))
    if unit is None or concept is None or re.search(r"\bturnover\b", q.text):
        return None  # turnover is told for the whole run, as so many times the equity a year
    if re.search(r"\b(?:trades?|winners?|losers?|entries)\b", q.text) and not q.any("return", "best", "worst", *_MEASURED):
        return None  # of trades
    if unit == "day" and q.regimes:
        return None  # days of a regime
    whole = q.period is not None and q.period.kind == unit
    if whole and re.search(r"\b(?:trades?|winners?|losers?|deals?)\b", q.text):
        return None  # of that year's trades, not of the year among others
    if re.search(r"\b(?:busiest|quietest)\b", q.text):
        return one("trades", by=unit, rank="count", least="quiet" in q.text, **scope(q)).telling(f"{concept} most least")
    low = q.any("worst", "lose", "least") and not q.any("best", "most") or q.has("lose") and q.has("most")
    rank = "worst" if low else "best" if q.any("best", "most", "win") and not q.has("how_many") else None
    if q.symbol:
        if unit in ("day", "week"):
            return None
        order: dict[str, Any] = {"rank": "pnl", "least": low} if rank else {}
        return one("trades", by=unit, **scope(q), **order).telling(concept)
    days = {} if whole else days_of(q)
    having = next((b for b in q.bounds if b.feature == "return_pct"), None)
    if having is not None:
        return one("result", by=unit, having=having, **days).telling(f"{concept} win lose return" + (" @period" if whole else ""))
    measure = next((name for name in _MEASURED if q.has(name)), None)
    if measure is not None:
        given = {"by": unit, "measure": measure.replace("cost", "costs"), "rank": rank, "n": q.top if q.top > 1 else None, **days}
        return one("result", **given).telling(f"{concept} {measure}" + (" @period" if whole else ""))
    return one("result", by=unit, rank=rank, n=q.top if q.top > 1 else None, **days).telling(
        concept + (" @period" if whole else "")
    )


def _best_day(q: Question, view: View) -> Route | None:
    return None if q.any("trade", "buy", "entries", "decision", "confidence") or q.symbol else _by_stretch(q, view)


def _whole(q: Question, view: View) -> Route | None:
    if q.symbols or q.regimes or q.skills or q.voters:
        return None
    if q.period is None:
        return one("result", measure="all")
    steps = (
        Step("result", clean({"measure": "return", **days_of(q)})),
        Step("trades", clean({"measure": "count", **days_of(q)})),
    )
    return Route(steps)


def _of_symbol(q: Question, view: View) -> Route | None:
    if not q.symbols:
        return None
    by = "symbol" if len(q.symbols) > 1 else None
    return one("trades", measure="pnl", by=by, **{**scope(q), "symbol": q.symbol}).telling("@symbol")


def _return(q: Question, view: View) -> Route | None:
    if q.symbols or q.regimes or q.skills or q.has("average"):
        return None
    return one("result", measure="return", **days_of(q))


def _per_cent(q: Question, view: View) -> Route | None:
    asked = re.search(r"\b(?:how many|what|by what|by how many) per ?cent(?:age)? (?:did|have|has) (?:we|you|it|the)\b", q.text)
    return _return(q, view) if asked else None


def _summary(q: Question, view: View) -> Route | None:
    """A stretch in a paragraph: its return, its trades, what changed."""
    if q.period is None or q.day is not None:
        return None
    given = days_of(q)
    steps = [Step("result", clean({"measure": "return", **given}))] if not q.symbols else []
    steps += [Step("result", clean({"measure": "benchmark", "symbol": s, **given})) for s in q.symbols if not q.has("trade")]
    steps += [Step("trades", clean({"symbol": s, "measure": "count", **given})) for s in (q.symbols or (None,))]
    if q.period.start and not q.symbols:
        steps += [Step("changes", clean({"since": _eve(q), "until": q.period.end}))]
    return Route(tuple(steps))


def _eve(q: Question) -> Any:
    from datetime import timedelta

    return q.period.start - timedelta(days=1) if q.period and q.period.start else None


def _came_from(q: Question, view: View) -> Route | None:
    """Where the result of a stretch came from: no reason for a whole stretch is on record."""
    if q.day or q.idents or q.skills:
        return None
    where = clean(scope(q))
    steps = tuple(Step("trades", {**where, "by": by}) for by in ("exit", "regime", "symbol") if by not in where)
    return Route(steps, doubt="a reason for a whole stretch is not on record; this is where its result came from")


def _cash(q: Question, view: View) -> Route | None:
    said = re.search(r"\b(?:cash|capital|money|balance|equity|account|start(?:ed)? with|beg[aiu]n with)\b", q.text)
    return one("run", of="cash") if not q.period and said else None


def _arms(q: Question, view: View) -> Route | None:
    return one("result", measure="arms")


def _dearer(q: Question, view: View) -> Route | None:
    return one("result", measure="cost_multiples") if not q.symbols and not q.period else None


def _costs(q: Question, view: View) -> Route | None:
    if q.day and q.any("trade", "buy", "entries", "position_open"):
        return None  # the fees of a trade are told with how it ended
    return one("result", measure="costs", symbol=q.symbol, **days_of(q))


_PLAIN = "how_much when overall run"
_ALL = f"{_PLAIN} average most least best worst"


def _named(measure: str, needs: str, tells: str = "", weight: float = 0.15) -> Intent:
    return intent(measure, needs, f"{_ALL} {tells}", _figure(measure), weight)


INTENTS = (
    _named("sharpe", "sharpe", "reliability notes win trade return"),
    _named("sortino", "sortino"),
    _named("calmar", "calmar"),
    _named("cagr", "cagr", "by year growth", 0.05),
    _named("volatility", "volatility", "return equity change share holding", 0.0),
    _named("expectancy", "expectancy", "return trade by"),
    _named("sqn", "sqn"),
    _named("kelly", "kelly", "size"),
    _named("drawdown", "drawdown", "lose equity peak now recover how_long longest size happened first last streak change price close state position_open win", 0.2),
    _named("drawdown", "recover", "lose equity peak now drawdown how_long longest happened win change again", 0.1),
    _named("benchmark", "benchmark", "return compare win lose index symbol hold buy position_open equity overall price trade share cagr regime", 0.2),
    _named("exposure", "exposure", "by symbol compare share equity position_open trade hold buy how_long now size", 0.15),
    _named("equity", "equity", "now price last position_open first size change win lose buy sell close", 0.1),
    _named("equity", "equity @period", "now price last position_open first size change close", 0.2),
    _named("peak", "peak equity|return", "now price first last size happened", 0.1),
    _named("peak", "peak", "equity return money", -0.3),
    intent("costs", "cost", f"{_ALL} return fees_ratio share trade by break_even fill win price lose size compare change", _costs, 0.15),
    intent("costs doubled", "break_even", f"{_ALL} return cost whatif happened change win lose trade compare condition without equity fees_ratio", _dearer, 0.7),
    intent("what it came from", "why return|win|lose|quarter|month|year|@stretch|drawdown|make", f"{_ALL} return win lose equity trade by happened", _came_from, -0.1),
    intent("starting cash", "start_cash", f"{_ALL} equity run first", _cash, 0.1),
    intent("starting cash", "start_cash equity|how_much", f"{_ALL} equity run first", _cash, 0.2),
    intent("the whole result", "return|overall|run", f"{_PLAIN} return describe happened trade win lose sharpe drawdown benchmark status change now", _whole, -0.1),
    intent("return in per cent", "share return|win|lose @stretch", f"{_PLAIN} how_many", _per_cent, 0.6),
    intent("return", "return|win|lose|make", f"{_PLAIN} return equity trade change", _return, -0.05),
    intent("return of a symbol", "@symbol", f"{_PLAIN} return win lose trade outcome describe happened", _of_symbol, -0.4),
    intent("return of stretches", "week|quarter|month|year|dayunit|calendar_month", f"{_ALL} return by win lose how_many profitable_unit list compare change equity volatility drawdown share trade rank position_open status state", _by_stretch, 0.05),
    intent("best day", "dayunit most|best|worst|least", f"{_ALL} return win lose equity by", _best_day, 0.25),
    intent("a stretch", "@stretch", f"{_PLAIN} return happened describe win lose trade state change list compare regime notable event", _summary, -0.3),
    intent("a stretch told", "describe|happened|return @stretch", f"{_PLAIN} return win lose trade state change list compare event", _summary, 0.0),
    intent("other arms", "arms", f"{_ALL} return memories without whatif compare win lose happened trade outcome entries benchmark worth_having negation equity model forecast skill change sharpe luck condition", _arms, 0.0),
    intent("without memory", "memories without|whatif|worth_having|arms|compare|return", f"{_ALL} return memories without whatif compare win lose happened trade outcome worth_having arms equity condition change", _arms, 0.25),
)  # fmt: skip
