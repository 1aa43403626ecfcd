"""What each version earned, as the journal's state keeps it: counts by mode and regime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.domain import Grade
from skills.counts import NONE, Counts, read_counts
from skills.lifecycle import MODES, Mode

COUNTS_SPACE = "skill_counts"
UNKNOWN_REGIME = "unknown"


@dataclass(frozen=True, slots=True)
class Record:
    """The counts of one version in one mode: by regime, and in total."""

    regimes: Mapping[str, Counts] = field(default_factory=dict)
    total: Counts = NONE

    def plus(self, regime: str, outcome: Grade, r: float | None, at: datetime) -> Record:
        """Return the record with one more execution."""
        regimes = {**self.regimes, regime: self.regimes.get(regime, NONE).plus(outcome, r, at)}
        return Record(regimes, self.total.plus(outcome, r, at))

    def joined(self, regime: str, counts: Counts) -> Record:
        """Return the record with a regime's counts added."""
        return Record({**self.regimes, regime: self.regimes.get(regime, NONE).joined(counts)}, self.total.joined(counts))


EMPTY = Record()
RecordKey = tuple[str, Mode]


def read_records(state: Mapping[str, Any]) -> dict[RecordKey, Record]:
    """Read the counts of every version from the journal's state of ``COUNTS_SPACE``."""
    found: dict[RecordKey, Record] = {}
    for name, data in state.items():
        key, mode, regime = name.rsplit(":", 2)
        where = (key, _mode(mode))
        found[where] = found.get(where, EMPTY).joined(regime, read_counts(data))
    return found


def counts_key(key: str, mode: Mode, regime: str) -> str:
    """Return the key of a version's counts in the state."""
    return f"{key}:{mode}:{regime}"


def execution_key(skill: str, version: int, decision: str, mode: Mode) -> str:
    """Return the key under which an execution is booked at most once."""
    return f"execution:{skill}:{version}:{decision}:{mode}"


def _mode(name: str) -> Mode:
    return next(mode for mode in MODES if mode == name)
