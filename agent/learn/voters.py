"""Whom to believe: exponential weights over voters, overall and per regime.

A vote is scored at its horizon, traded or not: p = (1 + direction * confidence) / 2 against what
happened (1 up, 0 down), loss = (p - outcome)^2. A voter's weight is exp(-rate * loss summed)
(Hedge; Freund and Schapire, 1997); who abstains bears the mixture's loss and so neither gains nor
loses (sleeping experts; Freund et al., 1997). Each weight has a floor; a regime with n scored votes
counts n / (n + backoff) against the overall record. Weights are returned with mean 1.
"""

from __future__ import annotations

import math
from typing import Any

from agent.domain import Frozen, Vote
from agent.settings import Learning

OVERALL = "all"


class Record(Frozen):
    """One voter's record in one regime (or overall): cumulative Hedge loss and scored votes."""

    loss: float = 0.0
    n: int = 0
    hits: int = 0
    brier: float = 0.0


class VoterTable:
    """The records of all voters. A change takes effect at once and is returned for the journal; if the
    commit fails, the desk that holds this table is rebuilt from the journal.
    """

    def __init__(self, voters: tuple[str, ...], settings: Learning) -> None:
        """Know which voters carry a weight; any other (memory) is scored for the record alone."""
        self.voters = voters
        self._settings = settings
        self._records: dict[str, dict[str, Record]] = {}
        self._cache: dict[str, dict[str, float]] = {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the journal's ``voters`` state."""
        self._records = {
            regime: {voter: Record.model_validate(record) for voter, record in voters.items()} for regime, voters in state.items()
        }
        self._cache.clear()

    def record(self, regime: str, voter: str) -> Record:
        """A voter's record in a regime; empty if it has none."""
        return self._records.get(regime, {}).get(voter, Record())

    @property
    def regimes(self) -> list[str]:
        """The regimes with a record, ``all`` first."""
        return [OVERALL, *sorted(set(self._records) - {OVERALL})] if self._records else []

    def weights(self, regime: str | None) -> dict[str, float]:
        """Weights with mean 1 for a regime, backing off to the overall record."""
        key = regime or OVERALL
        if key not in self._cache:
            self._cache[key] = self._blend(key)
        return self._cache[key]

    def _blend(self, regime: str) -> dict[str, float]:
        overall = self._weigh(OVERALL)
        if regime == OVERALL:
            return overall
        n = max((self.record(regime, v).n for v in self.voters), default=0)
        share = n / (n + self._settings.backoff) if n else 0.0
        here = self._weigh(regime)
        return {v: share * here[v] + (1 - share) * overall[v] for v in self.voters}

    def _weigh(self, regime: str) -> dict[str, float]:
        losses = [self.record(regime, v).loss for v in self.voters]
        least = min(losses, default=0.0)
        raw = [math.exp(-self._settings.rate * (loss - least)) for loss in losses]
        total, count = math.fsum(raw), len(raw)
        floor = self._settings.floor
        return {v: (floor + (1 - floor * count) * w / total) * count for v, w in zip(self.voters, raw, strict=True)}

    def score(self, votes: list[Vote], regime: str | None, rose: bool) -> tuple[dict[str, float], list[tuple[str, str, Any]]]:
        """Score votes whose horizon has closed: each speaking voter's loss, and the state changes."""
        outcome = 1.0 if rose else 0.0
        losses = {v.voter: ((1 + v.score) / 2 - outcome) ** 2 for v in votes if not v.abstained}
        if not losses:
            return {}, []
        hits = {v.voter: (v.score > 0) == rose for v in votes if not v.abstained}
        keys = (OVERALL, regime) if regime else (OVERALL,)
        updated = {key: self._scored(key, losses, hits) for key in keys}
        self._records.update(updated)
        self._cache.clear()
        return losses, [("voters", key, {v: r.model_dump() for v, r in voters.items()}) for key, voters in updated.items()]

    def _scored(self, key: str, losses: dict[str, float], hits: dict[str, bool]) -> dict[str, Record]:
        weights = self._weigh(key)
        speaking = [v for v in self.voters if v in losses]
        mass = math.fsum(weights[v] for v in speaking)
        mixture = math.fsum(weights[v] * losses[v] for v in speaking) / mass if speaking else 0.0
        updated = dict(self._records.get(key, {}))
        for voter in (*self.voters, *(v for v in losses if v not in self.voters)):
            old = self.record(key, voter)
            if voter in losses:
                updated[voter] = Record(
                    loss=old.loss + losses[voter],
                    n=old.n + 1,
                    hits=old.hits + hits[voter],
                    brier=old.brier + losses[voter],
                )
            else:
                updated[voter] = old.model_copy(update={"loss": old.loss + mixture})
        return updated
