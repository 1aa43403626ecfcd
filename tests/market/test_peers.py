"""A symbol among others: the figures against plain formulas, other calendars, and never a close from the future."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.domain import Peers
from agent.market.bars import Floats
from agent.market.peers import among
from agent.market.series import Series
from tests.market.build import bars_of, series_of, walk


def _series(close: Floats, symbol: str, interval: str = "1d", skip: int = 0) -> Series:
    """Bars of a symbol; ``skip`` leaves out every so manieth bar, as another calendar would."""
    bars = bars_of(close, symbol=symbol, interval=interval)
    if skip:
        kept = np.arange(len(close)) % skip != 0
        bars = replace(bars, **{name: getattr(bars, name)[kept] for name in bars.__slots__ if name not in ("symbol", "interval")})
    return series_of(bars)


def _some() -> Peers:
    own, one, two = (_series(walk(300, seed=seed), name) for seed, name in ((1, "A"), (2, "B"), (3, "C")))
    found = among(own, [one, two])
    assert found is not None
    return found


def test_figures_agree_with_the_formulas_written_out() -> None:
    moves = [np.diff(np.log(walk(300, seed=seed)[-61:])) for seed in (1, 2, 3)]
    weights = [1 / moves[1].std(), 1 / moves[2].std()]
    basket = (weights[0] * moves[1] + weights[1] * moves[2]) / sum(weights)
    found = _some()
    assert found.symbols == ["B", "C"]
    assert found.correlation == pytest.approx(np.corrcoef(moves[0], basket)[0, 1])
    assert found.beta == pytest.approx(np.polyfit(basket, moves[0], 1)[0])
    assert found.relative_strength == pytest.approx(sum(moves[0][-20:] - basket[-20:]))
    assert found.lead == pytest.approx(found.relative_strength / (np.std(moves[0] - basket, ddof=1) * 20**0.5))
    above = [walk(300, seed=seed)[-1] > walk(300, seed=seed)[-50:].mean() for seed in (1, 2, 3)]
    assert found.breadth == pytest.approx(np.mean(above))


def test_a_symbol_that_moves_with_the_others_and_outruns_them_is_seen_to() -> None:
    market = walk(300, seed=5)
    own = _series(market**1.5 * np.exp(np.where(np.arange(300) >= 280, 0.02 * (np.arange(300) - 279), 0.0)), "A")
    found = among(own, [_series(market, "B")])
    assert found is not None
    assert found.correlation is not None
    assert found.correlation > 0.7
    assert found.lead is not None
    assert found.lead > 1
    assert "stronger than the others" in own.state(own.bars.timestamp(-1) + timedelta(days=1), found).text


@given(cut=st.integers(80, 299), skip=st.sampled_from([0, 3, 7]), hours=st.booleans())
@settings(max_examples=20, deadline=None)
def test_nothing_that_was_not_known_is_reached_whatever_the_calendars(cut: int, skip: int, hours: bool) -> None:
    own = _series(walk(300, seed=1), "A")
    other = _series(walk(300 * 24 if hours else 300, seed=2), "B", "1h" if hours else "1d", skip)
    as_of = own.bars.timestamp(cut - 1) + timedelta(days=1)
    view, known = own.until(as_of), other.until(as_of)
    assert view is not None
    assert known is not None
    expected = among(view, [known])
    future = replace(other.bars, close=other.bars.close.copy())
    future.close[len(known) :] *= 3
    garbled = series_of(future).until(as_of)
    assert garbled is not None
    assert among(view, [garbled]) == expected
    assert among(series_of(view.bars), [series_of(known.bars)]) == expected


def test_a_bar_of_today_that_closes_later_is_not_used() -> None:
    own = _series(walk(300, seed=1), "A")
    hourly = _series(walk(300 * 24, seed=2), "B", "1h")
    found = among(own, [hourly])  # its hours up to the same midnight, and not one more
    assert found is not None
    closes = walk(300 * 24, seed=2)[np.arange(239, 300) * 24 + 23]
    moves = np.diff(np.log(walk(300, seed=1)[-61:]))
    assert found.correlation == pytest.approx(np.corrcoef(moves, np.diff(np.log(closes)))[0, 1])


def test_others_that_stopped_trading_never_moved_or_are_too_new_do_not_count() -> None:
    own = _series(walk(300, seed=1), "A")
    gone = _series(walk(280, seed=2), "B")
    still = _series(np.full(300, 5.0), "C")
    sparse = _series(walk(300, seed=3), "D")
    assert among(own, [gone, still]) is None
    assert among(own, []) is None
    assert among(own.head(40), [sparse]) is None
    late = replace(sparse.bars.head(100), start=sparse.bars.start[200:])
    counted = among(own, [series_of(late), gone])
    assert counted is not None
    assert counted.symbols == ["D"]
