"""Periods: a day, a month, a quarter, a year or a range, and those beside and inside them. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Period:
    """From one day to another, both included; ``kind`` is what was said: a day, a month, a quarter, a year, or a range."""

    start: date | None
    end: date | None
    kind: str
    doubt: str | None = None

    @property
    def day(self) -> date | None:
        """The one day it is; None for more."""
        return self.start if self.kind == "day" else None


NOTHING = Period(None, None, "nothing")


def inside(day: date, period: Period) -> bool:
    """Whether a day lies in a month, quarter or year."""
    return period.kind in ("month", "year", "quarter") and (period.start or day) <= day <= (period.end or day)


def beside(period: Period, later: bool) -> Period:
    """The month, quarter or year before or after one."""
    near = (period.end or date.max) + timedelta(days=1) if later else (period.start or date.min) - timedelta(days=1)
    if period.kind == "quarter":
        return quarter(near.year, (near.month + 2) // 3)
    return (
        month_of(near.year, near.month)
        if period.kind == "month"
        else Period(date(near.year, 1, 1), date(near.year, 12, 31), "year")
    )


def half_of(year: int, first: bool) -> Period:
    """The first or the second half of a year."""
    return (
        Period(date(year, 1, 1), date(year, 6, 30), "range") if first else Period(date(year, 7, 1), date(year, 12, 31), "range")
    )


def month_of(year: int, month: int) -> Period:
    """A month of a year."""
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]), "month")


def quarter(year: int, number: int) -> Period:
    """A quarter of a year."""
    last = 3 * number
    return Period(date(year, last - 2, 1), date(year, last, monthrange(year, last)[1]), "quarter")


def number_of(name: str) -> int:
    """A month's number, by its first three letters."""
    return MONTHS.index(next(m for m in MONTHS if m.startswith(name[:3]))) + 1


def latest_year(today: date, month: int, number: int = 1) -> int:
    """The year of the last such day up to today."""
    return today.year if (month, number) <= (today.month, today.day) else today.year - 1


def ends(today: date, unit: str) -> bool:
    """Whether the record has come to the end of the stretch it is in, so that "last" means that one."""
    edge = {"month": monthrange(today.year, today.month)[1], "year": 31}[unit]
    return today.day >= edge - 3 and (unit != "year" or today.month == 12)


def last_quarter(today: date) -> Period:
    """The last quarter that is over: the present one where the record has come to its end."""
    number = (today.month + 2) // 3
    if today.month % 3 == 0 and ends(today, "month"):
        return quarter(today.year, number)
    return quarter(today.year, number - 1) if number > 1 else quarter(today.year - 1, 4)


def narrowed(which: str, whole: Period) -> Period | None:
    """The start, the middle or the end of a stretch: ten days of it, a third where it is called early, mid or late."""
    start, end = whole.start, whole.end
    if start is None or end is None:
        return None
    third = timedelta(
        days=9
        if which in ("start", "beginning", "begin", "first", "end", "close", "last") or whole.kind == "month"
        else (end - start).days // 3
    )
    if which in ("mid", "middle"):
        return Period(start + third + timedelta(days=1), end - third - timedelta(days=1), "range")
    if which in ("start", "beginning", "begin", "first", "early"):
        return Period(start, start + third, "range")
    return Period(end - third, end, "range" if which == "late" else "end")
