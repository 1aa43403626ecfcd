"""Skills that do better together than apart: a search over pairs, with everything looked at counted.

Two strategies of one side are looked at with the exits their composite would have. Among the
trades of the first, those at which the second holds too are compared with those at which it does not,
and the other way round; the pair is as good as the worse of the two comparisons, so a strong skill
does not carry a useless one. Chance is what shuffling blocks of outcomes against that question gives
(beyond its resolution the normal tail of the shuffles). What the first half suggests must hold
on the second; both chances are joined by Fisher's method, and Benjamini-Hochberg runs over every
pair looked at, those of earlier looks included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from agent.domain import Side
from agent.market.series import Series
from agent.risk.sizing import Exits
from agent.settings import Costs, Growing
from skills.discovery.chance import block_of, false_discovery, joint, shuffles
from skills.schema import Skill
from skills.trial import apart, cost_bps, fires, outcomes

_SHUFFLES = 400
_RESOLVED = 10  # shuffles that reach the figure from which their share is its chance
_PROMISING = 0.05  # chance in the earlier part from which a pair is taken to the later one
_CONFIRMED = 0.10  # chance in the later part up to which it agrees; what is believed is decided by both together
_LATER = 1 / 2

Mask = NDArray[np.bool_]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """What a pair did in one part of the data: trades together, their mean net R, and that of each without the other."""

    trades: int
    mean_r: float
    without: tuple[float, float]
    p: float

    def document(self) -> dict[str, Any]:
        """Return the part as JSON data."""
        return {"trades": self.trades, "mean_r": self.mean_r, "without": list(self.without), "p": self.p}


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two skills with the evidence for joining them; ``reason`` says why they are, or are not, ``accepted``."""

    skills: tuple[Skill, Skill]
    earlier: Part
    later: Part | None
    q: float
    accepted: bool
    reason: str

    def document(self) -> dict[str, Any]:
        """Return the pairing as JSON data."""
        return {
            "skills": [skill.name for skill in self.skills],
            "earlier": self.earlier.document(),
            "later": self.later.document() if self.later else None,
            "q": self.q,
            "accepted": self.accepted,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Looked:
    """How many pairs were looked at, and those that the earlier part spoke for, best first."""

    tried: int
    pairings: tuple[Pairing, ...]


@dataclass(eq=False)
class _Ground:
    """Series with where each skill holds, and the outcomes of each exit once they are asked for."""

    series: Sequence[Series]
    costs: Costs
    cut: np.datetime64
    holds: dict[str, list[Mask]]
    paid: dict[tuple[Side, float, float, int], list[Doubles]] = field(default_factory=dict)

    def outcomes(self, side: Side, exits: Exits) -> list[Doubles]:
        key = (side, exits.stop_distance, exits.target_distance, exits.max_bars)
        if key not in self.paid:
            self.paid[key] = [outcomes(one, np.arange(len(one)), side, exits, cost_bps(one, self.costs)) for one in self.series]
        return self.paid[key]


def better_together(
    skills: Sequence[Skill], series: Sequence[Series], costs: Costs, rules: Growing, *, seed: int = 0, earlier_looks: int = 0
) -> Looked:
    """Look at every pair that may be joined; ``earlier_looks`` are pairs looked at before, which count as tried.

    Only what the series hold is used: cut them to what is known.
    """
    usable = [one for one in series if len(one) > one.ready + 1]
    if not usable:
        return Looked(0, ())
    ground = _ground(skills, usable, costs)
    found: list[tuple[tuple[Skill, Skill], Part, Part | None]] = []
    for pair in joinable(skills)[: rules.pairs]:
        earlier = _part(ground, pair, rules.support, later=False, seed=seed)
        if earlier is not None:
            later = _part(ground, pair, rules.later_support, later=True, seed=seed) if earlier.p <= _PROMISING else None
            found.append((pair, earlier, later))
    if not found:
        return Looked(0, ())
    chances = np.array([joint(earlier.p, later.p) if later else 1.0 for _, earlier, later in found])
    q = false_discovery(np.concatenate([chances, np.ones(earlier_looks)]))
    told = [_judged(*row, float(at), rules) for row, at in zip(found, q, strict=False) if row[1].p <= _PROMISING]
    told.sort(key=lambda pairing: (not pairing.accepted, pairing.q, [skill.name for skill in pairing.skills]))
    return Looked(len(found), tuple(told))


def joinable(skills: Sequence[Skill]) -> list[tuple[Skill, Skill]]:
    """Return the pairs of one side that do not share a component, in an order that is always the same."""
    by_id = {skill.id: skill for skill in skills}
    strategies = sorted((skill for skill in by_id.values() if skill.plan is not None), key=lambda skill: skill.name)
    below = {skill.id: _below(skill, by_id) for skill in strategies}
    return [
        (one, two)
        for one, two in combinations(strategies, 2)
        if one.plan is not None and two.plan is not None and one.plan.side == two.plan.side and not below[one.id] & below[two.id]
    ]


def _below(skill: Skill, by_id: dict[str, Skill]) -> frozenset[str]:
    parts = (_below(by_id[part], by_id) if part in by_id else frozenset({part}) for part in skill.sub_skills)
    return frozenset({skill.id}).union(*parts)


def joined_exits(one: Skill, two: Skill) -> tuple[Side, Exits]:
    """Return the side and the exits, in ATR, of the composite: the most careful of both."""
    if one.plan is None or two.plan is None:
        raise ValueError("only strategies have plans")
    plans = (one.plan, two.plan)
    exits = Exits(
        stop_distance=min(plan.stop_atr for plan in plans),
        target_distance=min(plan.target_atr for plan in plans),
        max_bars=min(plan.max_bars for plan in plans),
    )
    return one.plan.side, exits


def _ground(skills: Sequence[Skill], series: Sequence[Series], costs: Costs) -> _Ground:
    holds = {skill.key: [fires(skill.condition, one) for one in series] for skill in skills if skill.condition is not None}
    stamps = np.sort(np.concatenate([one.bars.start[one.ready :] for one in series]))
    return _Ground(series, costs, stamps[int(len(stamps) * (1 - _LATER))], holds)


def _part(ground: _Ground, pair: tuple[Skill, Skill], least: int, *, later: bool, seed: int) -> Part | None:
    """Return what a pair did in a part of the data; None where too few trades tell."""
    side, exits = joined_exits(*pair)
    paid = ground.outcomes(side, exits)
    sets = []
    for one, other in (pair, pair[::-1]):
        r, both = _trades(ground, paid, ground.holds[one.key], ground.holds[other.key], exits.max_bars, later=later)
        if both.sum() < least or (~both).sum() < least:
            return None
        sets.append((r, both))
    p = max(_chance(r, both, seed) for r, both in sets)
    r, both = sets[0]
    without = (float(sets[0][0][~sets[0][1]].mean()), float(sets[1][0][~sets[1][1]].mean()))
    return Part(int(both.sum()), float(r[both].mean()), without, p)


def _trades(
    ground: _Ground, paid: list[Doubles], mine: list[Mask], other: list[Mask], holding: int, *, later: bool
) -> tuple[Doubles, Mask]:
    """Return a skill's trades that lie in the part, in time order over all series, and at which the other held too."""
    times, rs, boths = [], [], []
    for one, r, where, too in zip(ground.series, paid, mine, other, strict=True):
        begins = one.bars.start >= ground.cut
        inside = np.flatnonzero(where & (begins if later else ~begins))
        made = apart(inside[inside >= one.ready], r[inside[inside >= one.ready]], holding)
        # what was not over when the later part began belongs to neither
        over = np.ones(len(made.at), dtype=np.bool_) if later else one.bars.start[made.until] < ground.cut
        times.append(one.bars.start[made.at[over]])
        rs.append(made.r[over])
        boths.append(too[made.at[over]])
    order = np.argsort(np.concatenate(times), kind="stable")
    return np.concatenate(rs)[order], np.concatenate(boths)[order]


def _chance(r: Doubles, both: Mask, seed: int) -> float:
    """Return the chance that shuffled outcomes favour ``both`` as much."""
    n, held = len(r), int(both.sum())
    favour = float(r[both].mean() - r[~both].mean())
    spread = float(r.std(ddof=1)) * np.sqrt(n / held / (n - held))
    if spread <= 0 or favour <= 0:
        return 1.0
    rough = float(ndtr(-favour / spread))
    if rough > 2 * _PROMISING:
        return rough  # no shuffle would make this promising
    orders = shuffles(n, _SHUFFLES, block_of(n), seed)
    sums = np.array([r[order][both].sum() for order in orders])
    drawn = sums / held - (r.sum() - sums) / (n - held)
    reached = int((drawn >= favour - 1e-12).sum())
    if reached >= _RESOLVED:
        return (1 + reached) / (1 + _SHUFFLES)
    tail = float(ndtr(-(favour - drawn.mean()) / drawn.std(ddof=1)))
    return min(max(tail, 1e-9), (1 + _RESOLVED) / (1 + _SHUFFLES))


def _judged(pair: tuple[Skill, Skill], earlier: Part, later: Part | None, q: float, rules: Growing) -> Pairing:
    doubt = _doubt(earlier, later, q, rules)
    return Pairing(pair, earlier, later, q, doubt is None, doubt or "better together than apart, and so on later data")


def _doubt(earlier: Part, later: Part | None, q: float, rules: Growing) -> str | None:
    if later is None:
        return "too few later trades"
    if later.p > _CONFIRMED:
        return f"not better together on later data (p {later.p:.3f})"
    if min(earlier.mean_r, later.mean_r) <= 0:
        return f"together they earn {min(earlier.mean_r, later.mean_r):+.2f} R a trade"
    return f"q {q:.3f} above {rules.level:g} over all pairs looked at" if q > rules.level else None
