"""Choosing the nearest settled situations: exact, outcome-blind, one per symbol and holding window.

Pure functions of arrays. What is found does not depend on rows that are not asked about, so a
larger store gives the same bits as one that holds only what was known by then.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.domain import Estimate, Side

NEVER = np.iinfo(np.int64).max
_COUNTER = 2
_FIRST_POOL = 8
_SAMPLE = 4096

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


class Columns:
    """One array per property, a row per situation.

    ``known`` is when its outcome was, ``made`` when it was itself, ``gone`` when it was archived (ns).
    """

    def __init__(self, capacity: int, width: int) -> None:
        self.vectors: NDArray[np.float32] = np.zeros((capacity, width), dtype=np.float32)
        self.squares: NDArray[np.float32] = np.zeros(capacity, dtype=np.float32)
        self.seq: Rows = np.zeros(capacity, dtype=np.int64)
        self.symbol: Rows = np.zeros(capacity, dtype=np.int64)
        self.bar: Rows = np.zeros(capacity, dtype=np.int64)
        self.made: Rows = np.zeros(capacity, dtype=np.int64)
        self.known: Rows = np.full(capacity, NEVER, dtype=np.int64)
        self.gone: Rows = np.full(capacity, NEVER, dtype=np.int64)
        self.buy: Floats = np.zeros(capacity)
        self.sell: Floats = np.zeros(capacity)

    def grown(self, used: int, more: int, width: int) -> Columns:
        """Return columns with room for ``more`` rows after ``used``: these, or a copy of at least twice the size."""
        if used + more <= len(self.seq):
            return self
        larger = Columns(max(1024, 2 * len(self.seq), used + more), width if used == 0 else self.vectors.shape[1])
        for name, array in vars(self).items():
            if used:
                getattr(larger, name)[:used] = array[:used]
        return larger

    def head(self, used: int) -> Columns:
        """Return views of the rows in use."""
        view = Columns.__new__(Columns)
        for name, array in vars(self).items():
            setattr(view, name, array[:used])
        return view

    def seen(self, vectors: NDArray[np.float32], squares: NDArray[np.float32] | None = None) -> Columns:
        """Return columns with other numbers to compare by, and their squared lengths where those are known."""
        other = self.head(len(self.seq))
        other.vectors = vectors
        other.squares = (vectors**2).sum(axis=1) if squares is None else squares
        return other

    def shuffled(self, rows: Rows, seed: int) -> Columns:
        """Return columns whose outcomes are dealt out anew among ``rows``: a situation loses what followed it."""
        other = self.head(len(self.seq))
        dealt = np.random.default_rng([seed, len(rows)]).permutation(rows)
        other.buy, other.sell = self.buy.copy(), self.sell.copy()
        other.buy[rows], other.sell[rows] = self.buy[dealt], self.sell[dealt]
        return other


@dataclass(frozen=True, slots=True)
class Chosen:
    """Candidates in order of distance, and which of them were picked."""

    rows: Rows
    distances: Floats
    picks: list[int]

    @property
    def picked(self) -> Rows:
        """The rows that were picked, nearest first."""
        return self.rows[self.picks]

    def full(self, k: int) -> bool:
        """Say whether ``k`` were picked."""
        return len(self.picks) >= k

    def pairs(self) -> list[tuple[int, float]]:
        """Return picked rows with their distances."""
        return [(int(self.rows[i]), float(self.distances[i])) for i in self.picks]

    def nearest(self, results: Floats, *, winners: bool) -> list[tuple[int, float]]:
        """Return the nearest two candidates that won, or the nearest two that did not."""
        at = np.flatnonzero((results[self.rows] > 0) == winners)[:_COUNTER]
        return [(int(self.rows[i]), float(self.distances[i])) for i in at]


class Search:
    """One query over a snapshot of the columns."""

    def __init__(
        self, columns: Columns, ids: list[str], query: NDArray[np.float32], k: int, horizon: int, own: int, now: int
    ) -> None:
        self.columns = columns
        self.query = query
        self.k = k
        self.now = now
        self._ids = ids
        self._horizon = max(1, horizon)
        self._own = own

    def exactly(self, settled: Rows) -> Chosen:
        """Choose among all settled rows.

        Matrix arithmetic finds a generous pool, exact distances order it. The pool is large enough
        when all that is needed lies nearer than anything outside it could, rounding included;
        else it grows, in the end to everything.
        """
        columns = self.columns
        rough = columns.squares - 2.0 * (columns.vectors @ self.query)
        whole = len(settled) == len(rough)
        rough = rough if whole else rough[settled]
        norm = float(self.query @ self.query)
        slack = 1e-5 * (1.0 + norm + float(columns.squares.max()))
        sample = rough[:: -(-len(rough) // _SAMPLE)]
        share = (_FIRST_POOL * self.k + 32) / len(rough)
        while share < 0.5:
            # a quantile of a sample costs a twentieth of sorting out the nearest of all
            limit = np.partition(sample, int(share * len(sample)))[int(share * len(sample))]
            chosen = self.among(settled[rough <= limit])
            if chosen.full(self.k) and self._counted(chosen, math.sqrt(max(0.0, float(limit) + norm - slack))):
                return chosen
            share *= 4
        return self.among(settled)

    def among(self, rows: Rows) -> Chosen:
        """Order these rows by exact distance, ties by id, and pick greedily."""
        columns = self.columns
        difference = columns.vectors[rows].astype(np.float64) - self.query
        distances = np.sqrt((difference * difference).sum(axis=1))
        order = self._ordered(rows, distances)
        rows, distances = rows[order], distances[order]
        return Chosen(rows, distances, self._greedy(rows))

    def _ordered(self, rows: Rows, distances: Floats) -> Rows:
        order = np.argsort(distances, kind="stable")
        sorted_distances = distances[order]
        if len(order) > 1 and (sorted_distances[1:] == sorted_distances[:-1]).any():
            ids = np.array([self._ids[row] for row in rows])
            order = np.lexsort((ids, distances))
        return order

    def _greedy(self, rows: Rows) -> list[int]:
        """Pick in order, passing over bars closer than the horizon to one picked of the same symbol.

        Two picked bars never share a window of the horizon's width, so one per window is kept
        and only the windows before and after need a look.
        """
        horizon = self._horizon
        taken: dict[tuple[int, int], int] = {(self._own, self.now // horizon): self.now}
        picks: list[int] = []
        times = zip(self.columns.symbol[rows].tolist(), self.columns.bar[rows].tolist(), strict=True)
        for i, (symbol, bar) in enumerate(times):
            window = bar // horizon
            early, late = bar - horizon, bar + horizon
            if (
                (symbol, window) in taken
                or taken.get((symbol, window - 1), early) > early
                or taken.get((symbol, window + 1), late) < late
            ):
                continue
            taken[symbol, window] = bar
            picks.append(i)
            if len(picks) == self.k:
                break
        return picks

    def _counted(self, chosen: Chosen, edge: float) -> bool:
        """Say whether the picks, and winners and losers to show on either side, all lie within the pool's safe edge."""
        if chosen.distances[chosen.picks[-1]] >= edge:
            return False
        safe = chosen.rows[: int(np.searchsorted(chosen.distances, edge))]
        for results in (self.columns.buy, self.columns.sell):
            winners = int(np.count_nonzero(results[safe] > 0))
            if winners < _COUNTER or len(safe) - winners < _COUNTER:
                return False
        return True


def estimate(side: Side, results: Floats, picked: Rows, settled: Rows, shrinkage: float) -> Estimate:
    """Shrink the picks' mean net R and share of winners to those of all settled: (n x + s base) / (n + s)."""
    base = results[settled]
    base_mean, base_rate = float(base.mean()), float(np.count_nonzero(base > 0)) / len(base)
    chosen = results[picked]
    weight = len(chosen) + shrinkage
    if weight == 0:
        return Estimate(side=side, mean_r=base_mean, p_win=base_rate, n_eff=0.0, base_mean_r=base_mean, base_rate=base_rate)
    return Estimate(
        side=side,
        mean_r=(math.fsum(chosen) + shrinkage * base_mean) / weight,
        p_win=(float(np.count_nonzero(chosen > 0)) + shrinkage * base_rate) / weight,
        n_eff=float(len(chosen)),
        base_mean_r=base_mean,
        base_rate=base_rate,
    )
