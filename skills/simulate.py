"""What the lifecycle would do to a skill whose outcomes are already known: pure, nothing is stored.

A simulated skill starts active. While it is sized its outcomes go to the book, while it is not
they count as shadow, exactly as in a run; after each time step the table is asked once. So the
order of outcomes within one time step makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pydantic import Field, model_validator

from agent.domain import Frozen, Grade, Utc
from agent.settings import SkillRules
from skills.counts import NONE, Counts
from skills.lifecycle import SIZED, Mode, Status, Transition, View, next_status

_START = "start"


class Past(Frozen):
    """One outcome with its time; net R may be left out, a win then counts as the criterion and a loss as -1 R."""

    at: Utc
    outcome: Grade
    r: float | None = None

    @model_validator(mode="after")
    def _measured(self) -> Past:
        if self.outcome == "unknown" and self.r is not None:
            raise ValueError(f"an unknown outcome has no r, and this one has {self.r:g}; grade it or remove r")
        return self


class Life(Frozen):
    """A skill by any name with what became of its executions."""

    skill: str = Field(min_length=1)
    outcomes: list[Past]
    prior: float = Field(0.5, ge=0, le=1)


@dataclass(frozen=True, slots=True)
class Step:
    """A transition as it happened: when, from which status, and what the table said."""

    at: datetime
    from_: Status
    transition: Transition
    executions: int

    def document(self) -> dict[str, Any]:
        """Return the step as JSON data."""
        return {
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "from": self.from_,
            "to": self.transition.to,
            "rule": self.transition.rule,
            "reason": self.transition.reason,
            "executions": self.executions,
        }


def simulate(life: Life, rules: SkillRules) -> list[Step]:
    """Return every transition of the skill, in order; ``executions`` says after how many outcomes each came."""
    ordered = sorted(life.outcomes, key=lambda past: past.at)
    if not ordered:
        return []
    view = View(status="active", since=ordered[0].at, rule=_START, prior=life.prior)
    counts: dict[Mode, Counts] = {"book": NONE, "shadow": NONE}
    steps: list[Step] = []
    lived = 0
    for at, group in groupby(ordered, key=lambda past: past.at):
        mode: Mode = "book" if view.status in SIZED else "shadow"
        for past in group:
            counts[mode] = counts[mode].plus(past.outcome, _net(past, rules), at)
            lived += 1
        change = next_status(view, counts["book"], counts["shadow"], rules, at)
        if change is not None:
            steps.append(Step(at, view.status, change, lived))
            view = View(status=change.to, since=at, rule=change.rule, prior=life.prior)
            counts.update(dict.fromkeys(change.resets, NONE))
    return steps


def _net(past: Past, rules: SkillRules) -> float | None:
    if past.r is not None or past.outcome == "unknown":
        return past.r
    return {"success": rules.success_r, "partial": rules.success_r / 2, "failure": -1.0}[past.outcome]


def shares(lives: Iterable[list[Step]]) -> dict[str, float]:
    """Return which share of the simulated skills was ever retired, ends retired, and was ever restored."""
    all_steps = list(lives)
    n = max(1, len(all_steps))
    return {
        "skills": len(all_steps),
        "ever_retired": sum(any(s.transition.to == "retired" for s in steps) for steps in all_steps) / n,
        "end_retired": sum(bool(steps) and steps[-1].transition.to == "retired" for steps in all_steps) / n,
        "restored": sum(any(s.transition.rule == "restore" for s in steps) for steps in all_steps) / n,
    }
