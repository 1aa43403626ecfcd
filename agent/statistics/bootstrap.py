"""How sure a figure of a run is: block bootstrap over whole dates.

Daily returns are neither independent nor equally wild, so dates are drawn in blocks of
random length: the stationary bootstrap of Politis & Romano (1994), "The Stationary
Bootstrap", JASA 89(428), 1303-1313. A date is drawn whole: with several columns (two arms,
many symbols) a row keeps what happened on one day together, which is what makes a
difference a *paired* one. Intervals are percentile intervals (Efron & Tibshirani 1993,
ch. 13), widened for the number of independent blocks there are. The same arguments give the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from agent.errors import ConfigError
from agent.statistics.equity import Floats, sharpe

Statistic = Callable[[Floats], Any]
"""Takes draws of shape (samples, dates) or (samples, columns, dates); returns one value for each sample."""

MIN_DATES = 20
_CELLS = 400_000  # drawn at a time: enough to be fast, little enough to stay in a few megabytes


@dataclass(frozen=True)
class Interval:
    """A figure with its two-sided interval at ``level``, from ``n`` dates; ``error`` is its standard error."""

    value: float
    low: float
    high: float
    error: float
    level: float
    n: int


@dataclass(frozen=True)
class Difference:
    """A paired mean daily difference in per cent a year, and the smallest one this run could have seen."""

    difference_pct: float
    low: float
    high: float
    mde_pct: float
    n_days: int

    def row(self, against: str) -> dict[str, Any]:
        """Write it as a row of a document's ``comparisons``."""
        return {
            "against": against,
            "difference_pct": self.difference_pct,
            "interval": [self.low, self.high],
            "mde_pct": self.mde_pct,
            "n_days": self.n_days,
        }


def default_block(dates: int) -> float:
    """Return the mean block length used unless one is given: n^(1/3), but at least one trading week.

    The rate is the optimal one for the variance of a mean (Hall, Horowitz & Jing 1995,
    Biometrika 82(3)); five days keep a typical holding together on short runs.
    """
    return max(5.0, float(np.cbrt(dates)))


def persistence_block(values: npt.ArrayLike) -> float:
    """Return the block length that the persistence of one series asks for, at least ``default_block``.

    Twice the length that is best for estimating the variance of a mean (Politis & White 2004,
    Econometric Reviews 23(1); corrected by Patton, Politis & White 2009), by ``arch``, at most a quarter of the
    dates. An interval that is to cover needs longer blocks than a variance (Sun, Phillips & Jin 2008,
    Econometrica 76(1)): at once the length, nominal 95 % covered 90 % of simulated differences.
    """
    series = np.asarray(values, dtype=np.float64)
    least = default_block(series.size)
    if series.size < MIN_DATES or float(np.ptp(series)) <= 1e-12:
        return least
    from arch.bootstrap import optimal_block_length

    found = 2 * float(optimal_block_length(series)["stationary"].iloc[0])
    return least if not np.isfinite(found) else max(least, min(found, series.size / 4))


