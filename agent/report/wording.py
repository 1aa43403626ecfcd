"""Numbers and arms in words, and the one honest sentence a report opens with.

A difference is called one only when its whole interval lies on one side of zero; otherwise
the smallest effect the run could have seen is said beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent.report.document import Bounds, Comparison, Document, Number

MISSING = "–"
NO_MEMORY = "no-memory"
HOLD = "buy-and-hold"

_LABELS = {
    "full": "With memory",
    NO_MEMORY: "Without memory",
    "no-skills": "Without skills",
    "no-forecast": "Without forecast",
    "shuffled-memory": "Shuffled memory",
    "stale-memory": "Stale memory",
    "base": "Base strategies",
    "random": "Random entries",
    HOLD: "Buy and hold",
    "vol-matched": "Vol-matched hold",
}
_OTHERS = {NO_MEMORY: "itself without memory", HOLD: "buy-and-hold", "random": "random entries", "base": "its base strategies"}


def label(arm: str) -> str:
    """Name an arm for a reader; an unknown arm keeps its own name."""
    return _LABELS.get(arm, arm)


def other(arm: str) -> str:
    """Name an arm as what the agent is compared with."""
    return _OTHERS.get(arm, label(arm).lower())


def number(value: Number, digits: int = 2, sign: bool = False) -> str:
    """Write a number with a true minus; a dash when it is missing."""
    if value is None:
        return MISSING
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    bare = text.lstrip("+-")
    # a rounded nothing has no sign
    return bare if not bare.strip("0.,") else text.replace("-", "−")


def percent(value: Number, digits: int = 1, sign: bool = False) -> str:
    """Write a percentage that is already in per cent."""
    return MISSING if value is None else f"{number(value, digits, sign)}\u00a0%"


def share(value: Number) -> str:
    """Write a share in [0, 1] as a whole percentage."""
    return percent(None if value is None else value * 100, 0)


def bounds(interval: Bounds | None, digits: int = 2, scale: float = 1.0, sign: bool = False) -> str:
    """Write an interval as [low, high]; empty when it is missing."""
    if interval is None or interval[0] is None or interval[1] is None:
        return ""
    return f"[{number(interval[0] * scale, digits, sign)}, {number(interval[1] * scale, digits, sign)}]"


def day(at: datetime) -> str:
    """Write a date, with the time of day when it is not midnight."""
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute) == (0, 0) else f"{at:%Y-%m-%d %H:%M}"


def arm(documents: Sequence[Document], name: str) -> Document | None:
    """Find an arm among the others; None when it was not run."""
    return next((document for document in documents[1:] if document.arm == name), None)


def direction(comparison: Comparison) -> int:
    """Return +1 or -1 when the whole interval lies on that side of zero, else 0."""
    low, high = comparison.interval or (None, None)
    if low is None or high is None:
        return 0
    return 1 if low > 0 else -1 if high < 0 else 0


def judgement(comparison: Comparison) -> str:
    """Say of a difference whether it can be told from zero, and in which direction."""
    found = direction(comparison)
    return {1: "better", -1: "worse", 0: "not distinguishable from zero"}[found]


def verdict(documents: Sequence[Document]) -> str:
    """Answer in one line: did it beat buy-and-hold, and itself without memory?"""
    parts = [part for part in (_against_hold(documents), _against_itself(documents)) if part]
    if not parts:
        return "One arm, nothing to compare it with."
    return f"{', and '.join(parts)}."


def _against_hold(documents: Sequence[Document]) -> str:
    """The two returns first, for an interval that holds zero must not hide a gap that a reader would mind."""
    found, held = documents[0].against(HOLD), arm(documents, HOLD)
    mine, theirs = documents[0].figure("Return [%]"), held.figure("Return [%]") if held else None
    if mine is None or theirs is None:
        return ""
    plain = f"It returned {percent(mine, sign=True)} against {percent(theirs, sign=True)} for buying and holding"
    if found is None:
        return plain
    return (
        plain
        + {
            1: ", more than chance explains",
            -1: ", less than chance explains",
            0: ", a gap that chance alone could explain",
        }[direction(found)]
    )


def _against_itself(documents: Sequence[Document]) -> str:
    found = documents[0].against(NO_MEMORY)
    if found is None:
        return ""
    return {1: "memory helped", -1: "memory hurt", 0: "memory made no difference this run could see"}[direction(found)]


def sentences(documents: Sequence[Document]) -> list[str]:
    """Give the numbers behind the verdict: every arm's return, then each difference with its interval."""
    arms = " ".join(f"{_result(document)}." for document in documents)
    return [arms, *(_difference(row) for row in documents[0].comparisons if row.difference_pct is not None)]


def _result(document: Document) -> str:
    ratio, held = document.figure("Sharpe Ratio"), document.figure("Exposure Time [%]")
    asides = [] if ratio is None else [f"Sharpe {number(ratio)}"]
    # less risk was taken by an arm that was often in cash: a return alone would not say so
    asides += [] if held is None or held > 99.5 else [f"invested {percent(held, 0)} of the time"]
    tail = f" ({', '.join(asides)})" if asides else ""
    return f"{label(document.arm)}: {percent(document.figure('Return [%]'), sign=True)}{tail}"


def _difference(row: Comparison) -> str:
    span = bounds(row.interval, 1, sign=True)
    text = f"The difference to {other(row.against)} is {percent(row.difference_pct, sign=True)} a year"
    text = f"{text} {span}" if span else text
    if direction(row) != 0:
        return f"{text}: {judgement(row)}."
    reach = "" if row.mde_pct is None else f"; the smallest effect this run could have seen is {percent(row.mde_pct)}"
    return f"{text}: {judgement(row)}{reach}."
