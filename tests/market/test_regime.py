"""Regime and direction: useful shares of a real market, no flicker, and never a threshold from the future."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import DIRECTIONS, REGIMES
from agent.market.features import compute
from agent.market.feed import builtin
from agent.market.regime import HOLD, Codes, Kinds, classify
from tests.market.build import bars_of, walk


def _kinds(name: str | None = None, *, seed: int = 0) -> Kinds:
    f = compute(builtin(name) if name else bars_of(walk(1500, seed=seed)), 252)
    return classify(f["volatility_20"], f["trend_strength"], f["adx_14"], 504)


def _spells(codes: Codes) -> list[int]:
    known = codes[codes >= 0]
    lengths: list[int] = np.diff(np.concatenate([[0], np.flatnonzero(np.diff(known)) + 1, [len(known)]])).tolist()
    return lengths


@pytest.mark.parametrize("name", ["SP500", "NASDAQ"])
def test_classify_of_a_real_index_gives_every_label_and_direction_a_fair_share(name: str) -> None:
    found = _kinds(name)
    for codes, names in ((found.regimes, REGIMES), (found.directions, DIRECTIONS)):
        for code in range(len(names)):
            assert 0.12 < (codes == code).mean() < 0.60, names[code]


@given(seed=st.integers(0, 500))
@settings(max_examples=10, deadline=None)
def test_what_is_said_has_the_largest_probability_and_they_add_up_to_one(seed: int) -> None:
    found = _kinds(seed=seed)
    for codes, shares in ((found.regimes, found.probabilities), (found.directions, found.headings)):
        known = codes >= 0
        assert known.any()
        assert shares[known].sum(axis=1) == pytest.approx(1.0)
        assert (shares[known].argmax(axis=1) == codes[known]).all()
        assert np.isnan(shares[~known]).all()


@pytest.mark.parametrize("name", ["SP500", "NASDAQ"])
def test_labels_do_not_flicker(name: str) -> None:
    found = _kinds(name)
    for codes in (found.regimes, found.directions):
        spells = _spells(codes)
        assert np.mean([n == 1 for n in spells]) < 0.04
        assert np.mean(spells) > 10


def test_a_label_gives_way_only_to_a_clear_lead_and_comes_back_only_by_one() -> None:
    trend = np.random.default_rng(3).normal(0, 1, 700)
    volatility, adx = np.abs(np.random.default_rng(4).normal(1, 0.2, 700)), np.full(700, 20.0) + trend
    past = np.abs(trend[-504:])
    low, spread = np.quantile(past, 0.25), np.quantile(past, 0.75) - np.quantile(past, 0.25)

    def last(*tail: float) -> str:
        still = np.ones(len(tail))
        longer = np.concatenate([trend, tail])
        found = classify(np.concatenate([volatility, still]), longer, np.concatenate([adx, 20 * still]), 504)
        return DIRECTIONS[int(found.directions[-1])]

    at = low + 0.45 * HOLD * spread  # half a lead on either side of where up and flat are equal
    assert last(6.0, at) == "up"
    assert last(6.0, low - 0.45 * HOLD * spread) == "up"
    assert last(0.0, at) == "flat"
    assert last(6.0, low - 0.6 * HOLD * spread) == "flat"
    assert last(0.0, low + 0.6 * HOLD * spread) == "up"
    assert last(-6.0, -at) == "down"


def test_up_and_down_are_mirror_images() -> None:
    f = compute(bars_of(walk(1200)), 252)
    one = classify(f["volatility_20"], f["trend_strength"], f["adx_14"], 504)
    other = classify(f["volatility_20"], -f["trend_strength"], f["adx_14"], 504)
    np.testing.assert_allclose(one.headings[:, ::-1], other.headings, rtol=1e-12)
    assert one.probabilities.tobytes() == other.probabilities.tobytes()


def test_classify_needs_a_year_of_past_values() -> None:
    f = compute(bars_of(walk(600)), 252)
    codes = classify(f["volatility_20"], f["trend_strength"], f["adx_14"], 504).regimes
    assert int((codes >= 0).argmax()) == 49 + 252  # trend_strength first, then 252 bars of it


def test_classify_of_constant_input_stays_unknown() -> None:
    same = np.full(800, 0.5)
    found = classify(same, same, same, 504)
    assert (found.regimes == -1).all()
    assert (found.directions == -1).all()
    assert np.isnan(found.probabilities).all()


def test_classify_thresholds_do_not_move_with_the_bar_they_judge() -> None:
    draw = np.random.default_rng(1)
    volatility, trend, adx = (np.abs(draw.normal(1, 0.2, 600)) for _ in range(3))
    shocked = volatility.copy()
    shocked[-1] = 50.0
    found = classify(shocked, trend, adx, 504)
    assert REGIMES[found.regimes[-1]] == "volatile"
    before = classify(volatility, trend, adx, 504).probabilities
    assert found.probabilities[:-1].tobytes() == before[:-1].tobytes()


@given(seed=st.integers(0, 500), kept=st.integers(1, 900))
@settings(max_examples=15, deadline=None)
def test_what_is_said_of_a_bar_does_not_change_when_later_bars_come(seed: int, kept: int) -> None:
    f = compute(bars_of(walk(900, seed=seed)), 252)
    volatility, trend, adx = f["volatility_20"], f["trend_strength"], f["adx_14"]
    whole, cut = classify(volatility, trend, adx, 504), classify(volatility[:kept], trend[:kept], adx[:kept], 504)
    for name in Kinds.__slots__:
        assert getattr(cut, name).tobytes() == getattr(whole, name)[:kept].tobytes(), name
