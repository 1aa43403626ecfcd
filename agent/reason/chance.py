"""Random entries: what luck alone earns with the same exits, costs and limits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from agent.domain import Contribution
from agent.reason.arithmetic import Reasoning, conclude
from agent.reason.context import Context
from agent.settings import Limits, Reason


@dataclass(frozen=True)
class RandomReasoner:
    """Enters when a seeded coin of the given probability says so, looking at nothing."""

    limits: Limits
    probability: float
    seed: int
    name: str = "random"

    def __call__(self, context: Context) -> Reasoning:
        """Toss the coin of this symbol and bar: the same seed gives the same toss."""
        text = f"{self.seed}|{context.state.symbol}|{context.state.bar_time.isoformat()}"
        draw = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
        value = 1.0 if draw < self.probability else 0.0
        return conclude(context, [Contribution(source="random", id="coin", value=value)], self.limits, Reason())
