"""Intervals that are too narrow flatter; these show that ours are honest, paired and repeatable."""

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.statistics import daily_returns, interval, mean_difference, metrics, sharpe_difference, sharpe_interval
from agent.statistics.bootstrap import draws
from agent.statistics.equity import Floats


def normal(seed: int, count: int = 500, mean: float = 0.0005, spread: float = 0.01) -> Floats:
    return np.random.default_rng(seed).normal(mean, spread, count)


def mean(drawn: Floats) -> Floats:
    averages: Floats = drawn.mean(axis=-1)
    return averages


def test_draws_keep_neighbouring_dates_together() -> None:
    index = np.concatenate(list(draws(400, 200, 10.0, seed=1)))
    assert index.shape == (200, 400)
    assert (index.min(), index.max()) == (0, 399)
    follows = (np.diff(index, axis=1) % 400 == 1).mean()
    assert follows == pytest.approx(0.9, abs=0.01)


def test_draws_visit_every_date_alike() -> None:
    counts = np.bincount(np.concatenate(list(draws(50, 4000, 5.0, seed=2))).ravel(), minlength=50)
    assert counts / counts.mean() == pytest.approx(np.ones(50), abs=0.06)


def test_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    hits = 0
    for seed in range(200):
        found = interval(normal(seed, 250), mean, level=0.9, samples=400, seed=seed)
        assert found is not None
        hits += found.low <= 0.0005 <= found.high
    assert 0.83 <= hits / 200 <= 0.95


def test_interval_of_persistent_returns_is_wider_with_blocks() -> None:
    shocks = normal(3, 600, 0.0)
    persistent = np.convolve(shocks, np.ones(8), mode="valid")
    single = interval(persistent, mean, block=1.0)
    blocks = interval(persistent, mean, block=20.0)
    assert single is not None
    assert blocks is not None
    assert blocks.error > 1.8 * single.error


def test_interval_same_seed_gives_the_same_numbers() -> None:
    assert interval(normal(4), mean, seed=7) == interval(normal(4), mean, seed=7)
    assert interval(normal(4), mean, seed=7) != interval(normal(4), mean, seed=8)


def test_interval_few_dates_is_none_not_a_guess() -> None:
    assert interval(normal(5, 19), mean) is None


def test_interval_columns_are_drawn_together_by_date() -> None:
    returns = normal(6)
    found = interval(np.column_stack([returns, -returns]), lambda drawn: drawn.sum(axis=1).mean(axis=-1))
    assert found is not None
    assert max(abs(found.low), abs(found.high)) < 1e-12


def test_sharpe_interval_value_is_the_table_value() -> None:
    equity = 100 * np.cumprod(np.append(1.0, 1 + normal(8)))
    stamps = np.datetime64("2020-01-01", "D") + np.arange(equity.size)
    returns = daily_returns(equity, stamps)
    found = sharpe_interval(returns, 252)
    assert found is not None
    assert found.value == pytest.approx(metrics(equity, stamps, [], periods_per_year=252)["Sharpe Ratio"])
    assert found.low < found.value < found.high


def test_sharpe_interval_constant_returns_is_none() -> None:
    assert sharpe_interval(np.full(200, 0.001), 252) is None


def test_sharpe_difference_to_itself_is_exactly_zero() -> None:
    found = sharpe_difference(normal(9), normal(9), 252)
    assert found is not None
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_mean_difference_pairing_removes_the_shared_market() -> None:
    market = normal(10, 1000, spread=0.02)
    found = mean_difference(market + 0.0002 + normal(11, 1000, 0.0, 0.001), market, 252)
    assert found is not None
    assert found.low > 0
    assert found.difference_pct == pytest.approx(5.04, abs=2.5)
    assert found.mde_pct < 4


def test_mean_difference_detectable_effect_follows_its_formula() -> None:
    gaps = normal(12, 2000, 0.0)
    found = mean_difference(gaps, np.zeros(2000), 252, block=1.0)
    assert found is not None
    assert found.mde_pct == pytest.approx((1.95996 + 0.84162) * gaps.std() / np.sqrt(2000) * 25_200, rel=0.05)


def test_mean_difference_row_is_what_a_document_carries() -> None:
    found = mean_difference(normal(13), normal(14), 252)
    assert found is not None
    assert set(found.row("no-memory")) == {"against", "difference_pct", "interval", "mde_pct", "n_days"}
    assert found.row("no-memory")["against"] == "no-memory"


def test_mean_difference_unequal_lengths_are_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be paired"):
        mean_difference(normal(1, 30), normal(1, 31), 252)


@pytest.mark.parametrize(("option", "value"), [("level", 1.0), ("block", 0.5), ("samples", 10)])
def test_interval_impossible_option_is_refused_by_value(option: str, value: float) -> None:
    with pytest.raises(ConfigError, match=str(value)):
        interval(normal(1), mean, **{option: value})  # type: ignore[arg-type]
