"""Which components of a composite an outcome speaks for: those whose phase was at work when the trade ended.

A composite enters where all of its components hold and leaves by the most careful of their plans. So
a trade that ended at its stop speaks for management, which is the component whose stop is the
closest; one that ended at target or by time speaks for exit, the component whose target or holding
is the smallest; one that was closed for another reason, or whose end is not told, for entry, which
every component had a part in. Components that are alike in this share the credit.

Example: a composite of A (stop 2 ATR, target 3 ATR, 5 bars) and B (stop 1.5 ATR, target 4 ATR, 5 bars):
a stop is booked for B, a target for A, an end by time or by signal for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from agent.domain import ExitReason
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.ledger import Execution, book
from skills.lifecycle import SIZED, UNSOUND
from skills.schema import Plan, Skill
from skills.staged import Shelves

Phase = Literal["entry", "management", "exit"]
PHASES: Mapping[ExitReason | None, Phase] = {
    "stop": "management",
    "target": "exit",
    "time": "exit",
    "signal": "entry",
    "halt": "entry",
    None: "entry",
}
_NUMBER: Mapping[ExitReason | None, Callable[[Plan], float]] = {
    "stop": lambda plan: plan.stop_atr,
    "target": lambda plan: plan.target_atr,
    "time": lambda plan: plan.max_bars,
}


def at_work(components: list[Skill], reason: ExitReason | None) -> list[Skill]:
    """Return the components that an outcome with this end speaks for."""
    number = _NUMBER.get(reason)
    sized = [(number(part.plan), part) for part in components if number is not None and part.plan is not None]
    if not sized:
        return components
    least = min(value for value, _ in sized)
    return [part for value, part in sized if value == least]


def version_in_use(there: Shelves, ident: str) -> Skill | None:
    """Return the version of a skill that trades, else the newest in use; None when there is none."""
    versions = [(there.standings[key].status, skill) for key, skill in there.skills.items() if skill.id == ident]
    usable = [(status in SIZED, skill.version, skill) for status, skill in versions if status not in UNSOUND]
    return max(usable, key=lambda found: found[:2])[2] if usable else None


def credit(w: Writer, catalogue: Catalogue, execution: Execution, fired: Mapping[str, int] | None = None) -> list[Execution]:
    """Book a composite's execution for the components at work, theirs too, and return what was booked anew.

    ``fired`` gives the versions known to have fired at the decision; for the others it is the version
    in use. A component that has an execution of its own for the decision keeps that one: book own
    executions first. Only what the book holds is passed on: in shadow each skill is followed by itself.
    """
    staged = catalogue.staged(w)
    booked = []
    for part in _parts(staged, staged.skills[f"{execution.skill}:{execution.version}"], execution.reason, fired or {}):
        own = execution.model_copy(update={"skill": part.id, "version": part.version, "composite": execution.skill})
        if book(w, catalogue, own, mode="book"):
            booked.append(own)
        if part.sub_skills:
            booked += credit(w, catalogue, own, fired)
    return booked


def _parts(there: Shelves, composite: Skill, reason: ExitReason | None, fired: Mapping[str, int]) -> list[Skill]:
    found = []
    for ident in composite.sub_skills:
        known = there.skills.get(f"{ident}:{fired[ident]}") if ident in fired else None
        part = known or version_in_use(there, ident)
        if part is not None:
            found.append(part)
    return at_work(found, reason)
