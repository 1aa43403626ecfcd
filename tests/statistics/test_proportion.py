"""A win rate of few trades must not look sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from agent.errors import ConfigError
from agent.statistics import wilson


def test_wilson_no_trials_is_none() -> None:
    assert wilson(0, 0) is None


def test_wilson_all_wins_still_leaves_doubt() -> None:
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.9, 0.95]))
def test_wilson_agrees_with_scipy(counts: tuple[int, int], level: float) -> None:
    expected = binomtest(*counts).proportion_ci(level, method="wilson")
    assert wilson(*counts, level) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("wins", "n"), [(-1, 4), (5, 4)])
def test_wilson_impossible_counts_are_refused(wins: int, n: int) -> None:
    with pytest.raises(ConfigError, match=str(wins)):
        wilson(wins, n)
