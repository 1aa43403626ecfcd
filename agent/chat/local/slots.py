"""What a question names in its words: features and figures with bounds, regimes, ways to end, weekdays, numbers, each with its place.

Pure. A ``Slot`` keeps where it stands, so that what a reading leaves unused can be told.
"""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from agent.chat.local.dates import WEEKDAYS
from agent.chat.local.names import EXITS_NAMED, FEATURES_NAMED, LIMITS_NAMED, REGIMES_NAMED
from agent.chat.tools.figures import Bound, Op
from agent.chat.tools.selecting import After


@dataclass(frozen=True)
class Slot:
    """Something named: its kind, its value, and where it stands in the text."""

    kind: str
    value: Any
    begin: int
    end: int


_COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "a dozen": 12,
    "dozen": 12, "twenty": 20, "a couple of": 2, "couple of": 2, "a handful of": 5,
}  # fmt: skip
_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?k?|" + "|".join(sorted(_COUNTS, key=len, reverse=True)) + ")"
_ORDINALS = {
    "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "seventh": 7,
    "7th": 7, "eighth": 8, "8th": 8, "ninth": 9, "9th": 9, "tenth": 10, "10th": 10,
}  # fmt: skip
_OPS: tuple[tuple[Op, str], ...] = (
    (">=", r"raised to|set to|set at|threshold of|threshold at|bar of|bar at|at least|no less than|not less than|>=|\u2265|a minimum of|minimum of|no fewer than|not under|from"),
    ("<=", r"at most|no more than|not more than|<=|\u2264|up to|a maximum of|maximum of|not over|within"),
    ("<", r"(?:drop(?:s|ped|ping)?|fell|falls?|fallen|dipped|dips?|went|go(?:es|ne)?|was|is|were|are|stood|sank|sinks?|dipping) "
          r"(?:below|under|beneath|lower than|less than)|below|under|less than|lower than|smaller than|fewer than|beneath|<|short of|shorter than|inside"),
    (">", r"(?:ris(?:es|en|e)|rose|went|go(?:es|ne)?|was|is|were|are|stood|climb(?:s|ed)?|jump(?:s|ed)?|spiked?) (?:above|over|more than|higher than|past)|"
          r"above|over|more than|greater than|higher than|larger than|bigger than|better than|longer than|exceed(?:s|ed|ing)?|beyond|>|in excess of|worse than|past|north of"),
)  # fmt: skip
_OP = "|".join(f"(?P<o{i}>{words})" for i, (_, words) in enumerate(_OPS))
_UNIT = r"(?P<unit>\s?%|\s?percent\b|\s?per cent\b|\s?r\b|\s?r-multiples?\b|\s?bars?\b|\s?(?:trading |calendar )?days?\b|\s?weeks?\b|\s?(?:dollars?|usd|bucks)\b|\s?sigmas?\b|\s?standard deviations?\b)?"
_BOUND = re.compile(
    rf"(?:\b|(?<=\s)|^)(?:{_OP})\s*(?:of\s+|than\s+|a\s+)?(?P<cash>[$\u20ac\u00a3]\s?)?(?P<value>{_NUMBER[1:-1]}){_UNIT}"
)
_AFTER = re.compile(
    rf"(?P<cash>[$\u20ac\u00a3]\s?)?(?P<value>\d[\d,]*(?:\.\d+)?k?){_UNIT}\s*(?P<after>or (?:more|higher|above|better|longer|greater|over)|or (?:less|lower|below|under|fewer|shorter)|\+)"
)
_EXACTLY = re.compile(
    rf"\b(?:lasted|held|open|kept|stayed)(?: for| only| just| exactly| open)* (?P<value>{_NUMBER[1:-1]}) (?P<unit>bars?|days?)\b"
    r"(?! (?:or|on average|later|after|before))"
)
_BETWEEN = re.compile(r"\bbetween\s+(-?\d+(?:\.\d+)?)\s*(%)?\s+and\s+(-?\d+(?:\.\d+)?)\s*(%)?")
_EXTREMES: dict[str, tuple[tuple[str, Op, float], ...]] = {"rsi_14": (("oversold", "<", 30.0), ("overbought", ">", 70.0))}
_SHARES = frozenset({"size", "exposure", "drawdown_60", "momentum_10", "volatility_20", "hl_range", "oc_range"})
_FIGURES: tuple[tuple[str, str], ...] = (
    ("reliability", r"\breliab\w+"),
    ("confidence", r"\bconfiden\w+|\bconviction|\bcertainty"), ("size", r"\bsiz\w+|\bposition size|\bequity"),
    ("exposure", r"\bexposure"), ("fees", r"\bfees?\b|\bcommissions?"),
)  # fmt: skip


def number(text: str) -> float:
    """A number in figures or letters; "k" is thousands."""
    if text in _COUNTS:
        return float(_COUNTS[text])
    bare = text.replace(",", "")
    return float(bare[:-1]) * 1000 if bare.endswith("k") else float(bare)


