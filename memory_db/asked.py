"""What a question names: people, whose turns are looked at first, and times; the rest is looked for by meaning.

A name is a word that tells who, not what: left in the question, short turns that mention it would seem
nearest in meaning. Names are the speakers of the conversations and, where turns do not say who speaks, capitalised words
that many of them hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory_db.talk import name_code

Micros = NDArray[np.int64]
Bools = NDArray[np.bool_]

_WORD = re.compile(r"[^\W\d_]+")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NAME = f"(?:{'|'.join(_MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
_DATES = (
    re.compile(r"\b(?P<year>(?:19|20)\d\d)-(?P<number>[01]\d)(?:-(?P<day>[0-3]\d))?\b"),
    re.compile(rf"\b(?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?: of)? (?P<month>{_NAME})\b\.?(?:,? (?P<year>(?:19|20)\d\d)\b)?", re.I),
    re.compile(rf"\b(?P<month>{_NAME})\b\.? (?P<day>[0-3]?\d)(?:st|nd|rd|th)?\b(?:,? (?P<year>(?:19|20)\d\d)\b)?", re.I),
    re.compile(rf"\b(?P<month>{_NAME})\b\.?,? (?:of )?(?P<year>(?:19|20)\d\d)\b", re.I),
    re.compile(rf"\b(?:in|during|since|by|of|early|late|mid|last|this) (?P<month>{_NAME})\b", re.I),
    re.compile(r"\b(?:in|during|since|by|of|early|late|mid) (?P<year>(?:19|20)\d\d)\b", re.I),
)
# what somebody did is told of within days
_TOLD_DAYS = 10
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """A day, a month or a year; a month without its year is that of any."""

    year: int | None
    month: int | None = None
    day: int | None = None

    def holds(self, happened: Micros) -> Bools:
        """Say which times, in microseconds since 1970, lie in it."""
        at = happened.astype("datetime64[us]")
        months = at.astype("datetime64[M]")
        inside = np.ones(len(at), dtype=bool)
        if self.year is not None:
            inside &= at.astype("datetime64[Y]").astype(np.int64) + 1970 == self.year
        if self.month is not None:
            inside &= months.astype(np.int64) % 12 + 1 == self.month
        if self.day is not None:
            inside &= (at.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1 == self.day
        return inside

    def told(self, happened: Micros) -> Bools:
        """Say when people may have told of it: then or in the ten days after."""
        out = self.holds(happened)
        for days in range(1, _TOLD_DAYS + 1) if self.day is not None else (_TOLD_DAYS,):
            out |= self.holds(happened - days * _DAY_US)
        return out


def spans(question: str) -> list[Span]:
    """Return the times a question names."""
    found: list[Span] = []
    left = question
    for pattern in _DATES:
        for match in pattern.finditer(left):
            given = match.groupdict()
            month = _month(given.get("month") or given.get("number"))
            span = Span(_number(given.get("year")), month, _number(given.get("day")))
            if span not in found and (month is None or 1 <= month <= 12):
                found.append(span)
        left = pattern.sub(" ", left)
    return found


def speakers(question: str, known: Callable[[int], bool]) -> dict[str, int]:
    """Return the words of a question that name a speaker, with their numbers; Will is one and will is not."""
    words = dict.fromkeys(_WORD.findall(question))
    large = not question.islower()
    return {word: number for word in words if (word[0].isupper() or not large) and known(number := name_code(word))}


def capitalised(question: str) -> list[str]:
    """Return the words written large, but for the first of the question."""
    return [word for word in dict.fromkeys(_WORD.findall(question)[1:]) if word[0].isupper()]


def without(question: str, names: Iterable[str]) -> str:
    """Return a question without these words, itself where nothing would be left."""
    names = list(names)
    if not names:
        return question
    left = re.sub(rf"\b(?:{'|'.join(map(re.escape, names))})\b(?:['’]s?\b)?", " ", question)
    left = " ".join(left.split())
    return left if _WORD.search(left) else question


def _month(given: str | None) -> int | None:
    if given is None:
        return None
    if given.isdigit():
        return int(given)
    return next(number for number, name in enumerate(_MONTHS, start=1) if name.startswith(given[:3].lower()))


def _number(given: str | None) -> int | None:
    return int(given) if given else None
