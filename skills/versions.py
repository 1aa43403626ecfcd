"""New versions of a skill, and the way back: what a look at a skill leads to, written down with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent.domain import Frozen
from agent.errors import ConfigError
from agent.guard.principals import Principal, require
from agent.market.series import Series
from agent.settings import Costs, Growing
from memory_db.writer import Writer
from skills.admit import Admission, admit
from skills.catalogue import Catalogue
from skills.drift import approved_version
from skills.lifecycle import SIZED, Status, Transition
from skills.refine import Refined, refine
from skills.schema import Skill, parse_draft
from skills.staged import Shelves

SPACE = "skill_looks"


class Refinement(Frozen):
    """What came of refining a skill: the evidence, and the write door's word where a version was handed in."""

    skill: str
    name: str
    version: int
    evidence: dict[str, Any]
    admission: Admission | None = None


def measure_of(there: Shelves, skill: Skill) -> Skill:
    """Return the version that tuning is measured against: the last one approved, else the first."""
    versions = [other for other in there.skills.values() if other.id == skill.id]
    return approved_version(versions, skill.name) or min(versions, key=lambda other: other.version)


def refine_skill(
    w: Writer,
    catalogue: Catalogue,
    skill: Skill,
    series: Sequence[Series],
    costs: Costs,
    rules: Growing,
    *,
    principal: Principal,
    reason: str,
    at: datetime,
) -> Refinement:
    """Look for a better version of a strategy and hand it to the write door; the look itself is recorded either way.

    ConfigError for a procedure or a pinned skill.
    """
    require(principal, "propose")
    if skill.kind == "procedure":
        raise ConfigError(f"{skill.name} is a procedure and never fires; refine a strategy")
    if skill.id in catalogue.pins:
        raise ConfigError(f"{skill.name} is pinned ({catalogue.pins[skill.id]}); `skills pin {skill.name} --off` first")
    staged = catalogue.staged(w)
    looks = int(w.state(SPACE).get(skill.id, 0))
    found = refine(skill, measure_of(staged, skill), series, costs, rules, earlier_looks=looks)
    admission = _admitted(w, catalogue, found, principal, at)
    document = {"skill": skill.id, "version": skill.version, "reason": reason, "looks": looks + 1, **found.document()}
    w.add(
        "skill_refinement",
        document,
        key=f"skill-refinement:{skill.key}:{at.isoformat()}",
        happened_at=at,
        known_at=at,
        writer=principal,
        sets=[(SPACE, skill.id, looks + 1)],
    )
    return Refinement(skill=skill.id, name=skill.name, version=skill.version, evidence=found.document(), admission=admission)


def replace_skill(
    w: Writer, catalogue: Catalogue, skill: Skill, draft: str, *, principal: Principal, reason: str, at: datetime
) -> Refinement:
    """Hand a person's own next version of a skill to the write door; ConfigError when it is not a draft of that skill."""
    typed = parse_draft(draft)
    if typed.name != skill.name:
        raise ConfigError(f"the draft is called {typed.name!r}, not {skill.name!r}; a new version keeps the name")
    admission = admit(w, catalogue, typed, principal=principal, at=at)
    w.add(
        "skill_refinement",
        {"skill": skill.id, "version": skill.version, "reason": reason, "admitted": admission.version},
        key=f"skill-refinement:{skill.key}:{at.isoformat()}",
        happened_at=at,
        known_at=at,
        writer=principal,
    )
    return Refinement(skill=skill.id, name=skill.name, version=skill.version, evidence={}, admission=admission)


def _admitted(w: Writer, catalogue: Catalogue, found: Refined, principal: Principal, at: datetime) -> Admission | None:
    if not found.accepted or found.change is None:
        return None
    return admit(w, catalogue, found.change.draft, principal=principal, at=at)


def rollback(
    w: Writer, catalogue: Catalogue, ident: str, version: int | None, *, principal: Principal, reason: str, at: datetime
) -> tuple[Skill, Status]:
    """Put an earlier version back in force, with the statistics it had, and take newer ones out of use.

    Without ``version`` it is the newest one that was superseded. ConfigError when there is none.
    """
    require(principal, "restore")
    staged = catalogue.staged(w)
    skill = catalogue.get(ident)
    versions = {other.version: other for other in staged.skills.values() if other.id == skill.id}
    back = [v for v in sorted(versions) if staged.standings[versions[v].key].status == "superseded"]
    wanted = version if version is not None else max(back, default=None)
    if wanted not in back:
        have = ", ".join(str(v) for v in back) or "none"
        raise ConfigError(
            f"{skill.name} has no superseded version {wanted or ''}".rstrip() + f" to go back to; there are: {have}"
        )
    for other in versions.values():
        if staged.standings[other.key].status in (*SIZED, "stale", "probation", "candidate") and other.version != wanted:
            catalogue.change(w, other, Transition("superseded", "person-rollback", reason), at=at, by=principal)
    target = versions[wanted]
    catalogue.change(w, target, Transition("active", "person-rollback", reason), at=at, by=principal)
    return target, "active"
