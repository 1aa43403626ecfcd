"""Figures of merit and their uncertainty: pure functions of arrays, no reading, no clock.

What cannot be computed is None, never NaN and never zero.
"""

from agent.statistics.bootstrap import Difference, Interval, interval, mean_difference, sharpe_difference, sharpe_interval
from agent.statistics.equity import daily, daily_returns, drawdown
from agent.statistics.metrics import METRIC_NAMES, metrics
from agent.statistics.proportion import wilson

__all__ = [
    "METRIC_NAMES",
    "Difference",
    "Interval",
    "daily",
    "daily_returns",
    "drawdown",
    "interval",
    "mean_difference",
    "metrics",
    "sharpe_difference",
    "sharpe_interval",
    "wilson",
]
