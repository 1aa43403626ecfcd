"""The instrument that judges regime labels: its change points are those of a plain search, its planted market is what it says."""

import numpy as np
import pytest

from agent.market.bars import Floats
from evals.regimes import KINDS, SHORTEST, change_points, market, planted


def _by_search(returns: Floats, penalty: float) -> list[int]:
    """Every last change tried for every end, nothing left out."""
    n, total = len(returns), np.concatenate([[0.0], np.cumsum(returns**2)])
    best, last = [-penalty] + [np.inf] * n, [0] * (n + 1)
    for end in range(SHORTEST, n + 1):
        costs = {
            s: best[s] + (end - s) * np.log((total[end] - total[s]) / (end - s)) + penalty for s in range(end - SHORTEST + 1)
        }
        last[end] = min(costs, key=lambda s: costs[s])
        best[end] = costs[last[end]]
    found, end = [], n
    while end > 0:
        end = last[end]
        found.append(end)
    return sorted(found)[1:]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_change_points_are_those_of_a_search_that_leaves_nothing_out(seed: int) -> None:
    draw = np.random.default_rng(seed)
    returns = draw.normal(0, np.repeat([0.01, 0.03, 0.01, 0.02], 60))
    assert change_points(returns, 12.0) == _by_search(returns, 12.0)
    assert change_points(returns, 12.0)


def test_constant_volatility_has_no_change() -> None:
    assert change_points(np.random.default_rng(0).normal(0, 0.01, 1500)) == []


def test_labels_on_the_planted_market_are_mostly_right_and_steady() -> None:
    bars, kinds = market(3, 12)
    assert len(bars) == len(kinds)
    assert set(kinds.tolist()) <= set(range(len(KINDS)))
    found = planted(2)
    assert found["label right"] > 0.6
    assert found["direction right"] > 0.65
    assert found["up taken for down or down for up"] < 0.1
    assert found["label: spells of one bar"] < 0.05
