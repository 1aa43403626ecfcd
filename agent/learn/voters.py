"""Whom to believe: exponential weights over voters, overall and per regime.

A vote is scored at its horizon, traded or not: p = (1 + direction * confidence) / 2 against what
happened (1 up, 0 down), loss = (p - outcome)^2. A voter's weight is exp(-rate * loss summed)
(Hedge; Freund and Schapire, 1997); who abstains bears the mixture's loss and so neither gains nor
loses (sleeping experts; Freund et al., 1997).
At every scoring a small share of all weight is dealt out evenly, so that a change of the best voter is followed (fixed
share; Herbster and Warmuth, 1998). Each weight has a floor; a regime with n scored votes counts n / (n + backoff)
against the overall record. Weights are returned with mean 1.

Beside the weights stands what a vote is worth whatever confidence it states: the log-odds of being right, from the record
alone. Each rate is shrunk, the overall one to one half by ``prior`` votes, a regime's to the overall one by ``backoff`` votes,
and old votes fade with ``half_life``. Its distance from one half counts by the probability that the voter is no coin (spike and
slab; Mitchell and Beauchamp 1988): a coin is right with probability one half, one that can tell with a probability that lies
``spread`` from it (a symmetric Beta distribution), and both are as likely before the first vote. Many coins together would
else outvote one that can tell. Memory may add who was right in situations like this one (``agent.domain.LocalRecord``).
Who is right less than half of the time is worth nothing; a voter is never turned round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agent.analysts.memory import SAMPLE, Past
from agent.domain import Frozen, LocalRecord, Vote
from agent.settings import Learning

OVERALL = "all"
SUREST = 0.95  # no record makes a voter surer than this: what has never failed yet may


class Record(Frozen):
    """One voter's record in one regime (or overall).

    ``loss`` is what its weight rests on, sharing included; ``brier`` the plain sum over its ``n`` scored votes;
    ``recent`` whether its last ones were right; ``seen`` and ``right`` count votes and hits that fade with age.
    """

    loss: float = 0.0
    n: int = 0
    hits: int = 0
    brier: float = 0.0
    recent: tuple[bool, ...] = ()
    seen: float = 0.0
    right: float = 0.0


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
        self._rates: dict[str, dict[str, float]] = {}
        self._fade = 0.5 ** (1 / settings.half_life)

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the journal's ``voters`` state."""
        self._records = {
            regime: {voter: Record.model_validate(record) for voter, record in voters.items()} for regime, voters in state.items()
        }
        self._cache.clear()
        self._rates.clear()

    def record(self, regime: str, voter: str) -> Record:
        """A voter's record in a regime; empty if it has none."""
        return self._records.get(regime, {}).get(voter, Record())

    @property
    def regimes(self) -> list[str]:
        """The regimes with a record, ``all`` first."""
        return [OVERALL, *sorted(set(self._records) - {OVERALL})] if self._records else []

    def scored(self, regime: str) -> list[str]:
        """Everyone with a record in a regime, those with a weight first."""
        found = self._records.get(regime, {})
        return [*(v for v in self.voters if v in found), *sorted(v for v in found if v not in self.voters)]

    def weights(self, regime: str | None) -> dict[str, float]:
        """Weights with mean 1 for a regime, backing off to the overall record."""
        key = regime or OVERALL
        if key not in self._cache:
            self._cache[key] = self._blend(key)
        return self._cache[key]

    def odds(self, regime: str | None, local: Sequence[LocalRecord] = ()) -> dict[str, float]:
        """The log-odds that each voter with a record is right in a regime, never below 0; ``local`` adds what memory knows."""
        key = regime or OVERALL
        if key not in self._rates:
            self._rates[key] = {voter: self._rate_of(key, voter) for voter in sorted(self._records.get(OVERALL, {}))}
        rates = self._rates[key]
        here = {one.voter: one.share * one.rate + (1 - one.share) * rates[one.voter] for one in local if one.voter in rates}
        return {voter: _log_odds(here.get(voter, rate)) for voter, rate in rates.items()}

    def _rate_of(self, regime: str, voter: str) -> float:
        """How often a voter is right in a regime, as far as its record can be told from a coin's."""
        overall = self.record(OVERALL, voter)
        prior, backoff = self._settings.prior, self._settings.backoff
        rate = (overall.right + prior / 2) / (overall.seen + prior)
        evidence = [self._evidence(overall)]
        if regime != OVERALL:
            here = self.record(regime, voter)
            if here.seen:
                rate = (here.right + backoff * rate) / (here.seen + backoff)
                evidence.append(self._evidence(here))
        told = sum(evidence) / len(evidence)
        return 0.5 + told / (1 + told) * (rate - 0.5)

    def _evidence(self, record: Record) -> float:
        """How many times likelier a record is for a voter that can tell than for a coin (Bayes factor)."""
        half = (0.25 / self._settings.spread**2 - 1) / 2
        right, wrong = record.right, record.seen - record.right
        told = _log_beta(half + right, half + wrong) - _log_beta(half, half) + record.seen * math.log(2)
        return math.exp(min(told, 50.0))

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
        self._rates.clear()
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
                    recent=(*old.recent, hits[voter])[-SAMPLE:],
                    seen=old.seen * self._fade + 1,
                    right=old.right * self._fade + hits[voter],
                )
            else:
                updated[voter] = old.model_copy(update={"loss": old.loss + mixture})
        return self._shared(updated)

    def _shared(self, records: dict[str, Record]) -> dict[str, Record]:
        """Deal a share of all weight out evenly, written back as the losses that give those weights."""
        share, rate = self._settings.share, self._settings.rate
        if not share:
            return records
        least = min(records[v].loss for v in self.voters)
        raw = {v: math.exp(-rate * (records[v].loss - least)) for v in self.voters}
        even = share * math.fsum(raw.values()) / len(raw)
        dealt = {v: least - math.log((1 - share) * w + even) / rate for v, w in raw.items()}
        return {v: r.model_copy(update={"loss": dealt[v]}) if v in dealt else r for v, r in records.items()}

    def pasts(self) -> dict[str, Past]:
        """Each voter's last scored votes, for the voter's own use."""
        return {voter: Past(recent=record.recent) for voter, record in self._records.get(OVERALL, {}).items()}


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_odds(rate: float) -> float:
    """The log-odds of a rate, between 0 and those of ``SUREST``."""
    inside = min(max(rate, 0.5), SUREST)
    return math.log(inside / (1 - inside))
