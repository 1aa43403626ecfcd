"""What is due when; bad expressions are refused where they stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import ConfigError
from agent.loop.hours import Hours
from agent.loop.schedule import Due, LiveSchedule, RecordedSchedule
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
    schedule = RecordedSchedule(steps, "*/15 * * * *")
    first, second = schedule.next(NOON), schedule.next(NOON + timedelta(minutes=15))
    assert first == Due(NOON + timedelta(minutes=15), ("A", "B"))
    assert second == Due(NOON + timedelta(minutes=30), ("A", "B"))
    assert schedule.next(NOON + timedelta(minutes=60)) is None  # the bar of 12:65 waits for a time that never comes
