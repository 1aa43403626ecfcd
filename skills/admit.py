"""The one door by which skills and their standing are written.

A draft is checked against schema, limits and vocabulary, compared with what is there and,
with a frame at hand, measured on recent bars; it is accepted, quarantined or rejected, with
reasons. Origin and trust follow from the principal, never from the draft. An accepted draft
is a candidate: nobody's word makes a skill trade, only its record does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from agent.domain import Frozen
from agent.errors import ConfigError, SkillRejected
from agent.market.features import FeatureFrame
from agent.settings import SkillRules
from memory_db.writer import Writer
from skills.catalogue import Catalogue, Staged, stored
from skills.conditions import firing_rate
from skills.lifecycle import ORDERS, Order, Status, ordered
from skills.rows import Standing
from skills.schema import TRUSTS, Origin, Skill, SkillDraft, Trust, canonical, parse_draft, skill_id

Principal = Literal["operator", "agent", "importer", "outside"]
Verdict = Literal["accept", "quarantine", "reject"]

# what each principal's drafts are, whatever they say of themselves
_STAMPS: Mapping[Principal, tuple[Origin, Trust]] = {
    "operator": ("manual", "operator"),
    "agent": ("learned", "model"),
    "importer": ("imported", "imported"),
    "outside": ("imported", "outside"),
}
# the agent may make itself more careful, never bolder
_AGENT_ORDERS: frozenset[Order] = frozenset({"quarantine", "retire", "stale"})
_LARGEST_PRIOR = 0.5  # only an operator may claim more before the first trade
_EXCERPT = 160


class Reason(Frozen):
    """Why: the rule, where in the draft, and what was found there."""

    rule: str
    where: str
    excerpt: str


class Admission(Frozen):
    """What the door decided; id, version and status are None when nothing was stored."""

    id: str | None = None
    version: int | None = None
    status: Status | None = None
    verdict: Verdict
    reasons: list[Reason] = []


def check(
    catalogue: Catalogue,
    draft: Mapping[str, Any] | str | SkillDraft,
    *,
    principal: Principal,
    frame: FeatureFrame | None = None,
) -> Admission:
    """Judge a draft (JSON data, JSON text or typed) without storing anything."""
    return _judge(catalogue, catalogue.rules, draft, principal, frame)[1]


def _judge(
    there: Catalogue | Staged,
    rules: SkillRules,
    draft: Mapping[str, Any] | str | SkillDraft,
    principal: Principal,
    frame: FeatureFrame | None,
) -> tuple[SkillDraft | None, Admission]:
    """Return the draft as it would be stored, None when rejected, and the verdict."""
    try:
        typed = draft if isinstance(draft, SkillDraft) else parse_draft(draft)
    except SkillRejected as err:
        return None, Admission(verdict="reject", reasons=[_schema_reason(reason) for reason in err.reasons])
    same = _duplicate(there, typed)
    if same is not None:
        return None, Admission(
            verdict="reject", reasons=[Reason(rule="duplicate", where="when", excerpt=f"{same.name} v{same.version}")]
        )
    doubts = [*_authority(there, typed, principal), *_measured(rules, typed, frame)]
    notes = []
    if principal != "operator" and typed.prior > _LARGEST_PRIOR:
        notes.append(Reason(rule="prior", where="prior", excerpt=f"{typed.prior:g} lowered to {_LARGEST_PRIOR:g}"))
        typed = typed.model_copy(update={"prior": _LARGEST_PRIOR})
    return typed, Admission(verdict="quarantine" if doubts else "accept", reasons=doubts + notes)


def admit(
    w: Writer,
    catalogue: Catalogue,
    draft: Mapping[str, Any] | str | SkillDraft,
    *,
    principal: Principal,
    at: datetime,
    frame: FeatureFrame | None = None,
) -> Admission:
    """Judge a draft and store it as a new version: a candidate when accepted, quarantined when in doubt.

    ``at`` is when; ``frame`` the recent bars to measure it on. A rejected draft is not stored;
    the rejection is, with its reasons.
    """
    staged = catalogue.staged(w)
    typed, judged = _judge(staged, catalogue.rules, draft, principal, frame)
    if typed is None:
        _record_rejection(w, judged, principal, at)
        return judged
    origin, trust = _STAMPS[principal]
    ident = skill_id(typed.name)
    version = 1 + max((skill.version for skill in staged.skills.values() if skill.id == ident), default=0)
    skill = stored(typed, version=version, origin=origin, trust=trust, writer=principal, at=at)
    status: Status = "candidate" if judged.verdict == "accept" else "quarantined"
    reason = "; ".join(f"{found.rule}: {found.excerpt}" for found in judged.reasons) or "passed the write door"
    catalogue.add_version(w, skill, Standing(status, at, "admitted", reason, principal))
    return judged.model_copy(update={"id": ident, "version": version, "status": status})


def order(
    w: Writer, catalogue: Catalogue, skill: Skill, what: Order, *, principal: Principal, reason: str, at: datetime
) -> Status:
    """Carry out a person's order on a skill version and return its new status.

    ConfigError when the principal may not give it or the skill's status does not allow it.
    """
    if principal != "operator" and not (principal == "agent" and what in _AGENT_ORDERS):
        raise ConfigError(f"{principal} may not {what} a skill; ask an operator")
    status = catalogue.staged(w).standings[skill.key].status
    transition = ordered(what, status, reason)
    if transition is None:
        raise ConfigError(f"{skill.name} v{skill.version} is {status}; {what} applies to {', '.join(ORDERS[what][0])}")
    catalogue.change(w, skill, transition, at=at, by=principal)
    return transition.to


def _schema_reason(reason: str) -> Reason:
    where, _, what = reason.partition(": ")
    return Reason(rule="schema", where=where[:_EXCERPT], excerpt=what[:_EXCERPT])


def _duplicate(there: Catalogue | Staged, draft: SkillDraft) -> Skill | None:
    """Return a skill that says the same already: the same text under one name, or the same condition and side under another."""
    for skill in there.skills.values():
        if there.standings[skill.key].status in ("rejected", "superseded"):
            continue
        if skill.name == draft.name and skill.content_hash() == draft.content_hash():
            return skill
        if skill.name != draft.name and _essence(draft) is not None and _essence(skill) == _essence(draft):
            return skill
    return None


def _essence(draft: SkillDraft) -> str | None:
    if draft.condition is None or draft.plan is None:
        return None
    return canonical([draft.condition.model_dump(mode="json"), draft.plan.side])


def _authority(there: Catalogue | Staged, draft: SkillDraft, principal: Principal) -> list[Reason]:
    if principal == "outside":
        return [Reason(rule="authority", where="principal", excerpt="what comes from outside waits for an operator")]
    trust = TRUSTS.index(_STAMPS[principal][1])
    taken = [skill for skill in there.skills.values() if skill.name == draft.name and TRUSTS.index(skill.trust) > trust]
    return [Reason(rule="authority", where="name", excerpt=f"{draft.name} is a skill of {taken[0].trust} trust")] if taken else []


def _measured(rules: SkillRules, draft: SkillDraft, frame: FeatureFrame | None) -> list[Reason]:
    if frame is None or draft.condition is None:
        return []
    rate = firing_rate(draft.condition, [frame], rules.fire_bars)
    if rate is None or rules.fire_min <= rate <= rules.fire_max:
        return []
    return [
        Reason(
            rule="firing-rate",
            where="when",
            excerpt=f"fires on {rate:.1%} of recent bars; {rules.fire_min:.1%} to {rules.fire_max:.0%} is expected",
        )
    ]


def _record_rejection(w: Writer, judged: Admission, principal: Principal, at: datetime) -> None:
    document = judged.model_dump(mode="json")
    w.add(
        "skill_rejected",
        document,
        key=f"skill-rejected:{principal}:{at.isoformat()}:{w.head.seq}",
        happened_at=at,
        known_at=at,
        writer=principal,
        trust=_STAMPS[principal][1],
    )
