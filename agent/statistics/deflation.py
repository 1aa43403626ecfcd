"""What is left of the best Sharpe ratio once it is known how many were tried.

Bailey & Lopez de Prado (2014), "The Deflated Sharpe Ratio", Journal of Portfolio Management
40(5), 94-107. Every Sharpe ratio here is *per period* (mean over sample standard deviation of
the returns as given): mixing in an annualised figure makes the result meaningless.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import kurtosis as sample_kurtosis
from scipy.stats import skew as sample_skew

from agent.errors import ConfigError


@dataclass(frozen=True)
class Deflated:
    """A per-period Sharpe ratio, the one luck alone would have found, and the probability that it is truly above that."""

    sharpe: float
    expected_best: float
    probability: float
    trials: int
    n: int


def sharpe_per_period(returns: npt.ArrayLike) -> float | None:
    """Mean over sample standard deviation; None where nothing varied or fewer than two returns are given."""
    values = np.asarray(returns, dtype=np.float64)
    if values.size < 2 or float(np.ptp(values)) <= 1e-12:
        return None
    return float(values.mean() / values.std(ddof=1))


def expected_best(trials: int, variance: float) -> float:
    """Expected highest per-period Sharpe ratio among ``trials`` without skill, given the ``variance`` across them.

    sqrt(V) ((1 - g) z[1 - 1/N] + g z[1 - 1/(N e)]) with g Euler's constant; 0 for a single trial.
    """
    if trials < 1 or variance < 0:
        raise ConfigError(
            f"{trials} trials with variance {variance} make no sense; give at least 1 trial and a variance of 0 or more"
        )
    if trials == 1:
        return 0.0
    gamma = float(np.euler_gamma)
    return math.sqrt(variance) * float((1 - gamma) * ndtri(1 - 1 / trials) + gamma * ndtri(1 - 1 / (trials * math.e)))


def probabilistic_sharpe(sharpe: float, benchmark: float, n: int, skew: float, kurtosis: float) -> float:
    """Probability that the true per-period Sharpe ratio exceeds ``benchmark``.

    ``kurtosis`` is 3 for a normal distribution; ``n`` counts the returns. Raises ConfigError
    where the figures contradict each other.
    """
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if n < 2 or spread <= 0:
        raise ConfigError(f"n {n}, skew {skew} and kurtosis {kurtosis} leave no standard error for a Sharpe ratio of {sharpe}")
    return float(ndtr((sharpe - benchmark) * math.sqrt(n - 1) / math.sqrt(spread)))


def deflated_sharpe(returns: npt.ArrayLike, tried: npt.ArrayLike) -> Deflated | None:
    """Deflate the Sharpe ratio of ``returns``, the best of those whose per-period ratios are ``tried``.

    None when the returns do not vary or are fewer than 20.
    """
    values, ratios = np.asarray(returns, dtype=np.float64), np.asarray(tried, dtype=np.float64)
    if ratios.size == 0:
        raise ConfigError("no tried Sharpe ratios; give every one that was looked at, the best included")
    found = sharpe_per_period(values)
    if found is None or values.size < 20:
        return None
    best = expected_best(int(ratios.size), float(ratios.var(ddof=1)) if ratios.size > 1 else 0.0)
    shape = float(sample_skew(values)), float(sample_kurtosis(values, fisher=False))
    return Deflated(found, best, probabilistic_sharpe(found, best, values.size, *shape), int(ratios.size), int(values.size))
