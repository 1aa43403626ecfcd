"""Beginning a run with the skills of another run of the same home: what they are and how they stand, nothing they earned."""

from __future__ import annotations

import hashlib
from datetime import datetime

from memory_db.writer import Writer
from skills.catalogue import Catalogue, payload
from skills.rows import Standing
from skills.schema import Skill, canonical
from skills.seals import APPROVAL_SPACE, STATUS_SPACE, sealed_standing

_BY = "skills-from"


def skills_digest(catalogue: Catalogue) -> str:
    """Return the SHA-256 of what the skills are and how they stand, whatever they earned."""
    told = [[skill.key, skill.content_hash(), catalogue.standings[skill.key].status] for skill in catalogue.versions()]
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def adopt_skills(catalogue: Catalogue, source: Catalogue, at: datetime) -> None:
    """Take over every version of ``source``; a run that has skills keeps its own."""
    if not catalogue.skills:
        with catalogue.journal.write() as w:
            approvals = source.state(APPROVAL_SPACE)
            for skill in source.versions():
                _adopt(w, catalogue, skill, source.standings[skill.key], approvals.get(skill.key), at)
        catalogue.load()


def _adopt(w: Writer, catalogue: Catalogue, skill: Skill, there: Standing, approval: object, at: datetime) -> None:
    """Write one version as its writer signed it, with its approval; the standing is this run's own, signed anew."""
    standing = Standing(there.status, at, there.rule, there.reason, _BY)
    sets = [(STATUS_SPACE, skill.key, sealed_standing(skill.key, standing, catalogue.keys))]
    w.add(
        "skill_version",
        payload(skill),
        key=f"skill:{skill.key}",
        happened_at=at,
        known_at=at,
        writer=_BY,
        trust=skill.trust,
        sets=[*sets, (APPROVAL_SPACE, skill.key, approval)] if approval is not None else sets,
    )
