"""Buy and hold: all cash into the range's first bar at its close, in fractions, and nothing more.

Warm-up is ignored; several symbols share the cash equally. Splits multiply the shares, dividends
arrive as cash. ``matched_equity`` holds only the share that gives another run's volatility.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from scipy.optimize import brentq

from agent.backtest.plan import Plan
from agent.errors import ConfigError
from agent.market.bars import to_stamp
from agent.market.series import Series
from agent.statistics.equity import Floats, Stamps, daily_returns


def _in_range(plan: Plan, series: Series) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array([i for i in range(len(series.bars)) if series.bars.timestamp(i) in plan.timerange], dtype=np.int64)


def held_value(plan: Plan, symbol: str, cash: float) -> dict[datetime, float]:
    """The worth of ``cash`` put into one symbol at the close of its first bar, by bar start."""
    series, costs = plan.series[symbol], plan.settings.costs
    rows = _in_range(plan, series)
    if not len(rows):
        raise ConfigError(
            f"--timerange {plan.timerange} holds no bar of {symbol}; its bars run from "
            f"{series.bars.timestamp(0).date()} to {series.bars.timestamp(-1).date()}"
        )
    fee = series.instrument.fee_bps if costs.fee_bps is None else costs.fee_bps
    slip = series.instrument.slippage_bps if costs.slippage_bps is None else costs.slippage_bps
    bars = series.bars
    shares = cash / (float(bars.close[rows[0]]) * (1 + slip / 1e4) * (1 + fee / 1e4))
    paid_out, values = 0.0, {}
    for n, i in enumerate(rows.tolist()):
        if n:
            shares *= float(bars.split[i])
            paid_out += shares * float(bars.dividend[i])
        values[bars.timestamp(i)] = shares * float(bars.close[i]) + paid_out
    return values


def held_equity(plan: Plan) -> list[tuple[datetime, float]]:
    """Equity of an equal-weight holding at each bar of any symbol."""
    share = plan.settings.cash / len(plan.symbols)
    values = {symbol: held_value(plan, symbol, share) for symbol in plan.symbols}
    last = dict.fromkeys(plan.symbols, share)
    equity = []
    for start in sorted({start for held in values.values() for start in held}):
        for symbol in plan.symbols:
            last[symbol] = values[symbol].get(start, last[symbol])
        equity.append((start, sum(last[symbol] for symbol in plan.symbols)))
    return equity


def matched_equity(plan: Plan, equity: list[list[Any]]) -> list[tuple[datetime, float]]:
    """Equity of a holding of the share that makes its daily volatility that of ``equity`` (rows of bar start and value).

    The rest lies in cash without interest; there is no leverage, so the share is at most 1. Both
    volatilities are taken over the days that ``equity`` has.
    """
    held = held_equity(plan)
    wanted = {datetime.fromisoformat(start): float(value) for start, value in equity}
    shared = [(start, value) for start, value in held if start in wanted]
    stamps = np.array([to_stamp(start) for start, _ in shared])
    values = np.array([value for _, value in shared])
    aim = _spread(np.array([wanted[start] for start, _ in shared]), stamps)
    cash = plan.settings.cash

    def excess(share: float) -> float:
        return _spread(cash * (1 - share) + share * values, stamps) - aim

    share = 1.0 if excess(1.0) <= 0 else float(brentq(excess, 0.0, 1.0, xtol=1e-9))
    return [(start, cash * (1 - share) + share * value) for start, value in held]


def _spread(equity: Floats, stamps: Stamps) -> float:
    """Standard deviation of daily returns; 0 where there are too few."""
    returns = daily_returns(equity, stamps)
    return float(returns.std()) if len(returns) > 1 else 0.0
