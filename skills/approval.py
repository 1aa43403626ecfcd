"""What a person sees before deciding on a skill, and what the decision writes.

A review shows who wrote the version, from which sources, what differs from the version in force,
what was found, and what would change. Its digest is recorded with the approval, so the record
says what had been shown. Revoking a source suspends everything that descends from it.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from agent.errors import ConfigError
from agent.guard.principals import Principal, require
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.drift import approved_version, drifted
from skills.lifecycle import Status, Transition
from skills.schema import Skill, canonical
from skills.staged import Staged
from skills.wording import doubts_of

_SUSPENDABLE: frozenset[Status] = frozenset({"candidate", "probation", "active", "watch", "stale"})


@dataclass(frozen=True, slots=True)
class Review:
    """Everything shown of a version before a decision."""

    skill: str
    name: str
    version: int
    status: str
    writer: str
    trust: str
    sources: tuple[str, ...]
    findings: tuple[str, ...]
    diff: tuple[str, ...]
    would: str

    @property
    def digest(self) -> str:
        """Return 16 hex digits over all that is shown."""
        return hashlib.sha256(canonical(self._data()).encode()).hexdigest()[:16]

    def _data(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}

    def document(self) -> dict[str, object]:
        """Return the review as JSON data."""
        return {**self._data(), "digest": self.digest}


def review(catalogue: Catalogue, skill: Skill) -> Review:
    """Return what a person has to see of a version before deciding on it."""
    others = [other for other in catalogue.skills.values() if other.key != skill.key]
    standing = catalogue.standings[skill.key]
    before = approved_version(others, skill.name)
    findings = [f"{doubt.rule} at {doubt.where}: {doubt.excerpt}" for doubt in (*doubts_of(skill), *drifted(others, skill))]
    if standing.status == "quarantined":
        findings.insert(0, f"quarantined: {standing.reason}")
    return Review(
        skill=skill.id,
        name=skill.name,
        version=skill.version,
        status=standing.status,
        writer=skill.writer,
        trust=skill.trust,
        sources=skill.sources,
        findings=tuple(findings),
        diff=tuple(_diff(before, skill)),
        would=_would(catalogue, skill, standing.status),
    )


def _would(catalogue: Catalogue, skill: Skill, status: Status) -> str:
    if catalogue.revoked.intersection(skill.sources):
        return "stays as it is: a source of it was revoked"
    steps = ["leaves quarantine as a candidate"] if status == "quarantined" else [f"stays {status}"]
    if skill.tainted:
        steps.append("may trade once it has earned it on probation; its text may be shown to a model")
    return "; ".join(steps)


def _diff(before: Skill | None, skill: Skill) -> list[str]:
    old = [] if before is None else json.dumps(before.document(), indent=1, sort_keys=True).splitlines()
    new = json.dumps(skill.document(), indent=1, sort_keys=True).splitlines()
    name = "nothing" if before is None else f"{before.name} v{before.version}"
    return list(difflib.unified_diff(old, new, name, f"{skill.name} v{skill.version}", lineterm="", n=1))


def approve(
    w: Writer, catalogue: Catalogue, skill: Skill, *, principal: Principal, reason: str, at: datetime, reviewed: str
) -> Status:
    """Record an operator's approval of a version and lift its quarantine; returns its status.

    ``reviewed`` is the digest of the review that was shown. ConfigError when it is not what there is to
    see now, when the principal may not approve, or when a source of the version was revoked.
    """
    require(principal, "approve")
    shown = review(catalogue, skill)
    if shown.digest != reviewed:
        raise ConfigError(f"{skill.name} v{skill.version} is not as it was shown ({reviewed}); look at it again: {shown.digest}")
    if revoked := sorted(catalogue.revoked.intersection(skill.sources)):
        raise ConfigError(f"{skill.name} v{skill.version} comes from {revoked[0]!r}, which was revoked; it cannot be approved")
    status = catalogue.staged(w).standings[skill.key].status
    if status in ("rejected", "superseded"):
        raise ConfigError(f"{skill.name} v{skill.version} is {status}; approve applies to versions in use or in quarantine")
    catalogue.clear(w, skill, reviewed=reviewed, reason=reason, at=at)
    if status == "quarantined":
        catalogue.change(w, skill, Transition("candidate", "person-approve", reason), at=at, by=principal)
        return "candidate"
    return status


def revoke_source(
    w: Writer, catalogue: Catalogue, source: str, *, principal: Principal, reason: str, at: datetime
) -> list[Skill]:
    """Revoke a source and suspend every version that descends from it; returns those suspended."""
    require(principal, "revoke-source")
    staged = catalogue.staged(w)
    hit = descendants(staged, source)
    if not hit:
        known = sorted({name for skill in staged.skills.values() for name in skill.sources}) or ["none"]
        raise ConfigError(f"no skill comes from {source!r}; sources there are: {', '.join(known)}")
    catalogue.revoke(w, source, reason=reason, at=at)
    suspended = [skill for skill in hit if staged.standings[skill.key].status in _SUSPENDABLE]
    for skill in suspended:
        catalogue.change(w, skill, Transition("suspended", "source-revoked", f"{source}: {reason}"), at=at, by=principal)
    return suspended


def descendants(there: Staged, source: str) -> list[Skill]:
    """Return every version that came from a source, or was made from one that did."""
    found = {key: skill for key, skill in there.skills.items() if source in skill.sources}
    while True:
        ids = {skill.id for skill in found.values() if source in skill.sources or skill.writer != "package"}
        more = {
            key: skill
            for key, skill in there.skills.items()
            if key not in found and ids.intersection((*skill.parents, *skill.sub_skills))
        }
        if not more:
            return sorted(found.values(), key=lambda skill: (skill.name, skill.version))
        found.update(more)
