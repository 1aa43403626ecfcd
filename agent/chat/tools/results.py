"""The result of a run: return, risk, costs, and its equity over time."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from agent.chat.found import Chart, Found, Table, cite, day, figure, gain, money, nothing, per_cent
from agent.chat.tools.base import Tool
from agent.chat.tools.curves import Curve, Result, before_of, figures, held_in_chunk
from agent.chat.tools.stretches import stretches
from agent.chat.view import View
from agent.domain import Outcome

SPLIT = 1.8  # times the last close: no day of trading, but a split
_NAMES = {
    "sharpe": "Sharpe Ratio", "sortino": "Sortino Ratio", "calmar": "Calmar Ratio", "cagr": "CAGR [%]",
    "volatility": "Volatility (Ann.) [%]", "expectancy": "Expectancy [%]", "sqn": "SQN", "kelly": "Kelly Criterion",
    "factor": "Profit Factor",
}  # fmt: skip


def result(view: View, asked: Result) -> Found:
    """A figure of the run's result, over all of it or over some days."""
    curve = [(at, value) for at, value in view.tables.equity() if asked.holds(at.date())]
    if not curve:
        return nothing(f"No equity is recorded{asked.words()}; nothing was decided then.", f"run:{view.run}")
    if asked.by is not None:
        return stretches(view, asked)
    before = before_of(view, asked.start)
    if asked.measure in _NAMES:
        return _named(view, asked, curve, before)
    return _TOLD[asked.measure](view, asked, curve, before)


