"""Something named in a question: what it is, its value and its place; and numbers in figures or letters. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Slot:
    """Something named: its kind, its value, and where it stands in the text."""

    kind: str
    value: Any
    begin: int
    end: int


COUNTS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "a dozen": 12,
    "dozen": 12, "twenty": 20, "a couple of": 2, "couple of": 2, "a handful of": 5,
}  # fmt: skip
NUMBER = r"(-?\d[\d,]*(?:\.\d+)?k?|" + "|".join(sorted(COUNTS, key=len, reverse=True)) + ")"


def number(text: str) -> float:
    """A number in figures or letters; "k" is thousands."""
    if text in COUNTS:
        return float(COUNTS[text])
    bare = text.replace(",", "")
    return float(bare[:-1]) * 1000 if bare.endswith("k") else float(bare)
