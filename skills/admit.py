"""The one door by which skills and their standing are written.

A draft is checked against schema, limits and vocabulary, compared with what is there and,
with a frame at hand, measured on recent bars; it is accepted, quarantined or rejected, with
reasons. Origin and trust follow from the principal and from what it was made of, never from the
draft. An accepted draft is a candidate: nobody's word makes a skill trade, only its record does,
and what came from outside waits for an operator besides.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agent.domain import Frozen
from agent.errors import ConfigError, SkillRejected
from agent.guard.detect import Likeness
from agent.guard.principals import TABLE, Principal, require
from agent.market.features import FeatureFrame
from agent.settings import SkillRules
from memory_db.writer import Writer
from skills.catalogue import Catalogue, stored
from skills.conditions import firing_rate
from skills.drift import drifted
from skills.lifecycle import ORDERS, Order, Status, ordered
from skills.phases import vouched
from skills.proposals import counted, over_limit
from skills.rows import Standing
from skills.schema import TRUSTS, Origin, Skill, SkillDraft, Trust, canonical, parse_draft, skill_id
from skills.staged import Staged
from skills.wording import Doubt, doubts_of, free_words

Verdict = Literal["accept", "quarantine", "reject"]

_LARGEST_PRIOR = 0.5  # only an operator may claim more before the first trade
_EXCERPT = 160
FREE_TEXT = "model text"  # the source of words that no template of ours puts together


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
    detection: bool = True,
    likeness: Likeness | None = None,
) -> Admission:
    """Judge a draft (JSON data, JSON text or typed) without storing anything.

    ``detection`` looks for attacks in its texts, by rules and, where given, by ``likeness``.
    """
    return _judge(catalogue, catalogue.rules, draft, principal, frame, _Eyes(detection, likeness))[1]


@dataclass(frozen=True, slots=True)
class _Eyes:
    """How texts are looked at."""

    detection: bool = True
    likeness: Likeness | None = None

    def doubts(self, draft: SkillDraft) -> list[Doubt]:
        return doubts_of(draft, self.likeness) if self.detection else []


def _judge(
    there: Catalogue | Staged,
    rules: SkillRules,
    draft: Mapping[str, Any] | str | SkillDraft,
    principal: Principal,
    frame: FeatureFrame | None,
    eyes: _Eyes,
) -> tuple[SkillDraft | None, Admission]:
    """Return the draft as it would be stored, None when rejected, and the verdict."""
    try:
        typed = draft if isinstance(draft, SkillDraft) else parse_draft(draft)
    except SkillRejected as err:
        return None, Admission(verdict="reject", reasons=[_schema_reason(reason) for reason in err.reasons])
    same = _duplicate(there, typed, principal)
    if same is not None:
        return None, Admission(
            verdict="reject", reasons=[Reason(rule="duplicate", where="when", excerpt=f"{same.name} v{same.version}")]
        )
    found = eyes.doubts(typed)
    if any(doubt.grave for doubt in found):
        return None, Admission(verdict="reject", reasons=[_of(doubt) for doubt in found])
    doubts = [*_authority(there, typed, principal), *map(_of, found), *_measured(rules, typed, frame)]
    if principal != "operator":
        doubts += map(_of, drifted(there.skills.values(), typed, () if frame is None else [frame]))
    notes = []
    if principal == "agent" and (words := free_words(typed, vouched(_inputs(there, typed)))):
        notes.append(Reason(rule="free-text", where="text", excerpt=f"needs approval before it trades: {', '.join(words)}"))
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
    sources: Collection[str] = (),
    detection: bool = True,
    likeness: Likeness | None = None,
    origin: Origin | None = None,
) -> Admission:
    """Judge a draft and store it as a new version: a candidate when accepted, quarantined when in doubt.

    ``at`` is when; ``frame`` the recent bars to measure it on; ``sources`` name where text from
    outside came from; ``origin`` the path it came by, by default the principal's. A rejected draft is
    not stored; the rejection is, with its reasons. An agent that proposes more than
    ``skills.proposals_per_day`` is refused until the next day.
    """
    require(principal, "propose")
    staged = catalogue.staged(w)
    if principal == "agent" and over_limit(catalogue, w, at):
        limit = Reason(rule="rate", where="principal", excerpt=f"more than {catalogue.rules.proposals_per_day} proposals a day")
        return Admission(verdict="reject", reasons=[limit])
    typed, judged = _judge(staged, catalogue.rules, draft, principal, frame, _Eyes(detection, likeness))
    if typed is None:
        _record_rejection(w, catalogue, judged, principal, at)
        return judged
    ident = skill_id(typed.name)
    version = catalogue.next_version(staged, typed.name)
    trust, tainted_by = _descent(staged, typed, principal, sources)
    skill = stored(
        typed, version=version, origin=origin or TABLE[principal].origin, trust=trust, writer=principal, at=at, sources=tainted_by
    )
    if revoked := sorted(catalogue.revoked.intersection(tainted_by)):
        refused = Reason(rule="revoked", where="source", excerpt=f"{revoked[0]} was revoked")
        judged = judged.model_copy(update={"verdict": "quarantine", "reasons": [refused, *judged.reasons]})
    status: Status = "candidate" if judged.verdict == "accept" else "quarantined"
    reason = "; ".join(f"{found.rule}: {found.excerpt}" for found in judged.reasons) or "passed the write door"
    catalogue.add_version(w, skill, Standing(status, at, "admitted", reason, principal))
    if principal == "agent":
        counted(catalogue, w, at)
    return judged.model_copy(update={"id": ident, "version": version, "status": status})


def order(
    w: Writer, catalogue: Catalogue, skill: Skill, what: Order, *, principal: Principal, reason: str, at: datetime
) -> Status:
    """Carry out a person's order on a skill version and return its new status.

    ConfigError when the principal may not give it or the skill's status does not allow it.
    """
    require(principal, what)
    status = catalogue.staged(w).standings[skill.key].status
    transition = ordered(what, status, reason)
    if transition is None:
        raise ConfigError(f"{skill.name} v{skill.version} is {status}; {what} applies to {', '.join(ORDERS[what][0])}")
    catalogue.change(w, skill, transition, at=at, by=principal)
    return transition.to


def _schema_reason(reason: str) -> Reason:
    where, _, what = reason.partition(": ")
    return Reason(rule="schema", where=where[:_EXCERPT], excerpt=what[:_EXCERPT])


def _duplicate(there: Catalogue | Staged, draft: SkillDraft, principal: Principal) -> Skill | None:
    """Return a skill that says the same already: the same text under one name, or the same condition and side under another.

    What waits or is suspended, and is trusted less than the writer, keeps nobody's rule out under another name.
    """
    for skill in there.skills.values():
        status = there.standings[skill.key].status
        if status in ("rejected", "superseded"):
            continue
        if skill.name == draft.name and skill.content_hash() == draft.content_hash():
            return skill
        lesser = TRUSTS.index(skill.trust) < TRUSTS.index(TABLE[principal].trust)
        if lesser and status in ("quarantined", "suspended"):
            continue
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
    trust = TRUSTS.index(TABLE[principal].trust)
    taken = [skill for skill in there.skills.values() if skill.name == draft.name and TRUSTS.index(skill.trust) > trust]
    return [Reason(rule="authority", where="name", excerpt=f"{draft.name} is a skill of {taken[0].trust} trust")] if taken else []


def _inputs(there: Catalogue | Staged, draft: SkillDraft) -> list[Skill]:
    """Return the versions of what a draft was made from: components in phase order, then parents."""
    idents = list(dict.fromkeys((*draft.sub_skills, *draft.parents)))
    made_from = [skill for skill in there.skills.values() if skill.id in idents]
    return sorted(made_from, key=lambda skill: (idents.index(skill.id), skill.version))


def _descent(there: Staged, draft: SkillDraft, principal: Principal, sources: Collection[str]) -> tuple[Trust, tuple[str, ...]]:
    """Return how far a draft is trusted, no further than the least trusted it was made from, and whose text is in it."""
    inputs = _inputs(there, draft)
    tainted = {*sources, *(source for skill in inputs for source in skill.sources)}
    if principal in ("importer", "outside") and not sources:
        tainted.add(principal)
    if principal == "agent" and free_words(draft, vouched(inputs)):
        tainted.add(FREE_TEXT)
    least = min([TABLE[principal].trust, *(skill.trust for skill in inputs)], key=TRUSTS.index)
    if sources and TRUSTS.index(least) > TRUSTS.index("outside") and principal != "operator":
        least = "outside"
    return least, tuple(sorted(tainted))


def _of(doubt: Doubt) -> Reason:
    return Reason(rule=doubt.rule[:_EXCERPT], where=doubt.where[:_EXCERPT], excerpt=doubt.excerpt[:_EXCERPT])


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


def _record_rejection(w: Writer, catalogue: Catalogue, judged: Admission, principal: Principal, at: datetime) -> None:
    document = judged.model_dump(mode="json")
    w.add(
        "skill_rejected",
        document,
        key=f"skill-rejected:{principal}:{at.isoformat()}:{w.head.seq}",
        happened_at=at,
        known_at=at,
        writer=principal,
        trust=TABLE[principal].trust,
    )
    if principal == "agent":
        counted(catalogue, w, at)
