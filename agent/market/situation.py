"""A state as numbers that can be compared across time and symbols.

Every dimension is scale-free and scaled **once, at its bar**, by the median and
interquartile range of its last 252 known values (the bar included), then clipped at +-4. Nothing is ever
rescaled. The volatility level alone is scaled by constants, since what follows depends on how wild a market is and not only on
whether that is unusual for it. A dimension that is unknown at a bar, volume where there is none above all, stands
at 0: it says nothing. Rows before every other dimension has its history are NaN.

Behind these stand the numbers that what follows is judged by, EXTRA: they are stored with a situation and count in no documented
distance. Twenty bars on they tell the volatility since and the kind of market it came to, which weights are learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.market.bars import Floats
from agent.market.features import FeatureFrame

SITUATION: tuple[str, ...] = (
    "distance_sma_5",
    "distance_sma_20",
    "distance_sma_50",
    "rsi_14",
    "macd",
    "macd_hist",
    "bb_position",
    "volume_ratio",
    "range",
    "close_position",
    "body",
    "momentum_10",
    "adx_14",
    "volatility_20",
    "volatility_z",
    "drawdown_60",
    "trend_strength",
    "volatility_level",
)
EXTRA: tuple[str, ...] = ("log_volatility", "p_trending", "p_ranging", "p_volatile")
VERSION = 3  # vectors of different versions are never compared

_WINDOW = 252
_CLIP = 4.0
_OPTIONAL = SITUATION.index("volume_ratio")
_ALREADY_SCALED = ("volatility_z", "volatility_level")
# 20 % a year is 0. On the indices' bars before 2010, the next 20 bars' volatility was then 0.32 and 0.29 off instead of 0.40 and
# 0.44 without this dimension (absolute log ratio); half the unit brings another 0.02 and a little less of the regime
_CALM, _UNIT = 0.20, 0.30

# what a number (|..|: its magnitude) says of EXTRA twenty bars on, the first in units of 0.4: ridge regression on daily bars
# of the S&P 500, NASDAQ, IBM, AIG, EURUSD and BTCUSDT and 8,000 hourly ones of AAPL, each counting alike. Learning begins here
_EXPECTED: dict[str, tuple[float, float, float, float]] = {
    "log_volatility": (0.098, -0.013, 0.010, 0.003),
    "p_trending": (0.002, 0.003, 0.039, -0.042),
    "p_volatile": (0.014, -0.071, -0.106, 0.177),
    "volatility_z": (-0.033, -0.003, -0.006, 0.009),
    "volatility_20": (-0.037, -0.011, -0.005, 0.016),
    "adx_14": (0.007, 0.094, -0.111, 0.017),
    "drawdown_60": (-0.037, 0.077, -0.005, -0.072),
    "range": (0.013, -0.010, -0.008, 0.017),
    "|trend_strength|": (-0.016, -0.078, 0.077, 0.001),
    "|distance_sma_50|": (0.010, 0.163, -0.152, -0.011),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """What the numbers of a stored situation are to whoever compares them.

    Those of one ``version`` can be compared: the first ``compared`` make the documented distance (None: all). ``followed`` are
    the places of log volatility and of the probabilities of each kind of market, which tell of a later situation what an
    earlier one led to; without them nothing is learnt. ``expected`` says what they are likely to be: (place, whether its
    magnitude, one effect for each of ``followed``).
    """

    version: str
    compared: int | None = None
    followed: tuple[int, ...] = ()
    expected: tuple[tuple[int, bool, tuple[float, ...]], ...] = ()


def _layout() -> Layout:
    places = {name: place for place, name in enumerate(SITUATION + EXTRA)}
    expected = tuple((places[name.strip("|")], name.startswith("|"), effects) for name, effects in _EXPECTED.items())
    return Layout(str(VERSION), len(SITUATION), tuple(places[name] for name in EXTRA), expected)


LAYOUT = _layout()


def _dimensions(frame: FeatureFrame, close: Floats) -> list[Floats]:
    """The unscaled dimensions in the order of SITUATION; distances are in ATR."""
    atr = np.where(frame.column("atr_14") > 0, frame.column("atr_14"), np.nan)
    made = {
        "distance_sma_5": (close - frame.column("sma_5")) / atr,
        "distance_sma_20": (close - frame.column("sma_20")) / atr,
        "distance_sma_50": (close - frame.column("sma_50")) / atr,
        "macd": frame.column("macd") / atr,
        "macd_hist": frame.column("macd_hist") / atr,
        "range": frame.column("hl_range") * close / atr,
        "body": frame.column("oc_range") * close / atr,
        "volatility_20": np.log(frame.column("volatility_20")),
        "volatility_level": np.log(frame.column("volatility_20") / _CALM) / _UNIT,
    }
    return [made[name] if name in made else frame.column(name) for name in SITUATION]


def _scaled(values: Floats) -> Floats:
    """Distance from the trailing median in interquartile ranges; NaN while history is short.

    Where the history is so flat that it has no range, a value on the median is 0 and any other is as
    far out as clipping allows.
    """
    known = np.flatnonzero(~np.isnan(values))
    past = pd.Series(values[known]).rolling(_WINDOW)
    middle, spread = past.median().to_numpy(), (past.quantile(0.75) - past.quantile(0.25)).to_numpy()
    scaled = np.full(len(known), np.nan)
    away = values[known] - middle
    np.divide(away, spread, out=scaled, where=spread > 0)
    scaled[spread == 0] = np.sign(away[spread == 0]) * _CLIP
    out = np.full(len(values), np.nan)
    out[known] = scaled
    return out


def vectors(frame: FeatureFrame, close: Floats) -> npt.NDArray[np.float32]:
    """One row per bar over SITUATION and EXTRA; ``close`` is raw, in the units of the frame's levels."""
    columns = [
        values if name in _ALREADY_SCALED else _scaled(values)
        for name, values in zip(SITUATION, _dimensions(frame, close), strict=True)
    ]
    matrix = np.clip(np.column_stack(columns), -_CLIP, _CLIP)
    started = np.maximum.accumulate(~np.isnan(matrix), axis=0)
    started[:, _OPTIONAL] = True
    followed = np.column_stack([np.log(frame.column("volatility_20") / _CALM), frame.probabilities])
    matrix = np.nan_to_num(np.hstack([matrix, np.clip(followed, -_CLIP, _CLIP)]), nan=0.0)
    matrix[~started.all(axis=1)] = np.nan
    found: npt.NDArray[np.float32] = matrix.astype(np.float32)
    return found
