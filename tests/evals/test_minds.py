"""A model that knows earns its weight, and one that is wrong stays within its bound."""

from __future__ import annotations

import pytest

from evals.minds import skip_task, task


@pytest.mark.parametrize("stand_in", ["contrarian", "overconfident"])
def test_wrong_model_stays_within_its_bound_at_every_decision(stand_in: str) -> None:
    found = task(stand_in, seed=11, decisions=60)
    assert found["by_model"] == found["decisions"] > 50
    assert found["beyond"] == 0


@pytest.mark.slow
def test_model_that_knows_the_truth_gains_weight_and_the_result_with_it() -> None:
    found = [task("knowing", seed) for seed in (11, 12)]
    assert all(one["last_share"] > one["first_share"] for one in found)
    assert sum(one["net_r"] for one in found) > sum(one["arithmetic_r"] for one in found)


def test_skipping_saves_calls_and_says_what_it_did_to_the_result() -> None:
    found = skip_task(seed=1, bars=480)
    asked, skip = found["asked"], found["skip"]
    assert asked["skipped"] == 0
    assert skip["calls"] < asked["calls"]
    assert skip["calls"] + skip["skipped"] == skip["decisions"] == asked["decisions"]
    assert skip["tokens"] < asked["tokens"]
