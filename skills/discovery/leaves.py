"""The conditions a search may join: thresholds on a grid of quantiles, and the regime.

Thresholds come from the features alone, never from outcomes, and are rounded to three
digits so that a person can read them. The fine grid serves to sharpen what was found, the
coarse one to find it: it is laid by the share of trades that a condition holds for, since two or three
conditions of middling share leave a usual support. How coarse it is follows from the number of hypotheses allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import REGIMES, Side
from skills.discovery.trades import Trade, numeric

# steps of a twentieth, half as wide in the tails, where a step changes most; few features have room for half as wide throughout
FINE = (0.025, 0.05, 0.075, 0.1, 0.125, *(round(0.05 * k, 2) for k in range(3, 18)), 0.875, 0.9, 0.925, 0.95, 0.975)
FINEST = tuple(round(0.025 * k, 3) for k in range(1, 40))
_FEW = 20  # features
GRIDS: tuple[tuple[float, ...], ...] = (
    tuple(round(0.05 * k, 2) for k in range(1, 20)),
    (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    (0.1, 0.2, 0.35, 0.5, 0.65, 0.8),
    (0.1, 0.2, 0.35, 0.5, 0.7),
    (0.15, 0.3, 0.5, 0.7),
    (0.15, 0.3, 0.5),
    (0.3, 0.5),
    (0.4,),
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition as JSON data, with the family (feature and direction) whose thresholds may stand in for each other."""

    family: int
    feature: str
    document: dict[str, Any]
    side: Side | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Leaves:
    """Conditions and where they hold: ``holds`` has a row a condition and a column a trade.

    ``coarse`` are the rows of the coarse grid, ``families`` the rows of each family, in order of threshold.
    """

    leaves: tuple[Leaf, ...]
    holds: NDArray[np.float32]
    coarse: NDArray[np.int64]
    families: tuple[NDArray[np.int64], ...]


def leaves_of(trades: Sequence[Trade], cut: int, pairs: int) -> Leaves:
    """Return the conditions for these trades, thresholds from the first ``cut`` of them.

    The coarse grid is the finest one with at most ``pairs`` conjunctions of two.
    """
    names = sorted({name for trade in trades for name in trade.features})
    made: list[tuple[Leaf, NDArray[np.bool_]]] = []
    words = []
    grid = FINEST if len(names) <= _FEW else FINE
    for name in names:
        column = numeric(trades, name)
        if column is None:
            words.append(name)
            continue
        for op in ("<", ">"):
            family = (made[-1][0].family if made else -1) + 1
            for value in _thresholds(column[:cut], grid):
                held = column < value if op == "<" else column > value
                made.append((Leaf(family, name, {"feature": name, "op": op, "value": value}), held))
    numbers = len(made)
    for leaf, held in _words(trades, words):
        made.append((Leaf((made[-1][0].family if made else -1) + 1, leaf.feature, leaf.document, leaf.side), held))
    holds = np.array([held for _, held in made], dtype=np.float32).reshape(len(made), len(trades))
    families = np.array([leaf.family for leaf, _ in made], dtype=np.int64)
    rows = tuple(np.flatnonzero(families == k) for k in range(int(families.max(initial=-1)) + 1))
    shares = holds[:, :cut].mean(axis=1) if len(made) else np.zeros(0)
    grids = (_coarse(rows, shares, numbers, wanted) for wanted in GRIDS)
    fitting = [chosen for chosen in grids if len(chosen) * (len(chosen) + 1) // 2 <= pairs]
    return Leaves(tuple(leaf for leaf, _ in made), holds, (fitting or [_coarse(rows, shares, numbers, GRIDS[-1])])[0], rows)


def _coarse(
    rows: tuple[NDArray[np.int64], ...], shares: NDArray[Any], numbers: int, grid: tuple[float, ...]
) -> NDArray[np.int64]:
    """Return of each family the rows whose shares are nearest to the grid's; words are taken as they are."""
    chosen: set[int] = set()
    for family in rows:
        if family[0] >= numbers:
            chosen.update(family.tolist())
        else:
            chosen.update(int(family[np.argmin(np.abs(shares[family] - wanted))]) for wanted in grid)
    return np.array(sorted(chosen), dtype=np.int64)


def _thresholds(column: NDArray[np.float64], grid: tuple[float, ...]) -> list[float]:
    known = np.unique(column[np.isfinite(column)])
    if len(known) < 2:
        return []
    few = len(known) <= len(grid) + 1  # then between each two of them
    cuts = (known[1:] + known[:-1]) / 2 if few else np.quantile(column[np.isfinite(column)], grid)
    return sorted({float(f"{cut:.3g}") for cut in cuts})


def _words(trades: Sequence[Trade], names: list[str]) -> list[tuple[Leaf, NDArray[np.bool_]]]:
    """Return conditions on the regime and, where both sides were traded, on the side; other words are not in the vocabulary."""
    found = []
    for label in REGIMES if "regime" in names else ():
        held = np.array([trade.features.get("regime") == label for trade in trades])
        if held.any():
            found.append((Leaf(-1, "regime", {"regime": label}), held))
    sides: tuple[Side, ...] = ("buy", "sell")
    if len({trade.side for trade in trades}) == 2:
        found += [(Leaf(-1, "side", {}, side), np.array([trade.side == side for trade in trades])) for side in sides]
    return found
