"""Maintenance: applies the lifecycle's table to every skill, and writes each change with its reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agent.market.features import FeatureFrame
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.conditions import firing_rate
from skills.lifecycle import SIZED, UNSOUND, Status, Transition, View, next_status
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
    around = _Around.of(staged)
    for key in sorted(staged.skills if only is None else only):
        skill = staged.skills[key]
        view = _view(skill, staged, around, frames, catalogue.rules.fire_bars, pinned=skill.id in catalogue.pins)
        book, shadow = staged.record(key, "book").total, staged.record(key, "shadow").total
        transition = next_status(view, book, shadow, catalogue.rules, at)
        if transition is not None and catalogue.permits(staged, skill, transition):
            found.append((skill, Change(skill.id, skill.version, skill.name, view.status, transition)))
    return found


@dataclass(frozen=True, slots=True)
class _Around:
    """What a skill's health takes from the others.

    Ids with a version in use; since when those without one stand retired by their record; the newest version that trades.
    """

    in_use: frozenset[str]
    fallen: dict[str, datetime]
    trading: dict[str, int]

    @classmethod
    def of(cls, staged: Staged) -> _Around:
        in_use: set[str] = set()
        trading: dict[str, int] = {}
        fallen: dict[str, datetime] = {}
        for key, skill in staged.skills.items():
            standing = staged.standings[key]
            status = standing.status
            if status == "retired" and standing.rule.startswith("retire-"):
                fallen[skill.id] = max(standing.since, fallen.get(skill.id, standing.since))
            if status not in UNSOUND:
                in_use.add(skill.id)
            if status in SIZED:
                trading[skill.id] = max(skill.version, trading.get(skill.id, 0))
        return cls(frozenset(in_use), {ident: since for ident, since in fallen.items() if ident not in in_use}, trading)


def maintain(
    w: Writer, catalogue: Catalogue, at: datetime, frames: Collection[FeatureFrame] = (), only: Collection[str] | None = None
) -> list[Change]:
    """Apply at most one transition to each skill (of those keys), and return those applied."""
    changes = due(catalogue, catalogue.staged(w), at, frames, only)
    for skill, change in changes:
        catalogue.change(w, skill, change.transition, at=at, by="maintenance")
    return [change for _, change in changes]


def _view(skill: Skill, staged: Staged, around: _Around, frames: Collection[FeatureFrame], bars: int, *, pinned: bool) -> View:
    standing = staged.standings[skill.key]
    missing = set(skill.sub_skills) - around.in_use
    measured = standing.status == "candidate" and skill.condition is not None
    return View(
        status=standing.status,
        since=standing.since,
        rule=standing.rule,
        prior=skill.prior,
        fires=firing_rate(skill.condition, frames, bars) if measured and skill.condition is not None else None,
        sound=missing <= around.fallen.keys(),
        bereft=any(around.fallen[part] >= standing.since for part in missing if part in around.fallen),
        replaced=around.trading.get(skill.id, 0) > skill.version,
        pinned=pinned or skill.kind == "procedure",  # a procedure has no trades to go stale by
    )
