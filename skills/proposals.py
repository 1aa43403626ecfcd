"""How much the agent may propose: a count per UTC day, kept in the journal's state."""

from __future__ import annotations

from datetime import datetime

from memory_db.writer import Writer
from skills.catalogue import Catalogue

SPACE = "skill_proposals"


def over_limit(catalogue: Catalogue, w: Writer, at: datetime) -> bool:
    """Say whether the agent has used up the day of ``at``; the first refusal of a day is recorded."""
    used = _used(catalogue, w, at)
    if used < catalogue.rules.proposals_per_day:
        return False
    w.add(
        "skill_proposals_refused",
        {"day": _day(at), "limit": catalogue.rules.proposals_per_day},
        key=f"proposals-refused:{_day(at)}",
        happened_at=at,
        known_at=at,
    )
    return True


def counted(catalogue: Catalogue, w: Writer, at: datetime) -> None:
    """Count one proposal of the agent."""
    count = _used(catalogue, w, at) + 1
    w.add(
        "skill_proposed",
        {"day": _day(at), "count": count},
        key=f"proposed:{_day(at)}:{count}",
        happened_at=at,
        known_at=at,
        sets=[(SPACE, _day(at), count)],
    )


def _used(catalogue: Catalogue, w: Writer, at: datetime) -> int:
    waiting = w.sets.get((SPACE, _day(at)))
    return int(waiting[0]) if waiting is not None else int(catalogue.state(SPACE).get(_day(at), 0))


def _day(at: datetime) -> str:
    return at.date().isoformat()
