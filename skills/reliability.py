"""How far a skill can be relied on, from its counts alone.

Two figures stand side by side. The contractual one is (success + 0.5 partial) / total, and
the prior confidence while nothing was tried. The honest one is a Beta posterior: wins and
losses (a partial counts half to each) on a Beta(2, 2) prior, with its equal-tailed 95 %
interval (the quantiles of the Beta distribution, by the inverse of the regularised
incomplete beta function). Ten lucky trades have a high figure and a wide interval. The prior is worth four trades
whatever it is centred on (``centred``); what a skill descends from may move its centre (``skills.priors``).

Per regime the record of the other regimes serves as a prior worth at most ``weight`` trades,
so a regime hardly seen answers with the overall record and one well known answers for itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from scipy.special import betainc, betaincinv, stdtrit

from agent.domain import Grade
from skills.counts import Counts

REGIME_WEIGHT = 20.0  # trades that the record of other regimes counts for at most
PRIOR = 2.0  # of each kind: Beta(2, 2), centred on one half and worth four trades


class Prior(NamedTuple):
    """The wins and losses that a record begins with."""

    wins: float
    losses: float


EVEN = Prior(PRIOR, PRIOR)


def centred(mean: float) -> Prior:
    """Return the prior of this mean, worth as much as the even one, which 0.5 gives; no nearer than 0.1 to either end."""
    bounded = min(max(mean, 0.1), 0.9)
    return Prior(2 * PRIOR * bounded, 2 * PRIOR * (1 - bounded))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A posterior mean with the bounds of its interval, each in [0, 1]."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MeanR:
    """Mean net R with the bounds of its t-interval; the bounds are None below two executions."""

    mean: float
    low: float | None
    high: float | None


def contract(counts: Counts, prior: float) -> float:
    """Return (success + 0.5 partial) / total, or the prior when nothing was tried."""
    return counts.wins / counts.total if counts.total else prior


@lru_cache(maxsize=65536)
def _beta(wins: float, losses: float, level: float, prior: Prior = EVEN) -> Estimate:
    a, b, tail = prior.wins + wins, prior.losses + losses, (1 - level) / 2
    return Estimate(a / (a + b), float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1 - tail)))


def posterior(counts: Counts, level: float = 0.95, prior: Prior = EVEN) -> Estimate:
    """Return the posterior of the rate of success, with its equal-tailed interval."""
    return _beta(counts.wins, counts.total - counts.wins, level, prior)


def in_regime(
    regime: Counts, overall: Counts, weight: float = REGIME_WEIGHT, level: float = 0.95, prior: Prior = EVEN
) -> Estimate:
    """Return the posterior in one regime, backed by the record of the others.

    ``overall`` includes ``regime``; what lies outside it counts as at most ``weight`` trades
    at its own rate, so no trade is used twice.
    """
    wins, total = overall.wins - regime.wins, overall.total - regime.total
    share = min(1.0, weight / total) if total else 0.0
    losses = (regime.total - regime.wins) + share * (total - wins)
    return _beta(regime.wins + share * wins, losses, level, prior)


def remembered(
    executions: Iterable[tuple[Grade, datetime]],
    at: datetime,
    half_life_days: float,
    level: float = 0.95,
    prior: Prior = EVEN,
) -> Estimate:
    """Return the posterior when an execution weighs 0.5^(age / half-life) at ``at``; what is unknown weighs nothing.

    Two wins of today and two losses of one half-life ago are worth 2 wins and 1 loss: Beta(4, 3), mean 0.57.
    """
    wins = losses = 0.0
    for outcome, known in executions:
        weight = 0.5 ** (max((at - known).total_seconds(), 0.0) / 86400 / half_life_days)
        won = {"success": 1.0, "partial": 0.5, "failure": 0.0}.get(outcome)
        if won is not None:
            wins, losses = wins + weight * won, losses + weight * (1 - won)
    return _beta(wins, losses, level, prior)


def lower_bound(counts: Counts, level: float = 0.95, prior: Prior = EVEN) -> float:
    """Return the lower end of the posterior's interval: what may be relied on."""
    return posterior(counts, level, prior).low


def probability_at_least(counts: Counts, rate: float) -> float:
    """Return the probability, from the even prior, that the rate of success is at least ``rate``: no descent shelters from it."""
    return 1.0 - float(betainc(PRIOR + counts.wins, PRIOR + counts.total - counts.wins, rate))


@lru_cache(maxsize=4096)
def _t(freedom: int, p: float) -> float:
    return float(stdtrit(freedom, p))


def net_r(counts: Counts, level: float = 0.95) -> MeanR | None:
    """Return mean net R with its two-sided t-interval; None without executions."""
    mean, spread = counts.mean_r, counts.spread_r
    if mean is None:
        return None
    if spread is None:
        return MeanR(mean, None, None)
    half = _t(counts.total - 1, 0.5 + level / 2) * spread / math.sqrt(counts.total)
    return MeanR(mean, mean - half, mean + half)


def net_r_lower(counts: Counts, confidence: float = 0.90) -> float | None:
    """Return the one-sided lower bound of mean net R at this confidence; None below two executions."""
    mean, spread = counts.mean_r, counts.spread_r
    if mean is None or spread is None:
        return None
    return mean - _t(counts.total - 1, confidence) * spread / math.sqrt(counts.total)


def lift(counts: Counts, base_rate: float) -> float | None:
    """Return the share of winning executions less the base rate of the same side and exits; None untried."""
    rate = counts.win_rate
    return None if rate is None else rate - base_rate
