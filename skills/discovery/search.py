"""The search over conjunctions of up to three conditions, for one row of outcomes.

Every single condition of the fine grid and every pair of the coarse one is tried. The best pairs are extended by a
third condition, and the best of each size have their thresholds moved along the fine grid. Which are
tried next depends on the outcomes, so the same search is run on shuffled outcomes to know what
chance finds: ``look`` is all there is to it, for real and for shuffled outcomes alike.

What speaks for a hypothesis is its evidence n KL(rate || base) / (1 - n / N), the exponent of the
bound on the chance of so many wins (Chernoff 1952) for draws without replacement, with the base rate of each
trade's side. Unlike a z-score it means the same at seven trades and at seventy, at any base.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skills.discovery.leaves import Leaves

BEAM = 60  # pairs that are extended by a third condition, where the number of hypotheses allows
PER_FAMILY = 3  # of one combination of features in the beam
EXTENSIONS = 2  # of one pair that are kept
KEPT = (6, 12, 16)  # hypotheses of each size whose thresholds are moved in a round
ROUNDS = 4
REACH = 5  # steps of the fine grid that a threshold is moved at most
RESERVED = 2200  # of the hypotheses allowed, kept for moved thresholds

Floats = NDArray[np.floating[Any]]
Members = tuple[int, ...]


class Tried(NamedTuple):
    """How many hypotheses were tried, and those worth a further look with their evidence."""

    tested: int
    best: dict[Members, float]


@dataclass(frozen=True, eq=False, slots=True)
class Space:
    """Everything about the search that does not depend on outcomes.

    ``base`` is each trade's chance of winning by its side; ``left``, ``right`` are the pairs;
    ``most`` hypotheses are tried at most.
    """

    leaves: Leaves
    holds: Floats
    base: Floats
    fine: NDArray[np.int64]
    fine_support: Floats
    fine_base: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    pair_support: Floats
    pair_base: Floats
    family: NDArray[np.int64]
    least: int
    most: int


def space_of(leaves: Leaves, cut: int, base: Floats, least: int, most: int) -> Space:
    """Prepare a search over the first ``cut`` trades; ``least`` is the smallest support tried."""
    holds = np.ascontiguousarray(leaves.holds[:, :cut])
    coarse = holds[leaves.coarse]
    single = holds.sum(axis=1)
    fine = np.flatnonzero((single >= least) & (single <= cut - least))
    support = coarse @ coarse.T
    left, right = np.triu_indices(len(coarse), 1)
    family = np.array([leaf.family for leaf in leaves.leaves], dtype=np.int64)
    of_coarse = family[leaves.coarse]
    # what holds wherever its other half does says nothing of its own
    own = np.minimum(single[leaves.coarse][left], single[leaves.coarse][right])
    both = support[left, right]
    fits = (both >= least) & (both < own) & (of_coarse[left] != of_coarse[right])
    left, right = left[fits], right[fits]
    pair_base = ((coarse * base) @ coarse.T)[left, right]
    return Space(
        leaves,
        holds,
        base,
        fine,
        single[fine],
        holds[fine] @ base,
        left,
        right,
        support[left, right],
        pair_base,
        family,
        least,
        most,
    )


def evidence(excess: Floats, expected: Floats, support: Floats, n: int) -> Floats:
    """Return n KL(rate || base) / (1 - n / N), 0 where no more than expected won.

    ``excess`` are wins less those ``expected``, among ``support`` of ``n`` trades.
    """
    base = np.clip(expected / support, 0.01, 0.99)
    rate = np.clip((expected + excess) / support, 1e-6, 1 - 1e-6)
    gain = support * (rate * np.log(rate / base) + (1 - rate) * np.log((1 - rate) / (1 - base)))
    told: Floats = np.where(rate > base, gain / np.maximum(1 - support / n, 1e-3), 0.0)
    return told


def look(space: Space, excess: Floats) -> Tried:
    """Search for conditions under which ``excess`` (won less base rate, for each trade) is high."""
    coarse = space.holds[space.leaves.coarse]
    n = space.holds.shape[1]
    alone = evidence(space.holds[space.fine] @ excess, space.fine_base, space.fine_support, n)
    wins = ((coarse * excess) @ coarse.T)[space.left, space.right]
    paired = evidence(wins, space.pair_base, space.pair_support, n)
    count = len(alone) + len(paired)
    beam = min(BEAM, max(0, space.most - RESERVED - count) // max(1, len(coarse)))
    rows = space.leaves.coarse
    best = _best(space, [(k,) for k in space.fine.tolist()], alone, max(KEPT))
    pairs = _best(space, _Pairs(rows[space.left], rows[space.right]), paired, beam)
    best |= pairs
    count += _extend(space, excess, coarse, best, list(pairs))
    moved: set[Members] = set()
    for _ in range(ROUNDS):
        count += _sharpen(space, excess, best, moved, space.most - count)
    return Tried(count, best)


class _Pairs:
    """The pairs of the coarse grid as members, made when asked for."""

    def __init__(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
        self._left, self._right = left, right

    def __getitem__(self, k: int) -> Members:
        return tuple(sorted((int(self._left[k]), int(self._right[k]))))


def _best(space: Space, members: Sequence[Members] | _Pairs, told: Floats, most: int) -> dict[Members, float]:
    """Return those with the most evidence, at most a few of each combination of features."""
    many = min(len(told), 40 * most)
    top = np.argpartition(-told, many - 1)[:many] if many else np.zeros(0, dtype=np.int64)
    found: dict[Members, float] = {}
    seen: dict[tuple[int, ...], int] = {}
    for k in top[np.argsort(-told[top], kind="stable")].tolist():
        kind = tuple(space.family[list(members[k])].tolist())
        if seen.get(kind, 0) < PER_FAMILY:
            seen[kind] = seen.get(kind, 0) + 1
            found[members[k]] = float(told[k])
        if len(found) == most:
            break
    return found


def masks_of(holds: Floats, members: Sequence[Members]) -> Floats:
    """Return where each conjunction holds, a row each."""
    made = np.ones((len(members), holds.shape[1]), dtype=np.float32)
    sizes = np.array([len(m) for m in members])
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        chosen = np.array([members[k] for k in rows.tolist()])
        product = holds[chosen[:, 0]]
        for slot in range(1, size):
            product *= holds[chosen[:, slot]]
        made[rows] = product
    return made


def _extend(space: Space, excess: Floats, coarse: Floats, best: dict[Members, float], pairs: list[Members]) -> int:
    """Join each of the best pairs with every coarse condition of another family; return how many that were."""
    if not pairs:
        return 0
    masks = masks_of(space.holds, pairs)
    support = masks @ coarse.T
    used = np.array([space.family[list(members)] for members in pairs])
    own = (used[:, :, None] == space.family[space.leaves.coarse]).any(axis=1)
    ok = ~own & (support >= space.least) & (support < masks.sum(axis=1, keepdims=True))
    expected = (masks * space.base) @ coarse.T
    told = evidence((masks * excess) @ coarse.T, expected, np.maximum(support, 1.0), masks.shape[1])
    score = np.where(ok, told, -1.0)
    for row, members in enumerate(pairs):
        for column in np.argsort(-score[row], kind="stable")[:EXTENSIONS].tolist():
            if score[row, column] >= 0:
                best[tuple(sorted((*members, int(space.leaves.coarse[column]))))] = float(score[row, column])
    return int(ok.sum())


def _sharpen(space: Space, excess: Floats, best: dict[Members, float], moved: set[Members], room: int) -> int:
    """Move one threshold of the best of each size along the fine grid, or leave a condition out; return how many were tried.

    ``moved`` are those that were moved before; what is moved now is added. ``room`` is how many may be tried at most.
    """
    seen = set(best)
    variants: list[Members] = []
    for size, kept in enumerate(KEPT, 1):
        mine = sorted((-told, members) for members, told in best.items() if len(members) == size)
        for _, members in mine[:kept]:
            if members not in moved:
                moved.add(members)
                new = [option for option in _around(space, members) if option not in seen]
                seen.update(new)
                variants += new
    variants = variants[:room]
    if not variants:
        return 0
    masks = masks_of(space.holds, variants)
    support = masks.sum(axis=1)
    told = evidence(masks @ excess, masks @ space.base, np.maximum(support, 1.0), masks.shape[1])
    ok = (support >= space.least) & (support <= masks.shape[1] - space.least)
    best.update({members: float(value) for members, value, fits in zip(variants, told, ok, strict=True) if fits})
    return len(variants)


def _around(space: Space, members: Members) -> Iterator[Members]:
    """Yield the neighbours of a conjunction; members stay in order, as the rows of a family lie together."""
    for slot, member in enumerate(members):
        before, after = members[:slot], members[slot + 1 :]
        family = space.leaves.families[space.family[member]]
        first, last = int(family[0]), int(family[-1])
        for k in range(max(first, member - REACH), min(last, member + REACH) + 1):
            yield (*before, k, *after)
        if len(members) > 1:
            yield before + after
