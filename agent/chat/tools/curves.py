"""Equity over time and the figures over it: what results of a whole run and of its stretches are both made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import numpy as np
from pydantic import Field

from agent.chat.tools.base import Scope
from agent.chat.tools.figures import Bound
from agent.chat.view import View
from agent.market.bars import to_stamp
from agent.statistics.metrics import metrics

Json = dict[str, Any]
Measure = Literal[
    "all", "return", "sharpe", "sortino", "calmar", "cagr", "volatility", "drawdown", "benchmark", "costs", "exposure", "equity",
    "peak", "cost_multiples", "factor", "expectancy", "sqn", "kelly", "arms",
]  # fmt: skip
SLACK = 5  # days without a bar at either end of a stretch
Curve = list[tuple[datetime, float]]


class Result(Scope):
    """What of the result; with days, over that stretch alone."""

    measure: Measure = "all"
    by: Literal["day", "week", "month", "quarter", "year", "calendar_month"] | None = None
    rank: Literal["best", "worst"] | None = Field(None, description="with by: only the best or worst stretches")
    n: int = Field(1, ge=1, le=20, description="with rank: how many")
    having: Bound | None = Field(None, description="with by: only stretches whose return in per cent meets this")


def before_of(view: View, start: date | None) -> float:
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
            start=before_of(view, asked.start),
        )
    )


def held_in_chunk(view: View, asked: Result) -> float | None:
    """Buy-and-hold's return over days that are whole chunks of the backtest, one after another; None for other days."""
    inside, grown = [], 1.0
    for chunk in (view.result or {}).get("chunks", []):
        first, last = (date.fromisoformat(chunk[name][:10]) for name in ("start", "end"))
        if (
            asked.start
            and asked.end
            and asked.start <= first
            and last <= asked.end
            and chunk.get("benchmark_return_pct") is not None
        ):
            inside.append((first, last))
            grown *= 1 + chunk["benchmark_return_pct"] / 100
    whole = (
        inside and asked.start and asked.end and max((inside[0][0] - asked.start).days, (asked.end - inside[-1][1]).days) <= SLACK
    )
    return 100 * (grown - 1) if whole else None
