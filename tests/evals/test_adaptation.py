"""Adaptation on trades whose edge was put in: it finds the edge that is there, and leaves alone who has none."""

from __future__ import annotations

import numpy as np

from agent.settings import Learning, Plan
from evals.adaptation import ATR_SHARE, COST_BPS, break_even, path, trade, trader

OWN = Learning(low_win_rate=0.0)  # success alone; alerts are another matter


def test_a_trader_without_an_edge_is_seldom_taken_for_proven() -> None:
    drift = break_even(Plan())
    found = [trader(seed, drift, 120, OWN, Plan()).success for seed in range(60)]
    assert sum(one is not None for one in found) <= 6  # a twentieth is allowed; the chance of more than six is under 5 %


def test_a_trader_with_an_edge_is_found_and_more_size_on_a_nearer_stop_pays() -> None:
    found = [trader(seed, 0.25, 120, OWN, Plan()) for seed in range(30)]
    assert all(one.success is not None for one in found)
    assert np.mean([one.adapted - one.own for one in found]) > 0


def test_more_size_on_a_nearer_stop_never_loses_more_than_the_risk_a_trade_had_before() -> None:
    rng, plan = np.random.default_rng(3), Plan()
    costs = 2 * 100 * COST_BPS / 1e4 / (plan.stop_atr * 100 * ATR_SHARE)  # of both sides, in R
    for _ in range(300):
        assert 1.1 * trade(path(rng, -0.3, plan.horizon), plan, 0.9) >= -1.0 - 1.1 * costs
