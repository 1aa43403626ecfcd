"""What the forecast sees and what it is asked: one row a bar, scale-free, and the label that follows it.

The label of bar t, with d the sign of the last 10 bars' return on prices adjusted forward:

    reverses = max over h in 1..horizon of  -d * (close[t+h] - close[t])  >=  reversal_atr * ATR14[t]

It is known when bar t + horizon closes, not earlier, also where the reversal came at once. A bar with
d = 0 or without ATR has no label. Promises: a row rests on its bar and earlier ones alone; rows of
one bar and of a whole series are equal to the bit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.market.bars import Floats
from agent.market.series import Series

_DISTANCES = ("sma_5", "sma_20", "sma_50")
_IN_ATR = ("macd", "macd_signal", "macd_hist")
_AS_THEY_ARE = (
    "rsi_14",
    "bb_position",
    "volume_ratio",
    "hl_range",
    "close_position",
    "oc_range",
    "adx_14",
    "momentum_10",
    "volatility_20",
    "volatility_z",
    "drawdown_60",
    "trend_strength",
    "macd_divergence",
    "rsi_divergence",
)
NAMES: tuple[str, ...] = (
    *(f"close_over_{name}" for name in _DISTANCES),
    *(f"{name}_atr" for name in _IN_ATR),
    *_AS_THEY_ARE,
)
"""The twelve published features in scale-free form (distances to means and MACD in ATR), then the others."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Labelled rows of one series, oldest first: ``at`` are bar numbers, ``x`` rows by NAMES, ``y`` 1 where it reversed."""

    at: npt.NDArray[np.int64]
    x: Floats
    y: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.at)

    def take(self, which: npt.NDArray[np.bool_] | slice) -> Rows:
        """Some of the rows."""
        return Rows(self.at[which], self.x[which], self.y[which])

    def digest(self) -> str:
        """SHA-256 of content and names: the same rows give the same hash."""
        text = hashlib.sha256("|".join(NAMES).encode())
        text.update(np.where(np.isnan(self.x), np.nan, self.x).astype("<f8").tobytes())
        text.update(self.y.astype("i1").tobytes())
        return text.hexdigest()


def inputs(series: Series, first: int = 0) -> Floats:
    """Rows by NAMES from bar ``first`` on; NaN for what is not known."""
    frame, close = series.frame, series.bars.close[first:]
    atr = frame.column("atr_14")[first:]
    atr = np.where(atr > 0, atr, np.nan)
    columns = [(close - frame.column(name)[first:]) / atr for name in _DISTANCES]
    columns += [frame.column(name)[first:] / atr for name in _IN_ATR]
    columns += [frame.column(name)[first:] for name in _AS_THEY_ARE]
    return np.column_stack(columns)


def side(series: Series) -> Floats:
    """The sign of the last 10 bars' return for every bar: what would be reversed; NaN where unknown."""
    signs: Floats = np.sign(series.frame.column("momentum_10"))
    return signs


def labels(series: Series, horizon: int, reversal_atr: float) -> Floats:
    """1 where the price reversed within ``horizon`` bars, 0 where not, NaN where that is not known or not asked."""
    n = len(series)
    out = np.full(n, np.nan)
    if n <= horizon:
        return out
    growth = series.bars.growth
    close, atr, d = series.bars.close * growth, series.frame.column("atr_14") * growth, side(series)
    reach = np.full(n - horizon, -np.inf)
    for h in range(1, horizon + 1):
        reach = np.maximum(reach, -d[: n - horizon] * (close[h : n - horizon + h] - close[: n - horizon]))
    asked = (d[: n - horizon] != 0) & ~np.isnan(d[: n - horizon]) & (atr[: n - horizon] > 0)
    out[: n - horizon][asked] = (reach >= reversal_atr * atr[: n - horizon])[asked]
    return out


def labelled(series: Series, horizon: int, reversal_atr: float, *, newest: int | None = None) -> Rows:
    """Every labelled bar from the series' readiness on; ``newest`` keeps only those among the last so many bars."""
    answer = labels(series, horizon, reversal_atr)
    first = series.ready if newest is None else max(series.ready, len(series) - newest)
    at = np.flatnonzero(~np.isnan(answer))
    at = at[at >= first]
    return Rows(at, inputs(series)[at], answer[at].astype(np.int8))
