"""What a voter makes of its own past: a little louder after being right, softer after being wrong.

Ten scored votes are the least from which anything is concluded; every effect together stays within
30 % of the confidence the rule itself gave.
"""

from __future__ import annotations

from agent.domain import Frozen, Vote

SAMPLE = 10
_LOW, _HIGH = 0.4, 0.6
_SOFTER, _LOUDER = 0.7, 1.2
BOUND = 0.30
NONE_KNOWN = 0.5  # the win rate of a voter without a past


class Past(Frozen):
    """A voter's last scored votes, oldest first: whether each was right."""

    recent: tuple[bool, ...] = ()

    @property
    def win_rate(self) -> float:
        """Share of the last ten that were right; 0.5 where there are fewer."""
        last = self.recent[-SAMPLE:]
        return sum(last) / SAMPLE if len(last) == SAMPLE else NONE_KNOWN


def remembered(vote: Vote, past: Past, extra: float = 1.0) -> Vote:
    """The vote with its confidence moved by its own past and by ``extra``, and both in its evidence."""
    if vote.abstained:
        return vote
    rate = past.win_rate
    factor = extra * (_SOFTER if rate < _LOW else _LOUDER if rate > _HIGH else 1.0)
    factor = min(max(factor, 1 - BOUND), 1 + BOUND)
    if factor == 1.0:
        return vote
    evidence = {**vote.evidence, "own_win_rate": rate, "memory_factor": factor}
    return vote.model_copy(update={"confidence": min(1.0, vote.confidence * factor), "evidence": evidence})
