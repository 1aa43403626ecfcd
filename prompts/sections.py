"""The budget of what is shown: sections of lines, cut by a rule that anyone can read.

The rule: each section first gives up lines of its own from the end (the least ranked) until it fits its own budget; while
the whole is still too long, the section with the highest ``drop`` number that has lines left to give gives up its last
line. A section never gives up its first ``keep`` lines. Tokens are estimated at three bytes each, on the high side for
figures and words alike. What was dropped is counted, and the record says so.
"""

from __future__ import annotations

from dataclasses import dataclass

BYTES_PER_TOKEN = 3


@dataclass(frozen=True)
class Section:
    """A titled list of lines, best first; ``drop`` 0 means that it is cut only down to its own budget."""

    name: str
    lines: tuple[str, ...]
    budget: int
    drop: int = 0
    keep: int = 1


@dataclass(frozen=True)
class Shown:
    """What became of a section: estimated tokens, lines shown, lines dropped."""

    name: str
    tokens: int
    shown: int
    dropped: int


def tokens(text: str) -> int:
    """An estimate of a text's tokens."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def _cost(lines: list[str]) -> int:
    return sum(tokens(line + "\n") for line in lines)


def fit(sections: list[Section], total: int) -> tuple[dict[str, list[str]], list[Shown]]:
    """The lines of each section that fit, by name, and what became of each, in the order given."""
    kept = {section.name: list(section.lines) for section in sections}
    for section in sections:
        lines = kept[section.name]
        while len(lines) > section.keep and _cost(lines) > section.budget:
            lines.pop()
    for section in sorted((s for s in sections if s.drop), key=lambda s: -s.drop):
        lines = kept[section.name]
        while len(lines) > section.keep and sum(map(_cost, kept.values())) > total:
            lines.pop()
    shown = [Shown(s.name, _cost(kept[s.name]), len(kept[s.name]), len(s.lines) - len(kept[s.name])) for s in sections]
    return kept, shown
