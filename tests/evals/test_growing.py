"""The whole way of a composite that the agent made itself, through the cycle, and what it makes of nothing."""

from __future__ import annotations

import pytest

from evals import edges, growing


@pytest.mark.slow
def test_a_planted_pair_is_proposed_passes_probation_and_is_sized() -> None:
    found = growing.pair(105)
    assert {name: found[name] for name in ("proposed", "probation", "active", "others")} == {
        "proposed": True,
        "probation": True,
        "active": True,
        "others": 0,
    }
    assert found["sized"] > 0


@pytest.mark.slow
def test_nothing_is_joined_where_no_bar_tells_of_the_next() -> None:
    found = growing.quiet(105)
    assert (found["composites"], found["pairs"] > 0) == (0, True)


def test_the_planted_edge_lies_where_it_is_said_to_and_there_alone() -> None:
    assert edges.planted_edge(601, real=True)["tested"] > 1000
    assert edges.planted_edge(601, real=False)["accepted"] == 0
