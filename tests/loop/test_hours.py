"""When bars close: sessions, holidays, half days, daylight saving, leap days; what the calendar says and nothing else."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta

import exchange_calendars
import pandas as pd
import pytest

from agent.errors import ConfigError
from agent.loop.hours import Hours
from agent.market.instrument import instrument


def closes(symbol: str, interval: str, calendar: str, first: str, last: str) -> list[str]:
    """Every bar close after ``first`` up to ``last``."""
    hours, at, end = Hours(instrument(symbol, interval), calendar), _utc(first), _utc(last)
    found = []
    while (at := hours.next_close(at)) <= end:
        found.append(f"{at:%m-%d %H:%M}")
    return found


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_half_day_ends_at_one_in_new_york_and_thanksgiving_has_no_bars() -> None:
    found = closes("SPY", "30m", "XNYS", "2024-11-27T20:30", "2024-11-30T00:00")
    assert found[:2] == ["11-27 21:00", "11-29 15:00"]
    assert found[-1] == "11-29 18:00"


@pytest.mark.parametrize(
    ("day", "first"), [("2024-03-08", "03-08 15:00"), ("2024-03-11", "03-11 14:00"), ("2024-11-04", "11-04 15:00")]
)
def test_the_first_half_hour_follows_new_yorks_clock_through_daylight_saving(day: str, first: str) -> None:
    assert closes("SPY", "30m", "XNYS", f"{day}T00:00", f"{day}T23:00")[0] == first


def test_daily_bars_are_known_at_midnight_after_each_session_and_holidays_and_weekends_have_none() -> None:
    found = closes("SPY", "1d", "XNYS", "2024-12-24T12:00", "2025-01-03T00:00")
    assert found == ["12-25 00:00", "12-27 00:00", "12-28 00:00", "12-31 00:00", "01-01 00:00", "01-03 00:00"]


def test_crypto_never_closes_and_a_leap_day_is_a_day() -> None:
    assert closes("BTCUSDT", "1d", "24/7", "2024-02-28T00:00", "2024-03-01T00:00") == ["02-29 00:00", "03-01 00:00"]
    assert len(closes("BTCUSDT", "5m", "24/7", "2024-12-25T00:00", "2024-12-26T00:00")) == 288


def test_currencies_rest_on_saturday() -> None:
    hours = Hours(instrument("EURUSD", "1h"), "24/5")
    assert hours.next_close(_utc("2024-06-15T12:00")).weekday() in (6, 0)
    assert closes("EURUSD", "1h", "24/5", "2024-06-12T00:00", "2024-06-12T03:00") == ["06-12 01:00", "06-12 02:00", "06-12 03:00"]


def test_weekly_bars_begin_on_monday() -> None:
    assert closes("BTCUSDT", "1w", "24/7", "2024-06-12T00:00", "2024-06-25T00:00") == ["06-17 00:00", "06-24 00:00"]


def test_a_calendar_that_does_not_exist_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"'NOWHERE' is not an exchange calendar"):
        Hours(instrument("SPY", "1d"), "NOWHERE")


@pytest.mark.parametrize("interval", ["5m", "1h", "4h", "1d"])
def test_the_next_close_is_later_traded_and_nothing_traded_lies_between(interval: str) -> None:
    hours, step = Hours(instrument("SPY", interval), "XNYS"), instrument("SPY", interval).step
    for minutes in range(0, 400 * 24 * 60, 3571):  # every hour and weekday of a leap year comes up
        after = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        close = hours.next_close(after)
        assert close > after
        assert hours.traded(close - step)
        start = (after - datetime(1970, 1, 1, tzinfo=UTC)) // step * step + datetime(1970, 1, 1, tzinfo=UTC)
        between = [start + i * step for i in range(min(200, (close - step - start) // step))]
        assert not any(hours.traded(one) for one in between)


SPANS = [("2024-03-07", "2024-04-03"), ("2024-10-24", "2024-11-06"), ("2023-12-20", "2024-01-05"), ("2024-02-27", "2024-03-02")]


@pytest.mark.parametrize("calendar", ["XNYS", "XLON", "XTKS", "XHKG", "XBOM", "CMES", "24/5", "XSAU"])
@pytest.mark.parametrize("minutes", [5, 30, 240])
@pytest.mark.parametrize(("first", "last"), SPANS)
def test_bars_close_where_the_calendar_trades_and_nowhere_else(calendar: str, minutes: int, first: str, last: str) -> None:
    """Both changes of the clock, the turn of the year with its half days and holidays, a leap day, breaks at noon."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        whole = exchange_calendars.get_calendar(calendar, start="2023-01-01", end="2025-12-31")
    begin, end = pd.Timestamp(first, tz="UTC"), pd.Timestamp(last, tz="UTC")
    traded = whole.minutes[(whole.minutes >= begin) & (whole.minutes < end)]  # minute by minute, by the library's own count
    expected = [at.to_pydatetime() + timedelta(minutes=minutes) for at in traded.floor(f"{minutes}min").unique()]
    hours, at, found = Hours(instrument("SPY", f"{minutes}m"), calendar), begin.to_pydatetime(), []
    while (at := hours.next_close(at)) <= end:
        found.append(at)
    assert found == expected


@pytest.mark.parametrize("calendar", ["XNYS", "XTKS", "24/5"])
def test_daily_bars_are_the_calendars_sessions_over_three_years(calendar: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        whole = exchange_calendars.get_calendar(calendar, start="2023-01-01", end="2025-12-31")
    hours, at, found = Hours(instrument("SPY", "1d"), calendar), datetime(2023, 1, 1, tzinfo=UTC), []
    while (at := hours.next_close(at)) <= datetime(2025, 12, 31, tzinfo=UTC):
        found.append(f"{at - timedelta(days=1):%Y-%m-%d}")
    assert found == [f"{day:%Y-%m-%d}" for day in whole.sessions if day.year > 2022 and day < pd.Timestamp("2025-12-31")]
