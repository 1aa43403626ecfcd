"""Alarms: how far a new version has moved from the one that an operator trusts.

A poisoned refinement keeps the name and changes what it does. A tuned number that moved by more
than a quarter of its bounds, a turned side, a wider stop or longer holding by half, or a condition
that fires three times as often (or a third as often) is a doubt for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from agent.market.features import FeatureFrame
from skills.conditions import firing_rate
from skills.schema import Skill, SkillDraft
from skills.wording import Doubt

_MOVED = 0.25
_WIDER = 1.5
_OFTENER = 3.0
_BARS = 400


def approved_version(there: Iterable[Skill], name: str) -> Skill | None:
    """Return the newest version of a name that stands at operator trust."""
    versions = [skill for skill in there if skill.name == name and skill.trust == "operator"]
    return max(versions, key=lambda skill: skill.version, default=None)


def drifted(there: Iterable[Skill], draft: SkillDraft, frames: Collection[FeatureFrame] = ()) -> list[Doubt]:
    """Return what a draft does differently from the approved version of its name; nothing without one."""
    before = approved_version(there, draft.name)
    if before is None:
        return []
    return [*_parameters(before, draft), *_plan(before, draft), *_firing(before, draft, frames)]


def _parameters(before: Skill, draft: SkillDraft) -> list[Doubt]:
    found = []
    for name, old in before.parameters.items():
        new = draft.parameters.get(name)
        span = old.high - old.low
        if new is not None and span > 0 and abs(new.value - old.value) > _MOVED * span:
            found.append(Doubt("drift", f"parameters.{name}", f"moved from {old.value:g} to {new.value:g}"))
    return found


def _plan(before: Skill, draft: SkillDraft) -> list[Doubt]:
    old, new = before.plan, draft.plan
    if old is None or new is None:
        return []
    found = []
    if old.side != new.side:
        found.append(Doubt("drift", "plan.side", f"turned from {old.side} to {new.side}"))
    for name in ("stop_atr", "max_bars", "size"):
        was, now = float(getattr(old, name)), float(getattr(new, name))
        if now > _WIDER * was:
            found.append(Doubt("drift", f"plan.{name}", f"grew from {was:g} to {now:g}"))
    return found


def _firing(before: Skill, draft: SkillDraft, frames: Collection[FeatureFrame]) -> list[Doubt]:
    if before.condition is None or draft.condition is None:
        return []
    was, now = (firing_rate(condition, frames, _BARS) for condition in (before.condition, draft.condition))
    if was is None or now is None or max(was, now) < 0.01 or max(was, now) <= _OFTENER * min(was, now):
        return []
    return [Doubt("drift", "when", f"fired on {was:.1%} of recent bars, would fire on {now:.1%}")]
