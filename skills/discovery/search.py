"""The search over conjunctions of up to three conditions, for one row of outcomes.

Pairs of the coarse grid are all tried. The best of them are extended by a third condition, and
the best of everything has its thresholds moved along the fine grid. Which are tried next
depends on the outcomes, so the same search is run on shuffled outcomes to know what chance
finds: ``look`` is all there is to it, for real and for shuffled outcomes alike.

A hypothesis' statistic is z = (wins - expected) / sd, with wins expected at the base rate of
each trade's side and the variance of drawing without replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skills.discovery.leaves import Leaves

BEAM = 24  # pairs that are extended by a third condition
KEPT = 16  # hypotheses whose thresholds are moved
ROUNDS = 3
PER_FAMILY = 3  # of one combination of features in the beam

Floats = NDArray[np.floating[Any]]
Members = tuple[int, ...]


class Tried(NamedTuple):
    """Statistics and supports of everything tried, and the hypotheses worth naming with theirs."""

    z: Floats
    support: Floats
    best: dict[Members, float]


@dataclass(frozen=True, eq=False, slots=True)
class Space:
    """Everything about the search that does not depend on outcomes.

    ``base`` is each trade's chance of winning by its side; ``left``, ``right`` are the pairs.
    """

    leaves: Leaves
    holds: Floats
    base: Floats
    variance: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    pair_support: Floats
    pair_spread: Floats
    least: int


def space_of(leaves: Leaves, cut: int, base: Floats, least: int) -> Space:
    """Prepare a search over the first ``cut`` trades; ``least`` is the smallest support tried."""
    holds = np.ascontiguousarray(leaves.holds[:, :cut])
    coarse = holds[leaves.coarse]
    variance = base * (1 - base)
    support = coarse @ coarse.T
    left, right = np.triu_indices(len(coarse))  # a condition joined with itself stands for itself
    same = np.array([leaf.family for leaf in leaves.leaves])[leaves.coarse]
    fits = (support[left, right] >= least) & ((same[left] != same[right]) | (left == right))
    fits &= support[left, right] <= cut - least
    left, right = left[fits], right[fits]
    spread = _spread((coarse * variance) @ coarse.T, support, cut)[left, right]
    return Space(leaves, holds, base, variance, left, right, support[left, right], spread, least)


def _spread(variance: Floats, support: Floats, n: int) -> Floats:
    """Return the standard deviation of wins among ``support`` of ``n`` trades, drawn without replacement."""
    return np.sqrt(np.maximum(variance * (1 - support / n) * n / (n - 1), 1e-9)).astype(np.float32)


def look(space: Space, excess: Floats) -> Tried:
    """Search for conditions under which ``excess`` (won less base rate, for each trade) is high."""
    coarse = space.holds[space.leaves.coarse]
    wins = ((coarse * excess) @ coarse.T)[space.left, space.right]
    z = wins / space.pair_spread
    tried_z: list[Floats] = [z]
    tried_support: list[Floats] = [space.pair_support]
    best = _pairs(space, z)
    _extend(space, excess, coarse, best, tried_z, tried_support)
    for _ in range(ROUNDS):
        _sharpen(space, excess, best, tried_z, tried_support)
    return Tried(np.concatenate(tried_z), np.concatenate(tried_support), best)


def _pairs(space: Space, z: Floats) -> dict[Members, float]:
    """Return the best pairs, at most a few of each combination of features."""
    rows = space.leaves.coarse
    many = min(len(z), 40 * BEAM)
    top = np.argpartition(-z, many - 1)[:many] if many else np.zeros(0, dtype=np.int64)
    found: dict[Members, float] = {}
    seen: dict[tuple[int, ...], int] = {}
    for k in top[np.argsort(-z[top], kind="stable")].tolist():
        members = tuple(sorted({int(rows[space.left[k]]), int(rows[space.right[k]])}))
        kind = tuple(space.leaves.leaves[m].family for m in members)
        if seen.get(kind, 0) < PER_FAMILY:
            seen[kind] = seen.get(kind, 0) + 1
            found[members] = float(z[k])
        if len(found) == BEAM:
            break
    return found


def _masks(space: Space, members: Sequence[Members]) -> Floats:
    return np.array([space.holds[list(m)].prod(axis=0) for m in members], dtype=np.float32).reshape(len(members), -1)


def _scored(space: Space, masks: Floats, excess: Floats) -> tuple[Floats, Floats]:
    """Return z and support of each mask; what has too little support has z of minus infinity."""
    support = masks.sum(axis=1)
    spread = _spread(masks @ space.variance, support, masks.shape[1])
    ok = (support >= space.least) & (support <= masks.shape[1] - space.least)
    return np.where(ok, (masks @ excess) / spread, -np.inf).astype(np.float32), support


def _extend(space: Space, excess: Floats, coarse: Floats, best: dict[Members, float], zs: list[Floats], ns: list[Floats]) -> None:
    """Join each of the best pairs with every coarse condition of another family."""
    pairs = [members for members in best if len(members) == 2]
    if not pairs:
        return
    masks = _masks(space, pairs)
    support = masks @ coarse.T
    spread = _spread((masks * space.variance) @ coarse.T, support, masks.shape[1])
    z = ((masks * excess) @ coarse.T) / spread
    families = [leaf.family for leaf in space.leaves.leaves]
    used = np.array([[families[m] for m in members] for members in pairs])
    of_coarse = np.array(families)[space.leaves.coarse]
    own = (used[:, :, None] == of_coarse).any(axis=1)
    ok = ~own & (support >= space.least) & (support < masks.sum(axis=1, keepdims=True))
    zs.append(z[ok])
    ns.append(support[ok])
    score = np.where(ok, z, -np.inf)
    for row, members in enumerate(pairs):
        for column in np.argsort(-score[row], kind="stable")[:2].tolist():
            if np.isfinite(score[row, column]):
                best[tuple(sorted((*members, int(space.leaves.coarse[column]))))] = float(score[row, column])


def worth(space: Space, members: Members, z: float) -> float:
    """Rank a hypothesis: log-likelihood gained, less what choosing each of its conditions among all could gain by chance."""
    return max(z, 0.0) ** 2 / 2 - len(members) * float(np.log(len(space.leaves.families) * 4))


def _sharpen(space: Space, excess: Floats, best: dict[Members, float], zs: list[Floats], ns: list[Floats]) -> None:
    """Move one threshold of each of the best along the fine grid, or leave the condition out; keep what is better."""
    top = sorted(best, key=lambda members: -worth(space, members, best[members]))[:KEPT]
    variants: list[Members] = []
    seen = set(best)
    for members in top:
        for slot, member in enumerate(members):
            rest = members[:slot] + members[slot + 1 :]
            others = [int(k) for k in space.leaves.families[space.leaves.leaves[member].family]]
            near = [k for k in others if abs(k - member) <= 4]
            options = [tuple(sorted((*rest, k))) for k in near] + ([rest] if rest else [])
            new = [option for option in options if option not in seen]
            seen.update(new)
            variants += new
    if not variants:
        return
    z, support = _scored(space, _masks(space, variants), excess)
    ok = np.isfinite(z)
    zs.append(z[ok])
    ns.append(support[ok])
    best.update({members: float(value) for members, value in zip(variants, z, strict=True) if np.isfinite(value)})
