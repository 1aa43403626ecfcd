"""A bar is known at its end and not a moment earlier."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from agent.errors import ConfigError
from tests.market.build import bars_of, day, walk


def test_until_the_end_of_a_bar_holds_it_and_a_moment_before_does_not() -> None:
    bars = bars_of(walk(10))
    assert len(bars.until(day(5))) == 5
    assert len(bars.until(day(5) - timedelta(microseconds=1))) == 4
    assert len(bars.until(day(0))) == 0


def test_until_takes_any_zone_and_means_the_same_moment() -> None:
    bars = bars_of(walk(10))
    assert len(bars.until(day(5).astimezone(timezone(timedelta(hours=9))))) == 5


def test_until_without_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="no zone"):
        bars_of(walk(10)).until(datetime(2010, 1, 5))  # noqa: DTZ001


def test_until_shares_memory_with_the_whole() -> None:
    bars = bars_of(walk(10))
    assert np.shares_memory(bars.until(day(5)).close, bars.close)


def test_known_at_is_start_plus_interval() -> None:
    bars = bars_of(walk(3), interval="1h")
    assert (bars.known_at - bars.start == np.timedelta64(1, "h")).all()
    assert bars.timestamp(1) == datetime(2010, 1, 1, 1, tzinfo=UTC)


def test_data_hash_of_the_same_bars_is_the_same_and_of_any_other_differs() -> None:
    bars = bars_of(walk(10))
    copy = replace(bars, close=bars.close.copy())
    other = replace(bars, close=np.nextafter(bars.close, np.inf))
    assert bars.data_hash() == copy.data_hash()
    assert len({bars.data_hash(), other.data_hash(), bars.head(9).data_hash(), replace(bars, symbol="B").data_hash()}) == 4


def test_data_hash_takes_one_missing_volume_for_another() -> None:
    bars = bars_of(walk(4))
    odd = np.array([0x7FF8000000000001] * 4, dtype=np.uint64).view(np.float64)
    assert replace(bars, volume=odd).data_hash() == replace(bars, volume=np.full(4, np.nan)).data_hash()
