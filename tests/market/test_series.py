"""A prepared series cut at a moment is what preparing only the past would give."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import MarketDataError
from agent.market.features import FEATURES
from agent.market.feed import builtin
from agent.market.series import Series
from agent.market.situation import EXTRA, SITUATION
from tests.market.build import bars_of, day, series_of, walk


@pytest.fixture(scope="module")
def sp500() -> Series:
    return series_of(builtin("SP500"))


def _same(cut: Series, fresh: Series) -> None:
    assert cut.bars.data_hash() == fresh.bars.data_hash()
    for name in ("matrix", "regimes", "probabilities"):
        assert getattr(cut.frame, name).tobytes() == getattr(fresh.frame, name).tobytes(), name
    assert cut.situations.tobytes() == fresh.situations.tobytes()
    assert (len(cut) > cut.ready) == (len(fresh) > fresh.ready)


@pytest.mark.parametrize("n", [1, 19, 301, 400, 401, 777, 2500, 5030])
def test_series_cut_equals_the_series_of_the_cut_bars_to_the_bit(sp500: Series, n: int) -> None:
    cut = sp500.until(sp500.bars.timestamp(n - 1) + timedelta(days=1))
    assert cut is not None
    _same(cut, series_of(sp500.bars.head(n)))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 900), share=st.floats(0, 1), volume=st.booleans())
def test_series_of_any_walk_cut_anywhere_equals_the_series_of_the_cut(seed: int, n: int, share: float, volume: bool) -> None:
    series = series_of(bars_of(walk(n, seed=seed), seed=seed, volume=volume))
    kept = max(1, int(n * share))
    cut = series.until(day(kept))
    assert cut is not None
    _same(cut, series_of(series.bars.head(kept)))


def test_series_is_ready_after_the_warm_up(sp500: Series) -> None:
    assert sp500.ready == 400
    assert not np.isnan(sp500.frame.matrix[400:]).any()
    assert not np.isnan(sp500.situations[400:]).any()
    assert (sp500.frame.regimes[400:] >= 0).all()


def test_series_without_volume_is_ready_all_the_same() -> None:
    assert series_of(bars_of(walk(600), volume=False)).ready == 400


def test_series_that_never_moves_is_never_ready() -> None:
    flat = np.full(600, 100.0)
    series = series_of(replace(bars_of(flat), open=flat, high=flat, low=flat))
    assert series.ready >= len(series)


def test_series_shorter_than_its_warm_up_has_a_state_of_unknowns() -> None:
    series = series_of(bars_of(walk(3)))
    state = series.state(day(3))
    assert state.features["sma_5"] is None
    assert state.regime.label is None
    assert state.regime.probabilities == {}
    assert (state.regime.direction, state.regime.directions) == (None, {})
    assert state.text.startswith("kind of market unknown")


def test_until_before_the_first_bar_ends_is_none() -> None:
    series = series_of(bars_of(walk(3)))
    assert series.until(day(1) - timedelta(microseconds=1)) is None


def test_state_shows_the_last_bar_in_raw_units(sp500: Series) -> None:
    cut = sp500.head(3000)
    at = cut.bars.timestamp(-1) + timedelta(days=1)
    state = cut.state(at)
    assert (state.symbol, state.interval, state.as_of) == ("SP500", "1d", at)
    assert state.bar_time == cut.bars.timestamp(2999)
    assert state.close == cut.bars.close[2999]
    assert tuple(state.features) == FEATURES
    assert sum(state.regime.probabilities.values()) == pytest.approx(1.0)
    assert sum(state.regime.directions.values()) == pytest.approx(1.0)
    assert state.regime.direction == max(state.regime.directions, key=lambda name: state.regime.directions[name])


def test_state_of_a_bar_not_yet_known_is_refused(sp500: Series) -> None:
    with pytest.raises(MarketDataError, match="not known"):
        sp500.state(sp500.bars.timestamp(-1))


def test_series_is_read_only_and_cut_without_copying(sp500: Series) -> None:
    cut = sp500.head(1000)
    assert np.shares_memory(cut.frame.matrix, sp500.frame.matrix)
    assert np.shares_memory(cut.situations, sp500.situations)
    with pytest.raises(ValueError, match="read-only"):
        cut.frame.matrix[0, 0] = 1.0


def test_frame_row_and_column_agree_and_null_is_none(sp500: Series) -> None:
    frame = sp500.frame
    assert frame.row(1000)["rsi_14"] == frame.column("rsi_14")[1000]
    assert frame.row(0)["rsi_14"] is None
    assert frame.index["sma_5"] == 0


def test_situations_are_bounded_comparable_and_say_nothing_of_missing_volume() -> None:
    with_volume, without = (series_of(bars_of(walk(900), volume=volume)).situations for volume in (True, False))
    place = SITUATION.index("volume_ratio")
    assert with_volume.shape == (900, len(SITUATION) + len(EXTRA))
    assert with_volume.dtype == np.float32
    assert np.abs(with_volume[400:]).max() <= 4.0
    assert (without[400:, place] == 0).all()
    assert with_volume[400:, place].std() > 0.1
    others = [i for i in range(len(SITUATION)) if i != place]
    assert with_volume[:, others].tobytes() == without[:, others].tobytes()


def test_situations_do_not_know_the_price_level() -> None:
    cheap, dear = (series_of(bars_of(walk(900) * scale, symbol="ACME")).situations for scale in (1.0, 1000.0))
    np.testing.assert_allclose(cheap, dear, atol=1e-4)


def test_situations_scale_each_value_by_its_trailing_median_and_range(sp500: Series) -> None:
    rsi, place = sp500.frame.column("rsi_14"), SITUATION.index("rsi_14")
    for i in (400, 1234, 5000):
        past = rsi[i - 251 : i + 1]
        low, middle, high = np.quantile(past, [0.25, 0.5, 0.75])
        expected = np.clip((rsi[i] - middle) / (high - low), -4, 4)
        assert sp500.situations[i, place] == pytest.approx(expected, rel=1e-5)
