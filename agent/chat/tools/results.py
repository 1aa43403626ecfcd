"""The result of a run: return, risk, costs, and its equity over time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from pydantic import Field

from agent.chat.found import Chart, Found, Table, cite, day, figure, gain, money, nothing, per_cent
from agent.chat.tools.base import Scope, Tool
from agent.chat.view import View
from agent.market.bars import to_stamp
from agent.statistics.metrics import metrics

Json = dict[str, Any]
Measure = Literal[
    "all", "return", "sharpe", "sortino", "calmar", "cagr", "volatility", "drawdown", "benchmark", "costs", "exposure", "equity",
    "peak", "factor", "expectancy", "sqn", "kelly", "arms",
]  # fmt: skip


class Result(Scope):
    """What of the result; with days, over that stretch alone."""

    measure: Measure = "all"
    by: Literal["month", "quarter", "year"] | None = None
    rank: Literal["best", "worst"] | None = Field(None, description="with by: only the best or worst stretch")


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
        return _stretches(view, asked)
    before = _before(view, asked.start)
    if asked.measure in _NAMES:
        return _named(view, asked, curve, before)
    return _TOLD[asked.measure](view, asked, curve, before)


def _before(view: View, start: date | None) -> float:
    """Equity when the stretch began."""
    if start is None:
        return view.settings.cash
    earlier = [value for at, value in view.tables.equity() if at.date() < start]
    return earlier[-1] if earlier else view.settings.cash


def figures(view: View, asked: Scope) -> Json:
    """The table of figures: the backtest's own over the whole run, computed from the record else."""
    if view.result is not None and asked.start is None and asked.end is None:
        found: Json = view.result["metrics"]
        return found
    inside = [(at, value) for at, value in view.tables.equity() if asked.holds(at.date())]
    rows = {row.bar: row.exposure for row in view.tables.rows}
    outcomes = [trade.outcome for trade in Scope(start=asked.start, end=asked.end).trades(view)]
    return dict(
        metrics(
            [value for _, value in inside],
            np.array([to_stamp(at) for at, _ in inside]),
            outcomes,
            periods_per_year=252.0,
            exposure=[rows[at] for at, _ in inside],
            start=_before(view, asked.start),
        )
    )


Curve = list[tuple[datetime, float]]


def _named(view: View, asked: Result, curve: Curve, before: float) -> Found:
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
        f"Return{asked.words()}: {per_cent(after / before - 1, 2)}, {gain(after - before)}: equity went from {money(before)} "
        f"to {money(after)} on {day(curve[-1][0])} {cite('run', view.run)}."
    )
    whole = asked.start is None and asked.end is None
    held = figures(view, asked).get("Buy & Hold Return [%]") if whole else _chunk_held(view, asked)
    if held is not None:
        text += f" Buy and hold made {held:.2f} % in the same time {cite('run', view.run)}."
    return Found(text=text, ids=(f"run:{view.run}",), data={"return": after / before - 1}, chart=_chart(view, curve))


def _chunk_held(view: View, asked: Result) -> float | None:
    """Buy-and-hold's return of exactly one chunk of the backtest."""
    for chunk in (view.result or {}).get("chunks", []):
        first, last = (date.fromisoformat(chunk[name][:10]) for name in ("start", "end"))
        if asked.start and asked.end and asked.start <= first and last <= asked.end and (asked.end - asked.start).days < 95:
            found: float | None = chunk.get("benchmark_return_pct")
            return found
    return None


def worst_fall(curve: Curve, before: float) -> tuple[float, datetime, datetime]:
    """The deepest fall from a peak: its depth as a share, when the peak was, when the trough."""
    points = [(curve[0][0], before), *curve] if before > curve[0][1] else curve
    peak, deepest, found = points[0], 0.0, (points[0][0], points[0][0])
    for point in points:
        peak = point if point[1] > peak[1] else peak
        if 1 - point[1] / peak[1] > deepest:
            deepest, found = 1 - point[1] / peak[1], (peak[0], point[0])
    return deepest, *found


def _drawdown(view: View, asked: Result, curve: Curve, before: float) -> Found:
    depth, top, bottom = worst_fall(curve, before)
    now = max([before, *(v for _, v in curve)])
    values = dict(curve)
    text = (
        f"Maximum drawdown{asked.words()}: {per_cent(depth, 2)}, from {day(top)} to {day(bottom)}"
        f" (equity {money(values[bottom])} at the bottom) {cite('run', view.run)}. At the end it stood "
        f"{per_cent(max(0.0, 1 - curve[-1][1] / now), 2)} below its peak; the limit that halts is "
        f"{per_cent(view.settings.limits.max_drawdown, 0)}."
    )
    return Found(
        text=text,
        ids=(f"run:{view.run}",),
        data={"depth": depth, "peak": day(top), "trough": day(bottom)},
        chart=_chart(view, curve),
    )


def _benchmark(view: View, asked: Result, curve: Curve, before: float) -> Found:
    found = _return(view, asked, curve, before)
    if "Buy and hold" not in found.text:
        return found.model_copy(update={"text": found.text + " Buy and hold over exactly these days is not in the record."})
    held = figures(view, asked).get("Buy & Hold Return [%]") if not (asked.start or asked.end) else _chunk_held(view, asked)
    mine = 100 * (curve[-1][1] / before - 1)
    verdict = "It did better than" if mine > (held or 0) else "It fell short of"
    more = f"{verdict} buy and hold by {abs(mine - (held or 0)):.2f} points {cite('run', view.run)}."
    return found.model_copy(update={"text": f"{more} {found.text}"})


