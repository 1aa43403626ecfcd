"""Closed trades with what was known when they began, as rows that stand for themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from agent.domain import REGIMES, Frozen, Side, Utc
from agent.market.series import Series
from agent.risk.sizing import Exits
from skills.trial import trials

Value = float | str | bool | None


class Trade(Frozen):
    """A closed trade: features as known at the decision, net R, and when it was open."""

    id: str
    features: dict[str, Value] = Field(min_length=1)
    side: Side
    r: float
    opened_at: Utc
    closed_at: Utc
    symbol: str | None = None

    @model_validator(mode="after")
    def _forward(self) -> Trade:
        if self.closed_at < self.opened_at:
            raise ValueError(f"trade {self.id!r} closed before it opened; swap opened_at and closed_at")
        return self


def without_overlap(trades: Iterable[Trade], last: int | None = None) -> list[Trade]:
    """Return trades in time order, each begun when the one before it on its symbol and side was closed; the ``last`` of them."""
    free: dict[tuple[str | None, Side], Trade] = {}
    kept = []
    for trade in sorted(trades, key=lambda t: (t.opened_at, t.closed_at, t.id)):
        before = free.get((trade.symbol, trade.side))
        if before is None or trade.opened_at >= before.closed_at:
            free[trade.symbol, trade.side] = trade
            kept.append(trade)
    return kept if last is None else kept[-last:]


def labelled(series: Series, side: Side, exits: Exits, cost: float) -> list[Trade]:
    """Return what the standard exits would have paid from a series' bars, one trade after the other.

    ``exits`` are in ATR; the trades do not overlap, so each bar's outcome is counted once.
    """
    frame, bars = series.frame, series.bars
    found = trials(series, np.ones(len(series), dtype=np.bool_), side, exits, cost)
    step = series.instrument.step
    return [
        Trade(
            id=f"{bars.symbol}:{i}",
            features={**frame.row(i), "regime": _regime(int(frame.regimes[i]))},
            side=side,
            r=r,
            opened_at=bars.timestamp(i) + step,
            closed_at=bars.timestamp(until) + step,
            symbol=bars.symbol,
        )
        for i, until, r in zip(found.at.tolist(), found.until.tolist(), found.r.tolist(), strict=True)
    ]


def _regime(code: int) -> str | None:
    return REGIMES[code] if code >= 0 else None


def numeric(trades: Sequence[Trade], name: str) -> NDArray[np.float64] | None:
    """Return a feature's numbers, NaN where missing; None when any trade has words there."""
    values = [trade.features.get(name) for trade in trades]
    if any(isinstance(value, str) for value in values):
        return None
    return np.array([np.nan if value is None else float(value) for value in values])
