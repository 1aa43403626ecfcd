"""What kind of market it is: trending, ranging or volatile, by thresholds of the past alone.

For each bar the trailing ``window`` bars *before* it (at least 252 known ones) give the
median and interquartile range of |trend_strength| and adx_14, and the upper quartile and range
of volatility_20. The margins are

    trending  = mean of (|trend_strength| - median) / range and (adx_14 - median) / range
    ranging   = -trending
    volatile  = (volatility_20 - upper quartile) / range

the probabilities their softmax, the label the largest. Promises: no later bar is used, and
with too little history the label is -1 and the probabilities NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.market.bars import Floats

MIN_HISTORY = 252
_SHARPNESS = 2.0  # margins of one range turn into odds of about e squared


def classify(volatility: Floats, trend: Floats, adx: Floats, window: int) -> tuple[npt.NDArray[np.int8], Floats]:
    """Codes into ``agent.domain.REGIMES`` (-1 unknown) and probabilities in the same order.

    Takes volatility_20, trend_strength and adx_14 of every bar and the bars to fit on.
    """
    strength = np.abs(trend)
    trending = 0.5 * (_margin(strength, window, 0.5) + _margin(adx, window, 0.5))
    margins = np.column_stack([trending, -trending, _margin(volatility, window, 0.75)])
    known = np.isfinite(margins).all(axis=1)
    codes = np.full(len(margins), -1, dtype=np.int8)
    probabilities = np.full(margins.shape, np.nan)
    codes[known] = margins[known].argmax(axis=1)
    probabilities[known] = _softmax(margins[known])
    return codes, probabilities


def _margin(values: Floats, window: int, quantile: float) -> Floats:
    """How far a value lies above a quantile of its past, in interquartile ranges of that past."""
    past = pd.Series(values).shift(1).rolling(window, min_periods=MIN_HISTORY)
    spread = (past.quantile(0.75) - past.quantile(0.25)).to_numpy()
    out = np.full(len(values), np.nan)
    np.divide(values - past.quantile(quantile).to_numpy(), spread, out=out, where=spread > 0)
    return out


def _softmax(margins: Floats) -> Floats:
    scaled = np.exp(_SHARPNESS * (margins - margins.max(axis=1, keepdims=True)))
    total: Floats = scaled[:, 0] + scaled[:, 1] + scaled[:, 2]
    shares: Floats = scaled / total[:, None]
    return shares
