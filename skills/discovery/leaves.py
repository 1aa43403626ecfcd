"""The conditions a search may join: thresholds on a grid of quantiles, and the regime.

Thresholds come from the features alone, never from outcomes, and are rounded to three
digits so that a person can read them. The fine grid serves to sharpen what was found, the
coarse one to find it; how coarse it is follows from the number of hypotheses allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import REGIMES, Side
from skills.discovery.trades import Trade, numeric

FINE = tuple(round(0.05 * k, 2) for k in range(1, 20))
GRIDS: tuple[tuple[float, ...], ...] = (
    FINE,
    (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9),
    (0.1, 0.25, 0.4, 0.6, 0.75, 0.9),
    (0.2, 0.35, 0.5, 0.65, 0.8),
    (0.15, 0.35, 0.65, 0.85),
    (0.2, 0.5, 0.8),
    (0.3, 0.7),
    (0.5,),
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

    ``coarse`` are the rows of the coarse grid, ``families`` the rows of each family.
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
    columns = {name: column for name in names if (column := numeric(trades, name)) is not None}
    thresholds = {name: _thresholds(column[:cut], FINE) for name, column in columns.items()}
    words = _words(trades, [name for name in names if name not in columns])
    grid = next((g for g in GRIDS if _pairs(columns, thresholds, g, cut, len(words)) <= pairs), GRIDS[-1])
    made: list[tuple[Leaf, NDArray[np.bool_], bool]] = []
    for name, column in columns.items():
        coarse = _nearest(thresholds[name], _thresholds(column[:cut], grid))
        for op in ("<", ">"):
            family = (made[-1][0].family if made else -1) + 1
            for value in thresholds[name]:
                held = column < value if op == "<" else column > value
                made.append((Leaf(family, name, {"feature": name, "op": op, "value": value}), held, value in coarse))
    for leaf, held in words:
        family = (made[-1][0].family if made else -1) + 1
        made.append((Leaf(family, leaf.feature, leaf.document, leaf.side), held, True))
    return _assembled(made, len(trades))


def _assembled(made: list[tuple[Leaf, NDArray[np.bool_], bool]], n: int) -> Leaves:
    holds = np.array([held for _, held, _ in made], dtype=np.float32).reshape(len(made), n)
    family = np.array([leaf.family for leaf, _, _ in made], dtype=np.int64)
    rows = tuple(np.flatnonzero(family == k) for k in range(int(family.max(initial=-1)) + 1))
    coarse = np.flatnonzero([is_coarse for _, _, is_coarse in made])
    return Leaves(tuple(leaf for leaf, _, _ in made), holds, coarse, rows)


def _thresholds(column: NDArray[np.float64], grid: tuple[float, ...]) -> list[float]:
    known = np.unique(column[np.isfinite(column)])
    if len(known) < 2:
        return []
    few = len(known) <= len(grid) + 1  # then between each two of them
    cuts = (known[1:] + known[:-1]) / 2 if few else np.quantile(column[np.isfinite(column)], grid)
    return sorted({float(f"{cut:.3g}") for cut in cuts})


def _nearest(fine: list[float], wanted: list[float]) -> set[float]:
    return {min(fine, key=lambda value: abs(value - want)) for want in wanted} if fine else set()


def _pairs(
    columns: dict[str, NDArray[np.float64]], fine: dict[str, list[float]], grid: tuple[float, ...], cut: int, words: int
) -> int:
    n = words + sum(2 * len(_nearest(fine[name], _thresholds(column[:cut], grid))) for name, column in columns.items())
    return n * (n - 1) // 2


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
