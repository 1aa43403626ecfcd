"""Everything a reasoner may look at, as one value with one hash."""

from __future__ import annotations

import hashlib

from pydantic_core import to_json

from agent.domain import (
    NOTHING_LEARNED,
    NOTHING_RECENT,
    Forecast,
    Frozen,
    Learned,
    MarketState,
    Position,
    Recent,
    Recollection,
    SkillMatch,
    Vote,
)
from agent.risk.sizing import Exits

KINDS = ("vote", "skill", "forecast", "memory")
"""What evidence can come from."""


class Context(Frozen):
    """What was known when the signal was reasoned.

    ``weights`` are the voters' learned weights (mean 1); ``plans`` the exits of each applicable
    skill by id; ``standard`` the exits without one; ``parameters`` the adaptive ones;
    ``recent`` is for counting in words and moves nothing.
    """

    state: MarketState
    votes: list[Vote]
    forecast: Forecast | None
    recollection: Recollection
    skills: list[SkillMatch]
    plans: dict[str, Exits]
    standard: Exits
    weights: dict[str, float]
    parameters: dict[str, float]
    position: Position | None
    learned: Learned = NOTHING_LEARNED
    recent: Recent = NOTHING_RECENT

    def hash(self) -> str:
        """SHA-256 of the content: two equal hashes mean two decisions saw the same; plans have no order."""
        return hashlib.sha256(to_json({**self.__dict__, "plans": dict(sorted(self.plans.items()))})).hexdigest()
