"""What the agent does by itself with its skills, now and then: it proposes what the record speaks for.

A look is one transaction and one fact: what was looked at, how much of it, what was proposed and what
the write door said. How many pairs were ever looked at is kept, because every one of them is a chance
to be wrong; searches for conditions spend their chance of being wrong over the whole run. Nothing
proposed here trades before it has earned it on probation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.domain import Side
from agent.errors import ConfigError
from agent.market.series import Series
from agent.risk.sizing import Exits
from agent.settings import Costs, Growing
from memory_db.writer import Writer
from skills.admit import admit
from skills.breakdown import base_of
from skills.catalogue import BASE_SPACE, Catalogue
from skills.compose import compose
from skills.conditions import firing_rate
from skills.consolidate import merge, near_duplicates
from skills.discovery import Discovery, discover, labelled, without_overlap
from skills.discovery.discover import Rules
from skills.discovery.naming import draft_of
from skills.drafting import known
from skills.formation import formed, trajectories
from skills.lifecycle import SIZED, Status
from skills.schema import Skill, SkillDraft
from skills.staged import Staged
from skills.together import Pairing, better_together
from skills.trial import cost_bps
from skills.versions import refine_skill

SPACE = "skill_growth"
_FEWEST_TRADES = 300  # a search of fewer could hardly accept anything, and would spend its chance
# what may become a part of something: it trades, is on its way to, or rests for want of a success
_COMPONENTS: frozenset[Status] = frozenset({"active", "watch", "stale", "probation"})

Json = dict[str, Any]
Explored = tuple[Side, Discovery]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a look rests on: the series as known at ``at``, costs, rules, seed, the standard exits in ATR, and sides traded."""

    series: Sequence[Series]
    costs: Costs
    rules: Growing
    seed: int
    at: datetime
    exits: Exits
    sides: tuple[Side, ...] = ("buy",)


def due(catalogue: Catalogue, rules: Growing, at: datetime) -> bool:
    """Say whether the last look lies far enough back."""
    last = catalogue.state(SPACE).get("last")
    return last is None or at - datetime.fromisoformat(last) >= timedelta(days=rules.days)


def explore(catalogue: Catalogue, ground: Ground) -> list[Explored]:
    """Search for conditions where that is wanted and due, one search a side; it takes seconds, so it is done before a look.

    The k-th search of a run may accept by chance with 6 / (pi k)^2 of ``discover_level``: all together stay within it.
    """
    rules = ground.rules
    before = catalogue.state(SPACE)
    last = before.get("explored")
    early = last is not None and ground.at - datetime.fromisoformat(last) < timedelta(days=rules.discover_days)
    if not rules.discover or early:
        return []
    found: list[Explored] = []
    for side in ground.sides:
        rows = [t for one in ground.series for t in labelled(one, side, ground.exits, cost_bps(one, ground.costs))]
        trades = without_overlap(rows, rules.discover_trades)
        if len(trades) >= _FEWEST_TRADES:
            k = int(before.get("searches", 0)) + len(found) + 1
            level = rules.discover_level * 6 / (math.pi * k) ** 2
            found.append((side, discover(trades, seed=ground.seed, rules=Rules(best_level=level))))
    return found


def grow(w: Writer, catalogue: Catalogue, ground: Ground, explored: Sequence[Explored] = ()) -> Json:
    """Take one look and write down what came of it; a second look at the same time changes nothing."""
    staged = catalogue.staged(w)
    before: Json = w.state(SPACE)
    if before.get("last") == ground.at.isoformat():
        return {}
    composed = _compose(w, catalogue, staged, ground, int(before.get("pairs", 0)))
    refined = _refine(w, catalogue, staged, ground) if ground.rules.refine else []
    told_of = _form(w, catalogue, ground) if ground.rules.form else []
    discovered = _discover(w, catalogue, ground, explored)
    merged = _merge(w, catalogue, staged, ground) if ground.rules.merge else []
    told: Json = {
        "at": ground.at.isoformat(),
        "composed": composed,
        "refined": refined,
        "formed": told_of,
        "discovered": discovered,
        "merged": merged,
    }
    counted: list[tuple[str, str, Any]] = [(SPACE, "pairs", int(before.get("pairs", 0)) + composed["tried"])]
    if explored:
        counted.append((SPACE, "explored", ground.at.isoformat()))
        counted.append((SPACE, "searches", int(before.get("searches", 0)) + len(explored)))
    w.add(
        "skill_growth",
        told,
        key=f"skill-growth:{ground.at.isoformat()}",
        happened_at=ground.at,
        known_at=ground.at,
        sets=[*_bases(catalogue, staged, ground), (SPACE, "last", ground.at.isoformat()), *counted],
    )
    return told


