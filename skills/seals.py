"""Signatures on skills: what is written is sealed, and what does not hold is not read.

A version is signed over its canonical content by its writer's key; its standing by whoever
gave it; approvals and revocations by the operator. Reading fails closed: a bad signature, a
wrong key, a changed byte, a standing other than the last one written, or a trusted skill that
its writer could not have written leaves the version out, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agent.errors import ConfigError, SkillRejected
from agent.guard.keys import Holder, Keys
from agent.guard.principals import PRINCIPALS, TABLE
from memory_db.chain import Fact
from memory_db.journal import Journal
from skills.lifecycle import SIZED, STATUSES
from skills.rows import Standing, read_standing
from skills.schema import TRUSTS, Skill, canonical, skill_id
from skills.shipped import shipped

STATUS_SPACE = "skill_status"
APPROVAL_SPACE = "skill_approval"
REVOKED_SPACE = "skill_revoked"


@dataclass
class Book:
    """What a journal holds of skills, as far as it is genuine.

    ``refused`` says why the rest is not; ``outdated`` names shipped versions that trade though this
    package does not ship them: they are to be superseded before anything is decided.
    """

    skills: dict[str, Skill] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    approved: dict[str, str] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()
    outdated: set[str] = field(default_factory=set)


def holder_of(writer: str) -> Holder:
    """Return whose key signs for a writer: a principal's by the table, the agent's for the agent's own machinery."""
    found = next((principal for principal in PRINCIPALS if principal == writer), None)
    return "agent" if found is None else TABLE[found].signs_with


def sealed_version(skill: Skill, keys: Keys) -> Skill:
    """Return the version with the signature of its writer."""
    content = skill.model_dump(mode="json", exclude_defaults=True, exclude={"signature"})
    return skill.model_copy(update={"signature": keys.sign(holder_of(skill.writer), "version", content)})


def sealed_standing(key: str, standing: Standing, keys: Keys) -> dict[str, str]:
    """Return the standing as JSON data with the signature of who gave it."""
    document = standing.document()
    return {**document, "signature": keys.sign(holder_of(standing.by), "standing", {"skill": key, **document})}


def unsealed(journal: Journal, keys: Keys) -> Book:
    """Read every genuine version and standing of a journal; what does not hold is in ``refused``."""
    book = Book()
    book.approved = dict(_approvals(journal, keys))
    book.revoked = frozenset(_revocations(journal, keys))
    state, written = journal.state(STATUS_SPACE), _last_written(journal)
    for fact in journal.facts(kinds=("skill_version",)):
        if fact.payload is None:
            continue
        key = fact.key.removeprefix("skill:")
        try:
            skill = _version(fact, keys)
            standing = _standing(skill, state.get(key), written.get(key), keys)
            _check_authority(skill, standing, book)
        except SkillRejected as err:
            book.refused[key] = err.reasons[0]
            continue
        book.skills[key], book.standings[key] = skill, standing
    return book


def _version(fact: Fact, keys: Keys) -> Skill:
    try:
        data = json.loads(fact.payload or "")
        same = canonical(data) == fact.payload
        signature = data.pop("signature", None)
        skill = Skill.model_validate_json(fact.payload or "")
        genuine = keys.genuine(holder_of(skill.writer), "version", data, signature)
    except (ValueError, AttributeError, RecursionError, ValidationError):
        raise SkillRejected(["the stored version cannot be read"]) from None
    if not same or not genuine:
        raise SkillRejected([f"the signature of its writer ({skill.writer}) does not hold"])
    if fact.key != f"skill:{skill.key}" or skill.id != skill_id(skill.name):
        raise SkillRejected(["it is stored under the number of another version"])
    return skill


def _standing(skill: Skill, data: Any, written: Any, keys: Keys) -> Standing:
    if not isinstance(data, dict) or data != written:
        raise SkillRejected(["its standing is not the one last written"])
    document = {name: value for name, value in data.items() if name != "signature"}
    try:
        standing = read_standing(document)
    except (TypeError, ValueError, KeyError):
        raise SkillRejected(["its standing cannot be read"]) from None
    signed = keys.genuine(holder_of(standing.by), "standing", {"skill": skill.key, **document}, data.get("signature"))
    if not signed or standing.status not in STATUSES:
        raise SkillRejected([f"the signature on its standing ({standing.by}) does not hold"])
    return standing


def _check_authority(skill: Skill, standing: Standing, book: Book) -> None:
    """Refuse a version that claims more than its writer had, or that trades without the approval it needs."""
    found = next((principal for principal in PRINCIPALS if principal == skill.writer), None)
    most = "market" if found is None else TABLE[found].trust
    if skill.writer == "package":
        most = "operator"
        if standing.status in SIZED and not _is_shipped(skill):
            book.outdated.add(skill.key)
    if TRUSTS.index(skill.trust) > TRUSTS.index(most):
        raise SkillRejected([f"{skill.writer} cannot write at {skill.trust} trust"])
    approved = book.approved.get(skill.key) == skill.content_hash()
    if standing.status in SIZED and skill.tainted and (not approved or book.revoked.intersection(skill.sources)):
        raise SkillRejected(["it trades without an operator's approval"])


def _is_shipped(skill: Skill) -> bool:
    return any(draft.content_hash() == skill.content_hash() for draft in shipped())


def _last_written(journal: Journal) -> dict[str, Any]:
    """Return the standing that the facts wrote last, by version."""
    last: dict[str, Any] = {}
    for fact in journal.facts(kinds=("skill_version", "skill_transition")):
        try:
            sets = json.loads(fact.sets)
            last.update({key: value for space, key, value in sets if space == STATUS_SPACE})
        except (ValueError, TypeError):
            raise ConfigError(f"fact {fact.seq} of the journal is damaged; run `tradecraft memory verify`") from None
    return last


def _approvals(journal: Journal, keys: Keys) -> Iterator[tuple[str, str]]:
    for key, data in journal.state(APPROVAL_SPACE).items():
        document = {name: value for name, value in data.items() if name != "signature"}
        if keys.genuine("operator", "approval", {"skill": key, **document}, data.get("signature")):
            yield key, str(data["content"])


def _revocations(journal: Journal, keys: Keys) -> Iterator[str]:
    """Yield revoked sources; one whose signature is bad counts all the same, since that is the careful side."""
    yield from journal.state(REVOKED_SPACE)