def draws(dates: int, samples: int, block: float, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield date indices in batches of shape (some samples, dates), ``samples`` rows in all.

    Each position either starts a new block at a random date (probability 1 / ``block``) or
    continues with the next date, the last being followed by the first.
    """
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS // dates)
    offsets = np.arange(dates)
    for begin in range(0, samples, step):
        rows = min(step, samples - begin)
        fresh = generator.random((rows, dates)) < 1 / block
        fresh[:, 0] = True
        starts = generator.integers(0, dates, (rows, dates))
        last = np.maximum.accumulate(np.where(fresh, offsets, 0), axis=1)
        yield (np.take_along_axis(starts, last, axis=1) + offsets - last) % dates


def interval(
    returns: npt.ArrayLike,
    statistic: Statistic,
    *,
    level: float = 0.95,
    block: float | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Return ``statistic`` of dated returns with its percentile interval.

    ``returns`` has one row a date: shape (dates,) or (dates, columns). None when there are
    fewer than 20 dates or the figure is undefined. Raises ConfigError on impossible options.
    """
    _check(level, block, samples)
    table = np.asarray(returns, dtype=np.float64).T
    dates = table.shape[-1]
    if dates < MIN_DATES:
        return None
    length = default_block(dates) if block is None else block
    # a draw on which the figure is undefined is left out, so it needs no warning on the way
    with np.errstate(all="ignore"):
        value = float(np.asarray(statistic(table[None]))[0])
        parts = [np.asarray(statistic(_take(table, index)), dtype=np.float64) for index in draws(dates, samples, length, seed)]
    drawn = np.concatenate(parts)
    drawn = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or drawn.size < samples // 2:
        return None
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    error, reach = _few_blocks(dates / length, level)
    return Interval(
        value,
        value - reach * (value - float(low)),
        value + reach * (float(high) - value),
        error * float(drawn.std(ddof=1)),
        level,
        dates,
    )


def _few_blocks(blocks: float, level: float) -> tuple[float, float]:
    """Return how much too small the drawn spread, and the drawn interval, are for so few independent blocks.

    A spread estimated from k blocks has k - 1 degrees of freedom: it is sqrt(k / (k - 1)) too small, and
    its interval is Student's rather than the normal one.
    """
    free = max(blocks - 1, 1.0)
    error = float(np.sqrt((free + 1) / free))
    return error, error * float(stdtrit(free, (1 + level) / 2) / ndtri((1 + level) / 2))


def _check(level: float, block: float | None, samples: int) -> None:
    if not 0 < level < 1:
        raise ConfigError(f"confidence level {level} is not between 0 and 1; 0.95 is usual")
    if block is not None and not block >= 1:
        raise ConfigError(f"block length {block} is below one day; give at least 1")
    if samples < 100:
        raise ConfigError(f"{samples} bootstrap samples are too few for an interval; give at least 100")


def _take(table: Floats, index: npt.NDArray[np.int64]) -> Floats:
    picked: Floats = table[..., index]
    return picked if table.ndim == 1 else np.moveaxis(picked, 0, 1)


def sharpe_interval(
    returns: npt.ArrayLike, periods_per_year: float, *, level: float = 0.95, samples: int = 2000, seed: int = 0
) -> Interval | None:
    """Return the Sharpe ratio of daily returns, as ``metrics`` defines it, with its interval."""
    return interval(returns, partial(sharpe, periods_per_year=periods_per_year), level=level, samples=samples, seed=seed)


def sharpe_difference(
    returns: npt.ArrayLike,
    other: npt.ArrayLike,
    periods_per_year: float,
    *,
    level: float = 0.95,
    samples: int = 2000,
    seed: int = 0,
) -> Interval | None:
    """Return how much higher the Sharpe ratio of ``returns`` is than that of ``other`` on the same dates."""

    def gap(drawn: Floats) -> Any:
        return sharpe(drawn[:, 0], periods_per_year) - sharpe(drawn[:, 1], periods_per_year)

    return interval(_columns(returns, other), gap, level=level, samples=samples, seed=seed)


def mean_difference(
    returns: npt.ArrayLike,
    other: npt.ArrayLike,
    periods_per_year: float,
    *,
    level: float = 0.95,
    power: float = 0.80,
    block: float | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> Difference | None:
    """Compare two arms on the same dates: mean daily difference times days a year, in per cent.

    The minimum detectable effect is (z[1 - (1 - level) / 2] + z[power]) times the standard
    error (Bloom 1995, "Minimum Detectable Effects", Evaluation Review 19(5)): a true difference
    smaller than that would more likely than not have gone unseen at the wanted power.
    """
    if not 0 < power < 1:
        raise ConfigError(f"power {power} is not between 0 and 1; 0.80 is usual")
    gaps = _columns(returns, other)
    daily_gap = gaps[:, 0] - gaps[:, 1]
    block = persistence_block(daily_gap) if block is None else block
    found = interval(daily_gap, partial(np.mean, axis=-1), level=level, block=block, samples=samples, seed=seed)
    if found is None:
        return None
    scale = periods_per_year * 100
    reach = float(ndtri((1 + level) / 2) + ndtri(power))
    return Difference(found.value * scale, found.low * scale, found.high * scale, reach * found.error * scale, found.n)


def _columns(returns: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    left, right = np.asarray(returns, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if left.shape != right.shape or left.ndim != 1:
        raise ConfigError(f"returns of shapes {left.shape} and {right.shape} cannot be paired; keep the dates both have")
    return np.column_stack([left, right])
