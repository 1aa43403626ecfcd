"""Days in the words people use: "12 February 2016", "Feb 12th", "Q1 2016", "last quarter", "since March", "yesterday".

Everything is measured from the day the record has come to, never from a clock. Pure.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rapidfuzz import fuzz

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
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


_NOTHING = Period(None, None, "nothing")


@dataclass(frozen=True)
class Dated:
    """The periods found in a text, and the text without them."""

    periods: tuple[Period, ...]
    rest: str


Found = tuple[int, int, Period]
_NAMES = "|".join((*MONTHS, *(m[:3] for m in MONTHS), "sept"))
_YEAR = r"(?:(?:19|20)\d\d)"


def read_dates(text: str, today: date) -> Dated:
    """Every period in a text, in the order said; ranges and "since" are joined to one."""
    low = _spelt(text.lower())
    found: list[Found] = []
    for pattern, make in _PATTERNS:
        for match in pattern.finditer(low):
            if any(match.start() < end and begin < match.end() for begin, end, _ in found):
                continue
            period = make(match, today)
            if period is not None:
                found.append((match.start(), match.end(), period))
    found.sort(key=lambda item: item[0])
    joined = _without_outer(_joined(low, _edged(low, found), today))
    rest = low
    for begin, end, period in reversed(joined):
        lead = _WEEK.sub("", rest[:begin]) if period.kind == "week" else rest[:begin]
        rest = f"{_LEAD.sub('', lead)} {rest[end:]}"
    rest, more = _relations(rest, [period for _, _, period in joined if period is not _NOTHING])
    return Dated(tuple(period for _, _, period in joined if period is not _NOTHING) + more, re.sub(r"\s+", " ", rest).strip())


_WEEK = re.compile(r"\b(?:the )?week (?:of|beginning|starting|from)(?: the)?\s*$")
# words that only say how a day bounds a stretch go with it
_LEAD = re.compile(
    r"\b(?:up to|until|till|since|before|after|between|from|starting(?: from| in)?|as of|by|during|around|back in|through|"
    r"throughout|and|over)"
    r"(?: the(?: end of| start of| close of)?)?\s*$"
)
_ONE_BEFORE = re.compile(
    r"\bthe (?:one|quarter|month|year|week)? ?(before|after|previous|preceding|next)(?: (?:one|quarter|month|year|week))?"
    r"(?: that)?\b"
)
_OTHER_HALF = re.compile(r"\b(?:the )?(first|second|1st|2nd|other) (?:half|one)\b")


def _without_outer(found: list[Found]) -> list[Found]:
    """A month or year named beside a day of it says nothing more; its words go all the same."""
    days = [period.day for _, _, period in found if period.day]
    return [
        (begin, end, period) if period.day or not any(_inside(day, period) for day in days) else (begin, end, _NOTHING)
        for begin, end, period in found
    ]


def _inside(day: date, period: Period) -> bool:
    return period.kind in ("month", "year", "quarter") and (period.start or day) <= day <= (period.end or day)


def _relations(rest: str, periods: list[Period]) -> tuple[str, tuple[Period, ...]]:
    """A second stretch named by the first: "the quarter before", "the second half"."""
    if len(periods) != 1:
        return rest, ()
    one, begun = periods[0], periods[0].start
    if (match := _ONE_BEFORE.search(rest)) and one.kind in ("quarter", "month", "year"):
        return rest[: match.start()] + rest[match.end() :], (_beside(one, match.group(1) in ("after", "next")),)
    if (match := _OTHER_HALF.search(rest)) and one.kind == "range" and begun and begun.day == 1:
        return rest[: match.start()] + rest[match.end() :], (_half_of(begun.year, begun.month != 1),)
    return rest, ()


def _beside(period: Period, later: bool) -> Period:
    """The month, quarter or year before or after one."""
    near = (period.end or date.max) + timedelta(days=1) if later else (period.start or date.min) - timedelta(days=1)
    if period.kind == "quarter":
        return quarter(near.year, (near.month + 2) // 3)
    return (
        _month(near.year, near.month)
        if period.kind == "month"
        else Period(date(near.year, 1, 1), date(near.year, 12, 31), "year")
    )


def _half_of(year: int, first: bool) -> Period:
    return (
        Period(date(year, 1, 1), date(year, 6, 30), "range") if first else Period(date(year, 7, 1), date(year, 12, 31), "range")
    )


def _spelt(text: str) -> str:
    """Months as they are spelt, where a word beside a figure is nearly one."""
    words = re.split(r"(\s+)", text)
    for i in range(0, len(words), 2):
        bare = words[i].strip(",.?!")
        if not bare.isalpha() or len(bare) < 4 or bare in MONTHS:
            continue
        beside = "".join(words[max(0, i - 4) : i] + words[i + 1 : i + 5])
        best = max(MONTHS, key=lambda month: fuzz.ratio(bare, month))
        if any(c.isdigit() for c in beside) and fuzz.ratio(bare, best) >= 78 and len(bare) > 4:
            words[i] = words[i].replace(bare, best)
    return "".join(words)


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
    which, count = _number(month), int(number)
    return _day(_year_of(year) or _latest_year(today, which, count), which, count)


def _whole_year(match: re.Match[str], today: date) -> Period:
    year = int(match.group(1))
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def _month(year: int, month: int) -> Period:
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]), "month")


def quarter(year: int, number: int) -> Period:
    """A quarter of a year."""
    last = 3 * number
    return Period(date(year, last - 2, 1), date(year, last, monthrange(year, last)[1]), "quarter")


def _taken(match: re.Match[str], period: Period) -> Period:
    """The last such month or quarter, where no year is said."""
    return replace(period, doubt=f"no year was said, so I take {match.group(match.lastindex or 0)} for that of {period.start:%Y}")


def _number(name: str) -> int:
    return MONTHS.index(next(m for m in MONTHS if m.startswith(name[:3]))) + 1


def _latest_year(today: date, month: int, number: int = 1) -> int:
    """The year of the last such day up to today."""
    return today.year if (month, number) <= (today.month, today.day) else today.year - 1


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
        if back and not _ends(today, "month"):
            first = (first - timedelta(days=1)).replace(day=1)
        return _month(first.year, first.month)
    if unit == "quarter":
        return last_quarter(today) if back else quarter(today.year, (today.month + 2) // 3)
    year = today.year - (1 if back and not _ends(today, "year") else 0)
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def _ends(today: date, unit: str) -> bool:
    """Whether the record has come to the end of the stretch it is in, so that "last" means that one."""
    edge = {"month": monthrange(today.year, today.month)[1], "year": 31}[unit]
    return today.day >= edge - 3 and (unit != "year" or today.month == 12)


def last_quarter(today: date) -> Period:
    """The last quarter that is over: the present one where the record has come to its end."""
    number = (today.month + 2) // 3
    if today.month % 3 == 0 and _ends(today, "month"):
        return quarter(today.year, number)
    return quarter(today.year, number - 1) if number > 1 else quarter(today.year - 1, 4)


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
    return lambda match, today: _day(int(match.group(1) or _latest_year(today, month, number)), month, number)


def _edge(match: re.Match[str], today: date) -> Period | None:
    """The beginning, the middle or the end of a year or month, as a third of it (ten days of a month)."""
    year = int(match.group(3))
    whole = _month(year, _number(match.group(2))) if match.group(2) else Period(date(year, 1, 1), date(year, 12, 31), "year")
    return _narrowed(match.group(1), whole)


def _narrowed(which: str, whole: Period) -> Period | None:
    """The start, the middle or the end of a stretch: ten days of it, a third where it is called early, mid or late."""
    start, end = whole.start, whole.end
    if start is None or end is None:
        return None
    third = timedelta(
        days=9 if which in ("start", "beginning", "end", "close") or whole.kind == "month" else (end - start).days // 3
    )
    if which in ("mid", "middle"):
        return Period(start + third + timedelta(days=1), end - third - timedelta(days=1), "range")
    if which in ("start", "beginning", "early"):
        return Period(start, start + third, "range")
    return Period(end - third, end, "range" if which == "late" else "end")


_EDGE = re.compile(r"\b(start|beginning|end|close|middle) of (?:the )?$")


def _edged(low: str, found: list[Found]) -> list[Found]:
    """A quarter, year or other stretch of which only the start, the middle or the end is meant: "the end of last year"."""
    out = []
    for begin, end, period in found:
        match = _EDGE.search(low[:begin])
        narrow = (
            _narrowed(match.group(1), period) if match and period.kind in ("week", "month", "quarter", "year", "range") else None
        )
        out.append((match.start(), end, narrow) if match and narrow else (begin, end, period))
    return out


def _ended(match: re.Match[str], today: date) -> Period | None:
    """The end or the start of a year that somebody ended or started: "where did it end 2016"."""
    which = "end" if match.group(1) in ("end", "finish") else "start"
    return _narrowed(which, Period(date(int(match.group(2)), 1, 1), date(int(match.group(2)), 12, 31), "year"))


def _year_end(match: re.Match[str], today: date) -> Period | None:
    year = int(match.group(1) or match.group(2))
    return _narrowed("end", Period(date(year, 1, 1), date(year, 12, 31), "year"))


def _span(year: int, month: int, first: int, last: int) -> Period | None:
    begin, end = _day(year, month, first), _day(year, month, last)
    return Period(begin.start, end.end, "range") if begin and end else None


def _days_of(match: re.Match[str], today: date) -> Period | None:
    """Some days of a month: "24-28 August 2015"."""
    return _span(int(match.group(4)), _number(match.group(3)), int(match.group(1)), int(match.group(2)))


def _days_in(match: re.Match[str], today: date) -> Period | None:
    """Some days of a month, the month first: "August 24-28, 2015"."""
    return _span(int(match.group(4)), _number(match.group(1)), int(match.group(2)), int(match.group(3)))


def _half_month(match: re.Match[str], today: date) -> Period | None:
    """The first fifteen days of a month, or the rest of it."""
    whole = _month(int(match.group(3)), _number(match.group(2)))
    if whole.start is None or whole.end is None:
        return None
    middle = whole.start.replace(day=15)
    first = match.group(1) in ("first", "1st")
    return Period(whole.start, middle, "range") if first else Period(middle + timedelta(days=1), whole.end, "range")


def _week_of(match: re.Match[str], today: date) -> Period | None:
    """The first, second, third, fourth or last seven days of a month."""
    year, month = int(match.group(3)), _number(match.group(2))
    whole = _month(year, month)
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
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Period | None]], ...] = (
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
        _p(rf"\b(\d\d?)(?:st|nd|rd|th)?[ -]+(?:of )?(?:the )?({_NAMES})\b\.?,?(?:[ -]+(?:of )?({_YEAR}|'\d\d))?\b"),
        lambda m, t: _named_day(m.group(1), m.group(2), m.group(3), t),
    ),
    (
        _p(rf"\b({_NAMES})\b\.?[ -]+(?:the )?(\d\d?)(?:st|nd|rd|th)?\b(?:,?[ -]+(?:of )?({_YEAR}|'\d\d))?(?!\d)"),
        lambda m, t: _named_day(m.group(2), m.group(1), m.group(3), t),
    ),
    (_p(rf"\byear[- ]?end (?:of |in )?({_YEAR})\b|\b({_YEAR})[- ]year[- ]?end\b"), _year_end),
    (_p(rf"\b(end|finish|start|begin)(?:ed|s|es)? (?:the year |off )?({_YEAR})\b"), _ended),
    (_p(rf"\b(start|beginning|end|early|late|mid|middle)[ -](?:of |in )?(?:({_NAMES})\b,? ?(?:of )?)?({_YEAR})\b"), _edge),
    (_p(rf"\b(first|second|1st|2nd) half (?:of |in )?(?:the month of )?({_NAMES})\b,? ?(?:of )?({_YEAR})\b"), _half_month),
    (_p(rf"\b({'|'.join(_ORDINALS)}|last) week (?:of |in )?({_NAMES})\b,? ?(?:of )?({_YEAR})\b"), _week_of),
    (_p(rf"\b(spring|summer|autumn|fall|winter) (?:of |in )?({_YEAR})\b"), _season),
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
    (_p(rf"\b({_NAMES})\b\.?,?[ -]+(?:of )?({_YEAR})\b"), lambda m, t: _month(int(m.group(2)), _number(m.group(1)))),
    (_p(rf"\b({_YEAR})-(\d\d)\b"), lambda m, t: _month(int(m.group(1)), int(m.group(2))) if 1 <= int(m.group(2)) <= 12 else None),
    (_p(r"\bq([1-4])\b"), lambda m, t: _taken(m, quarter(_latest_year(t, 3 * int(m.group(1)) - 2), int(m.group(1))))),
    (_p(r"\b(last|previous|past|prior|this|current) (week|month|quarter|year)\b"), _relative),
    (_p(r"(?<=start of )(the) (week|month|quarter|year)\b"), _relative),
    (_p(r"(?<=beginning of )(the) (week|month|quarter|year)\b"), _relative),
    (_p(r"(?<=end of )(the) (week|month|quarter|year)\b"), _relative),
    (_p(rf"\b(?:last|past|previous|recent|final) {_COUNT} (day|week|month|quarter|year)s?\b"), _ago),
    (_p(rf"\b{_COUNT} (day|week|month|quarter|year)s? ago\b"), _back),
    (_p(r"\byesterday\b"), lambda m, t: Period(t - timedelta(days=1), t - timedelta(days=1), "day")),
    (
        _p(r"\b(?:the )?(?:very )?last (?:trading )?day(?: of the (?:record|run|backtest|data))?\b"),
        lambda m, t: Period(t, t, "day"),
    ),
    (_p(r"\btoday\b"), lambda m, t: Period(t, t, "day")),
    (_p(rf"\blast ({'|'.join(WEEKDAYS)})\b"), _weekday),
    (
        _p((r"\b(?:in|of|during|since|until|from|to|between|and|through|before|after|by|"
           r"last) (") + _NAMES + r")\b(?! (?:\d|\w+ed\b))"),
        lambda m, t: _taken(m, _month(_latest_year(t, _number(m.group(1))), _number(m.group(1)))),
    ),
    (_p(rf"(?<![\d.,$])\b({_YEAR})\b(?![\d.,%]\d)"), _whole_year),
)  # fmt: skip


def _year_of(text: str | None) -> int | None:
    if not text:
        return None
    return 2000 + int(text[1:]) if text.startswith("'") else int(text)


def _joined(low: str, found: list[Found], today: date) -> list[Found]:
    """Two periods of a range as one, and those that begin or end with a word like since or before."""
    out: list[Found] = []
    i = 0
    while i < len(found):
        begin, end, period = found[i]
        before = low[:begin].rstrip()
        # a month named with its preposition carries it inside the match
        inside = low[begin:end].split()[0]
        lead = inside if inside in ("since", "until", "from", "between", "before", "after") else _last_word(before)
        following = found[i + 1] if i + 1 < len(found) else None
        if following is not None and _is_range(lead, low[end : following[0]], low[following[0] : following[1]]):
            out.append((begin, following[1], _ranged(period, following[2])))
            i += 2
            continue
        out.append((begin, end, _open(lead, before, period, today)))
        i += 1
    return out


def _last_word(before: str) -> str:
    """The word that bounds a period: the one before it, or before its article."""
    return (before.removesuffix(" the").split() or [""])[-1]


def _ranged(first: Period, last: Period) -> Period:
    """From the one to the other; a month named without its year has that of the range's end."""
    start = first.end if first.kind == "end" else first.start
    if start is not None and last.end is not None and start > last.end:
        start = start.replace(year=last.end.year, day=min(start.day, 28))
    return Period(start, last.end, "range", first.doubt)


