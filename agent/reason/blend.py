"""A model as one bounded voice beside arithmetic: how much it counts follows what it was worth.

Its confidence is credited half until it has a record, then no more than the edge its record shows: with n scored
opinions and h right, credited = (k * stated / 2 + n * min(stated, max(0, 2h/n - 1))) / (k + n), k = 20. Its share of the
result starts at ``share`` and moves by exponential weights on its excess Brier loss over a coin's (0.25), up to ``max_share``.
The signed result is (1 - share) * arithmetic + share * model, so the model can never move it by more than its share of the
distance; several models stay within ``max_share`` together. Both corrections are contributions: all of them still add up. A
hold has no side: it draws the result toward nothing by its share times its credited confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from agent.domain import Action, Contribution, Position

PRIOR = 20.0
COIN = 0.25
MOST = 0.95
LEAST_SHARE = 0.02


@dataclass(frozen=True)
class Track:
    """A model's record as a voter: scored opinions, how many were right, Brier loss summed."""

    n: int = 0
    hits: int = 0
    brier: float = 0.0

    def words(self, share: float) -> str:
        """As the model is told it."""
        if not self.n:
            return f"your opinions so far: none scored; your share of the result is {share:.2f}"
        return (
            f"your opinions so far: {self.n} scored, {self.hits / self.n:.0%} right, mean Brier loss {self.brier / self.n:.3f} "
            f"(a coin's is 0.250); your share of the result is {share:.2f}"
        )


def credited(stated: float, track: Track) -> float:
    """What a stated confidence counts for."""
    bounded = min(stated, MOST)
    edge = max(0.0, 2 * track.hits / track.n - 1) if track.n else 0.0
    return (PRIOR * bounded / 2 + track.n * min(bounded, edge)) / (PRIOR + track.n)


def share(track: Track, first: float, most: float, rate: float) -> float:
    """The model's part of the result."""
    excess = track.brier - COIN * track.n
    odds = first / (1 - first) * math.exp(max(-50.0, min(50.0, -rate * excess)))
    return min(max(odds / (1 + odds), min(LEAST_SHARE, first)), most)


def direction(action: Action, position: Position | None) -> float:
    """+1, -1, or 0 for an opinion without a side."""
    if action == "close":
        return 0.0 if position is None else (-1.0 if position.side == "buy" else 1.0)
    return {"buy": 1.0, "sell": -1.0}.get(action, 0.0)


@dataclass(frozen=True)
class Pull:
    """One model's score (0: a hold), and the part of the result it takes."""

    model: str
    score: float
    part: float


def bounded(pulls: list[Pull], most: float) -> list[Pull]:
    """The pulls, scaled down together where they would take more than ``most`` of the result."""
    total = math.fsum(pull.part for pull in pulls)
    return pulls if total <= most else [replace(pull, part=pull.part * most / total) for pull in pulls]


def joined(parts: list[Contribution], pulls: list[Pull]) -> list[Contribution]:
    """The arithmetic parts, the models' own, and what these take of the result from the others."""
    taken = -math.fsum(pull.part for pull in pulls) * math.fsum(p.value for p in parts)
    own = [Contribution(source="model", id=pull.model, value=pull.part * pull.score) for pull in pulls if pull.score]
    bound = [Contribution(source="bound", id="model_share", value=taken)] if taken else []
    return [*parts, *own, *bound]
