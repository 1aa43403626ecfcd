"""The ledger: what became of each trade a skill agreed to, booked once, from fills alone.

One execution per skill version, decision and mode; booking it again changes nothing. The
book holds what the account traded, shadow what the paper broker simulated beside it; they
are never added together. Counts are state that execution facts set, so the journal can
always be folded into the same counts again.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from agent.domain import ExitReason, Frozen, Grade, RegimeLabel, Utc
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.lifecycle import Mode
from skills.records import COUNTS_SPACE, UNKNOWN_REGIME, counts_key, execution_key


class Execution(Frozen):
    """The settled outcome of one skill version for one decision; ``r`` is net of costs, ``at`` when it was known.

    ``reason`` says how the trade ended. ``composite`` is set where it was traded as a part of that skill.
    """

    skill: str
    version: int = Field(ge=1)
    decision: str
    outcome: Grade
    r: float | None = None
    at: Utc
    regime: RegimeLabel | None = None
    symbol: str | None = None
    reason: ExitReason | None = None
    composite: str | None = None

    @model_validator(mode="after")
    def _measured(self) -> Execution:
        if (self.r is None) != (self.outcome == "unknown"):
            raise ValueError(f"an outcome {self.outcome!r} with r {self.r} contradicts itself; only an unknown outcome has no r")
        return self


def book(w: Writer, catalogue: Catalogue, execution: Execution, *, mode: Mode = "book") -> bool:
    """Book an execution; False when it was booked before. ConfigError when the skill version is not known."""
    staged = catalogue.staged(w)
    key = f"{execution.skill}:{execution.version}"
    if key not in staged.skills:
        catalogue.get(execution.skill, execution.version)
    regime = execution.regime or UNKNOWN_REGIME
    record = staged.record(key, mode).plus(regime, execution.outcome, execution.r, execution.at)
    before = w.head.seq
    seq = w.add(
        "skill_execution",
        {**execution.model_dump(mode="json"), "mode": mode},
        key=execution_key(execution.skill, execution.version, execution.decision, mode),
        happened_at=execution.at,
        known_at=execution.at,
        symbol=execution.symbol,
        sets=[(COUNTS_SPACE, counts_key(key, mode, regime), record.regimes[regime].document())],
    )
    if seq <= before:
        return False
    staged.records[key, mode] = record
    return True
