"""What kind of market it is and where it is heading, by thresholds of the past alone, without flicker.

For each bar the trailing ``window`` bars *before* it (at least 252 known ones) give quartiles and the interquartile range of
|trend_strength|, adx_14 and volatility_20. In units of that range a margin says how far a value lies beyond a quartile:

    trending  = mean of (|trend_strength| - median) and (adx_14 - median)        up   =  trend_strength - lower quartile
    ranging   = -trending                                                        down = -trend_strength - lower quartile
    volatile  = volatility_20 - upper quartile                                   flat =  lower quartile - |trend_strength|

(both of the direction's quartiles are of |trend_strength|). What stood at the bar before has ``HOLD`` added to its margin, so
that another takes its place only by a clear lead and loses it again only by one: a trigger with two thresholds (Schmitt 1938), or
a Markov prior in which staying is exp(2 HOLD) times as likely as any one change. Probabilities are the softmax of these margins;
label and direction the largest. Names are what they mean, whatever the thresholds are fitted on. Promises: no later bar is used,
and with too little history a code is -1 and its probabilities NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.market.bars import Floats

MIN_HISTORY = 252
HOLD = 0.3  # ranges; at this lead single bars of another label fall from 8-11 % of all spells to 0-2 %
_SHARPNESS = 2.0  # margins of one range turn into odds of about e squared

Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False, slots=True)
class Kinds:
    """Of every bar: codes into ``agent.domain.REGIMES`` and ``DIRECTIONS`` (-1 unknown), and the probabilities of each."""

    regimes: Codes
    probabilities: Floats
    directions: Codes
    headings: Floats


def classify(volatility: Floats, trend: Floats, adx: Floats, window: int) -> Kinds:
    """Kind and direction by volatility_20, trend_strength and adx_14 of every bar, and the bars to fit on."""
    strength = np.abs(trend)
    middle, low, spread = _past(strength, window, (0.5, 0.25))
    trending = 0.5 * (_over(strength - middle, spread) + _margin(adx, window, 0.5))
    regimes, probabilities = _held(np.column_stack([trending, -trending, _margin(volatility, window, 0.75)]))
    heading = np.column_stack([_over(part, spread) for part in (trend - low, low - strength, -trend - low)])
    return Kinds(regimes, probabilities, *_held(heading))


def _past(values: Floats, window: int, quantiles: tuple[float, ...]) -> tuple[Floats, ...]:
    """Quantiles of what came before each bar, and last its interquartile range."""
    past = pd.Series(values).shift(1).rolling(window, min_periods=MIN_HISTORY)
    spread = (past.quantile(0.75) - past.quantile(0.25)).to_numpy()
    return (*(past.quantile(q).to_numpy() for q in quantiles), spread)


def _over(distance: Floats, spread: Floats) -> Floats:
    out = np.full(len(distance), np.nan)
    np.divide(distance, spread, out=out, where=spread > 0)
    return out


def _margin(values: Floats, window: int, quantile: float) -> Floats:
    """How far a value lies above a quantile of its past, in interquartile ranges of that past."""
    threshold, spread = _past(values, window, (quantile,))
    return _over(values - threshold, spread)


def _held(margins: Floats) -> tuple[Codes, Floats]:
    """Codes of the largest margin with what stood before held, and the probabilities behind them."""
    known = np.isfinite(margins).all(axis=1)
    codes = np.full(len(margins), -1, dtype=np.int8)
    probabilities = np.full(margins.shape, np.nan)
    bonus = np.zeros(margins.shape)
    standing = -1
    found, before = [], []
    for row in margins[known].tolist():
        before.append(standing)
        if standing >= 0:
            row[standing] += HOLD
        standing = row.index(max(row))
        found.append(standing)
    codes[known] = found
    places, stood = np.flatnonzero(known), np.array(before, dtype=np.int64)
    bonus[places[stood >= 0], stood[stood >= 0]] = HOLD
    probabilities[known] = _softmax(margins[known] + bonus[known])
    return codes, probabilities


def _softmax(margins: Floats) -> Floats:
    scaled = np.exp(_SHARPNESS * (margins - margins.max(axis=1, keepdims=True)))
    total: Floats = scaled[:, 0] + scaled[:, 1] + scaled[:, 2]
    shares: Floats = scaled / total[:, None]
    return shares
