"""What chance finds: block permutation, the tail beyond its resolution, false-discovery control, deflated Sharpe.

Outcomes are shuffled in blocks, so their dependence in time stays, and all hypotheses see the
same shuffle, so their dependence on each other stays too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]

_FEWEST = 20  # exceedances below which no tail is fitted


def block_of(n: int) -> int:
    """Return the length of a block of trades: n^(1/3), the rate that is optimal for a mean, at least 5."""
    return max(5, round(float(np.cbrt(n))))


def shuffles(n: int, times: int, block: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield orders of ``n`` rows: cut into blocks at a random offset, the blocks in random order."""
    generator = np.random.default_rng(seed)
    for _ in range(times):
        turned = np.roll(np.arange(n), int(generator.integers(n)))
        blocks = [turned[i : i + block] for i in range(0, n, block)]
        yield np.concatenate([blocks[i] for i in generator.permutation(len(blocks))])


class Tail:
    """The chance of reaching a figure, counted where it can be and fitted beyond.

    The fit is a generalised Pareto distribution of the largest exceedances, by
    probability-weighted moments (Hosking & Wallis 1987, Technometrics 29(3)), with a shape
    not below zero: an exponential tail at the least, which is on the careful side.
    """

    def __init__(self, values: Floats, tried: int, share: float) -> None:
        """Take the figures that chance gave among so many tried; the tail is fitted to the largest ``share`` of them."""
        self._up = np.sort(np.asarray(values, dtype=np.float64))
        self._tried = max(tried, 1)
        many = self._many = int(share * len(values))
        if many < _FEWEST:
            return
        self._from = float(self._up[-many - 1])
        excess = self._up[-many:] - self._from
        rank = (np.arange(1, many + 1) - 0.35) / many
        first, second = float(excess.mean()), float((excess * (1 - rank)).mean())
        # for an exponential tail first = 2 second, and the shape is zero
        self._shape = min(0.5, max(0.0, 2 - first / (first - 2 * second))) if first > 2 * second else 0.0
        self._scale = max(first * (1 - self._shape), 1e-6)

    def chance(self, reached: Floats) -> Doubles:
        """Return the chance of at least each of these."""
        told = np.asarray(reached, dtype=np.float64)
        above = len(self._up) - np.searchsorted(self._up, told, side="left")
        counted: Doubles = (above + 1) / (self._tried + 1)
        if self._many < _FEWEST:
            return counted
        past = np.maximum(told - self._from, 0.0) / self._scale
        fitted = np.exp(-past) if self._shape < 1e-6 else (1 + self._shape * past) ** (-1 / self._shape)
        return np.where(told > self._from, self._many / self._tried * fitted, counted)


def false_discovery(p: Doubles) -> Doubles:
    """Return the q-values of Benjamini & Hochberg (1995) over all of ``p``."""
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return np.minimum(q, 1.0)


def joint(search: float, later: float | None) -> float:
    """Join two independent chances by Fisher's method: with two of them the product xy has chance xy (1 - ln xy)."""
    both = search * (1.0 if later is None else later)
    return min(1.0, both * (1 - float(np.log(both)))) if both > 0 else 0.0


def deflated_sharpe(r: Doubles, trials: int) -> float | None:
    """Return the probability that the Sharpe ratio per trade is above what the best of ``trials`` skill-less ones shows.

    Bailey & Lopez de Prado (2014), "The Deflated Sharpe Ratio", with the variance among
    trials that skill-less ratios over as many trades have, 1 / (n - 1); nothing is annualised.
    None for fewer than five trades or without spread.
    """
    n, spread = len(r), float(r.std(ddof=1)) if len(r) > 1 else 0.0
    if n < 5 or spread <= 0:
        return None
    ratio, centred = float(r.mean()) / spread, (r - r.mean()) / r.std()
    skew, kurtosis = float((centred**3).mean()), float((centred**4).mean())
    trials = max(trials, 2)
    euler = 0.5772156649015329
    expected = (1 - euler) * float(ndtri(1 - 1 / trials)) + euler * float(ndtri(1 - 1 / (trials * np.e)))
    above = (ratio - expected / np.sqrt(n - 1)) * np.sqrt(n - 1)
    return float(ndtr(above / np.sqrt(max(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2, 1e-9))))
