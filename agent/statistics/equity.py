"""An equity curve as arrays: its daily values, returns, annual figures and drawdowns.

Every annual figure here starts from daily equity, the last value of each UTC day, so that
an hourly and a daily run of the same account are annualised alike. The definitions are
those users know from backtesting.py's statistics (compounded, the first day counted as a
day without a return); the functions work along the last axis so that the bootstrap computes
exactly what the table shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import MarketDataError

Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]


def checked(equity: npt.ArrayLike, stamps: npt.ArrayLike) -> tuple[Floats, Stamps]:
    """Return both as arrays of one length, in time order, every value finite.

    Raises MarketDataError naming what does not fit.
    """
    values = np.asarray(equity, dtype=np.float64)
    times = np.asarray(stamps, dtype="datetime64[ns]")
    if values.ndim != 1 or values.shape != times.shape:
        raise MarketDataError(f"equity has shape {values.shape}, its stamps {times.shape}; give one stamp for each value")
    if values.size == 0:
        raise MarketDataError("equity is empty; choose a range that holds at least one bar")
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise MarketDataError(f"equity at {times[at]} is {values[at]}; mark positions at a known close")
    if (np.diff(times) <= np.timedelta64(0)).any():
        at = int(np.flatnonzero(np.diff(times) <= np.timedelta64(0))[0]) + 1
        raise MarketDataError(f"equity stamp {times[at]} does not come after {times[at - 1]}; sort and de-duplicate")
    return values, times


def daily(equity: npt.ArrayLike, stamps: npt.ArrayLike) -> tuple[Stamps, Floats]:
    """Take the last value of each UTC day that has one: (dates, values)."""
    values, times = checked(equity, stamps)
    days = times.astype("datetime64[D]")
    last = np.append(days[1:] != days[:-1], True)
    return days[last], values[last]


def daily_returns(equity: npt.ArrayLike, stamps: npt.ArrayLike) -> Floats:
    """Simple returns from each day's last equity to the next one's, as fractions.

    Empty when the account touched zero or less: a return from nothing has no meaning.
    """
    _, values = daily(equity, stamps)
    return values[:0] if (values <= 0).any() else values[1:] / values[:-1] - 1


def annual_return(returns: npt.ArrayLike, periods_per_year: float) -> Any:
    """Compounded yearly return of daily returns along the last axis, as a fraction.

    The curve behind n returns has n + 1 days, and all of them count, as in backtesting.py.
    """
    array = np.asarray(returns, dtype=np.float64)
    growth = np.log1p(array).sum(axis=-1) / (array.shape[-1] + 1)
    return np.exp(growth * periods_per_year) - 1


def annual_volatility(returns: npt.ArrayLike, periods_per_year: float) -> Any:
    """Yearly standard deviation of a compounding account, as a fraction.

    sqrt((var + g^2)^N - g^(2N)) with g the geometric mean daily growth: the variance of a
    product of N independent daily factors (see https://dx.doi.org/10.2139/ssrn.3054517).
    """
    array = np.asarray(returns, dtype=np.float64)
    growth = np.exp(np.log1p(array).sum(axis=-1) / (array.shape[-1] + 1))
    variance = array.var(axis=-1, ddof=1) if array.shape[-1] > 1 else np.full(array.shape[:-1], np.nan)
    inner = (variance + growth**2) ** periods_per_year - growth ** (2 * periods_per_year)
    return np.sqrt(np.maximum(inner, 0))


def sharpe(returns: npt.ArrayLike, periods_per_year: float) -> Any:
    """Yearly return over yearly volatility, no risk-free rate; NaN where nothing varied."""
    volatility = annual_volatility(returns, periods_per_year)
    # constant returns leave rounding dust in the variance; a ratio over dust is not a Sharpe ratio
    real = np.where(np.ptp(np.asarray(returns, dtype=np.float64), axis=-1) > 1e-12, volatility, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return annual_return(returns, periods_per_year) / real


def drawdown(equity: npt.ArrayLike) -> Floats:
    """How far each value lies below the highest so far, as a fraction: 0 at a peak, 0.1 ten per cent below."""
    values = np.asarray(equity, dtype=np.float64)
    return 1 - values / np.maximum.accumulate(values)


def spells(fall: Floats) -> list[tuple[int, int]]:
    """Find each drawdown from its peak to its recovery (or to the end): index pairs.

    A fall on the very last bar alone has not lasted and is not one yet, as in backtesting.py.
    """
    marks = np.unique(np.append(np.flatnonzero(fall == 0), fall.size - 1))
    return [(int(a), int(b)) for a, b in zip(marks[:-1], marks[1:], strict=True) if b > a + 1]
