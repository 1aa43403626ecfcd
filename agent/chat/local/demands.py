"""What a question asks for that its answer must speak of: a second look at an answer, by words alone. Pure.

A reading can explain every word of a question and still tell of something else. Who asks "in which year" is answered by years,
who asks for slippage by slippage; where the answer does not speak of it, it is marked. The pairs are kept in ``demands.txt``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Demand:
    """A thing asked for: its name, how it is asked, what an answer to it holds."""

    name: str
    asked: re.Pattern[str]
    told: re.Pattern[str]


def _read() -> tuple[Demand, ...]:
    lines = files("agent.chat.local").joinpath("demands.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
    return tuple(
        Demand(name.strip(), re.compile(asked.strip()), re.compile(told.strip(), re.IGNORECASE)) for name, asked, told in rows
    )


DEMANDS = _read()


def unmet(question: str, answer: str) -> tuple[str, ...]:
    """What a question asks for and its answer does not speak of; ``question`` as read, in small letters."""
    return tuple(d.name for d in DEMANDS if d.asked.search(question) and not d.told.search(answer))
