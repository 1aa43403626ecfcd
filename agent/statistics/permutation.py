"""Is a difference more than luck? Paired sign-flip test over whole dates.

If two arms are alike, a day's difference could as well have had the other sign. Signs are
flipped for blocks of consecutive dates at once, so that a holding of several days stays one
piece of evidence (Fisher 1935, "The Design of Experiments", section 21, on blocks). The p-value counts the observed
arrangement itself and is never zero (Phipson & Smyth 2010, SAGMB 9(1), 39).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError
from agent.statistics.bootstrap import MIN_DATES, persistence_block

Alternative = Literal["two-sided", "greater", "less"]


@dataclass(frozen=True)
class Permutation:
    """A mean paired difference, its p-value, and what it rests on."""

    value: float
    p: float
    alternative: Alternative
    n: int
    samples: int


def paired_permutation(
    returns: npt.ArrayLike,
    other: npt.ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    block: float | None = None,
    samples: int = 2000,
    seed: int = 0,
) -> Permutation | None:
    """Test whether ``returns`` and ``other``, paired by date, have the same mean.

    ``block`` is the number of dates flipped together (what the differences' persistence asks
    for, rounded up). None when there are fewer than 20 dates. Raises ConfigError for shapes that cannot be
    paired or impossible options.
    """
    left, right = np.asarray(returns, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if left.shape != right.shape or left.ndim != 1:
        raise ConfigError(f"returns of shapes {left.shape} and {right.shape} cannot be paired; keep the dates both have")
    if samples < 100:
        raise ConfigError(f"{samples} permutations are too few for a p-value; give at least 100")
    gaps = left - right
    if len(gaps) < MIN_DATES:
        return None
    length = int(np.ceil(persistence_block(gaps) if block is None else block))
    if length < 1:
        raise ConfigError(f"block length {block} is below one day; give at least 1")
    sums = np.add.reduceat(gaps, np.arange(0, len(gaps), length))
    signs = np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), size=(samples, len(sums)))
    drawn, seen = signs @ sums, float(gaps.sum())
    # sums of the same numbers in another order differ by rounding dust; a tie is a tie
    dust = 1e-12 * float(np.abs(gaps).sum())
    if alternative == "two-sided":
        hits = int((np.abs(drawn) >= abs(seen) - dust).sum())
    else:
        hits = int((drawn >= seen - dust).sum() if alternative == "greater" else (drawn <= seen + dust).sum())
    return Permutation(float(gaps.mean()), (1 + hits) / (1 + samples), alternative, len(gaps), samples)
