"""The table of figures of a run, under the names backtesting.py gave them.

``metrics`` turns an equity curve, closed trades and two optional series into one flat
JSON-ready mapping. Values are percentages where the name says so, durations read
"123 days", times are ISO 8601 UTC, and what is undefined is None.

One figure deliberately differs from backtesting.py: its CAGR divides calendar days by
trading days a year and so understates growth; here a year is 365.25 calendar days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from agent.errors import MarketDataError
from agent.statistics.equity import (
    Floats,
    Stamps,
    annual_return,
    annual_volatility,
    checked,
    daily_returns,
    drawdown,
    sharpe,
    spells,
)

METRIC_NAMES: tuple[str, ...] = (
    "Start",
    "End",
    "Duration",
    "Exposure Time [%]",
    "Equity Final [$]",
    "Equity Peak [$]",
    "Return [%]",
    "Buy & Hold Return [%]",
    "Return (Ann.) [%]",
    "Volatility (Ann.) [%]",
    "CAGR [%]",
    "Sharpe Ratio",
    "Sortino Ratio",
    "Calmar Ratio",
    "Max. Drawdown [%]",
    "Avg. Drawdown [%]",
    "Max. Drawdown Duration",
    "Avg. Drawdown Duration",
    "# Trades",
    "Win Rate [%]",
    "Best Trade [%]",
    "Worst Trade [%]",
    "Avg. Trade [%]",
    "Max. Trade Duration",
    "Avg. Trade Duration",
    "Profit Factor",
    "Expectancy [%]",
    "SQN",
    "Kelly Criterion",
)

Metrics = dict[str, float | str | None]
_DAY = 86_400
_YEAR = 365.25 * _DAY
_UNITS = (_DAY, 3600, 60)


class Trade(Protocol):
    """What a closed position must tell; ``pnl`` is in cash, net of every cost, for either side."""

    @property
    def pnl(self) -> float: ...  # noqa: D102 - the class says it
    @property
    def entry_price(self) -> float: ...  # noqa: D102
    @property
    def quantity(self) -> Decimal: ...  # noqa: D102
    @property
    def entry_bar(self) -> datetime: ...  # noqa: D102
    @property
    def exit_bar(self) -> datetime: ...  # noqa: D102


def metrics(
    equity: npt.ArrayLike,
    stamps: npt.ArrayLike,
    trades: Sequence[Trade],
    *,
    periods_per_year: float,
    exposure: npt.ArrayLike | None = None,
    benchmark: npt.ArrayLike | None = None,
    start: float | None = None,
) -> Metrics:
    """Compute every figure of METRIC_NAMES, in that order.

    ``equity`` is the account at each bar's close and ``stamps`` the bars' starts (UTC);
    ``exposure`` is the gross exposure at each bar, ``benchmark`` the price or equity held
    against it (first to last value). ``periods_per_year`` is trading *days* a year, also for
    intraday bars: 252 for exchanges, 365 for crypto, 260 for FX. Drawdowns look at every bar,
    annual figures at daily equity. ``start`` is the cash before a first bar that already
    cost something: Return and CAGR are counted from it, else from the first equity.
    Raises MarketDataError when the series do not fit together.
    """
    values, times = checked(equity, stamps)
    unit = _resolution(times)
    table: Metrics = dict.fromkeys(METRIC_NAMES)
    table["Exposure Time [%]"] = _exposure_time(exposure, values)
    table["Buy & Hold Return [%]"] = _change(benchmark)
    # what overflows or divides by nothing becomes None below, so it needs no warning on the way
    with np.errstate(all="ignore"):
        table |= _span(values, times, unit, float(values[0]) if start is None else start)
        table |= _drawdowns(values, times, unit)
        table |= _annual(values, times, periods_per_year)
        table |= _trades(trades, unit)
    return {name: _defined(table[name]) for name in METRIC_NAMES}


def _defined(value: float | str | None) -> float | str | None:
    if value is None or isinstance(value, (str, int)):
        return value
    return float(value) + 0.0 if np.isfinite(value) else None  # + 0.0 turns -0.0 into 0.0


def _seconds(times: Stamps) -> npt.NDArray[np.int64]:
    return times.astype("datetime64[s]").astype(np.int64)


def _resolution(times: Stamps) -> int:
    """Return the largest of day, hour and minute, in seconds, that divides every step; else one second."""
    steps = np.diff(_seconds(times))
    return next((unit for unit in _UNITS if not (steps % unit).any()), 1)


def _text(seconds: float, unit: int) -> str:
    """Write a duration as "12 days" or "12 days 04:00:00", rounded up to whole units."""
    days, rest = divmod(ceil(seconds / unit) * unit, _DAY)
    words = f"{days} day" if days == 1 else f"{days} days"
    return words if rest == 0 else f"{words} {rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"


def _iso(stamp: np.datetime64) -> str:
    return f"{np.datetime_as_string(stamp, unit='s')}Z"


def _span(values: Floats, times: Stamps, unit: int, start: float) -> Metrics:
    length = int(_seconds(times)[-1] - _seconds(times)[0])
    years = length / _YEAR
    grew = values[-1] / start if start > 0 else np.nan
    return {
        "Start": _iso(times[0]),
        "End": _iso(times[-1]),
        "Duration": _text(length, unit),
        "Equity Final [$]": float(values[-1]),
        "Equity Peak [$]": float(values.max()),
        "Return [%]": (grew - 1) * 100,
        "CAGR [%]": float(np.power(grew, 1 / years) - 1) * 100 if years > 0 and grew > 0 else None,
    }


def _exposure_time(exposure: npt.ArrayLike | None, values: Floats) -> float | None:
    if exposure is None:
        return None
    held = np.asarray(exposure, dtype=np.float64)
    if held.shape != values.shape:
        raise MarketDataError(f"exposure has shape {held.shape}, equity {values.shape}; give one value for each bar")
    return float((held != 0).mean() * 100)


def _change(benchmark: npt.ArrayLike | None) -> float | None:
    if benchmark is None:
        return None
    series = np.asarray(benchmark, dtype=np.float64)
    if series.size == 0 or not np.isfinite(series[[0, -1]]).all() or series[0] <= 0:
        return None
    return float(series[-1] / series[0] - 1) * 100


def _drawdowns(values: Floats, times: Stamps, unit: int) -> Metrics:
    if values[0] <= 0:
        return {}
    fall = drawdown(values)
    found = spells(fall)
    out: Metrics = {"Max. Drawdown [%]": -float(fall.max()) * 100}
    if found:
        clock = _seconds(times)
        lengths = np.array([clock[b] - clock[a] for a, b in found])
        out["Avg. Drawdown [%]"] = -float(np.mean([fall[a : b + 1].max() for a, b in found])) * 100
        out["Max. Drawdown Duration"] = _text(lengths.max(), unit)
        out["Avg. Drawdown Duration"] = _text(lengths.mean(), unit)
    return out


def _annual(values: Floats, times: Stamps, periods: float) -> Metrics:
    returns = daily_returns(values, times)
    if returns.size < 2:
        return {}
    year = float(annual_return(returns, periods))
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2) * periods))
    deepest = float(drawdown(values).max())
    return {
        "Return (Ann.) [%]": year * 100,
        "Volatility (Ann.) [%]": float(annual_volatility(returns, periods)) * 100,
        "Sharpe Ratio": float(sharpe(returns, periods)),
        "Sortino Ratio": year / downside if downside > 0 else None,
        "Calmar Ratio": year / deepest if deepest > 0 else None,
    }


def _trades(trades: Sequence[Trade], unit: int) -> Metrics:
    if not trades:
        return {"# Trades": 0}
    pnl = np.array([trade.pnl for trade in trades], dtype=np.float64)
    returns = pnl / np.array([trade.entry_price * float(trade.quantity) for trade in trades])
    spans = np.array([(trade.exit_bar - trade.entry_bar).total_seconds() for trade in trades])
    return {
        "# Trades": len(trades),
        "Win Rate [%]": float((pnl > 0).mean() * 100),
        "Best Trade [%]": float(returns.max() * 100),
        "Worst Trade [%]": float(returns.min() * 100),
        "Avg. Trade [%]": _geometric(returns),
        "Max. Trade Duration": _text(spans.max(), unit),
        "Avg. Trade Duration": _text(spans.mean(), unit),
        "Profit Factor": _ratio(returns[returns > 0].sum(), -returns[returns < 0].sum()),
        "Expectancy [%]": float(returns.mean() * 100),
        "SQN": _sqn(pnl),
        "Kelly Criterion": _kelly(pnl),
    }


def _geometric(returns: Floats) -> float | None:
    return float(np.expm1(np.log1p(returns).mean()) * 100) if (returns > -1).all() else None


def _ratio(over: Any, under: Any) -> float | None:
    return float(over / under) if under > 0 else None


def _sqn(pnl: Floats) -> float | None:
    """System quality number (Van Tharp): sqrt(n) times mean over standard deviation of P&L."""
    if pnl.size < 2 or np.ptp(pnl) == 0:
        return None
    return float(np.sqrt(pnl.size) * pnl.mean() / pnl.std(ddof=1))


def _kelly(pnl: Floats) -> float | None:
    """Kelly's fraction W - (1 - W) / (mean win / mean loss); None without both kinds."""
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    if not wins.size or not losses.size:
        return None
    rate = wins.size / pnl.size
    return float(rate - (1 - rate) / (wins.mean() / -losses.mean()))
