"""Where skills come from: shipped or written by hand, learned, composed or imported, and when."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from pydantic import Field

from agent.chat.found import Found, cite, day, listing
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.domain import Frozen
from skills.schema import Skill

_WORDS = {"manual": "written by hand", "learned": "learned from trades", "composed": "composed of others", "imported": "imported"}


class Origins(Frozen):
    """Of one skill, or of all; with days, those made in them."""

    skill: str | None = None
    start: date | None = Field(None, description="first day, YYYY-MM-DD")
    end: date | None = Field(None, description="last day, YYYY-MM-DD")


def origins(view: View, asked: Origins) -> Found:
    """Each way skills came about with the skills that did, and that none came about in another."""
    every = {skill.name: skill for skill in view.catalogue.versions() if asked.skill in (None, skill.name)}
    made: dict[str, list[Skill]] = defaultdict(list)
    for skill in every.values():
        made[skill.origin].append(skill)
    told = [f"{len(some)} {_WORDS.get(way, way)} ({_names(some, way)})" for way, some in sorted(made.items())]
    none = " or ".join(words for way, words in _WORDS.items() if way not in made)
    lacking = f"No skill was {none}. " if none and asked.skill is None else ""
    text = f"{lacking}Skills by origin: {'; '.join(told)}.{_then(made, asked)}"
    ids = tuple(skill.id for some in made.values() for skill in some)
    return Found(text=text, ids=ids, data={way: [s.name for s in some] for way, some in made.items()})


def _then(made: dict[str, list[Skill]], asked: Origins) -> str:
    """Which of them came about in the days asked for; what is written by hand was there before the run."""
    if asked.start is None or asked.end is None:
        return ""
    new = [s for way, some in made.items() if way != "manual" for s in some if asked.start <= s.created_at.date() <= asked.end]
    when = f"from {day(asked.start)} to {day(asked.end)}"
    return f" Made {when}: {listing([s.name for s in new], 20)}." if new else f" None was made {when}."


def _names(some: list[Skill], way: str) -> str:
    said = [f"{s.name}{'' if way == 'manual' else f' on {day(s.created_at)}'} {cite('skill', s.name)}" for s in some]
    return listing(sorted(said), 20)


TOOLS = (Tool("origins", "Where skills come from: by hand, learned, composed, imported, and when.", Origins, origins),)
