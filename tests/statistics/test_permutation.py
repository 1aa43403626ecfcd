"""A test that cries wolf would make noise look like learning: its p-values must be uniform without an effect."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import kstest

from agent.errors import ConfigError
from agent.statistics import paired_permutation


def test_permutation_small_sample_equals_full_enumeration() -> None:
    gaps = np.random.default_rng(1).normal(0.3, 1, 20)
    blocks = gaps.reshape(10, 2).sum(axis=1)
    all_sums = np.array([np.dot(signs, blocks) for signs in product((-1, 1), repeat=10)])
    exact = (np.abs(all_sums) >= abs(gaps.sum()) - 1e-12).mean()
    found = paired_permutation(gaps, np.zeros(20), block=2, samples=20_000)
    assert found is not None
    assert found.p == pytest.approx(exact, abs=0.012)


def test_permutation_darwins_maize_gives_fishers_answer() -> None:
    """Fisher (1935), section 21: 863 of the 32,768 arrangements reach Darwin's 314 on one side."""
    maize = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    assert maize.sum() == 314
    # five pairs without any difference reach the least number of dates and move no sum
    gaps = np.concatenate([maize, np.zeros(5)])
    found = paired_permutation(gaps, np.zeros(20), alternative="greater", block=1, samples=60_000)
    assert found is not None
    assert found.p == pytest.approx(863 / 32_768, abs=0.002)


def test_permutation_no_effect_gives_uniform_p_values_with_persistence() -> None:
    values = []
    for seed in range(300):
        shocks = np.random.default_rng(seed).normal(0, 0.01, 303)
        found = paired_permutation(np.convolve(shocks, np.ones(3), "valid"), np.zeros(301), block=20, samples=400, seed=seed)
        assert found is not None
        values.append(found.p)
    assert kstest(values, "uniform").pvalue > 0.01


def test_permutation_one_sided_halves_agree() -> None:
    gaps = np.random.default_rng(3).normal(0.1, 1, 200)
    up = paired_permutation(gaps, np.zeros(200), alternative="greater")
    down = paired_permutation(gaps, np.zeros(200), alternative="less")
    assert up is not None
    assert down is not None
    assert up.p + down.p == pytest.approx(1, abs=0.01)


def test_permutation_identical_arms_are_never_different() -> None:
    same = np.random.default_rng(4).normal(0, 1, 100)
    found = paired_permutation(same, same)
    assert found is not None
    assert found.p == 1.0


def test_permutation_unpaired_shapes_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be paired"):
        paired_permutation(np.zeros(30), np.zeros(31))
