"""Regime labels: useful shares of a real market, and never a threshold from the future."""

import numpy as np
import pytest

from agent.domain import REGIMES
from agent.market.features import compute
from agent.market.feed import builtin
from agent.market.regime import classify
from tests.market.build import bars_of, walk


@pytest.mark.parametrize("name", ["SP500", "NASDAQ"])
def test_classify_of_a_real_index_gives_every_label_a_fair_share(name: str) -> None:
    f = compute(builtin(name), 252)
    codes, _ = classify(f["volatility_20"], f["trend_strength"], f["adx_14"], 504)
    for code in range(len(REGIMES)):
        assert 0.12 < (codes == code).mean() < 0.60


def test_classify_names_the_largest_probability_and_they_add_up_to_one() -> None:
    f = compute(bars_of(walk(1500)), 252)
    codes, probabilities = classify(f["volatility_20"], f["trend_strength"], f["adx_14"], 504)
    known = codes >= 0
    assert known.any()
    assert probabilities[known].sum(axis=1) == pytest.approx(1.0)
    assert (probabilities[known].argmax(axis=1) == codes[known]).all()
    assert np.isnan(probabilities[~known]).all()


def test_classify_needs_a_year_of_past_values() -> None:
    f = compute(bars_of(walk(600)), 252)
    codes, _ = classify(f["volatility_20"], f["trend_strength"], f["adx_14"], 504)
    assert int((codes >= 0).argmax()) == 49 + 252  # trend_strength first, then 252 bars of it


def test_classify_of_constant_input_stays_unknown() -> None:
    same = np.full(800, 0.5)
    codes, probabilities = classify(same, same, same, 504)
    assert (codes == -1).all()
    assert np.isnan(probabilities).all()


def test_classify_thresholds_do_not_move_with_the_bar_they_judge() -> None:
    draw = np.random.default_rng(1)
    volatility, trend, adx = (np.abs(draw.normal(1, 0.2, 600)) for _ in range(3))
    shocked = volatility.copy()
    shocked[-1] = 50.0
    codes, probabilities = classify(shocked, trend, adx, 504)
    assert REGIMES[codes[-1]] == "volatile"
    before = classify(volatility, trend, adx, 504)[1]
    assert probabilities[:-1].tobytes() == before[:-1].tobytes()
