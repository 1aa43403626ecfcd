"""Does it find what is not there? Markets without signal, and intervals around a difference that is known.

``task`` walks full, no-memory and base over one market without anything to find (GARCH noise, or the
real index in shuffled blocks without its drift) and tests each advantage of the full arm at 1 %, with the
false-discovery rate held over all arms compared. ``coverage`` simulates paired arms whose true
difference is known and counts how often the 95 % interval holds it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from agent.market.bars import Bars
from agent.market.feed import builtin
from agent.settings import Settings
from agent.statistics import mean_difference, paired_permutation, q_values
from agent.wiring.arms import ARMS
from evals.markets import block_shuffled, garch
from evals.runs import plan_of, returns_of, walked

Json = dict[str, Any]
NOMINAL = 0.01
OTHERS = ("no-memory", "base")
BARS = 800
TRUE_GAP, YEAR = 0.0004, 252.0
APART = 7_919_000  # between the seed of a market and that of the draws over it: one stream for both would tie them


def market(seed: int) -> Bars:
    """Odd seeds are GARCH noise, even ones the index in shuffled blocks."""
    return garch(seed, BARS) if seed % 2 else block_shuffled(builtin("SP500").head(BARS), seed, 5)


def task(seed: int) -> Json:
    """One market without signal: p and q of each advantage, and whether any was reported."""
    settings = Settings.model_validate({"seed": seed, "limits": {"allow_short": True}})
    plan = plan_of([market(seed)], settings)
    full = returns_of(walked(plan).document["equity"])
    found = {}
    for arm in OTHERS:
        other = returns_of(walked(replace(plan, arm=ARMS[arm])).document["equity"])
        tested = paired_permutation(full, other, alternative="greater", samples=2000, seed=seed + APART)
        found[arm] = tested.p if tested else 1.0
    q = q_values([found[arm] for arm in OTHERS]).tolist()
    return {"p": found, "q": dict(zip(OTHERS, q, strict=True)), "reported": min(q) <= NOMINAL}


def coverage(markets: int, seed: int) -> Json:
    """How many 95 % intervals hold the known yearly difference of two arms that share a market."""
    held, rejected = 0, 0
    for number in range(markets):
        left, right = _pair(seed + number)
        found = mean_difference(left, right, YEAR, samples=800, seed=seed + number + APART)
        assert found is not None
        held += found.low <= TRUE_GAP * YEAR * 100 <= found.high
        level = paired_permutation(left - TRUE_GAP, right, samples=800, seed=seed + number + APART)
        assert level is not None
        rejected += level.p <= 0.05
    return {"markets": markets, "held": held, "rejected_at_5_pct": rejected}


def _pair(seed: int) -> tuple[Any, Any]:
    """Two arms' daily returns over three years: one market's clustered noise, different exposure, a known difference."""
    generator = np.random.default_rng(seed)
    dates = 750
    level = np.exp(0.6 * np.convolve(generator.normal(0, 0.3, dates + 19), np.ones(20) / np.sqrt(20), "valid"))
    shared = generator.standard_t(6, dates) * 0.008 * level
    own = generator.normal(0, 1, (2, dates + 4))
    # positions last a few days, so what an arm earns beyond the market does too
    apart = np.array([np.convolve(row, np.ones(5) / np.sqrt(5), "valid") for row in own]) * 0.002 * level
    return 0.5 * shared + apart[0] + TRUE_GAP, 0.5 * shared + apart[1]
