"""Suspicious data is pointed at, and ordinary data is left in peace."""

from dataclasses import replace

import numpy as np
import pytest

from agent.market.bars import Bars
from agent.market.checks import Finding, check
from agent.market.feed import builtin
from tests.market.build import bars_of, walk


def _found(bars: Bars, name: str, factors_given: bool = False) -> list[Finding]:
    return [finding for finding in check(bars, factors_given) if finding.check == name]


def _changed(bars: Bars, name: str, i: int, value: float) -> Bars:
    values = getattr(bars, name).copy()
    values[i] = value
    return replace(bars, **{name: values})


def test_check_of_a_clean_series_finds_nothing() -> None:
    assert check(bars_of(walk(500)), factors_given=False) == []


@pytest.mark.parametrize(("name", "factor"), [("low", 0.01), ("high", 3.0), ("close", 0.7)])
def test_check_finds_a_print_that_stands_alone(name: str, factor: float) -> None:
    bars = bars_of(walk(500))
    spoilt = _changed(bars, name, 400, getattr(bars, name)[400] * factor)
    found = _found(spoilt, "bad_print")
    assert [f.row for f in found] == [401]
    assert found[0].detail.startswith(name)
    assert found[0].at == bars.timestamp(400)


def test_check_does_not_call_a_crash_a_bad_print() -> None:
    close = walk(500)
    close[400:] *= 0.75
    assert _found(bars_of(close), "bad_print") == []


def test_check_finds_a_long_silence_of_an_exchange_and_no_weekend() -> None:
    bars = bars_of(walk(100))
    shifted = bars.start.copy()
    shifted[50:] += np.timedelta64(3, "D")
    assert _found(replace(bars, start=shifted), "gap") == []
    shifted[50:] += np.timedelta64(1, "D")
    assert [f.row for f in _found(replace(bars, start=shifted), "gap")] == [51]


def test_check_finds_every_missing_bar_where_trading_never_stops() -> None:
    bars = bars_of(walk(100), symbol="BTCUSDT", interval="5m")
    keep = np.delete(np.arange(100), 50)
    holed = Bars(bars.symbol, bars.interval, *(getattr(bars, name)[keep] for name in Bars.__slots__[2:]))
    assert [(f.row, f.detail) for f in _found(holed, "gap")] == [(51, "1 bars missing before it")]


def test_check_finds_splits_left_in_the_prices_and_those_factors_miss() -> None:
    bars = bars_of(walk(100))
    raw = replace(
        bars, **{n: np.where(np.arange(100) >= 60, 1 / 3, 1.0) * getattr(bars, n) for n in ("open", "high", "low", "close")}
    )
    assert [f.row for f in _found(raw, "likely_split")] == [61]
    adjusted = replace(raw, growth=np.where(np.arange(100) >= 60, 3.0, 1.0))
    assert _found(adjusted, "likely_split", factors_given=True) == []
    assert "factors do not hold" in _found(raw, "likely_split", factors_given=True)[0].detail


def test_check_says_which_years_have_no_real_open() -> None:
    (found,) = _found(builtin("SP500"), "open_is_previous_close")
    assert "1999 97%" in found.detail
    assert "2014" not in found.detail
    assert found.severity == "warning"


def test_check_of_a_market_that_never_stops_takes_equal_opens_for_usual() -> None:
    bars = bars_of(walk(100), symbol="EURUSD")
    joined = replace(bars, open=np.concatenate([bars.open[:1], bars.close[:-1]]))
    assert [f.severity for f in _found(joined, "open_is_previous_close")] == ["info"]


def test_check_finds_standstill_missing_volume_and_contradictions() -> None:
    close = walk(100)
    close[50:80] = close[50]
    bars = _changed(bars_of(close, volume=False), "high", 10, 1.0)
    assert [f.detail for f in _found(bars, "constant")] == ["the close does not move for 30 bars"]
    assert len(_found(bars, "no_volume")) == 1
    assert [(f.row, f.severity) for f in _found(bars, "contradictory")] == [(11, "error")]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_check_of_a_few_bars_works(n: int) -> None:
    assert check(bars_of(walk(n)), factors_given=False) == []
