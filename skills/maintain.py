"""Maintenance: applies the lifecycle's table to every skill, and writes each change with its reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agent.market.features import FeatureFrame
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.conditions import firing_rate
from skills.lifecycle import Status, Transition, View, next_status
from skills.schema import Skill
from skills.staged import Staged


@dataclass(frozen=True, slots=True)
class Change:
    """A transition of one skill version."""

    skill: str
    version: int
    name: str
    from_: Status
    transition: Transition


def due(
    catalogue: Catalogue,
    staged: Staged,
    at: datetime,
    frames: Collection[FeatureFrame],
    only: Collection[str] | None = None,
) -> list[tuple[Skill, Change]]:
    """Return what maintenance would change at ``at``, changing nothing; ``frames`` are the series known by then.

    ``only`` keeps it to the versions of these keys.
    """
    found = []
    for key in sorted(staged.skills if only is None else only):
        skill = staged.skills[key]
        view = _view(skill, staged, frames, catalogue.rules.fire_bars, pinned=skill.id in catalogue.pins)
        book, shadow = staged.record(key, "book").total, staged.record(key, "shadow").total
        transition = next_status(view, book, shadow, catalogue.rules, at)
        if transition is not None and catalogue.permits(staged, skill, transition):
            found.append((skill, Change(skill.id, skill.version, skill.name, view.status, transition)))
    return found


def maintain(
    w: Writer, catalogue: Catalogue, at: datetime, frames: Collection[FeatureFrame] = (), only: Collection[str] | None = None
) -> list[Change]:
    """Apply at most one transition to each skill (of those keys), and return those applied."""
    changes = due(catalogue, catalogue.staged(w), at, frames, only)
    for skill, change in changes:
        catalogue.change(w, skill, change.transition, at=at, by="maintenance")
    return [change for _, change in changes]


def _view(skill: Skill, staged: Staged, frames: Collection[FeatureFrame], bars: int, *, pinned: bool) -> View:
    standing = staged.standings[skill.key]
    measured = standing.status == "candidate" and skill.condition is not None
    return View(
        status=standing.status,
        since=standing.since,
        rule=standing.rule,
        prior=skill.prior,
        fires=firing_rate(skill.condition, frames, bars) if measured and skill.condition is not None else None,
        sound=not skill.sub_skills or _sound(skill, staged),
        pinned=pinned or skill.kind == "procedure",  # a procedure has no trades to go stale by
    )


def _sound(skill: Skill, staged: Staged) -> bool:
    """Say whether every component has a version that is neither retired nor gone."""
    alive = {
        other.id
        for key, other in staged.skills.items()
        if staged.standings[key].status not in ("retired", "rejected", "superseded", "quarantined")
    }
    return all(component in alive for component in skill.sub_skills)