def read_slots(text: str, voters: tuple[str, ...], *, of_voters: bool) -> tuple[Slot, ...]:
    """Everything named in a text; what lies inside something longer is not told again."""
    found = _limits(text) + _features(text) + _exits(text) + _regimes(text) + _voters(text, voters, of_voters=of_voters)
    found = _apart(found)
    found += _means(text, found) + _loosely(text, found)
    found += [
        one
        for one in _bounds(text, found)
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


def _op(match: re.Match[str]) -> Op:
    return next(op for i, (op, _) in enumerate(_OPS) if match.group(f"o{i}"))


def _bounds(text: str, named: list[Slot]) -> list[Slot]:
    """Conditions with a number, each of the feature before it or of what its unit says."""
    found: list[Slot] = []
    for match in _BETWEEN.finditer(text):
        low, high = float(match.group(1)), float(match.group(3))
        unit = match.group(4) or ""
        found.append(_bound(text, named, match.start(), match.end(), ">=", low, unit))
        found.append(_bound(text, named, match.start(), match.end(), "<=", high, unit))
    for match in _BOUND.finditer(text):
        if not any(match.start() < one.end and one.begin < match.end() for one in found):
            unit = (match.group("cash") or match.group("unit") or "").strip()
            found.append(_bound(text, named, match.start(), match.end(), _op(match), number(match.group("value")), unit))
    found += _exactly(text, found)
    for match in _AFTER.finditer(text):
        if not any(match.start() < one.end and one.begin < match.end() for one in found):
            unit = (match.group("cash") or match.group("unit") or "").strip()
            under: Op = "<=" if re.search(r"less|lower|below|under|fewer|shorter", match.group("after")) else ">="
            found.append(_bound(text, named, match.start(), match.end(), under, number(match.group("value")), unit))
    for name, words in _EXTREMES.items():
        for word, op, value in words:
            near = next((s for s in named if s.kind == "feature" and s.value == name), None)
            if near and (m := re.search(word, text[near.end : near.end + 30])) and not found:
                found.append(Slot("bound", Bound(feature=name, op=op, value=value), near.begin, near.end + m.end()))
    return found


def _exactly(text: str, found: list[Slot]) -> list[Slot]:
    """So many bars or days held, neither more nor fewer: "lasted only one bar"."""
    out: list[Slot] = []
    for match in _EXACTLY.finditer(text):
        if not any(match.start() < one.end and one.begin < match.end() for one in found):
            name, value = "bars_held" if match.group("unit").startswith("bar") else "days_held", number(match.group("value"))
            ops: tuple[Op, ...] = (">=", "<=")
            out += [Slot("bound", Bound(feature=name, op=op, value=value), match.start(), match.end()) for op in ops]
    return out


_MEAN = re.compile(
    r"\b(above|over|below|under|beneath)\s+(?:its |the |their )?(?:(5|20|50)[ -](?:day|bar) (?:moving )?(?:average|mean|ma|sma)|sma[_ ]?(5|20|50))"
)


def _means(text: str, found: list[Slot]) -> list[Slot]:
    """The close against one of its means: "below its 50-day average"; the feature's own name goes with it."""
    out = []
    for match in _MEAN.finditer(text):
        name = f"close_to_sma_{match.group(2) or match.group(3)}"
        op: Op = ">" if match.group(1) in ("above", "over") else "<"
        out.append(Slot("bound", Bound(feature=name, op=op, value=0.0), match.start(), match.end()))
    for match in _MACD.finditer(text):
        sign: Op = ">" if match.group(1) in ("above", "over") else "<"
        out.append(Slot("bound", Bound(feature="macd_hist", op=sign, value=0.0), match.start(), match.end()))
    for one in [s for s in found if any(s.begin < o.end and o.begin < s.end for o in out)]:
        found.remove(one)
    return out


# what people call high or low of a feature: above the one, below the other
_HIGH_LOW = {
    "volume_ratio": (1.5, 0.7), "rsi_14": (70.0, 30.0), "adx_14": (25.0, 20.0), "volatility_z": (1.0, -1.0), "bb_position": (0.8, 0.2),
}  # fmt: skip
_HIGH, _LOW = "high|heavy|large|big|strong|elevated|upper|unusual", "low|light|thin|small|weak|little|lower"
_NEAR = r"(?:readings? of |values? of |near the |on |an? |the )*"


def _loosely(text: str, found: list[Slot]) -> list[Slot]:
    """A feature called high or low without a number, with what it is taken for; the feature's own name goes with it."""
    out: list[Slot] = []
    for one in [s for s in found if s.kind == "feature"]:
        before = re.search(rf"\b(?:(?P<high>{_HIGH})|(?:{_LOW}))[ -]{_NEAR}$", text[: one.begin])
        after = re.match(rf" (?:is |was |were |being )?(?:(?P<high>{_HIGH})|(?:{_LOW}))\b", text[one.end :])
        match = before or after
        if match is None or any(s.kind == "bound" and s.begin < one.end and one.begin < s.end for s in out):
            continue
        begin, end = (match.start(), one.end) if before else (one.begin, one.end + match.end())
        if one.value not in _HIGH_LOW:
            out.append(Slot("taken", f"nothing says what is {text[begin:end]!r}, so this is of all values", one.begin, one.end))
            continue
        op: Op = ">" if match.group("high") else "<"
        value = _HIGH_LOW[one.value][0 if match.group("high") else 1]
        out.append(Slot("bound", Bound(feature=one.value, op=op, value=value), begin, end))
        out.append(Slot("taken", f"I take {text[begin:end]!r} for {one.value} {op} {value:g}", begin, end))
    for one in [s for s in found if any(o.kind == "bound" and s.begin < o.end and o.begin < s.end for o in out)]:
        found.remove(one)
    return out


_MACD = re.compile(r"\bmacd\b[^.?]{0,12}\b(above|over|below|under|beneath) (?:its |the )?signal(?: line)?")


def _bound(text: str, named: list[Slot], begin: int, end: int, op: Op, value: float, unit: str) -> Slot:
    """One condition; with no feature or figure before it the unit decides, and what it is of stays open without one."""
    before = [s for s in named if s.kind == "feature" and s.end <= begin and begin - s.end <= 24]
    after = [s for s in named if s.kind == "feature" and 0 <= s.begin - end <= 4]
    if before or after:
        near = max(before, key=lambda s: s.end) if before else after[0]
        share = unit.startswith(("%", "per")) and near.value not in ("rsi_14", "adx_14")
        bound = Bound(feature=near.value, op=op, value=value / 100 if share else value)
        return Slot("bound", bound, min(near.begin, begin), max(near.end, end))
    name, factor, op = _unit(text, begin, end, unit, op)
    return Slot("bound", Bound(feature=name, op=op, value=value * factor), begin, end)


_TURNED: dict[str, Op] = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _unit(text: str, begin: int, end: int, unit: str, op: Op) -> tuple[str, float, Op]:
    """What a bound without a feature is of, by how much its figure is to be multiplied, and its direction."""
    lead, rest = text[:begin], text[end : end + 40]
    lost = re.search(r"\b(?:lost|lose|losing|loses|loss|losses|down|fell|cost)\b[^,]{0,20}$", lead) is not None
    flip = (lambda o: _TURNED[o]) if lost else (lambda o: o)
    sign = -1.0 if lost else 1.0
    if unit.startswith("r"):
        return "r", sign, flip(op)
    if unit.endswith(("bar", "bars")):
        return "bars_held", 1.0, op
    if unit.endswith(("day", "days")):
        return "days_held", 1.0, op
    if unit.startswith("week"):
        return "days_held", 7.0, op
    if unit.startswith(("sigma", "standard")):
        return "volatility_z", 1.0, op
    for name, words in _FIGURES:
        if re.search(rf"(?:{words})[^,]{{0,24}}$", lead) or re.match(rf"\s*(?:of |in )?(?:the )?(?:{words})", rest):
            scale = 0.01 if unit.startswith(("%", "per")) else 1.0
            return name, scale, op
    if unit.startswith(("%", "per")):
        return (
            ("return_pct", sign, flip(op))
            if lost or re.search(r"\b(?:made|gain\w*|won|return\w*|earn\w*|up)\b", lead)
            else ("share", 0.01, op)
        )
    if (
        unit
        or re.match(r"\s*(?:dollars?|in (?:profit|losses))", rest)
        or re.search(r"\b(?:lost|made|gained|earned|won|profit|loss)\b[^,]{0,12}$", lead)
    ):
        return "pnl", sign, flip(op)
    return "count", 1.0, op


def _weekdays(text: str) -> list[Slot]:
    return [
        Slot("weekday", i, m.start(), m.end()) for i, name in enumerate(WEEKDAYS) for m in re.finditer(rf"\b{name}s?\b", text)
    ]


_LEADS = "top|best|worst|last|first|latest|biggest|largest|recent|next|past|longest|shortest|bottom|highest|lowest|most|least|smallest|strongest|deepest|surest|newest"
_NOUNS = r"(?:\w+[ -]){0,3}?(?:trades?|entries|buys|decisions|skills|winners|losers|days|months|quarters|years|voters|losses|wins|exits|lessons|positions|events|bars|deals)"
_TOP = re.compile(
    rf"\b(?:{_LEADS})\s+({_NUMBER[1:-1]})\b(?!\s*(?:%|percent|r\b))|\b({_NUMBER[1:-1]})\s+(?:(?:{_LEADS})\b|most\b|least\b|{_NOUNS}\b)"
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
    rf"(?:an? |the |each |every |any )?(?:(?P<n>{_NUMBER[1:-1]}) )?(?:straight |consecutive |successive |back to back )*"
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
