"""When the bars of a market close: exchange sessions, holidays, half days, daylight saving; always in UTC.

Promises: a bar closes where the exchange's calendar has trading inside it, and nowhere else, breaks at noon included. Bars
shorter than a day are aligned to UTC and count when they overlap a session; a daily bar belongs to the exchange's date and is
known at the next midnight UTC, as recorded bars are; a weekly one begins on Monday.
"""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.errors import ConfigError
from agent.market.instrument import WEEK, Instrument

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

DAY = timedelta(days=1)
FARTHEST = timedelta(days=30)  # no market is closed for longer


@lru_cache(maxsize=32)
def _calendar(name: str, first: int, last: int) -> ExchangeCalendar:
    import exchange_calendars

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the library's own use of pandas
            return exchange_calendars.get_calendar(name, start=f"{first}-01-01", end=f"{last}-12-31")
    except exchange_calendars.errors.InvalidCalendarName:
        raise ConfigError(f"loop.calendars: {name!r} is not an exchange calendar; take one such as XNYS, 24/5 or 24/7") from None


class Hours:
    """The trading hours of one instrument."""

    def __init__(self, instrument: Instrument, calendar: str) -> None:
        """Take the calendar by its name; ``24/7`` never closes."""
        self.instrument, self._name = instrument, calendar
        if calendar != "24/7":
            _calendar(calendar, 2024, 2025)

    def next_close(self, after: datetime) -> datetime:
        """The first time after ``after`` at which a bar closes and is known."""
        step = self.instrument.step
        start = self.instrument.bar_of(after)  # the bar that is at work now closes after ``after``
        end = start + FARTHEST + WEEK
        while start < end:
            if self.traded(start):
                return start + step
            start = self._skip(start)
        raise ConfigError(f"calendar {self._name} has no session within {FARTHEST.days} days after {after.isoformat()}")

    def traded(self, start: datetime) -> bool:
        """Whether the market trades inside the bar that begins at ``start``."""
        if self._name == "24/7":
            return True
        step = self.instrument.step
        if step >= DAY:
            return any(self._spans(start + i * DAY) for i in range(step // DAY))
        today = datetime.combine(start.date(), time(), UTC)
        spans = (
            span for i in (-1, 0, 1) for span in self._spans(today + i * DAY)
        )  # a session may begin on the date before in UTC
        return any(opens < start + step and start < closes for opens, closes in spans)

    def _skip(self, start: datetime) -> datetime:
        """The next bar that might trade: a closed day is passed in one step where no session touches it."""
        step = self.instrument.step
        if step >= DAY:
            return start + step
        day = datetime.combine(start.date(), time(), UTC)
        quiet = not any(self._spans(day + i * DAY) for i in (-1, 0, 1))
        return day + DAY if quiet and DAY % step == timedelta(0) else start + step

    @lru_cache(maxsize=4096)  # noqa: B019 - an Hours lives as long as its loop
    def _spans(self, day: datetime) -> tuple[tuple[datetime, datetime], ...]:
        """When the market is open on an exchange's date, before and after a break at noon; nothing on a holiday."""
        calendar = _calendar(self._name, day.year - 1, day.year + 1)
        label = day.strftime("%Y-%m-%d")
        if not calendar.is_session(label):
            return ()
        opens, closes = calendar.session_open(label).to_pydatetime(), calendar.session_close(label).to_pydatetime()
        if not calendar.session_has_break(label):
            return ((opens, closes),)
        rests = (calendar.session_break_start(label).to_pydatetime(), calendar.session_break_end(label).to_pydatetime())
        return ((opens, rests[0]), (rests[1], closes))
