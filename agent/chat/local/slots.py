"""What a question names in its words: features and figures with bounds, regimes, ways to end, weekdays, numbers, each with its place.

Pure. A ``Slot`` keeps where it stands, so that what a reading leaves unused can be told.
"""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from typing import Any, Literal

from agent.chat.local.bounds import numbered
from agent.chat.local.names import EXITS_NAMED, FEATURES_NAMED, LIMITS_NAMED, REGIMES_NAMED
from agent.chat.local.periods import WEEKDAYS
from agent.chat.local.slot import NUMBER, Slot, number
from agent.chat.local.unnumbered import unnumbered
from agent.chat.tools.selecting import After

_ORDINALS = {
    "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "seventh": 7,
    "7th": 7, "eighth": 8, "8th": 8, "ninth": 9, "9th": 9, "tenth": 10, "10th": 10,
}  # fmt: skip


def read_slots(text: str, voters: tuple[str, ...], *, of_voters: bool) -> tuple[Slot, ...]:
    """Everything named in a text; what lies inside something longer is not told again."""
    found = _limits(text) + _features(text) + _exits(text) + _regimes(text) + _voters(text, voters, of_voters=of_voters)
    found = _apart(found)
    found += unnumbered(text, found)
    found += [
        one
        for one in numbered(text, found)
        if not any(one.begin < m.end and m.begin < one.end for m in found if m.kind == "bound")
    ]
    taken = [one for one in found if one.kind in ("bound", "limit")]
    found += [one for one in _weekdays(text) + _tops(text) if not any(one.begin < t.end and t.begin < one.end for t in taken)]
    found += _amounts(text, found)
    return tuple(sorted(found, key=lambda one: (one.begin, one.kind)))


def _apart(found: list[Slot]) -> list[Slot]:
    """Without those inside a longer one; names of the same place and kind keep the first."""
    kept: list[Slot] = []
    for one in sorted(found, key=lambda s: (s.begin - s.end, s.begin)):
        if not any(one.begin < other.end and other.begin < one.end and other.kind != "limit" for other in kept):
            kept.append(one)
    return kept


def _all(text: str, kind: str, patterns: dict[Any, re.Pattern[str]]) -> list[Slot]:
    return [Slot(kind, name, m.start(), m.end()) for name, pattern in patterns.items() for m in pattern.finditer(text)]


def _limits(text: str) -> list[Slot]:
    return _all(text, "limit", dict(LIMITS_NAMED))


def _features(text: str) -> list[Slot]:
    return _all(text, "feature", dict(FEATURES_NAMED))


def _exits(text: str) -> list[Slot]:
    return _all(text, "exit", dict(EXITS_NAMED))


def _regimes(text: str) -> list[Slot]:
    return [one for one in _all(text, "regime", dict(REGIMES_NAMED)) if not text[: one.begin].endswith("how ")]


_VOTER_WORDS = {
    "rsi_reversal": r"rsi reversal|mean[ -]reversion|reversal|rsi voter|contrarian",
    "momentum": r"momentum|trend follow\w+",
}


def _voters(text: str, names: tuple[str, ...], *, of_voters: bool) -> list[Slot]:
    """Voters by name; "memory" and "forecast" are voters only where votes are spoken of."""
    found = []
    for name in names:
        if name in ("memory", "forecast", "joint") and not of_voters:
            continue
        spelt = _VOTER_WORDS.get(name, name.replace("_", "[_ -]?"))
        found += [Slot("voter", name, m.start(), m.end()) for m in re.finditer(rf"\b(?:{spelt}|{name})\b", text)]
    return found


def _weekdays(text: str) -> list[Slot]:
    return [
        Slot("weekday", i, m.start(), m.end()) for i, name in enumerate(WEEKDAYS) for m in re.finditer(rf"\b{name}s?\b", text)
    ]


_LEADS = "top|best|worst|last|first|latest|biggest|largest|recent|next|past|longest|shortest|bottom|highest|lowest|most|least|smallest|strongest|deepest|surest|newest"
_NOUNS = r"(?:\w+[ -]){0,3}?(?:trades?|entries|buys|decisions|skills|winners|losers|days|months|quarters|years|voters|losses|wins|exits|lessons|positions|events|bars|deals)"
_TOP = re.compile(
    rf"\b(?:{_LEADS})\s+({NUMBER[1:-1]})\b(?!\s*(?:%|percent|r\b))|\b({NUMBER[1:-1]})\s+(?:(?:{_LEADS})\b|most\b|least\b|{_NOUNS}\b)"
)
_NTH = re.compile(
    rf"\b({'|'.join(_ORDINALS)})(?:[ -](?=best|worst|biggest|largest|longest|shortest|last|highest|lowest|trade|entry|buy|decision|most|\w+ trade|\w+ entry))"
)


def _tops(text: str) -> list[Slot]:
    """How many are asked for ("the three best"), and the one at a place ("the second best")."""
    found = []
    for match in _TOP.finditer(text):
        word = match.group(1) or match.group(2)
        group = 1 if match.group(1) else 2
        if 1 <= (n := number(word)) <= 50 and n == int(n) and word != "one":
            found.append(Slot("top", int(n), match.start(group), match.end(group)))
    found += [Slot("nth", _ORDINALS[m.group(1)], m.start(1), m.end(1)) for m in _NTH.finditer(text)]
    return found


_FOLLOWS = re.compile(
    rf"\b(?:(?:right |directly |immediately |just )?(?:after|following)|(?:came |come |comes )?right after) "
    rf"(?:an? |the |each |every |any )?(?:(?P<n>{NUMBER[1:-1]}) )?(?:straight |consecutive |successive |back to back )*"
    rf"(?P<what>los(?:s|ses|ers?|ing (?:trades?|ones?|streaks?))|win(?:s|ners?|ning (?:trades?|ones?))?|stop(?:s|[ -]?outs?|ped (?:trades?|out))?|targets?)"
    rf"(?: trades?)?(?: in a row| in succession| running| or more)*\b"
)
_FOLLOWED: tuple[tuple[str, Literal["win", "loss", "stop", "target"]], ...] = (
    ("lo", "loss"), ("win", "win"), ("stop", "stop"), ("target", "target"),
)  # fmt: skip


def follows_of(text: str) -> tuple[str, tuple[Slot, ...]]:
    """What trades are said to come after ("after three losses in a row"), and the text without it."""
    found = []
    for match in _FOLLOWS.finditer(text):
        what = next(kind for begin, kind in _FOLLOWED if match.group("what").startswith(begin))
        n = int(number(match.group("n"))) if match.group("n") else 1
        if 1 <= n <= MOST_FOLLOWED:
            found.append(Slot("after", After(what=what, n=n), 0, 0))
            text = text.replace(match.group(0), " ")
    return " ".join(text.split()), tuple(found)


MOST_FOLLOWED = 20


def _amounts(text: str, found: list[Slot]) -> list[Slot]:
    """The figures that are nothing else."""
    out = []
    for match in re.finditer(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?)(k?)\s*(%|percent|per cent)?(?![\w])", text):
        if any(match.start() < one.end and one.begin < match.end() for one in found):
            continue
        value = number(match.group(1) + match.group(2))
        out.append(Slot("amount", value / 100 if match.group(3) else value, match.start(), match.end()))
    return out
