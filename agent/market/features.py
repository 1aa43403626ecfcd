"""The published feature vocabulary, computed once for a whole series by TA-Lib and rolling windows.

Promises: every value rests on its bar and earlier ones only, so truncating the end changes
no bit; what cannot be computed (warm-up, a zero denominator, prices that did not move over
the whole window) is NaN, never 0. Signals are measured on prices adjusted as known then;
levels (means, MACD, ATR) are given in raw price units of their own bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
import talib

from agent.market.bars import Bars, Floats, Stamps, frozen
from agent.market.regime import Kinds

DOCS: Mapping[str, str] = MappingProxyType(
    {
        "sma_5": "simple mean of the last 5 closes (price)",
        "sma_20": "simple mean of the last 20 closes (price)",
        "sma_50": "simple mean of the last 50 closes (price)",
        "rsi_14": "Wilder's relative strength index over 14 bars, 0 to 100",
        "macd": "12-bar less 26-bar exponential mean of the close (price)",
        "macd_signal": "9-bar exponential mean of macd (price)",
        "macd_hist": "macd less macd_signal (price)",
        "bb_position": "(close - lower) / (upper - lower) of the Bollinger bands at 20 bars and 2 deviations",
        "volume_ratio": "volume / its 20-bar mean, this bar included, in shares of the same size across splits",
        "hl_range": "(high - low) / close",
        "close_position": "(close - low) / (high - low)",
        "oc_range": "(close - open) / open",
        "atr_14": "Wilder's average true range over 14 bars (price)",
        "adx_14": "Wilder's average directional index over 14 bars, 0 to 100",
        "momentum_10": "close / close 10 bars ago - 1",
        "volatility_20": "sample standard deviation of the last 20 log returns, times the root of bars a year",
        "volatility_z": "(volatility_20 - its mean) / its sample standard deviation, over 252 bars",
        "drawdown_60": "close / highest close of 60 bars - 1, this bar included",
        "trend_strength": "(sma_20 - sma_50) / atr_14",
        "macd_divergence": "-1: highest close of 20 bars without the highest macd; +1: lowest close without the lowest; else 0",
        "rsi_divergence": "-1: highest close of 20 bars without the highest rsi_14; +1: lowest close without the lowest; else 0",
        "sma_cross": "+1 when sma_20 rose above sma_50 at this bar, -1 when it fell below, else 0",
        "p_up": "probability that the market is heading up: trend_strength against its own past, held (the regime's direction)",
        "p_down": "probability that the market is heading down; what is left of 1 is no direction",
    }
)
FEATURES: tuple[str, ...] = tuple(DOCS)
HEADING = ("p_up", "p_down")  # told with the regime, from the others
MEASURED: tuple[str, ...] = tuple(name for name in FEATURES if name not in HEADING)

# how many equal closes, this bar's included, make a feature meaningless
_STILL_CLOSES: Mapping[str, int] = MappingProxyType(
    {
        "rsi_14": 15,
        "macd": 34,
        "macd_signal": 34,
        "macd_hist": 34,
        "bb_position": 20,
        "momentum_10": 11,
        "volatility_20": 21,
        "drawdown_60": 60,
        "trend_strength": 50,
        "macd_divergence": 20,
        "rsi_divergence": 20,
        "sma_cross": 51,
    }
)
# how many bars without any movement at all do so; a single flat bar has a true range of zero
_STILL_BARS: Mapping[str, int] = MappingProxyType(
    {"atr_14": 15, "adx_14": 15, "trend_strength": 15, "hl_range": 20, "oc_range": 20}
)
# in units of the price, so that they tell its level
PRICE_LEVELS = ("sma_5", "sma_20", "sma_50", "macd", "macd_signal", "macd_hist", "atr_14")

_YEAR = 252
_DIVERGENCE = 20


@lru_cache(maxsize=16)
def _columns(names: tuple[str, ...]) -> Mapping[str, int]:
    return MappingProxyType({name: column for column, name in enumerate(names)})


@dataclass(frozen=True, eq=False, slots=True)
class FeatureFrame:
    """Features of every bar: ``matrix`` is bars by ``names`` with NaN for null.

    ``regimes`` are codes into ``agent.domain.REGIMES`` (-1 unknown), ``probabilities`` bars
    by those labels (NaN where unknown).
    """

    start: Stamps
    names: tuple[str, ...]
    matrix: Floats
    regimes: npt.NDArray[np.int8]
    probabilities: Floats

    def __len__(self) -> int:
        return len(self.start)

    @property
    def index(self) -> Mapping[str, int]:
        """The column of each name."""
        return _columns(self.names)

    def column(self, name: str) -> Floats:
        """One feature for every bar."""
        return self.matrix[:, self.index[name]]

    def row(self, i: int) -> dict[str, float | None]:
        """Every feature of bar i, None for null."""
        values: list[float] = self.matrix[i].tolist()
        # a NaN is the one number that is not itself
        return {name: value if value == value else None for name, value in zip(self.names, values, strict=True)}

    def until_index(self, n: int) -> FeatureFrame:
        """The first n bars, sharing memory."""
        return FeatureFrame(self.start[:n], self.names, self.matrix[:n], self.regimes[:n], self.probabilities[:n])

    def since(self, n: int) -> FeatureFrame:
        """What is left without the first n bars, sharing memory."""
        return FeatureFrame(self.start[n:], self.names, self.matrix[n:], self.regimes[n:], self.probabilities[n:])


def compute(bars: Bars, bars_per_year: float) -> dict[str, Floats]:
    """Every feature of MEASURED of a series, by name, one value a bar."""
    if len(bars) == 0:
        return {name: np.empty(0) for name in MEASURED}
    growth = bars.growth
    high, low, close = bars.high * growth, bars.low * growth, bars.close * growth
    out = _indicators(high, low, close)
    out |= _shapes(bars)
    out |= _returns(close, bars_per_year)
    out["volume_ratio"] = _volume_ratio(bars)
    spread = out["sma_20"] - out["sma_50"]
    out["trend_strength"] = _divide(spread, out["atr_14"])
    out["sma_cross"] = _cross(spread)
    out["macd_divergence"] = _divergence(close, out["macd"])
    out["rsi_divergence"] = _divergence(close, out["rsi_14"])
    for name in PRICE_LEVELS:
        out[name] = out[name] / growth
    _silence(out, bars, close)
    return {name: out[name] for name in MEASURED}


def frame_of(bars: Bars, features: Mapping[str, Floats], kinds: Kinds) -> FeatureFrame:
    """Join computed columns and kinds of market into one read-only frame."""
    up, _, down = kinds.headings.T
    columns = {**features, "p_up": up, "p_down": down}
    matrix = np.ascontiguousarray(np.column_stack([columns[name] for name in FEATURES]))
    return FeatureFrame(bars.start, FEATURES, frozen(matrix), frozen(kinds.regimes), frozen(kinds.probabilities))


def _divide(above: Floats, below: Floats) -> Floats:
    """The quotient, NaN where the denominator is zero or unknown."""
    out = np.full(len(above), np.nan)
    np.divide(above, below, out=out, where=(below != 0) & ~np.isnan(below))
    return out


def _indicators(high: Floats, low: Floats, close: Floats) -> dict[str, Floats]:
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    return {
        "sma_5": talib.SMA(close, 5),
        "sma_20": talib.SMA(close, 20),
        "sma_50": talib.SMA(close, 50),
        "rsi_14": talib.RSI(close, 14),
        "macd": macd,
        "macd_signal": signal,
        "macd_hist": histogram,
        "bb_position": _divide(close - lower, upper - lower),
        "atr_14": talib.ATR(high, low, close, 14),
        "adx_14": talib.ADX(high, low, close, 14),
    }


def _shapes(bars: Bars) -> dict[str, Floats]:
    return {
        "hl_range": (bars.high - bars.low) / bars.close,
        "close_position": _divide(bars.close - bars.low, bars.high - bars.low),
        "oc_range": (bars.close - bars.open) / bars.open,
    }


def _returns(close: Floats, bars_per_year: float) -> dict[str, Floats]:
    n = len(close)
    log_return, momentum = np.full(n, np.nan), np.full(n, np.nan)
    log_return[1:] = np.log(close[1:] / close[:-1])
    momentum[10:] = close[10:] / close[:-10] - 1
    deviation = pd.Series(log_return).rolling(20).std(ddof=1).to_numpy()
    volatility = np.where(_run(log_return) >= 20, np.nan, deviation * np.sqrt(bars_per_year))
    year = pd.Series(volatility).rolling(_YEAR)
    return {
        "momentum_10": momentum,
        "volatility_20": volatility,
        "volatility_z": _divide(volatility - year.mean().to_numpy(), year.std(ddof=1).to_numpy()),
        "drawdown_60": close / pd.Series(close).rolling(60).max().to_numpy() - 1,
    }


def _volume_ratio(bars: Bars) -> Floats:
    volume = bars.volume / np.cumprod(bars.split)
    return _divide(volume, pd.Series(volume).rolling(20).mean().to_numpy())


def _cross(spread: Floats) -> Floats:
    out = np.full(len(spread), np.nan)
    now, before = spread[1:], spread[:-1]
    known = ~np.isnan(now) & ~np.isnan(before)
    out[1:][known] = ((now > 0) & (before <= 0))[known].astype(float) - ((now < 0) & (before >= 0))[known]
    return out


def _divergence(close: Floats, indicator: Floats) -> Floats:
    """Whether the close stands at an extreme of its window that the indicator does not confirm."""
    price, measure = pd.Series(close).rolling(_DIVERGENCE), pd.Series(indicator).rolling(_DIVERGENCE)
    top, bottom = measure.max().to_numpy(), measure.min().to_numpy()
    bearish = (close == price.max().to_numpy()) & (indicator < top)
    bullish = (close == price.min().to_numpy()) & (indicator > bottom)
    return np.where(np.isnan(top), np.nan, bullish.astype(float) - bearish)


def _run(values: Floats) -> npt.NDArray[np.int64]:
    """How many equal values in a row end at each place."""
    places = np.arange(len(values))
    changed = np.ones(len(values), dtype=bool)
    changed[1:] = values[1:] != values[:-1]
    return places - np.maximum.accumulate(np.where(changed, places, 0)) + 1


def _silence(out: dict[str, Floats], bars: Bars, close: Floats) -> None:
    """Null whatever was computed from prices that did not move: TA-Lib answers 0 there."""
    still = _run(close)
    motionless = _run(np.where(bars.high == bars.low, close, np.nan))
    for windows, run in ((_STILL_CLOSES, still), (_STILL_BARS, motionless)):
        for name, window in windows.items():
            out[name] = np.where(run >= window, np.nan, out[name])
