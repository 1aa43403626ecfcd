"""A skill as one row of ``skills list``: who it is, how it stands, what it has earned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skills.counts import Counts
from skills.lifecycle import Status
from skills.reliability import EVEN, Prior, contract, lift, posterior
from skills.schema import Skill


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of a version: since when, by which rule or order, why, and by whom."""

    status: Status
    since: datetime
    rule: str
    reason: str
    by: str

    def document(self) -> dict[str, str]:
        """Return the standing as JSON data."""
        return {
            "status": self.status,
            "since": self.since.isoformat(),
            "rule": self.rule,
            "reason": self.reason,
            "by": self.by,
        }


def read_standing(data: dict[str, Any]) -> Standing:
    """Read what ``Standing.document`` wrote."""
    return Standing(**{**data, "since": datetime.fromisoformat(data["since"])})


def row(
    skill: Skill, standing: Standing, book: Counts, shadow: Counts, base: dict[str, Any] | None = None, prior: Prior = EVEN
) -> dict[str, Any]:
    """Return the row as JSON data; ``executions`` are those of the book, those in shadow stand apart.

    ``prior`` is what the interval begins with.
    ``base`` is what the same side and exits earn at any moment; ``lift`` is how much more often the skill wins.
    """
    interval = posterior(book, prior=prior)
    return {
        "id": skill.id,
        "name": skill.name,
        "version": skill.version,
        "kind": skill.kind,
        "status": standing.status,
        "origin": skill.origin,
        "executions": book.total,
        "success": book.success,
        "partial": book.partial,
        "failure": book.failure,
        "reliability": contract(book, skill.prior),
        "interval": [interval.low, interval.high],
        "mean_r": book.mean_r,
        "last_used": book.last_used.isoformat() if book.last_used else None,
        "sub_skills": list(skill.sub_skills),
        "shadow": {
            "executions": shadow.total,
            "success": shadow.success,
            "partial": shadow.partial,
            "failure": shadow.failure,
            "mean_r": shadow.mean_r,
        },
        "base_rate": base["win_rate"] if base else None,
        "lift": lift(book, base["win_rate"]) if base else None,
        "since": standing.since.isoformat(),
        "reason": standing.reason,
    }