def _sharpe_of(view: View, asked: Result, symbol: str) -> Found:
    """The Sharpe ratio of one symbol's realised P&L by day, as the report has it."""
    rows = ((view.result or {}).get("summary") or {}).get("symbols", []) if not (asked.start or asked.end) else []
    row = next((r for r in rows if r["symbol"] == symbol and r.get("sharpe") is not None), None)
    if row is None:
        return nothing(f"A Sharpe ratio{asked.words()} is not in the record; equity is that of all symbols.", f"run:{view.run}")
    text = (
        f"Sharpe ratio of the trades on {symbol}, from their realised P&L by day: {row['sharpe']:.2f} over {row['trades']} "
        f"trades {cite('run', view.run)}. That of the whole run is {figures(view, Result()).get('Sharpe Ratio', 0.0):.2f}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"sharpe": row["sharpe"]})


def _named(view: View, asked: Result, curve: Curve, before: float) -> Found:
    if asked.measure == "sharpe" and asked.symbol is not None:
        return _sharpe_of(view, asked, asked.symbol)
    name = _NAMES[asked.measure]
    table = figures(view, asked)
    value = table.get(name)
    if value is None:
        return nothing(f"{name} cannot be computed{asked.words()}: there is too little to compute it from.", f"run:{view.run}")
    spread = table.get("Sharpe Interval") if asked.measure == "sharpe" else None
    interval = f" (95 % interval {spread[0]:.2f} to {spread[1]:.2f})" if spread else ""
    text = (
        f"{name.replace(' [%]', '')}{asked.words()}: {value:.2f}{' %' if '[%]' in name else ''}{interval} "
        f"{cite('run', view.run)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={name: value})


def _return(view: View, asked: Result, curve: Curve, before: float) -> Found:
    after = curve[-1][1]
    text = (
        f"Return{asked.words()}, net of costs: {per_cent(after / before - 1, 2)}, {gain(after - before)}: equity went from "
        f"{money(before)} to {money(after)} on {day(curve[-1][0])} {cite('run', view.run)}."
    )
    whole = asked.start is None and asked.end is None
    held = figures(view, asked).get("Buy & Hold Return [%]") if whole else held_in_chunk(view, asked)
    if held is not None:
        text += f" Buy and hold made {held:.2f} % in the same time {cite('run', view.run)}."
    return Found(text=text, ids=(f"run:{view.run}",), data={"return": after / before - 1}, chart=_chart(view, curve))


def worst_fall(curve: Curve, before: float) -> tuple[float, datetime, datetime]:
    """The deepest fall from a peak: its depth as a share, when the peak was, when the trough."""
    points = [(curve[0][0], before), *curve] if before > curve[0][1] else curve
    peak, deepest, found = points[0], 0.0, (points[0][0], points[0][0])
    for point in points:
        peak = point if point[1] > peak[1] else peak
        if 1 - point[1] / peak[1] > deepest:
            deepest, found = 1 - point[1] / peak[1], (peak[0], point[0])
    return deepest, *found


def _recovered(curve: Curve, top: datetime, bottom: datetime, before: float) -> str:
    """When equity was back at the peak from which it fell."""
    values = dict(curve)
    height = max(values.get(top, before), before if top == curve[0][0] else 0.0)
    back = next((at for at, value in curve if at > bottom and value >= height), None)
    if back is None:
        return "It has not recovered to that peak by the end"
    return (
        f"It was back at that peak on {day(back)}, {(back - top).days} days after it and {(back - bottom).days} after the bottom"
    )


def _drawdown(view: View, asked: Result, curve: Curve, before: float) -> Found:
    depth, top, bottom = worst_fall(curve, before)
    values = dict(curve)
    longest = figures(view, asked).get("Max. Drawdown Duration")
    spell = f" The longest spell below a peak lasted {longest}." if longest else ""
    mean = figures(view, asked).get("Avg. Drawdown [%]")
    spell += f" The average drawdown was {abs(mean):.2f}%." if mean is not None else ""
    high = max(curve, key=lambda p: p[1])
    text = (
        f"Maximum drawdown{asked.words()}: {per_cent(depth, 2)}, from {day(top)} to {day(bottom)}"
        f" (equity {money(values[bottom])} at the bottom) {cite('run', view.run)}. "
        f"{_recovered(curve, top, bottom, before)}.{spell} "
        f"At the end it stood {per_cent(max(0.0, 1 - curve[-1][1] / max(high[1], before)), 2)} below its highest point "
        f"({money(high[1])} on {day(high[0])}); the limit that halts is {per_cent(view.settings.limits.max_drawdown, 0)}."
    )
    return Found(
        text=text,
        ids=(f"run:{view.run}",),
        data={"depth": depth, "peak": day(top), "trough": day(bottom)},
        chart=_chart(view, curve),
    )


def _benchmark(view: View, asked: Result, curve: Curve, before: float) -> Found:
    if asked.symbol is not None:
        return _benchmark_of(view, asked, asked.symbol)
    found = _return(view, asked, curve, before)
    found = found.model_copy(update={"text": f"{found.text}{_held_closes(view, asked)}"})
    if "Buy and hold" not in found.text:
        return found.model_copy(update={"text": found.text + " Buy and hold over exactly these days is not in the record."})
    held = figures(view, asked).get("Buy & Hold Return [%]") if not (asked.start or asked.end) else held_in_chunk(view, asked)
    mine = 100 * (curve[-1][1] / before - 1)
    verdict = "It did better than" if mine > (held or 0) else "It fell short of"
    more = f"{verdict} buy and hold by {abs(mine - (held or 0)):.2f} points {cite('run', view.run)}."
    return found.model_copy(update={"text": f"{more} {found.text}"})


def _closes(view: View, asked: Result, symbol: str) -> float | None:
    """What a symbol's close did over the days asked for."""
    closes = [row.close for row in view.tables.by_symbol.get(symbol, []) if asked.holds(row.day) and row.close]
    if any(not 1 / SPLIT < after / before < SPLIT for before, after in pairwise(closes)):
        return None  # the closes are those of the day: a split lies between them
    return closes[-1] / closes[0] - 1 if len(closes) > 1 else None


def _held_closes(view: View, asked: Result) -> str:
    told = [f"{s} {per_cent(found, 2)}" for s in view.tables.symbols if (found := _closes(view, asked, s)) is not None]
    return f" From the first close to the last: {', '.join(told)} {cite('run', view.run)}." if told else ""


def _benchmark_of(view: View, asked: Result, symbol: str) -> Found:
    """One symbol: what its trades made of the capital, beside its own close."""
    held, outcomes = _closes(view, asked, symbol), [trade.outcome for trade in asked.trades(view)]
    if held is None:
        why = "has too few closes, or was split in between, so that what holding it made is not told from them"
        return nothing(f"{symbol} {why}{asked.words()} {cite('run', view.run)}.", f"run:{view.run}")
    made = sum(o.pnl for o in outcomes)
    mine = made / before_of(view, asked.start)
    verdict = "more" if mine > held else "less"
    text = (
        f"The {len(outcomes)} trades{asked.words()} made {gain(made)} net, {per_cent(mine, 2)} of the capital, {verdict} than "
        f"holding {symbol} with all of it, which made {per_cent(held, 2)} from the first close to the last "
        f"{cite('run', view.run)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"trades": mine, "held": held})


def _slipped(view: View, outcomes: list[Outcome]) -> float:
    """What slippage took out of the prices of closed trades."""
    bps = {symbol: float(c["slippage_bps"]) for symbol, c in (view.result or {}).get("costs", {}).items()}
    return sum(float(o.quantity) * (o.entry_price + o.exit_price) * bps.get(o.symbol, 0.0) / 1e4 for o in outcomes)


def _costs(view: View, asked: Result, curve: Curve, before: float) -> Found:
    paid = [(s, fee) for at, s, fee in view.tables.fees if asked.holds(at.date()) and asked.symbol in (None, s)]
    outcomes = [trade.outcome for trade in asked.trades(view)]
    costs, slips = (view.result or {}).get("costs", {}), _slipped(view, outcomes)
    rates = "; ".join(f"{s} {c['fee_bps']:g} bps fee and {c['slippage_bps']:g} bps slippage a side" for s, c in costs.items())
    of_closed = money(sum(o.fees for o in outcomes))
    text = (
        f"Fees paid{asked.words()}: {money(sum(fee for _, fee in paid))} over {len(paid)} fills, {of_closed} by the trades "
        f"closed then {cite('run', view.run)}."
    )
    if rates:
        text += f" Slippage, in the prices, cost about {money(slips)} more. Rates: {rates}."
    gross = sum(o.pnl + o.fees for o in outcomes)
    earned = sum(o.pnl + o.fees for o in outcomes if o.pnl + o.fees > 0)
    total = sum(o.fees for o in outcomes) + slips
    if outcomes:
        share = f", {per_cent(total / earned)} of what winning trades made before fees ({money(earned)})" if earned > 0 else ""
        text += _turnover(outcomes, curve)
        text += f" In all about {money(total)}{share}; before fees the trades made {gain(gross)}."
    if not (asked.start or asked.end):
        text += _by_cost(view)
    return Found(text=text, ids=(f"run:{view.run}",), data={"fees": sum(fee for _, fee in paid), "slippage": slips})


def _by_cost(view: View) -> str:
    """The return had every fee and slippage been so many times as high, the trades staying as they were."""
    told = [f"{row['multiple']}x {row['return_pct']:.2f} %" for row in (view.result or {}).get("cost_sensitivity", [])]
    return f" Return by cost: {', '.join(told)}." if told else ""


def _multiples(view: View, asked: Result, curve: Curve, before: float) -> Found:
    told = _by_cost(view)
    if not told:
        return nothing("What other costs would have left is not in this record.", f"run:{view.run}")
    outcomes = [trade.outcome for trade in asked.trades(view)]
    free = (curve[-1][1] + sum(o.fees for o in outcomes) + _slipped(view, outcomes)) / before - 1
    text = (
        f"The same trades at other costs {cite('run', view.run)}:{told} Without any about {per_cent(free, 2)}. Fees and slippage "
        f"are multiplied together; with other costs it would also have decided otherwise, which only another backtest "
        f"(--fee-bps, --slippage-bps) tells."
    )
    return Found(text=text, ids=(f"run:{view.run}",))


def _turnover(outcomes: list[Outcome], curve: Curve) -> str:
    """What was bought and sold by closed trades, as multiples of the mean equity, a year."""
    value = sum(float(o.quantity) * (o.entry_price + o.exit_price) for o in outcomes)
    mean = sum(v for _, v in curve) / len(curve)
    years = max((curve[-1][0] - curve[0][0]).days, 1) / 365.25
    return f" Turnover: {money(value)} bought and sold, {value / mean / years:.1f} times the mean equity a year."


def _exposure(view: View, asked: Result, curve: Curve, before: float) -> Found:
    shares = {row.bar: row.exposure for row in asked.rows(view)}
    values = list(shares.values())
    table = figures(view, asked)
    text = (
        f"Exposure{asked.words()}: a position was open {figure(table.get('Exposure Time [%]'), '{:.1f}')} % of the "
        f"time; on average "
        f"{per_cent(sum(values) / len(values))} of equity was invested, {per_cent(max(values))} at the most "
        f"{cite('run', view.run)}.{_held_by_symbol(view, asked)}"
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"mean": sum(values) / len(values)})


def _held_by_symbol(view: View, asked: Result) -> str:
    """The share of each symbol's bars at which a position in it was open."""
    told = []
    for symbol, rows in sorted(view.tables.by_symbol.items()):
        inside = [row for row in rows if asked.holds(row.day)]
        if inside and asked.symbol in (None, symbol):
            told.append(f"{symbol} {per_cent(sum(symbol in row.held for row in inside) / len(inside))} of its bars")
    return f" A position was open: {'; '.join(told)}." if told else ""


def _equity(view: View, asked: Result, curve: Curve, before: float) -> Found:
    at, value = curve[-1]
    text = (
        f"Equity was {money(value)} at the close of {day(at)} {cite('run', view.run)}; it began with {money(view.settings.cash)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"equity": value}, chart=_chart(view, curve))


def _peak(view: View, asked: Result, curve: Curve, before: float) -> Found:
    top, bottom = max(curve, key=lambda p: p[1]), min(curve, key=lambda p: p[1])
    text = (
        f"Equity{asked.words()} was highest on {day(top[0])} at {money(top[1])} and lowest on {day(bottom[0])} at "
        f"{money(bottom[1])} {cite('run', view.run)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"highest": top[1], "lowest": bottom[1]}, chart=_chart(view, curve))


def _all(view: View, asked: Result, curve: Curve, before: float) -> Found:
    table = figures(view, asked)
    names = (
        "Return [%]", "Equity Final [$]", "Buy & Hold Return [%]", "Sharpe Ratio", "Max. Drawdown [%]", "# Trades",
        "Win Rate [%]", "Profit Factor",
    )  # fmt: skip
    parts = [
        f"{n.replace(' [%]', '').replace(' [$]', '').replace('# ', '')} {v:,.0f}" if n == "# Trades"
        else f"{n.replace(' [%]', '').replace(' [$]', '')} {v:,.2f}{' %' if '[%]' in n else ''}"
        for n in names
        if (v := table.get(n)) is not None
    ]  # fmt: skip
    shown = tuple((name, f"{v:,.2f}" if isinstance(v, float) else str(v)) for name, v in table.items() if v is not None)
    made = curve[-1][1] - before
    text = f"Run {view.run}{asked.words()} made {gain(made)} {cite('run', view.run)}: {', '.join(parts)}."
    return Found(
        text=text,
        ids=(f"run:{view.run}",),
        data={k: table.get(k) for k in names},
        table=Table(title="figures", columns=("figure", "value"), rows=shown, right=(1,)),
        chart=_chart(view, curve),
    )


def _arms(view: View, asked: Result, curve: Curve, before: float) -> Found:
    others = view.siblings()
    mine = 100 * (curve[-1][1] / before - 1)
    if not others:
        return nothing(
            (
                f"Only this arm is in this home: {mine:.2f} % {cite('run', view.run)}. Run `tradecraft backtest --arm "
                f"no-memory` to compare."
            ),
            f"run:{view.run}",
        )
    parts = [f"{arm} {d['metrics']['Return [%]']:.2f} % {cite('run', d['run'])}" for arm, d in sorted(others.items())]
    text = f"This run returned {mine:.2f} % {cite('run', view.run)}; the other arms: {', '.join(parts)}."
    return Found(text=text, ids=(f"run:{view.run}", *(f"run:{d['run']}" for d in others.values())))


_TOLD = {
    "all": _all, "return": _return, "drawdown": _drawdown, "benchmark": _benchmark, "costs": _costs,
    "cost_multiples": _multiples, "exposure": _exposure,
    "equity": _equity, "peak": _peak, "arms": _arms,
}  # fmt: skip


def _chart(view: View, curve: Curve) -> Chart | None:
    if len(curve) < 3:
        return None
    return Chart(title="equity", days=tuple(day(at) for at, _ in curve), values=tuple(value for _, value in curve))


TOOLS = (Tool("result", "The run's return, Sharpe, drawdown, costs, exposure, benchmark, by month or quarter.", Result, result),)
