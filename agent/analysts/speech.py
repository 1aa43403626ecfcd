"""How an analyst speaks: a vote with a side, or an abstention with its reason."""

from __future__ import annotations

from agent.domain import Vote

LEAST, MOST = 0.5, 0.95


def vote(voter: str, direction: float, confidence: float, reason: str, evidence: dict[str, float]) -> Vote:
    """A vote for a side, its confidence within [0.5, 0.95]."""
    side = 1.0 if direction > 0 else -1.0
    return Vote(voter=voter, direction=side, confidence=min(max(confidence, LEAST), MOST), reason=reason, evidence=evidence)


def abstain(voter: str, reason: str, evidence: dict[str, float] | None = None) -> Vote:
    """No opinion, and why; never neutral."""
    return Vote(voter=voter, direction=0.0, confidence=0.0, abstained=True, reason=reason, evidence=evidence or {})
