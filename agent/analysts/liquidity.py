"""Liquidity: what trading costs and where volume lies.

- Amihud (2002): mean of |return| / traded value over 20 bars, here per million;
- Kyle's (1985) lambda: slope of returns on signed traded value over 50 bars, signs by the tick rule;
- Roll (1984): spread 2 sqrt(-cov of successive price changes) / price over 50 bars, unknown where the covariance is not negative;
- Corwin & Schultz (2012): spread from two-bar highs and lows, negative ones taken as 0, mean of 20 bars;
- volume profile of 60 bars in 24 price bins: point of control and the 70 % value area around it.

The vote follows a close outside the value area that volume confirms; it is softer where the market is
illiquid. It abstains without volume.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from agent.analysts.memory import Past, remembered
from agent.analysts.speech import abstain, vote
from agent.domain import Vote
from agent.market.bars import Floats
from agent.market.series import Series

NEEDS = 120  # bars
_YEAR, _BINS, _PROFILE, _AREA = 252, 24, 60, 0.70
ILLIQUID = 2.0  # times the usual Amihud figure
_HEAVY = 1.2  # times the usual volume of the regime


@dataclass(frozen=True)
class Profile:
    """Where volume lies: point of control and value area, in price."""

    poc: float
    low: float
    high: float


def amihud(close: Floats, volume: Floats, window: int = 20) -> Floats:
    """Amihud's illiquidity per million traded, for each bar with ``window`` returns before it."""
    returns = np.abs(np.diff(close) / close[:-1])
    value = close[1:] * volume[1:]
    ratio = np.full(len(returns), np.nan)
    np.divide(returns, value, out=ratio, where=value > 0)
    found: Floats = 1e6 * sliding_window_view(ratio, window).mean(axis=1)
    return found


def kyle_lambda(close: Floats, volume: Floats) -> float | None:
    """Return a traded million moves the price by, as a slope through all bars given; None where nothing varies."""
    returns = np.diff(close) / close[:-1]
    flow = np.sign(returns) * close[1:] * volume[1:] / 1e6
    spread = float(np.var(flow))
    return float(np.mean((returns - returns.mean()) * (flow - flow.mean())) / spread) if spread > 0 else None


def roll_spread(close: Floats) -> float | None:
    """Roll's effective spread as a share of the last price; None where the covariance is not negative."""
    change = np.diff(close)
    covariance = float(np.cov(change[1:], change[:-1])[0, 1])
    return float(2 * np.sqrt(-covariance) / close[-1]) if covariance < 0 else None


def corwin_schultz(high: Floats, low: Floats) -> Floats:
    """Corwin and Schultz's spread for each two successive bars as a share of price; negative estimates are 0."""
    square = np.log(high / low) ** 2
    beta = square[1:] + square[:-1]
    gamma = np.log(np.maximum(high[1:], high[:-1]) / np.minimum(low[1:], low[:-1])) ** 2
    root = 3 - 2 * np.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / root - np.sqrt(gamma / root)
    spread: Floats = np.maximum(2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha)), 0)
    return spread


def profile(high: Floats, low: Floats, close: Floats, volume: Floats) -> Profile | None:
    """The volume profile of all bars given, each bar's volume at its typical price; None where price or volume is flat."""
    bottom, top = float(low.min()), float(high.max())
    if not top > bottom or not volume.sum() > 0:
        return None
    width = (top - bottom) / _BINS
    place = np.minimum(((high + low + close) / 3 - bottom) / width, _BINS - 1).astype(int)
    held = np.bincount(place, weights=volume, minlength=_BINS)
    first = last = int(held.argmax())
    inside = held[first]
    while inside < _AREA * held.sum():
        below = held[first - 1] if first > 0 else -1.0
        above = held[last + 1] if last < _BINS - 1 else -1.0
        if above >= below:
            last, inside = last + 1, inside + above
        else:
            first, inside = first - 1, inside + below
    middle = bottom + (int(held.argmax()) + 0.5) * width
    return Profile(middle, bottom + first * width, bottom + (last + 1) * width)


def _usual_volume(series: Series, volume: Floats) -> float:
    """Median volume of the last year's bars in the present regime, of all of them where there are fewer than 20."""
    codes = series.frame.regimes[-len(volume) :]
    same = volume[codes == codes[-1]]
    return float(np.median(same if len(same) >= 20 else volume))


def liquidity(series: Series, past: Past) -> Vote:
    """What liquidity says of the last bar."""
    n = min(len(series), _YEAR)
    bars, cut = series.bars, slice(len(series) - n, None)
    scale = bars.growth[cut] / bars.growth[-1]
    high, low, close = bars.high[cut] * scale, bars.low[cut] * scale, bars.close[cut] * scale
    volume = bars.volume[cut] / scale
    if n < NEEDS:
        return abstain("liquidity", f"{n} bars known, {NEEDS} needed.")
    if not np.isfinite(volume[-NEEDS:]).all() or not (volume[-_PROFILE:] > 0).any():
        return abstain("liquidity", "No volume is known.")
    found = profile(high[-_PROFILE:], low[-_PROFILE:], close[-_PROFILE:], volume[-_PROFILE:])
    if found is None:
        return abstain("liquidity", "The price has not moved.")
    evidence = _evidence(high, low, close, volume, found)
    usual = _usual_volume(series, volume)
    heavy = float(np.mean(volume[-3:])) / usual if usual > 0 else 0.0
    evidence["volume_to_usual"] = heavy
    price = float(close[-1])
    if found.low <= price <= found.high:
        return abstain("liquidity", f"Price {price:,.2f} lies in the value area {found.low:,.2f} to {found.high:,.2f}.", evidence)
    if heavy < _HEAVY:
        return abstain("liquidity", f"Price left the value area on {heavy:.2f} times the usual volume.", evidence)
    up = price > found.high
    thin = evidence.get("amihud_to_usual", 1.0) > ILLIQUID
    confidence = 0.5 + 0.2 * min(heavy / _HEAVY - 1, 1.0)
    reason = (
        f"Price {'rose above' if up else 'fell below'} its value area ({found.low:,.2f} to {found.high:,.2f}) on "
        f"{heavy:.2f} times the usual volume{' in a thin market' if thin else ''}."
    )
    return remembered(vote("liquidity", 1 if up else -1, confidence, reason, evidence), past, 0.8 if thin else 1.0)


def _evidence(high: Floats, low: Floats, close: Floats, volume: Floats, found: Profile) -> dict[str, float]:
    evidence = {
        "poc": found.poc,
        "value_low": found.low,
        "value_high": found.high,
        "corwin_schultz": float(corwin_schultz(high[-21:], low[-21:]).mean()),
    }
    illiquidity = amihud(close, volume)
    usual = float(np.nanmedian(illiquidity)) if np.isfinite(illiquidity).any() else 0.0
    if np.isfinite(illiquidity[-1]):
        evidence["amihud"] = float(illiquidity[-1])
        if usual > 0:
            evidence["amihud_to_usual"] = float(illiquidity[-1]) / usual
    estimates = (("kyle_lambda", kyle_lambda(close[-51:], volume[-51:])), ("roll_spread", roll_spread(close[-51:])))
    return evidence | {name: value for name, value in estimates if value is not None}
