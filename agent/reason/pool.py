"""Joining probabilities: the weighted mean, or the weighted mean of log-odds.

The linear pool is calibrated at best like its parts and less sharp; the logarithmic pool (Genest and
Zidek 1986) is sharper where parts agree. Zero parts have no opinion: None, never one half.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from agent.errors import ConfigError

POOLS = ("linear", "log-odds")
_EDGE = 1e-6  # a part that is certain would outvote all others for ever


def pooled(parts: Sequence[tuple[float, float]], how: str = "linear") -> float | None:
    """The joint probability of (weight, p) parts; None without any weight."""
    total = math.fsum(weight for weight, _ in parts)
    if total <= 0:
        return None
    if how == "linear":
        return math.fsum(weight * p for weight, p in parts) / total
    if how != "log-odds":
        raise ConfigError(f"pooling {how!r} is unknown; choose {' or '.join(POOLS)}")
    odds = math.fsum(weight * _logit(p) for weight, p in parts) / total
    return 1 / (1 + math.exp(-odds))


def _logit(p: float) -> float:
    inside = min(max(p, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))
