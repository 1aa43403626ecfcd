"""Markets whose truth is known: with a planted edge, with a planted pair, with none at all.

Promises: the same seed gives the same bars; a planted edge lies in the bars themselves (what a bar
looks like changes the odds of the next one), so nothing but the bars need be given to an agent;
``truth`` holds, for every bar, the side that the plant favours and its probability of being right,
from which the best achievable result is computed under the same exits and costs as the agent's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agent.brokers.fills import shadow_r
from agent.errors import ConfigError
from agent.market.bars import Bars, Floats, frozen
from agent.market.series import Series

EPOCH = np.datetime64("1990-01-01", "ns")
DAY = np.timedelta64(1, "D")
SPIKE = 4.0  # how much more trades on a bar that carries the plant
QUIET_RANGE = 0.35  # tails as a share of the typical body
SYMBOL = "PLANTED"


@dataclass(frozen=True)
class Edge:
    """A planted edge: after a bar with a volume spike the next bar goes on in its direction.

    ``strength`` is the probability that it does, ``support`` the share of bars that carry a
    spike, ``half_life`` (bars) how fast the strength falls to one half, ``flips`` whether the edge is turned round in
    the wild regime, ``switch`` the mean length of a regime in bars, ``pair`` whether the bar must
    also close near its extreme (two conditions, neither of which says anything alone).
    """

    strength: float = 0.65
    support: float = 0.5
    half_life: float | None = None
    flips: bool = False
    switch: int | None = None
    pair: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        for name in ("strength", "support"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise ConfigError(f"edge {name} {value} is not between 0 and 1; 0.65 is a strong strength, 0.5 a wide support")

    @property
    def spike_ratio(self) -> float:
        """Where volume over its mean lies half-way (geometrically) between a bar with a spike and one without."""
        return float(np.sqrt(SPIKE)) / (1 + (SPIKE - 1) * self.support)


@dataclass(frozen=True)
class Market:
    """Bars with their truth: ``side[i]`` (+1, -1, 0 none) is right for the bar after i with probability ``p[i]``.

    ``wild`` marks the regime.
    """

    bars: Bars
    side: npt.NDArray[np.int8]
    p: Floats
    wild: npt.NDArray[np.bool_]


def planted(seed: int, count: int, edge: Edge, symbol: str = SYMBOL) -> Market:
    """Make a market of ``count`` daily bars that carries ``edge``."""
    generator = np.random.default_rng(seed)
    wild = _regimes(generator, count, edge.switch)
    scale = np.where(wild, 0.02, 0.008)
    size = scale * np.exp(generator.normal(0, 0.35, count))
    spike = generator.random(count) < edge.support
    tails = QUIET_RANGE * scale[:, None] * generator.exponential(1.0, (count, 2))
    near = generator.random(count) < 0.5
    strength = np.full(count, edge.strength)
    if edge.half_life is not None:
        strength = 0.5 + (edge.strength - 0.5) * 0.5 ** (np.arange(count) / edge.half_life)
    strength = np.where(wild & edge.flips, 1 - strength, strength)
    luck = generator.random(count)
    carries = spike & near if edge.pair else spike
    direction = np.ones(count)
    for i in range(1, count):
        goes_on = luck[i] < (strength[i - 1] if carries[i - 1] else 0.5)
        direction[i] = direction[i - 1] if goes_on else -direction[i - 1]
    if edge.pair:
        # a bar that closes near its extreme has next to no tail on the side it went to
        ahead = np.where(direction > 0, 0, 1)
        tails[np.arange(count), ahead] *= np.where(near, 0.05, 4.0)
    volume = 1e9 * np.exp(generator.normal(0, 0.15, count)) * np.where(spike, SPIKE, 1.0)
    bars = made(symbol, direction * size, tails, volume)
    odds = np.where(carries, np.maximum(strength, 1 - strength), 0.5)
    favoured = np.where(carries, np.where(strength >= 0.5, direction, -direction), 0).astype(np.int8)
    return Market(bars, favoured, odds, wild)


def _regimes(generator: np.random.Generator, count: int, switch: int | None) -> npt.NDArray[np.bool_]:
    """Calm throughout, or a chain of calm and wild stretches of the mean length given."""
    turns = generator.random(count) < (1 / switch if switch else 0.0)
    wild: npt.NDArray[np.bool_] = np.cumsum(turns) % 2 == 1
    return wild


def made(symbol: str, returns: Floats, tails: Floats, volume: Floats) -> Bars:
    """Daily bars from log returns of open to close, log tails (above, below) and volume; each opens at the close before."""
    count = len(returns)
    close = 100 * np.exp(np.cumsum(returns))
    opening = np.append(100.0, close[:-1])
    high = np.maximum(opening, close) * np.exp(tails[:, 0])
    low = np.minimum(opening, close) * np.exp(-tails[:, 1])
    for values in (opening, high, low, close, volume):
        frozen(values)
    ones, start = frozen(np.ones(count)), frozen(EPOCH + DAY * np.arange(count))
    return Bars(symbol, "1d", start, opening, high, low, close, volume, ones, ones, frozen(np.zeros(count)))


def garch(seed: int, count: int, symbol: str = "NOISE") -> Bars:
    """A market of GARCH(1, 1) returns with fat tails, without drift and without anything to find."""
    from arch.univariate import GARCH, StudentsT, ZeroMean

    generator = np.random.default_rng(seed)
    model = ZeroMean(None, volatility=GARCH(1, 0, 1), distribution=StudentsT(seed=generator))
    returns = model.simulate([0.02, 0.08, 0.90, 6.0], count, burn=250)["data"].to_numpy() / 100
    spread = np.abs(returns).mean()
    tails = 0.5 * spread * generator.exponential(1.0, (count, 2))
    return made(symbol, returns, tails, 1e9 * np.exp(generator.normal(0, 0.3, count)))


def block_shuffled(bars: Bars, seed: int, block: int = 5) -> Bars:
    """The same bars in another order: blocks of ``block`` bars are drawn anew, so marginals stay and signal goes.

    Each bar keeps its shape relative to the close before it and its volume; stamps stay in place.
    The drift is taken out, so that being long is worth nothing either.
    """
    count = len(bars)
    if block < 1 or count < 2 * block:
        raise ConfigError(f"block {block} does not fit {count} bars; give at least two blocks")
    generator = np.random.default_rng(seed)
    starts = generator.integers(1, count - block + 1, -(-count // block))
    order = (starts[:, None] + np.arange(block)).ravel()[:count]
    growth, previous = bars.growth[order] / bars.growth[order - 1], bars.close[order - 1]
    relative = [np.log(column[order] * growth / previous) for column in (bars.open, bars.high, bars.low, bars.close)]
    drift = relative[3].mean()
    level = 100 * np.exp(np.append(0.0, np.cumsum(relative[3] - drift)[:-1]))
    opening, high, low, close = (frozen(level * np.exp(column - drift)) for column in relative)
    ones = frozen(np.ones(count))
    volume = frozen(bars.volume[order].copy())
    return Bars(bars.symbol, bars.interval, bars.start, opening, high, low, close, volume, ones, ones, frozen(np.zeros(count)))


def achievable(market: Market, series: Series, *, stop_atr: float, target_atr: float, horizon: int, cost_bps: float) -> Floats:
    """Net R, by bar, of one who knows the plant and trades it each time; NaN where there is no plant or no room.

    Decided at the close of bar i, in at the next open, out at stop, target or the horizon's close:
    the agent's own exits and costs. Nobody can do better on average without knowing the future.
    """
    bars, atr = market.bars, series.frame.column("atr_14")
    out = np.full(len(bars), np.nan)
    for i in np.flatnonzero(market.side[: len(bars) - horizon]).tolist():
        if not np.isnan(atr[i]):
            path = slice(i + 1, i + 1 + horizon)
            prices = (bars.open[path], bars.high[path], bars.low[path], bars.close[path])
            side = "buy" if market.side[i] > 0 else "sell"
            out[i] = shadow_r(prices, side, stop_atr * atr[i], target_atr * atr[i], cost_bps)  # type: ignore[arg-type]
    return out