def _compose(w: Writer, catalogue: Catalogue, staged: Staged, ground: Ground, earlier_looks: int) -> Json:
    """Propose composites of skills that do better together than apart."""
    if not ground.rules.compose:
        return {"tried": 0, "pairings": [], "proposed": []}
    looked = better_together(
        _components(catalogue, staged),
        ground.series,
        ground.costs,
        ground.rules,
        seed=ground.seed,
        earlier_looks=earlier_looks,
    )
    proposed: list[Json] = []
    for pairing in looked.pairings:
        draft = _draft(catalogue, staged, pairing, ground) if pairing.accepted else None
        if draft is not None and len(proposed) < ground.rules.proposals:
            judged = admit(w, catalogue, draft, principal="agent", at=ground.at, origin="composed")
            proposed.append({"name": draft.name, **judged.model_dump(mode="json")})
    return {"tried": looked.tried, "pairings": [pairing.document() for pairing in looked.pairings], "proposed": proposed}


def _form(w: Writer, catalogue: Catalogue, ground: Ground) -> list[Json]:
    """Bring what winning trades had in common to the write door."""
    frames = [one.frame for one in ground.series]
    found = formed(catalogue, trajectories(catalogue.journal), frames, ground.exits, ground.rules)
    return [
        {**one.document(), **admit(w, catalogue, one.draft, principal="agent", at=ground.at).model_dump(mode="json")}
        for one in found[: ground.rules.proposals]
    ]


def _discover(w: Writer, catalogue: Catalogue, ground: Ground, explored: Sequence[Explored]) -> list[Json]:
    """Bring the conditions that searches accepted to the write door, where no skill holds on the same bars already."""
    frames = [one.frame for one in ground.series]
    told: list[Json] = []
    for side, found in explored:
        for hypothesis in found.accepted[: ground.rules.proposals]:
            row = {"side": side, "examined": found.examined, "tested": found.tested, **hypothesis.document()}
            draft = draft_of(hypothesis, side, ground.exits)
            if not known(catalogue, draft, frames, ground.rules.merge_overlap):
                row |= admit(w, catalogue, draft, principal="agent", at=ground.at).model_dump(mode="json")
            told.append(row)
    return told


def _bases(catalogue: Catalogue, staged: Staged, ground: Ground) -> list[tuple[str, str, Json | None]]:
    """Return what side and exits of each strategy in use earn at any moment: what its record is held against."""
    return [(BASE_SPACE, skill.key, base_of(skill, ground.series, ground.costs)) for skill in _components(catalogue, staged)]


def _refine(w: Writer, catalogue: Catalogue, staged: Staged, ground: Ground) -> list[Json]:
    """Look for better versions of what the agent learned itself; what a person wrote is a person's to change."""
    own = [
        skill
        for skill in _components(catalogue, staged)
        if staged.standings[skill.key].status in SIZED and skill.trust != "operator" and skill.id not in catalogue.pins
    ]
    waiting = {skill.id for key, skill in staged.skills.items() if staged.standings[key].status in ("candidate", "probation")}
    reason = "looked at with all others"
    return [
        refine_skill(
            w, catalogue, skill, ground.series, ground.costs, ground.rules, principal="agent", reason=reason, at=ground.at
        ).model_dump(mode="json")
        for skill in own
        if skill.id not in waiting  # one new version at a time
    ]


def _merge(w: Writer, catalogue: Catalogue, staged: Staged, ground: Ground) -> list[Json]:
    """Make one of two near-duplicates that the agent learned itself, the most alike, one in a look."""
    frames = [one.frame for one in ground.series]
    new = {skill.id for skill in staged.skills.values() if skill.created_at == ground.at}
    for twins in near_duplicates(catalogue, frames, ground.rules):
        own = all(skill.trust != "operator" and catalogue.cleared(skill) for skill in (twins.keep, twins.drop))
        if own and not new & {twins.keep.id, twins.drop.id}:
            judged = merge(w, catalogue, twins, principal="agent", reason="near-duplicates", at=ground.at)
            return [{**twins.document(), **judged.model_dump(mode="json")}]
    return []


def _components(catalogue: Catalogue, staged: Staged) -> list[Skill]:
    """Return one version of each strategy that may become a part of something and needs nobody's approval.

    That one alone did not pay says nothing of what it does beside another, so one retired by its record is among them.
    """
    newest: dict[str, Skill] = {}
    for key in sorted(staged.skills):
        skill, standing = staged.skills[key], staged.standings[key]
        alone = standing.status == "retired" and standing.rule.startswith("retire-")
        usable = (standing.status in _COMPONENTS or alone) and skill.kind == "strategy" and catalogue.cleared(skill)
        if usable and (skill.id not in newest or newest[skill.id].version < skill.version):
            newest[skill.id] = skill
    return [newest[ident] for ident in sorted(newest)]


def _draft(catalogue: Catalogue, staged: Staged, pairing: Pairing, ground: Ground) -> SkillDraft | None:
    """Return the composite of a pairing; None where it is there already, cannot be made, or fires too rarely or too often."""
    parts = frozenset(skill.id for skill in pairing.skills)
    if any(frozenset(skill.sub_skills) == parts for skill in staged.skills.values()):
        return None
    try:
        draft = compose(catalogue, pairing.skills)
    except ConfigError:
        return None
    frames = [one.frame for one in ground.series]
    rate = None if draft.condition is None else firing_rate(draft.condition, frames, catalogue.rules.fire_bars)
    fits = rate is not None and catalogue.rules.fire_min <= rate <= catalogue.rules.fire_max
    return draft if fits else None
