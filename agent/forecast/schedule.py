"""When to learn anew: stamps fixed by the calendar, so that every run of the same bars learns at the same times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

Schedule = Literal["daily", "month", "quarter", "once"]
_HOUR = 2  # daily at 02:00 UTC


def stamp(as_of: datetime, schedule: Schedule) -> datetime:
    """The latest time at or before ``as_of`` at which the schedule learns; ``once`` learns at the first decision alone.

    A chunk's first decision comes when its first bar is known, so a quarter's stamp serves from the
    quarter's first bar on.
    """
    moment = as_of.astimezone(UTC)
    if schedule == "daily":
        day = moment.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
        return day if day <= moment else day - timedelta(days=1)
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if schedule == "month":
        return start
    if schedule == "quarter":
        return start.replace(month=3 * ((start.month - 1) // 3) + 1)
    return datetime(1970, 1, 1, tzinfo=UTC)
