"""Days in the words people use: "12 February 2016", "Feb 12th", "Q1 2016", "last quarter", "since March", "yesterday".

Everything is measured from the day the record has come to, never from a clock. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from rapidfuzz import fuzz

from agent.chat.local.dayforms import FORMS, Found
from agent.chat.local.periods import MONTHS, NOTHING, Period, beside, half_of, inside, narrowed


@dataclass(frozen=True)
class Dated:
    """The periods found in a text, and the text without them."""

    periods: tuple[Period, ...]
    rest: str


def read_dates(text: str, today: date) -> Dated:
    """Every period in a text, in the order said; ranges and "since" are joined to one."""
    low = _spelt(text.lower())
    found: list[Found] = []
    for pattern, make in FORMS:
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
    rest, more = _relations(rest, [period for _, _, period in joined if period is not NOTHING])
    return Dated(tuple(period for _, _, period in joined if period is not NOTHING) + more, re.sub(r"\s+", " ", rest).strip())


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
        (begin, end, period) if period.day or not any(inside(day, period) for day in days) else (begin, end, NOTHING)
        for begin, end, period in found
    ]


def _relations(rest: str, periods: list[Period]) -> tuple[str, tuple[Period, ...]]:
    """A second stretch named by the first: "the quarter before", "the second half"."""
    if len(periods) != 1:
        return rest, ()
    one, begun = periods[0], periods[0].start
    if (match := _ONE_BEFORE.search(rest)) and one.kind in ("quarter", "month", "year"):
        return rest[: match.start()] + rest[match.end() :], (beside(one, match.group(1) in ("after", "next")),)
    if (match := _OTHER_HALF.search(rest)) and one.kind == "range" and begun and begun.day == 1:
        return rest[: match.start()] + rest[match.end() :], (half_of(begun.year, begun.month != 1),)
    return rest, ()


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


_EDGE = re.compile(
    r"\b(start|beginning|begin|end|close|middle|(?:last|first)(?= (?:trading )?day))(?: trading)?(?: day)? of (?:the )?$"
)


def _edged(low: str, found: list[Found]) -> list[Found]:
    """A quarter, year or other stretch of which only the start, the middle or the end is meant: "the end of last year"."""
    out = []
    for begin, end, period in found:
        match = _EDGE.search(low[:begin])
        narrow = (
            narrowed(match.group(1), period) if match and period.kind in ("week", "month", "quarter", "year", "range") else None
        )
        out.append((match.start(), end, narrow) if match and narrow else (begin, end, period))
    return out


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
