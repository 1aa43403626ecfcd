"""Walking forward: no probability knows what came after its bar, and without skill it is the base rate that is said."""

import numpy as np
import pytest

from agent.errors import MarketDataError
from agent.forecast.evaluate import forward, predictions, told
from agent.market.bars import Floats
from agent.market.series import Series
from agent.settings import Forecasting
from tests.forecast.build import series
from tests.market.build import bars_of, series_of

SETTINGS = Forecasting()


def _quiet(done: int, total: int) -> None:
    """Tell nobody."""


def _swinging(n: int = 3000) -> Series:
    """A market that returns to its mean: what rose far falls again."""
    draw = np.random.default_rng(1)
    level = np.zeros(n)
    for i in range(1, n):
        level[i] = 0.93 * level[i - 1] + draw.normal(0, 0.01)
    close: Floats = 100 * np.exp(level)
    return series_of(bars_of(close))


def test_on_a_random_walk_the_base_rate_is_said_and_its_error_is_small() -> None:
    found = forward(series(2500), SETTINGS, "default", _quiet)
    figures = told(found, SETTINGS.horizon)
    assert figures["brier"] <= figures["base_brier"] + 0.0005
    assert figures["ece"] <= 0.05
    assert np.mean(found.p == found.base) > 0.5


def test_where_moves_do_reverse_the_walk_gains_on_the_base_rate() -> None:
    figures = told(forward(_swinging(), SETTINGS, "default", _quiet), SETTINGS.horizon)
    assert figures["brier_skill"] > 0.02
    assert figures["skill"]


def test_what_was_said_of_a_bar_stays_when_more_bars_come() -> None:
    whole = _swinging(1600)
    one, other = (predictions(one, SETTINGS, "default", _quiet) for one in (whole, series_of(whole.bars.head(1300))))
    shared = [(line["timestamp"], line["p"], line["label"]) for line in other if line["label"] is not None]
    assert len(shared) > 300
    assert shared == [(line["timestamp"], line["p"], line["label"]) for line in one][: len(shared)]


def test_the_last_bars_have_a_probability_and_no_label() -> None:
    lines = predictions(_swinging(1600), SETTINGS, "default", _quiet)
    assert [line["label"] for line in lines[-SETTINGS.horizon :]] == [None] * SETTINGS.horizon
    assert all(0 < line["p"] < 1 for line in lines)


def test_too_short_a_series_is_refused_with_what_it_needs() -> None:
    with pytest.raises(MarketDataError, match="give at least"):
        forward(series(700), SETTINGS, "default", _quiet)
