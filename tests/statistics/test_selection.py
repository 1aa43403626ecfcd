"""Choosing the best of many flatters: these hold the corrections to published figures and to simulation."""

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.statistics import deflated_sharpe, expected_best, overfitting, probabilistic_sharpe, q_values

DAYS = 250


def published(trials: int, skew: float = -3.0, kurtosis: float = 10.0) -> float:
    """Bailey & Lopez de Prado (2014), numerical example: yearly Sharpe 2.5 over 1,250 days, variance 1/2 across trials."""
    best = expected_best(trials, 0.5 / DAYS)
    return probabilistic_sharpe(2.5 / np.sqrt(DAYS), best, 1250, skew, kurtosis)


def test_expected_best_equals_the_published_example() -> None:
    assert expected_best(100, 0.5 / DAYS) == pytest.approx(0.1132, abs=5e-5)


def test_deflated_sharpe_equals_the_published_example() -> None:
    assert published(100) == pytest.approx(0.9004, abs=5e-5)
    assert published(46) == pytest.approx(0.9505, abs=5e-5)
    assert published(88, 0.0, 3.0) == pytest.approx(0.9505, abs=5e-4)


def test_expected_best_is_what_simulation_finds() -> None:
    best = np.random.default_rng(1).normal(0, 0.1, (20_000, 50)).max(axis=1)
    assert expected_best(50, 0.01) == pytest.approx(best.mean(), rel=0.02)


def test_deflated_sharpe_of_the_luckiest_is_seldom_convincing() -> None:
    convincing = 0
    for seed in range(200):
        table = np.random.default_rng(seed).normal(0, 0.01, (250, 30))
        tried = table.mean(axis=0) / table.std(axis=0, ddof=1)
        found = deflated_sharpe(table[:, tried.argmax()], tried)
        assert found is not None
        convincing += found.probability > 0.95
    assert convincing <= 10


def test_deflated_sharpe_constant_returns_is_none() -> None:
    assert deflated_sharpe(np.full(100, 0.01), [0.1, 0.2]) is None


def test_overfitting_of_noise_is_about_a_half() -> None:
    found = [overfitting(np.random.default_rng(seed).normal(0, 1, (200, 20)), 8).probability for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)


def test_overfitting_of_one_good_candidate_is_nearly_none() -> None:
    table = np.random.default_rng(2).normal(0, 1, (400, 20))
    table[:, 7] += 0.5
    assert overfitting(table, 10).probability < 0.02


def test_overfitting_odd_blocks_are_refused() -> None:
    with pytest.raises(ConfigError, match="7 blocks"):
        overfitting(np.zeros((100, 3)), 7)


def test_q_values_reject_four_of_fifteen_as_published() -> None:
    """Benjamini & Hochberg (1995), section 4: 15 hypotheses on heart attacks, four rejected at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert (q_values(p) <= 0.05).sum() == 4


def test_q_values_keep_the_false_share_in_simulation() -> None:
    false_share = []
    for seed in range(300):
        generator = np.random.default_rng(seed)
        p = np.concatenate([generator.random(40), generator.beta(0.1, 8, 10)])
        rejected = q_values(p) <= 0.1
        false_share.append(rejected[:40].sum() / max(1, rejected.sum()))
    assert np.mean(false_share) < 0.1


def test_q_values_no_probability_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"1\.2"):
        q_values([0.1, 1.2])
