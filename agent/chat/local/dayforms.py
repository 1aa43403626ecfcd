"""The forms in which days are written, each a pattern with the period it means: "12 February 2016", "Q1 2016". Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from agent.chat.local.periods import (
    MONTHS,
    WEEKDAYS,
    Period,
    ends,
    last_quarter,
    latest_year,
    month_of,
    narrowed,
    number_of,
    quarter,
)

_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


_NUMBERS = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12,
}  # fmt: skip


_FEASTS = {
    r"christmas eve": (12, 24), r"christmas(?: day)?|xmas": (12, 25), r"new year'?s eve": (12, 31),
    r"new year'?s(?: day)?|new year day": (1, 1), r"independence day|(?:4th|fourth) of july": (7, 4),
    r"valentine'?s(?: day)?": (2, 14),
    r"hallowe'?en": (10, 31),
}  # fmt: skip


Found = tuple[int, int, Period]


_NAMES = "|".join((*MONTHS, *(m[:3] for m in MONTHS), "sept"))


_YEAR = r"(?:(?:19|20)\d\d)"


def _day(year: int, month: int, number: int, doubt: str | None = None) -> Period | None:
    try:
        one = date(year, month, number)
    except ValueError:
        return None
    return Period(one, one, "day", doubt)


def _plain_day(match: re.Match[str], today: date) -> Period | None:
    """Year, month and day as figures in that order."""
    year, month, number = (int(part) for part in match.groups())
    return _day(year, month, number)


def _named_day(number: str, month: str, year: str | None, today: date) -> Period | None:
    """A day with its month in letters; without a year it is the last such day."""
    which, count = number_of(month), int(number)
    return _day(_year_of(year) or latest_year(today, which, count), which, count)


def _whole_year(match: re.Match[str], today: date) -> Period:
    year = int(match.group(1))
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def _taken(match: re.Match[str], period: Period) -> Period:
    """The last such month or quarter, where no year is said."""
    return replace(period, doubt=f"no year was said, so I take {match.group(match.lastindex or 0)} for that of {period.start:%Y}")


def _numeric(match: re.Match[str], today: date) -> Period | None:
    """Figures alone: day first or month first, whichever can be; where both can, it is doubtful."""
    a, b, year = (int(part) for part in match.groups())
    year += 2000 if year < 100 else 0
    if a > 12:
        return _day(year, b, a)
    if b > 12 or "/" in match.group(0):
        doubt = None if b > 12 or a == b else f"I read {match.group(0)} as month/day/year"
        return _day(year, a, b, doubt)
    return _day(year, b, a, None if a == b else f"I read {match.group(0)} as day.month.year")


def _relative(match: re.Match[str], today: date) -> Period | None:
    which, unit = match.group(1), match.group(2)
    back = 0 if which in ("this", "current", "the") else 1
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * back)
        return Period(monday, monday + timedelta(days=6), "week")
    if unit == "month":
        first = today.replace(day=1)
        if back and not ends(today, "month"):
            first = (first - timedelta(days=1)).replace(day=1)
        return month_of(first.year, first.month)
    if unit == "quarter":
        return last_quarter(today) if back else quarter(today.year, (today.month + 2) // 3)
    year = today.year - (1 if back and not ends(today, "year") else 0)
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def _ago(match: re.Match[str], today: date) -> Period:
    count = int(match.group(1)) if match.group(1).isdigit() else _NUMBERS[match.group(1)]
    days = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}[match.group(2)]
    return Period(today - timedelta(days=count * days - 1), today, "range")


def _back(match: re.Match[str], today: date) -> Period | None:
    count = int(match.group(1)) if match.group(1).isdigit() else _NUMBERS[match.group(1)]
    days = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}[match.group(2)]
    then = today - timedelta(days=count * days)
    return Period(then, then, "day")


def _weekday(match: re.Match[str], today: date) -> Period:
    back = (today.weekday() - WEEKDAYS.index(match.group(1))) % 7 or 7
    one = today - timedelta(days=back)
    return Period(one, one, "day")


def _half(match: re.Match[str], today: date) -> Period:
    words = match.group(0)
    first = words.startswith(("first", "1st", "h1"))
    year = int(match.group(match.lastindex or 1))
    return Period(date(year, 1 if first else 7, 1), date(year, 6, 30) if first else date(year, 12, 31), "range")


def _feast(month: int, number: int) -> Callable[[re.Match[str], date], Period | None]:
    return lambda match, today: _day(int(match.group(1) or latest_year(today, month, number)), month, number)


def _edge(match: re.Match[str], today: date) -> Period | None:
    """The beginning, the middle or the end of a year or month, as a third of it (ten days of a month)."""
    year = int(match.group(3))
    whole = month_of(year, number_of(match.group(2))) if match.group(2) else Period(date(year, 1, 1), date(year, 12, 31), "year")
    return narrowed(match.group(1), whole)


def _ended(match: re.Match[str], today: date) -> Period | None:
    """The end or the start of a year that somebody ended or started: "where did it end 2016"."""
    which = "end" if match.group(1) in ("end", "finish") else "start"
    return narrowed(which, Period(date(int(match.group(2)), 1, 1), date(int(match.group(2)), 12, 31), "year"))


def _year_end(match: re.Match[str], today: date) -> Period | None:
    year = int(match.group(1) or match.group(2))
    return narrowed("end", Period(date(year, 1, 1), date(year, 12, 31), "year"))


def _span(year: int, month: int, first: int, last: int) -> Period | None:
    begin, end = _day(year, month, first), _day(year, month, last)
    return Period(begin.start, end.end, "range") if begin and end else None


def _days_of(match: re.Match[str], today: date) -> Period | None:
    """Some days of a month: "24-28 August 2015"."""
    return _span(int(match.group(4)), number_of(match.group(3)), int(match.group(1)), int(match.group(2)))


def _days_in(match: re.Match[str], today: date) -> Period | None:
    """Some days of a month, the month first: "August 24-28, 2015"."""
    return _span(int(match.group(4)), number_of(match.group(1)), int(match.group(2)), int(match.group(3)))


def _half_month(match: re.Match[str], today: date) -> Period | None:
    """The first fifteen days of a month, or the rest of it."""
    whole = month_of(int(match.group(3)), number_of(match.group(2)))
    if whole.start is None or whole.end is None:
        return None
    middle = whole.start.replace(day=15)
    first = match.group(1) in ("first", "1st")
    return Period(whole.start, middle, "range") if first else Period(middle + timedelta(days=1), whole.end, "range")


def _week_of(match: re.Match[str], today: date) -> Period | None:
    """The first, second, third, fourth or last seven days of a month."""
    year, month = int(match.group(3)), number_of(match.group(2))
    whole = month_of(year, month)
    if whole.start is None or whole.end is None:
        return None
    if match.group(1) == "last":
        return Period(whole.end - timedelta(days=6), whole.end, "range")
    begin = whole.start + timedelta(days=7 * (_ORDINALS[match.group(1)] - 1))
    return Period(begin, begin + timedelta(days=6), "range")


def _season(match: re.Match[str], today: date) -> Period | None:
    """A season of the northern year; winter begins in the December before."""
    year = int(match.group(2))
    first = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}[match.group(1)]
    start = date(year - (first == 12), first, 1)
    last = (first + 1) % 12 + 1
    return Period(start, date(year, last, monthrange(year, last)[1]), "range")


def _first_of(match: re.Match[str], today: date) -> Period | None:
    """The first or last weeks, months or quarters of a year."""
    count = int(match.group(2)) if match.group(2).isdigit() else _NUMBERS[match.group(2)]
    year, unit = int(match.group(4)), match.group(3)
    if unit in ("day", "week"):
        length = timedelta(days=count * (7 if unit == "week" else 1) - 1)
        first, last = date(year, 1, 1), date(year, 12, 31)
        return Period(first, first + length, "range") if match.group(1) == "first" else Period(last - length, last, "range")
    months = min(12, count * (3 if unit == "quarter" else 1))
    if match.group(1) == "first":
        return Period(date(year, 1, 1), date(year, months, monthrange(year, months)[1]), "range")
    return Period(date(year, 13 - months, 1), date(year, 12, 31), "range")


def _p(text: str) -> re.Pattern[str]:
    return re.compile(text)


_NTH = r"(\d\d?)(?:st|nd|rd|th)?"


_COUNT = r"(\d+|" + "|".join(_NUMBERS) + ")"


FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period | None]], ...] = (
    *((_p(rf"\b(?:{name})(?:,? (?:of |in )?({_YEAR}))?\b"), _feast(*when)) for name, when in _FEASTS.items()),
    (_p(rf"\b({_YEAR})[-/.](\d\d?)[-/.](\d\d?)(?:t\S*)?\b"), _plain_day),
    (_p(rf"\b({_YEAR})(\d\d)(\d\d)\b"), _plain_day),
    (_p(r"\b(\d\d?)[/.-](\d\d?)[/.-](\d{4}|\d\d)\b"), _numeric),
    (
        _p(
            rf"\b(?:from )?(?:the )?(\d\d?)(?:st|nd|rd|th)? ?(?:-|to|until|through) ?(?:the )?(\d\d?)(?:st|nd|rd|th)? "
            rf"(?:of )?({_NAMES})\b,? ?({_YEAR})\b"
        ),
        _days_of,
    ),
    (_p(rf"\bbetween (?:the )?{_NTH} and (?:the )?{_NTH} (?:of )?({_NAMES})\b,? ?({_YEAR})\b"), _days_of),
    (_p(rf"\b({_NAMES})\b\.? (\d\d?)(?:st|nd|rd|th)? ?(?:-|to|until|through) ?(\d\d?)(?:st|nd|rd|th)?,? ({_YEAR})\b"), _days_in),
    (
        _p(rf"\b(\d\d?)(?:st|nd|rd|th)?[ -]+(?:of )?(?:the )?({_NAMES})\b\.?,?(?:[ -]+(?:of )?({_YEAR}|'?[0-2]\d(?!\d)))?\b"),
        lambda m, t: _named_day(m.group(1), m.group(2), m.group(3), t),
    ),
    (
        _p(rf"\b({_NAMES})\b\.?[ -]+(?:the )?(\d\d?)(?:st|nd|rd|th)?\b(?:,?[ -]+(?:of )?({_YEAR}|'\d\d))?(?!\d)"),
        lambda m, t: _named_day(m.group(2), m.group(1), m.group(3), t),
    ),
    (_p(rf"\byear[- ]?end (?:of |in )?({_YEAR})\b|\b({_YEAR})[- ]year[- ]?end\b"), _year_end),
    (_p(rf"\b(end|finish|start|begin)(?:ed|s|es)? (?:the year |off )?({_YEAR})\b"), _ended),
    (
        _p(
            rf"\b(start|beginning|begin|end|early|late|mid|middle)[ -](?:of |in )?(?:({_NAMES})\b,? ?(?:of )?)?({_YEAR})\b"
            r"(?![ ,/-]*q[1-4])"
        ),
        _edge,
    ),
    (_p(rf"\b(first|second|1st|2nd) half (?:of |in )?(?:the month of )?({_NAMES})\b,? ?(?:of )?({_YEAR})\b"), _half_month),
    (_p(rf"\b({'|'.join(_ORDINALS)}|last) week (?:of |in )?({_NAMES})\b,? ?(?:of )?({_YEAR})\b"), _week_of),
    (_p(rf"\b(spring|summer|autumn|fall(?! in)|winter) (?:of |in )?({_YEAR})\b"), _season),
    (_p(rf"\b(first|last) {_COUNT} (day|week|month|quarter)s? (?:of|in) ({_YEAR})\b"), _first_of),
    (_p(rf"\bq([1-4])[ ,/'-]*(?:of |in )?({_YEAR})\b"), lambda m, t: quarter(int(m.group(2)), int(m.group(1)))),
    (_p(rf"\b({_YEAR})[ ,/-]*q([1-4])\b"), lambda m, t: quarter(int(m.group(1)), int(m.group(2)))),
    (_p(r"\bq([1-4])[ ]?'?(\d\d)\b"), lambda m, t: quarter(2000 + int(m.group(2)), int(m.group(1)))),
    (
        _p(rf"\b({'|'.join(_ORDINALS)}) quarter,? (?:of |in )?({_YEAR})\b"),
        lambda m, t: quarter(int(m.group(2)), _ORDINALS[m.group(1)]),
    ),
    (_p(rf"\b(?:first|second|1st|2nd) half (?:of |in )?({_YEAR})\b"), _half),
    (_p(rf"\bh[12][ /-]?({_YEAR})\b"), _half),
    (_p(rf"\b({_NAMES})\b\.?,?[ -]+(?:of )?({_YEAR})\b"), lambda m, t: month_of(int(m.group(2)), number_of(m.group(1)))),
    (_p(rf"\b({_YEAR})-(0[1-9]|1[0-2])\b"), lambda m, t: month_of(int(m.group(1)), int(m.group(2)))),
    (_p(r"\bq([1-4])\b"), lambda m, t: _taken(m, quarter(latest_year(t, 3 * int(m.group(1)) - 2), int(m.group(1))))),
    (_p(r"\b(last|previous|past|prior|this|current) (week|month|quarter|year)\b"), _relative),
    (_p(r"(?<=start of )(the) (week|month|quarter|year)\b"), _relative),
    (_p(r"(?<=beginning of )(the) (week|month|quarter|year)\b"), _relative),
    (_p(r"(?<=end of )(the) (week|month|quarter|year)\b"), _relative),
    (_p(rf"\b(?:last|past|previous|recent|final) {_COUNT} (day|week|month|quarter|year)s?\b"), _ago),
    (_p(rf"\b{_COUNT} (day|week|month|quarter|year)s? ago\b"), _back),
    (_p(r"\byesterday\b"), lambda m, t: Period(t - timedelta(days=1), t - timedelta(days=1), "day")),
    (
        _p(r"\b(?:the )?(?:very )?last (?:trading )?day(?: of the (?:record|run|backtest|data))?\b(?! of)"),
        lambda m, t: Period(t, t, "day"),
    ),
    (_p(r"\btoday\b"), lambda m, t: Period(t, t, "day")),
    (_p(rf"\blast ({'|'.join(WEEKDAYS)})\b"), _weekday),
    (
        _p((r"\b(?:in|of|during|since|until|from|to|between|and|through|before|after|by|"
           r"last) (") + _NAMES + r")\b(?! (?:\d|\w+ed\b))"),
        lambda m, t: _taken(m, month_of(latest_year(t, number_of(m.group(1))), number_of(m.group(1)))),
    ),
    (_p(rf"(?<![\d.,$])\b({_YEAR})\b(?![\d.,%]\d)"), _whole_year),
)  # fmt: skip


def _year_of(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) if len(text) == 4 else 2000 + int(text.removeprefix("'"))
