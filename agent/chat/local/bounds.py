"""Conditions with a number: "held longer than 5 bars", "RSI below 30", "between 0.3 and 0.5", each with the figure it is of. Pure."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re

from agent.chat.local.slot import NUMBER, Slot, number
from agent.chat.tools.figures import Bound, Op

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
    rf"(?:\b|(?<=\s)|^)(?:{_OP})\s*(?:of\s+|than\s+|a\s+)?(?P<cash>[$\u20ac\u00a3]\s?)?(?P<value>{NUMBER[1:-1]}){_UNIT}"
)
_AFTER = re.compile(
    rf"(?P<cash>[$\u20ac\u00a3]\s?)?(?P<value>{NUMBER[1:-1]}){_UNIT}\s*(?P<after>or (?:more|higher|above|better|longer|greater|over)|or (?:less|lower|below|under|fewer|shorter)|\+)"
)
_EXACTLY = re.compile(
    rf"\b(?:lasted|held|open|kept|stayed)(?: for| only| just| exactly| open)* (?P<value>{NUMBER[1:-1]}) (?P<unit>bars?|days?)\b"
    r"(?! (?:or|on average|later|after|before))"
)
_LONG = re.compile(
    rf"\b(?P<value>{NUMBER[1:-1]})[ -](?P<unit>bar|day) (?=(?:\w+[ -]){{0,2}}?(?:trades?|stop|losers?|winners?|holds?|positions?|holdings?)\b)"
)
_BETWEEN = re.compile(r"\bbetween\s+(-?\d+(?:\.\d+)?)\s*(%)?\s+and\s+(-?\d+(?:\.\d+)?)\s*(%|r\b|bars?\b|days?\b)?")
_FIGURES: tuple[tuple[str, str], ...] = (
    ("reliability", r"\breliab\w+"),
    ("confidence", r"\bconfiden\w+|\bconviction|\bcertainty"), ("size", r"\bsiz\w+|\bposition size|\bequity"),
    ("exposure", r"\bexposure"), ("fees", r"\bfees?\b|\bcommissions?"),
)  # fmt: skip


def _op(match: re.Match[str]) -> Op:
    return next(op for i, (op, _) in enumerate(_OPS) if match.group(f"o{i}"))


def numbered(text: str, named: list[Slot]) -> list[Slot]:
    """Conditions with a number, each of the feature before it or of what its unit says; ``named`` are the features found."""
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
    return found


def _exactly(text: str, found: list[Slot]) -> list[Slot]:
    """So many bars or days held, neither more nor fewer: "lasted only one bar"."""
    out: list[Slot] = []
    for match in (*_EXACTLY.finditer(text), *_LONG.finditer(text)):
        if not any(match.start() < one.end and one.begin < match.end() for one in found):
            name, value = "bars_held" if match.group("unit").startswith("bar") else "days_held", number(match.group("value"))
            ops: tuple[Op, ...] = (">=", "<=")
            out += [Slot("bound", Bound(feature=name, op=op, value=value), match.start(), match.end()) for op in ops]
    return out


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