def _costs(view: View, asked: Result, curve: Curve, before: float) -> Found:
    paid = [(s, fee) for at, s, fee in view.tables.fees if asked.holds(at.date()) and asked.symbol in (None, s)]
    outcomes = [trade.outcome for trade in asked.trades(view)]
    costs = (view.result or {}).get("costs", {})
    slips = sum(
        float(o.quantity) * (o.entry_price + o.exit_price) * costs.get(o.symbol, {}).get("slippage_bps", 0.0) / 1e4
        for o in outcomes
    )
    rates = "; ".join(f"{s} {c['fee_bps']:g} bps fee and {c['slippage_bps']:g} bps slippage a side" for s, c in costs.items())
    of_closed = money(sum(o.fees for o in outcomes))
    text = (
        f"Fees paid{asked.words()}: {money(sum(fee for _, fee in paid))} over {len(paid)} fills, {of_closed} of it by closed "
        f"trades {cite('run', view.run)}."
    )
    if rates:
        text += f" Slippage, in the prices, cost about {money(slips)} more. Rates: {rates}."
    rows = (view.result or {}).get("cost_sensitivity", []) if not (asked.start or asked.end) else []
    if rows:
        text += " Return by cost: " + ", ".join(f"{r['multiple']}x {r['return_pct']:.2f} %" for r in rows) + "."
    return Found(text=text, ids=(f"run:{view.run}",), data={"fees": sum(fee for _, fee in paid), "slippage": slips})


def _exposure(view: View, asked: Result, curve: Curve, before: float) -> Found:
    shares = {row.bar: row.exposure for row in asked.rows(view)}
    values = list(shares.values())
    table = figures(view, asked)
    text = (
        f"Exposure{asked.words()}: a position was open {figure(table.get('Exposure Time [%]'), '{:.1f}')} % of the "
        f"time; on average "
        f"{per_cent(sum(values) / len(values))} of equity was invested, {per_cent(max(values))} at the most "
        f"{cite('run', view.run)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"mean": sum(values) / len(values)})


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
        "Return [%]",
        "Buy & Hold Return [%]",
        "Sharpe Ratio",
        "Max. Drawdown [%]",
        "# Trades",
        "Win Rate [%]",
        "Profit Factor",
    )
    parts = [
        f"{n.replace(' [%]', '').replace('# ', '')} {v:.2f}{' %' if '[%]' in n else ''}"
        for n in names
        if (v := table.get(n)) is not None
    ]
    shown = tuple((name, f"{v:,.2f}" if isinstance(v, float) else str(v)) for name, v in table.items() if v is not None)
    text = f"Run {view.run}{asked.words()} {cite('run', view.run)}: {', '.join(parts)}."
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
    "all": _all, "return": _return, "drawdown": _drawdown, "benchmark": _benchmark, "costs": _costs, "exposure": _exposure,
    "equity": _equity, "peak": _peak, "arms": _arms,
}  # fmt: skip


def _stretches(view: View, asked: Result) -> Found:
    """The return of every month, quarter or year, or the best and worst of them."""
    by = asked.by or "month"
    last: dict[str, float] = {}
    for at, value in view.tables.equity():
        if asked.holds(at.date()):
            last[_stretch(at, by)] = value
    rows, before = [], _before(view, asked.start)
    for name, value in last.items():
        rows.append((name, value / before - 1))
        before = value
    best, worst = max(rows, key=lambda r: r[1]), min(rows, key=lambda r: r[1])
    ends = f"Best {by} {best[0]} ({per_cent(best[1], 2)}), worst {worst[0]} ({per_cent(worst[1], 2)})"
    if asked.rank is not None:
        name, value = best if asked.rank == "best" else worst
        ends = f"The {asked.rank} {by}{asked.words()} was {name} with {per_cent(value, 2)}. {ends}"
    gains = sum(value > 0 for _, value in rows)
    told = ", ".join(f"{name} {per_cent(value, 2)}" for name, value in rows) if len(rows) <= 24 or asked.rank is None else ""
    text = f"{ends}; {gains} of {len(rows)} gained {cite('run', view.run)}." + (f" {told}." if told else "")
    return Found(
        text=text,
        ids=(f"run:{view.run}",),
        data=dict(rows),
        table=Table(
            title=f"return by {by}", columns=(by, "return"), rows=tuple((n, per_cent(v, 2)) for n, v in rows), right=(1,)
        ),
    )


def _stretch(at: datetime, by: str) -> str:
    return {"month": f"{at:%Y-%m}", "quarter": f"{at.year}Q{(at.month - 1) // 3 + 1}", "year": f"{at.year}"}[by]


def _chart(view: View, curve: Curve) -> Chart | None:
    if len(curve) < 3:
        return None
    return Chart(title="equity", days=tuple(day(at) for at, _ in curve), values=tuple(value for _, value in curve))


TOOLS = (Tool("result", "The run's return, Sharpe, drawdown, costs, exposure, benchmark, by month or quarter.", Result, result),)
