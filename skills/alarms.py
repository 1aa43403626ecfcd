"""Running alarms: what trades is compared with what a person approved, at the first bars of every week.

An alarm is a skill version in use that has moved far from the newest version of its name at operator
trust (``skills.drift``), or that fires on recent bars far outside what lets a candidate in. It changes
nothing by itself: it is a fact when it comes and when it goes, and stands in ``skills list`` and ``doctor``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from agent.market.features import FeatureFrame
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.conditions import firing_rate
from skills.drift import drifted
from skills.lifecycle import SIZED
from skills.schema import Skill

SPACE = "skill_alarm"
_TIMES = 2.0  # a rate so many times the bounds of admission is far outside


def week_begins(frames: Collection[FeatureFrame]) -> bool:
    """Say whether the last bar of a series lies in another ISO week than the bar before it."""
    lasts = (frame.start[-2:].astype("datetime64[D]").astype(object) for frame in frames if len(frame) > 1)
    return any(before.isocalendar()[:2] != last.isocalendar()[:2] for before, last in lasts)


def alarms_of(catalogue: Catalogue, there: Collection[Skill], skill: Skill, frames: Collection[FeatureFrame]) -> dict[str, str]:
    """Return what is odd about a version in use: the field, and what was found there."""
    others = [other for other in there if other.key != skill.key]
    approved = skill.trust == "operator" or catalogue.approved.get(skill.key) == skill.content_hash()
    found = {} if approved else {doubt.where: doubt.excerpt for doubt in drifted(others, skill, frames)}
    rules = catalogue.rules
    rate = None if skill.condition is None else firing_rate(skill.condition, frames, rules.fire_bars)
    if rate is not None and not rules.fire_min / _TIMES <= rate <= rules.fire_max * _TIMES:
        found.setdefault("when", f"fires on {rate:.1%} of recent bars; {rules.fire_min:.1%} to {rules.fire_max:.0%} is expected")
    return found


def watch(w: Writer, catalogue: Catalogue, at: datetime, frames: Collection[FeatureFrame]) -> None:
    """Record every alarm that has come or gone since the last look."""
    staged = catalogue.staged(w)
    standing = catalogue.state(SPACE)
    for key in sorted(staged.skills):
        skill = staged.skills[key]
        used = staged.standings[key].status in SIZED and skill.kind == "strategy"
        found = alarms_of(catalogue, staged.skills.values(), skill, frames) if used else {}
        if sorted(found) != sorted(standing.get(key, {})):
            _record(w, skill, found, at)


def _record(w: Writer, skill: Skill, found: dict[str, str], at: datetime) -> None:
    payload: dict[str, Any] = {"skill": skill.id, "version": skill.version, "name": skill.name, "alarms": found}
    w.add(
        "skill_alarm",
        payload,
        key=f"skill-alarm:{skill.key}:{at.isoformat()}",
        happened_at=at,
        known_at=at,
        sets=[(SPACE, skill.key, found or None)],
    )


def standing_alarms(state: dict[str, Any]) -> list[str]:
    """Return the alarms of a journal's state as lines: which version, where, what."""
    return [f"{key}: {where}: {what}" for key, found in sorted(state.items()) for where, what in sorted(found.items())]
