"""What is due when; bad expressions are refused where they stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import ConfigError
from agent.loop.hours import Hours
from agent.loop.schedule import Cron, Due, LiveSchedule, RecordedSchedule
from agent.market.instrument import instrument
from agent.settings import Looping

QUIET = Looping(cleanup="", backup="", snapshot="", reflection="", skills="", summary="")
NOON = datetime(2024, 6, 12, 12, tzinfo=UTC)


def hours(**intervals: str) -> dict[str, Hours]:
    return {symbol: Hours(instrument(symbol, interval), "24/7") for symbol, interval in intervals.items()}


def test_bars_that_close_together_are_due_together_and_others_alone() -> None:
    schedule = LiveSchedule(hours(BTCUSDT="5m", ETHUSDT="15m"), QUIET)
    first = schedule.next(NOON)
    assert first == Due(NOON + timedelta(minutes=5), ("BTCUSDT",))
    assert schedule.next(NOON + timedelta(minutes=10)) == Due(NOON + timedelta(minutes=15), ("BTCUSDT", "ETHUSDT"))


def test_a_cron_expression_replaces_the_bars_and_is_in_utc() -> None:
    schedule = LiveSchedule(hours(BTCUSDT="5m"), QUIET, "30 14 * * mon-fri")
    assert schedule.next(NOON) == Due(NOON.replace(hour=14, minute=30), ("BTCUSDT",))
    friday = datetime(2024, 6, 14, 14, 30, tzinfo=UTC)
    found = schedule.next(friday)
    assert found is not None
    assert found.at == datetime(2024, 6, 17, 14, 30, tzinfo=UTC)


def test_upkeep_is_due_at_its_own_time() -> None:
    schedule = LiveSchedule(hours(BTCUSDT="1d"), QUIET.model_copy(update={"backup": "30 3 * * *"}))
    found = schedule.next(NOON.replace(hour=1))
    assert found == Due(NOON.replace(hour=3, minute=30), (), ("backup",))


@pytest.mark.parametrize(("cron", "name"), [("every minute", "--schedule"), ("61 * * * *", "--schedule")])
def test_a_bad_expression_is_refused_naming_value_and_form(cron: str, name: str) -> None:
    with pytest.raises(ConfigError, match=name) as caught:
        LiveSchedule(hours(BTCUSDT="5m"), QUIET, cron)
    assert cron in str(caught.value)


def test_a_recording_gives_each_of_its_steps_once_and_then_ends() -> None:
    steps = [(NOON + timedelta(minutes=5 * i), ["A"]) for i in range(3)]
    schedule = RecordedSchedule(steps)
    at, seen = NOON - timedelta(days=1), []
    while (due := schedule.next(at)) is not None:
        seen.append((due.at, list(due.symbols)))
        at = due.at
    assert seen == steps


def test_a_recording_by_cron_gathers_what_came_before_each_time_and_passes_over_none() -> None:
    steps = [(NOON + timedelta(minutes=5 * i), ["A"] if i % 2 else ["A", "B"]) for i in range(1, 14)]
    schedule = RecordedSchedule(steps, Cron("*/15 * * * *", "--schedule"))
    first, second = schedule.next(NOON), schedule.next(NOON + timedelta(minutes=15))
    assert first == Due(NOON + timedelta(minutes=15), ("A", "B"))
    assert second == Due(NOON + timedelta(minutes=30), ("A", "B"))
    assert schedule.next(NOON + timedelta(minutes=60)) is None  # the bar of 12:65 waits for a time that never comes


def times(expression: str, zone: str, first: datetime, count: int) -> list[str]:
    cron, at, found = Cron(expression, "loop.schedule", zone), first, []
    for _ in range(count):
        following = cron.next(at)
        assert following is not None
        at = following
        found.append(f"{at:%d %H:%M}")
    return found


def test_a_daily_time_follows_new_yorks_clock_through_both_changes() -> None:
    assert times("30 9 * * *", "America/New_York", datetime(2024, 3, 9, tzinfo=UTC), 3) == ["09 14:30", "10 13:30", "11 13:30"]
    assert times("30 9 * * *", "America/New_York", datetime(2024, 11, 2, tzinfo=UTC), 3) == ["02 13:30", "03 14:30", "04 14:30"]


def test_a_time_that_does_not_exist_comes_an_hour_later_and_one_that_comes_twice_counts_twice() -> None:
    assert times("30 2 * * *", "America/New_York", datetime(2024, 3, 10, tzinfo=UTC), 2) == ["10 07:30", "11 06:30"]
    assert times("30 1 * * *", "America/New_York", datetime(2024, 11, 3, tzinfo=UTC), 3) == ["03 05:30", "03 06:30", "04 06:30"]


@pytest.mark.parametrize("day", [datetime(2024, 3, 10, tzinfo=UTC), datetime(2024, 11, 3, tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_every_five_minutes_is_every_five_minutes_whatever_the_clock_does(zone: str, day: datetime) -> None:
    found = times("*/5 * * * *", zone, day - timedelta(minutes=1), 288)
    assert found == [f"{day + timedelta(minutes=5 * i):%d %H:%M}" for i in range(288)]


@pytest.mark.parametrize("zone", ["Nowhere/X", "", ".."])
def test_a_zone_that_does_not_exist_is_refused_in_one_line(zone: str) -> None:
    with pytest.raises(ConfigError, match=r"loop\.timezone"):
        Cron("* * * * *", "loop.schedule", zone)
