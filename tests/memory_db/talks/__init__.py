"""Long conversations of two friends, written for these tests: dated sessions, marked evidence, questions as a stranger asks.

A file opens with the two initials and names. ``== date time`` begins a session; a turn is ``initial: text``, and ``@tag``
at its end marks it as evidence. Below ``?? sort`` a line is ``question | tag tag``. The search was built while looking at
the first two; Elena and Sam only judge it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent
LOOKED_AT = ("nora-theo", "priya-marcus")
UNSEEN = ("elena-sam",)


@dataclass(frozen=True)
class Turn:
    """One thing said; ``key`` names session and place."""

    key: str
    session: int
    speaker: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Question:
    """A question of a sort, with the turns that answer it."""

    sort: str
    text: str
    evidence: tuple[Turn, ...]


def talk(name: str) -> tuple[list[Turn], list[Question]]:
    """Return a conversation's turns in order, and its questions."""
    names: dict[str, str] = {}
    turns: list[Turn] = []
    tagged: dict[str, Turn] = {}
    questions: list[Question] = []
    session, at, sort = 0, datetime(2000, 1, 1, tzinfo=UTC), ""
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            session, at = session + 1, datetime.strptime(line[3:], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        elif line.startswith("?? "):
            sort = line[3:]
        elif sort:
            text, _, tags = line.partition(" | ")
            questions.append(Question(sort, text, tuple(tagged[tag] for tag in tags.split())))
        elif session:
            initial, _, said = line.partition(": ")
            text, _, tag = said.partition(" @")
            at += timedelta(minutes=1)
            place = 1 + sum(turn.session == session for turn in turns)
            turns.append(Turn(f"D{session}:{place}", session, names[initial], text, at))
            if tag:
                tagged[tag] = turns[-1]
        else:
            initial, _, full = line.partition(" ")
            names[initial] = full
    return turns, questions
