"""Figures of merit and their uncertainty: pure functions of arrays, no reading, no clock.

What cannot be computed is None, never NaN and never zero.
"""

from agent.statistics.bootstrap import Difference, Interval, interval, mean_difference, sharpe_difference, sharpe_interval
from agent.statistics.deflation import Deflated, deflated_sharpe, expected_best, probabilistic_sharpe, sharpe_per_period
from agent.statistics.discovery import q_values
from agent.statistics.equity import daily, daily_returns, drawdown
from agent.statistics.metrics import METRIC_NAMES, metrics
from agent.statistics.overfitting import Overfitting, overfitting
from agent.statistics.permutation import Permutation, paired_permutation
from agent.statistics.proportion import wilson
from agent.statistics.slope import Slope, share_slope

__all__ = [
    "Deflated",
    "deflated_sharpe",
    "expected_best",
    "probabilistic_sharpe",
    "sharpe_per_period",
    "q_values",
    "Overfitting",
    "overfitting",
    "Permutation",
    "paired_permutation",
    "METRIC_NAMES",
    "Difference",
    "Interval",
    "Slope",
    "daily",
    "daily_returns",
    "drawdown",
    "interval",
    "mean_difference",
    "metrics",
    "share_slope",
    "sharpe_difference",
    "sharpe_interval",
    "wilson",
]