def _is_range(lead: str, between: str, following: str) -> bool:
    gap = between.strip().removesuffix(" the")
    if lead == "between":
        return gap == "and" or (not gap and following.startswith("and "))
    if lead in ("from", "since"):
        return gap in ("to", "until", "till", "through", "-", "\u2013") or (
            not gap and following.startswith(("to ", "until ", "through "))
        )
    return gap in ("to", "until", "till", "through", "-", "\u2013")


def _open(lead: str, before: str, period: Period, today: date) -> Period:
    """A period with an open end."""
    if period.day and re.search(r"\bweek (?:of|beginning|starting|from)$", before):
        monday = period.day - timedelta(days=period.day.weekday())
        return Period(monday, monday + timedelta(days=6), "week", period.doubt)
    if period.day and (match := re.search(r"\bdays? (before|after)$", before)):
        beside = period.day + timedelta(days=1 if match.group(1) == "after" else -1)
        return Period(beside, beside, "day", period.doubt)
    if lead == "since" or before.endswith(("starting", "starting from", "starting in")):
        return Period(period.end if period.kind == "end" else period.start, today, "since", period.doubt)
    if lead == "after":
        return Period(period.end + timedelta(days=1) if period.end else None, today, "since", period.doubt)
    if lead == "before":
        return Period(None, period.start - timedelta(days=1) if period.start else None, "until", period.doubt)
    if lead in ("until", "till") or before.endswith("up to"):
        return Period(None, period.end, "until", period.doubt)
    return period
