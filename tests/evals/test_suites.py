"""The instrument itself: lies are caught, nothing is found in noise, controls control."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from agent.backtest.document import held_document
from agent.domain import Vote
from agent.wiring.arms import ARMS
from evals import leaks, learning, mutation, null
from evals.markets import Edge, planted
from evals.mutants import MUTANTS
from evals.runs import plan_of, returns_of, walked
from evals.voters import panel
from memory_db.nearest import Columns


@pytest.mark.slow
def test_mutation_each_lie_is_caught_and_the_clean_build_is_not() -> None:
    assert not any(mutation.task("none", 5)["fired"].values())
    for mutant in MUTANTS:
        assert mutation.task(mutant.name, 5)["fired"][mutant.gate] > 0, mutant.name


def test_mutation_shuffled_clock_is_caught_by_its_gate_alone() -> None:
    fired = {name: count for name, count in mutation.task("shuffled clock", 2)["fired"].items() if count}
    assert list(fired) == ["clock-goes-forward"]


@pytest.mark.slow
@pytest.mark.parametrize("check", leaks.CHECKS)
def test_leaks_none_on_the_honest_build(check: str) -> None:
    found = leaks.task(check, 3, 600)
    assert found["checked"] > 0
    assert found["differences"] <= 0.02 * found["checked"] if check == "perturbed" else found["differences"] == 0


def test_coverage_of_a_known_difference_is_near_its_level() -> None:
    found = null.coverage(60, 900)
    assert found["held"] / 60 > 0.85


def test_shuffled_columns_keep_the_outcomes_and_lose_their_place() -> None:
    columns = Columns(50, 2)
    columns.buy[:], columns.sell[:] = np.arange(50), -np.arange(50)
    rows = np.arange(40)
    mixed = columns.shuffled(rows, 1)
    assert sorted(mixed.buy[:40]) == list(range(40))
    assert (mixed.buy == -mixed.sell).all()
    assert (mixed.buy[:40] != columns.buy[:40]).mean() > 0.8
    assert (mixed.buy[40:] == columns.buy[40:]).all()
    assert (columns.shuffled(rows, 1).buy == mixed.buy).all()


def test_stale_memory_recalls_nothing_from_after_it_froze() -> None:
    plan = plan_of([planted(8, 520, Edge()).bars], leaks_settings(), "stale-memory")
    records = walked(plan).of("cycle")
    steps = plan.steps()
    frozen = steps[len(steps) // 4][0]
    recalled = [item["bar_time"] for record in records for item in record["recollection"]["analogues"]]
    assert recalled
    assert max(recalled) <= (frozen - timedelta(days=plan.settings.plan.horizon)).isoformat()


def leaks_settings() -> Any:
    return mutation.settings_for(1)


def test_vol_matched_holding_has_the_volatility_it_was_given() -> None:
    plan = plan_of([planted(9, 520, Edge()).bars], leaks_settings())
    full = walked(plan).document
    held = held_document(replace(plan, arm=ARMS["vol-matched"]), full)
    theirs = [row for row in held["equity"] if row[0] in dict(full["equity"])]
    assert returns_of(theirs).std() == pytest.approx(returns_of(full["equity"]).std(), rel=1e-3)


def test_seed_interval_of_a_ratio_covers_it() -> None:
    held = 0
    for seed in range(200):
        below = np.random.default_rng(seed).normal(50, 8, 20)
        found = learning.seed_interval(0.6 * below + np.random.default_rng(seed + 999).normal(0, 5, 20), below, 0.95)
        held += found.low <= 0.6 <= found.high
    assert 0.90 <= held / 200 <= 0.99


def test_panel_planted_voter_is_right_as_often_as_planted() -> None:
    market = planted(11, 900, Edge(support=0.9))
    plan = plan_of([market.bars], learning.settings_for(11), "base")
    names, consult = panel(11, 2, Edge(support=0.9).spike_ratio)
    series = plan.series[market.bars.symbol]
    hits = []
    for i in range(450, 899):
        vote: Vote = consult(series.head(i + 1).state(series.bars.timestamp(i) + series.instrument.step))[0]
        if not vote.abstained:
            hits.append(vote.direction == np.sign(series.bars.close[i + 1] - series.bars.open[i + 1]))
    assert names[0] == "planted"
    assert len(hits) > 300
    assert np.mean(hits) == pytest.approx(0.65, abs=0.06)
