"""What is worth remembering of a bar: the market's unusual moments, seen when they begin.

Pure: the last two bars of a series and their features decide. A moment is noticed at the bar where a figure passes its
threshold and not while it stays beyond it. Importance is that of the sort of moment, and more the further it went.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from agent.domain import REGIMES
from agent.market.series import Series

Kind = Literal["market_event", "sentiment_extreme", "regime"]

_USUAL = 60  # bars that say what is usual
WILD, HEAVY, ILLIQUID, FAST, GAPPED = 2.0, 3.0, 2.0, 1.5, 1.5
_OVERSOLD, _OVERBOUGHT = 20.0, 80.0


@dataclass(frozen=True, slots=True)
class Moment:
    """Something worth remembering: what sort, in words, and how important (0 to 2)."""

    kind: Kind
    name: str
    text: str
    importance: float


def moments(series: Series) -> list[Moment]:
    """What began at the last bar."""
    if len(series) < 2:
        return []
    found = [_volatility(series), _volume(series), _illiquidity(series), _momentum(series), _gap(series)]
    return [moment for moment in (*found, _sentiment(series), _regime(series)) if moment is not None]


def _pair(series: Series, name: str) -> tuple[float, float]:
    column = series.frame.column(name)
    return float(column[-2]), float(column[-1])


def _beyond(value: float, threshold: float, base: float) -> float:
    """Importance: that of the sort of moment at its threshold, a quarter more for each threshold beyond, at most 2."""
    return min(2.0, base + 0.25 * (value / threshold - 1.0))


def _volatility(series: Series) -> Moment | None:
    before, now = _pair(series, "volatility_z")
    if not before <= WILD < now:
        return None
    text = f"volatility rose to {now:.1f} standard deviations above its usual."
    return Moment("market_event", "volatility", text, _beyond(now, WILD, 1.5))


def _volume(series: Series) -> Moment | None:
    before, now = _pair(series, "volume_ratio")
    if not before < HEAVY <= now:
        return None
    return Moment("market_event", "volume", f"volume was {now:.1f} times its usual.", _beyond(now, HEAVY, 1.3))


def _illiquidity(series: Series) -> Moment | None:
    """Amihud's measure, |return| / traded value, of the bar against its mean over the 60 bars before."""
    bars = series.bars
    if len(bars) < _USUAL + 2:
        return None
    close, volume = bars.close[-_USUAL - 3 :] * bars.growth[-_USUAL - 3 :], bars.volume[-_USUAL - 2 :]
    if not (volume > 0).all() or len(close) < _USUAL + 3:
        return None
    cost = np.abs(np.diff(close) / close[:-1]) / (bars.close[-_USUAL - 2 :] * volume)
    # five bars, since a single one is mostly its return
    recent, before, usual = cost[-5:].mean(), cost[-6:-1].mean(), cost[:_USUAL].mean()
    if not before <= ILLIQUID * usual < recent:
        return None
    text = f"illiquidity rose to {recent / usual:.1f} times its usual: prices moved more for the value traded."
    return Moment("market_event", "illiquidity", text, _beyond(recent / usual, ILLIQUID, 1.5))


def _momentum(series: Series) -> Moment | None:
    """Ten bars' return in standard deviations of what the last 20 bars' volatility makes of ten bars."""
    column, volatility = series.frame.column("momentum_10")[-2:], series.frame.column("volatility_20")[-2:]
    if not (np.isfinite(column).all() and (volatility > 0).all()):
        return None
    before, now = column / (volatility * np.sqrt(10.0 / series.instrument.bars_per_year))
    if not abs(before) < FAST <= abs(now):
        return None
    text = f"momentum {'upward' if now > 0 else 'downward'}: {now:+.1f} standard deviations in ten bars."
    return Moment("market_event", "momentum", text, _beyond(abs(now), FAST, 1.3))


def _gap(series: Series) -> Moment | None:
    bars, atr = series.bars, series.frame.column("atr_14")[-2]
    if not atr > 0:
        return None
    jump = float((bars.open[-1] * bars.growth[-1] / bars.growth[-2] - bars.close[-2]) / atr)
    if abs(jump) < GAPPED:
        return None
    text = f"it opened {'above' if jump > 0 else 'below'} the last close by {abs(jump):.1f} average ranges."
    return Moment("market_event", "gap", text, _beyond(abs(jump), GAPPED, 1.3))


def _sentiment(series: Series) -> Moment | None:
    before, now = _pair(series, "rsi_14")
    if before < _OVERBOUGHT <= now:
        return Moment("sentiment_extreme", "greed", f"buyers in excess: RSI rose to {now:.0f}.", _beyond(now, _OVERBOUGHT, 1.3))
    if now <= _OVERSOLD < before:
        text = f"sellers in excess: RSI fell to {now:.0f}."
        return Moment("sentiment_extreme", "fear", text, _beyond(100 - now, _OVERBOUGHT, 1.3))
    return None


def _regime(series: Series) -> Moment | None:
    """A change of regime, the more important the less it was expected."""
    before, now = (int(code) for code in series.frame.regimes[-2:])
    if before < 0 or now < 0 or before == now:
        return None
    expected = float(series.frame.probabilities[-2, now])
    surprise = 1.0 - expected if np.isfinite(expected) else 0.5
    text = f"the market turned from {REGIMES[before]} to {REGIMES[now]}, which it had been given {1 - surprise:.0%} for."
    return Moment("regime", f"{REGIMES[before]}-{REGIMES[now]}", text, 0.8 + surprise)
