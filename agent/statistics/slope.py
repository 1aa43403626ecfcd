"""Whether a share rises or falls from period to period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t as student

from agent.errors import ConfigError

FEWEST = 4  # periods: two are spent on the line, and one left over says nothing of the scatter


@dataclass(frozen=True)
class Slope:
    """A straight line through shares: change a period with its interval, and the share at period zero."""

    change: float
    interval: tuple[float, float]
    start: float


def share_slope(periods: Sequence[int], shares: Sequence[float], counts: Sequence[int], level: float = 0.95) -> Slope | None:
    """Fit shares in [0, 1] to their periods, each weighing as many trials as it rests on.

    None with fewer than four periods that have trials, or no spread among them. The variance is the binomial one times the
    scatter actually found about the line, never less than once (quasi-likelihood, McCullagh & Nelder 1989, 4.5): trials that
    overlap or share a market scatter more than coins. Student's t with two degrees fewer than periods. Raises ConfigError on
    impossible input.
    """
    if not len(periods) == len(shares) == len(counts) or any(not 0 <= share <= 1 for share in shares):
        raise ConfigError(f"{len(periods)} periods, {len(shares)} shares, {len(counts)} counts; give as many of each, in [0, 1]")
    kept = [(x, y, n) for x, y, n in zip(periods, shares, counts, strict=True) if n > 0]
    if len({x for x, _, _ in kept}) < FEWEST:
        return None
    x, y, n = (np.array(column, dtype=float) for column in zip(*kept, strict=True))
    mean_x, mean_y = float(np.average(x, weights=n)), float(np.average(y, weights=n))
    spread = float((n * (x - mean_x) ** 2).sum())
    change = float((n * (x - mean_x) * (y - mean_y)).sum()) / spread
    binomial = mean_y * (1 - mean_y)
    scatter = float((n * (y - mean_y - change * (x - mean_x)) ** 2).sum()) / (len(kept) - 2)
    reach = float(student.ppf(0.5 + level / 2, len(kept) - 2)) * sqrt(max(binomial, scatter) / spread)
    return Slope(change, (change - reach, change + reach), mean_y - change * mean_x)
