"""Small plans over made-up or real bars."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from agent.backtest.plan import Chunk, Plan, TimeRange
from agent.market.bars import Bars, Floats
from agent.settings import Costs, Settings
from agent.wiring.arms import ARMS
from agent.wiring.recorded import prepared

START = datetime(2014, 1, 1, tzinfo=UTC)


def bars(
    close: list[float], symbol: str = "SP500", split: list[float] | None = None, dividend: list[float] | None = None
) -> Bars:
    """Daily bars from 1 January 2014 with these closes; other prices follow from them."""
    n, price = len(close), np.array(close, dtype=np.float64)
    ones: Floats = np.ones(n)
    start = np.array([np.datetime64((START + timedelta(days=i)).replace(tzinfo=None), "ns") for i in range(n)])
    return Bars(
        symbol, "1d", start, price, price * 1.01, price * 0.99, price, ones * 1e9, ones,
        np.array(split) if split else ones, np.array(dividend) if dividend else np.zeros(n),
    )  # fmt: skip


def plan(
    *series: Bars, arm: str = "buy-and-hold", timerange: str | None = None, costs: Costs | None = None, chunk: Chunk = "quarter"
) -> Plan:
    """A plan at no cost unless costs are given."""
    settings = Settings(costs=costs or Costs(fee_bps=0, slippage_bps=0))
    return Plan(ARMS[arm], prepared(list(series), settings), TimeRange.parse(timerange), chunk, settings)
