"""What a search carries to the later trades, and what chance would have carried there.

The best of each size go to the last third, and the evidence of both parts is added up. The whole of it, search
and later trades, is repeated on shuffled outcomes: that tells how much evidence a size has by chance
alone (more conditions, more choice), how often anything tried gets so far, and how often the best of a whole search does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skills.discovery.chance import Tail, block_of, shuffles
from skills.discovery.search import Members, Space, Tried, evidence, look, masks_of

SIZES = 3
SHUFFLES = 240
_LOOKED = 200  # of each size, by their evidence
_CARRIED = 80  # of these, of those that win often enough
_TAIL, _TOP_TAIL = 0.05, 0.25  # shares of what chance gave that the tails are fitted to

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Takes how many shuffles are done, and of how many."""


@dataclass(frozen=True, eq=False, slots=True)
class Outcomes:
    """Won or not (1, 0), the base rate of each trade's side in its part, net R, and where the later part begins."""

    won: NDArray[np.float32]
    base: NDArray[np.float32]
    r: NDArray[np.float64]
    cut: int

    @property
    def excess(self) -> NDArray[np.float32]:
        """Wins less what the base rate expects."""
        return self.won - self.base


@dataclass(frozen=True, eq=False, slots=True)
class Carried:
    """Hypotheses with where they hold (a row each, a column a trade), and their evidence, earlier and later."""

    members: list[Members]
    masks: NDArray[np.float32]
    sizes: NDArray[np.int64]
    earlier: Floats
    later: Floats


def carried(space: Space, outcomes: Outcomes, excess: NDArray[np.float32], tried: Tried, least_rate: float) -> Carried:
    """Return the best of each size that win at least at this rate; ``excess`` is of all trades, as they were or shuffled."""
    ranked = sorted(tried.best, key=lambda members: (-tried.best[members], members))
    looked = [m for size in range(1, SIZES + 1) for m in [m for m in ranked if len(m) == size][:_LOOKED]]
    masks, cut = masks_of(space.leaves.holds, looked), outcomes.cut
    early, late = masks[:, :cut], masks[:, cut:]
    support = np.maximum(early.sum(axis=1), 1.0)
    rate = (early @ (excess + outcomes.base)[:cut]) / support
    sizes = np.array([len(m) for m in looked], dtype=np.int64)
    keep = np.flatnonzero(rate >= least_rate - 1e-6)
    keep = np.concatenate([keep[sizes[keep] == size][:_CARRIED] for size in range(1, SIZES + 1)])
    masks, late = masks[keep], late[keep]
    seen = np.maximum(late.sum(axis=1), 1.0)
    later = evidence(late @ excess[cut:], np.maximum(late @ outcomes.base[cut:], 1e-3), seen, late.shape[1])
    earlier = np.array([tried.best[looked[k]] for k in keep])
    return Carried([looked[k] for k in keep], masks, sizes[keep], earlier, later.astype(np.float64))


@dataclass(frozen=True, eq=False, slots=True)
class Chance:
    """What the same search carries when blocks of outcomes are shuffled in both parts.

    ``usual`` is the mean evidence of the best of each size; the figure of a hypothesis is its evidence in both parts less that.
    """

    usual: Floats
    anything: Tail
    best: Tail

    def figure(self, found: Carried) -> Floats:
        """Return the figure of each hypothesis."""
        told: Floats = found.earlier - self.usual[found.sizes - 1] + found.later
        return told


def chance_of(space: Space, outcomes: Outcomes, least_rate: float, seed: int, progress: Progress | None = None) -> Chance:
    """Repeat the search on shuffled outcomes; the same seed gives the same shuffles."""
    excess, cut = outcomes.excess, outcomes.cut
    rest = len(excess) - cut
    orders = zip(shuffles(cut, SHUFFLES, block_of(cut), seed), shuffles(rest, SHUFFLES, block_of(rest), seed + 1), strict=True)
    found: list[Carried] = []
    tried = 0
    for done, (early, late) in enumerate(orders, 1):
        shuffled = np.concatenate([excess[:cut][early], excess[cut:][late]])
        looked = look(space, shuffled[:cut])
        tried += looked.tested
        found.append(carried(space, outcomes, shuffled, looked, least_rate))
        if progress:
            progress(done, SHUFFLES)
    return _chance(found, tried)


def _chance(found: Sequence[Carried], tried: int) -> Chance:
    usual = np.array(
        [np.mean([one.earlier[one.sizes == size].max(initial=0.0) for one in found]) for size in range(1, SIZES + 1)]
    )
    figures = [one.earlier - usual[one.sizes - 1] + one.later for one in found]
    tops = np.array([figure.max(initial=-np.inf) for figure in figures])
    some = tops[np.isfinite(tops)]
    return Chance(usual, Tail(np.concatenate(figures), tried, _TAIL), Tail(some, len(found), _TOP_TAIL))
