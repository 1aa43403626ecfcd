"""Ranges, chunks and the identity of a run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.backtest.plan import Chunk, TimeRange, chunk_name
from agent.errors import ConfigError
from agent.market.feed import builtin
from tests.backtest.build import bars, plan

DAY = timedelta(days=1)


@given(st.dates(date(1700, 1, 1), date(2261, 12, 30)), st.integers(0, 4000), st.integers(0, 86_399))
def test_timerange_includes_both_dates_to_their_last_second(first: date, days: int, second: int) -> None:
    last = min(first + timedelta(days=days), date(2261, 12, 31))
    wanted = TimeRange.parse(f"{first:%Y%m%d}-{last:%Y%m%d}".replace(" ", "0"))
    at = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(seconds=second)
    assert datetime(first.year, first.month, first.day, tzinfo=UTC) in wanted
    assert at in wanted
    cutoff = wanted.cutoff(DAY)
    assert cutoff is not None
    assert at + DAY <= cutoff < datetime(last.year, last.month, last.day, tzinfo=UTC) + 2 * DAY
    assert at + DAY not in wanted


@pytest.mark.parametrize("text", ["20140101-20141231", "20140101-", "-20141231"])
def test_timerange_prints_as_it_was_written(text: str) -> None:
    assert str(TimeRange.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "2014",
        "20140101",
        "201401-201412",
        "2014-01-01",
        "20140101-x",
        "2014 101-20141231",
        "20141301-20141302",
        "٢٠١٤٠١٠١-20141231",
    ],
)
def test_timerange_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--timerange .*YYYYMMDD-YYYYMMDD"):
        TimeRange.parse(text)


def test_timerange_to_the_end_of_the_calendar_has_no_cutoff() -> None:
    assert TimeRange.parse("20140101-99991231").cutoff(DAY) is None
    assert TimeRange.parse("20140101-").cutoff(DAY) is None


@pytest.mark.parametrize(("chunk", "name"), [("quarter", "2014Q2"), ("month", "2014-05"), ("none", "all")])
def test_chunk_name_of_a_bar_start(chunk: Chunk, name: str) -> None:
    assert chunk_name(datetime(2014, 5, 31, tzinfo=UTC), chunk) == name


def test_run_id_is_the_arm_and_twelve_hex_digits_of_what_shapes_it() -> None:
    first, again = plan(bars([1.0, 2.0])), plan(bars([1.0, 2.0]))
    arm, _, digits = first.run.rpartition("-")
    assert arm == "buy-and-hold"
    assert len(digits) == 12
    assert int(digits, 16) >= 0
    assert first.run == again.run
    others = [
        plan(bars([1.0, 2.1])),
        plan(bars([1.0, 2.0]), timerange="20140101-20140102"),
        plan(bars([1.0, 2.0]), chunk="month"),
    ]
    assert len({first.run, *(other.run for other in others)}) == 4


def test_steps_begin_when_every_feature_is_ready_and_never_in_the_warm_up() -> None:
    found = plan(builtin("SP500").head(900), arm="full")
    series = found.series["SP500"]
    assert series.ready >= found.settings.market.warmup
    assert found.steps()[0] == (series.bars.timestamp(series.ready) + DAY, ["SP500"])
    assert len(found.steps()) == 900 - series.ready > 0
