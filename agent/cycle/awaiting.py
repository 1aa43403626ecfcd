"""Decisions whose consequences are not yet known: what is still to be scored, and when.

Everything here is rebuilt from the journal's cycle records after a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.domain import CycleRecord, Learned, Side, SkillMatch, Vote


@dataclass
class Awaiting:
    """One decision's open questions: its shadow outcomes and votes (at the horizon), and each followed
    skill's trial (at the end of that skill's own holding).
    """

    id: str
    bar_time: datetime
    regime: str | None
    atr: float
    votes: list[Vote]
    skills: list[SkillMatch]
    side: Side | None
    confidence: float
    learned: Learned
    followed: list[tuple[str, int]]
    scored: bool = False

    @property
    def done(self) -> bool:
        """Nothing is open any more."""
        return self.scored and not self.followed


def awaiting(record: CycleRecord) -> Awaiting | None:
    """What a record leaves open; None when it perceived nothing usable."""
    state = record.state
    if state is None or record.status == "error":
        return None
    atr = state.features.get("atr_14")
    if not atr:
        return None
    return Awaiting(
        id=record.id,
        bar_time=record.bar_time,
        regime=state.regime.label,
        atr=atr,
        votes=record.votes,
        skills=record.skills,
        side=record.signal.side if record.signal else None,
        confidence=record.signal.confidence if record.signal else 0.0,
        learned=record.learned,
        followed=[(s.id, s.version) for s in record.skills if s.followed],
    )
