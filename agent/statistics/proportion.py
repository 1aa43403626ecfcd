"""Intervals for a share of successes."""

from __future__ import annotations

from math import sqrt

from scipy.special import ndtri

from agent.errors import ConfigError


def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float] | None:
    """Return Wilson's score interval for ``successes`` out of ``n``, within [0, 1]; None when n is 0.

    It stays honest for few trials and for shares near 0 and 1 (Wilson 1927, JASA 22(158),
    209-212; recommended by Brown, Cai & DasGupta 2001). Raises ConfigError on impossible counts.
    """
    if not 0 <= successes <= n:
        raise ConfigError(f"{successes} successes out of {n} cannot be; give 0 <= successes <= n")
    if not 0 < level < 1:
        raise ConfigError(f"confidence level {level} is not between 0 and 1; 0.95 is usual")
    if n == 0:
        return None
    z = float(ndtri((1 + level) / 2))
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - reach), min(1.0, middle + reach)
