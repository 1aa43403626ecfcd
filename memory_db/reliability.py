"""Who was right in situations like this one: the scored votes of past decisions, looked at by what the market looked like then.

For every voter the memory compares explanations of when it was right: always equally often, or depending on one number of the
situation, cut at its usual value (0) or into quarters (-1/2, 0, 1/2; situations are scaled by median and interquartile range).
In each cell the rate has a Beta distribution around the voter's own, and the explanations are weighed by how well each would
have foretold every vote from those before it (marginal likelihood; Kass and Raftery 1995). So a dimension counts only as far
as it proved itself on votes it had not seen. None before the first vote is as likely as all dimensions together.

As of a time only votes scored by then count, the last ``recall.voted`` of them in blocks, without situations archived by then;
what a fuller journal holds changes nothing, to the last bit. Votes of one holding window share what they were judged by, so
each counts by the number of windows over the number of votes.
"""

from __future__ import annotations

import threading
from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln

from agent.settings import Settings
from memory_db.chain import Fact
from memory_db.journal import Journal
from memory_db.nearest import Floats, Rows
from memory_db.schema import to_micros
from memory_db.situations import Situations
from memory_db.writer import Commit

SCORED = "votes_scored"
COIN = 0.25  # Brier loss of a vote of one half: less is right, more is wrong
CUTS = (-0.5, 0.0, 0.5)
CELLS = len(CUTS) + 1
FEWEST = 60  # votes of a voter below which nothing is said of it
LEAST = 0.005  # what moves a rate by less is not worth telling
BLOCK = 250  # votes that leave the window together
_MOST = 50.0

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Local:
    """One voter in situations like this one; see ``agent.domain.LocalRecord``. ``dimension`` is a number of the situation."""

    voter: str
    dimension: int
    share: float
    rate: float
    n_eff: float


class Reliability:
    """The scored votes of a journal beside its situations; read when first asked for, then grown with every commit."""

    def __init__(self, journal: Journal, situations: Situations, settings: Settings) -> None:
        """Nothing is read yet. ``settings`` give the window and how far rates lie apart."""
        self._journal = journal
        self._situations = situations
        self._window = settings.recall.voted
        self._pseudo = 0.25 / settings.learning.spread**2 - 1
        self._lock = threading.Lock()
        self._seen = 0
        self._behind = True
        self._names: dict[str, int] = {}
        self._votes = _Votes(0, 0)
        self._used = 0
        self._counted: tuple[Rows, Counts] = (np.zeros(0, dtype=np.int64), np.zeros((2, 0, 0, CELLS)))
        journal.listen(self._follow)

    def local(self, vector: NDArray[np.float32], *, as_of: datetime, horizon_ns: int, shuffle: int | None = None) -> list[Local]:
        """Return what is known of each voter in situations like ``vector``, by name; nothing of who is equally good in all.

        ``horizon_ns`` is the holding window. ``shuffle`` is a seed that deals the judged votes out anew among the situations.
        """
        with self._lock:
            self._catch_up()
            votes = self._votes.head(self._used)
            names = list(self._names)
            rows = self._chosen(votes, to_micros("as_of", as_of) * 1000)
        if len(rows) < FEWEST:
            return []
        if shuffle is None:
            counts = self._counts(votes, rows)
        else:
            dealt = np.random.default_rng([shuffle, len(rows)]).permutation(rows)
            counts = _counted(votes.cells[rows], votes.right[dealt])
        enough = np.flatnonzero(counts[1, :, 0].sum(axis=1) >= FEWEST)
        windows = len(np.unique(votes.bar[rows] // max(1, horizon_ns)))
        cells = cells_of(self._situations.compared(vector))
        found = _weighed(counts[:, enough] * (windows / len(rows)), cells, self._pseudo)
        said = [Local(names[code], *row) for code, row in zip(enough.tolist(), found, strict=True) if row is not None]
        return sorted(said, key=lambda one: one.voter)

    def _counts(self, votes: _Votes, rows: Rows) -> Counts:
        """Count these votes; where they are those of the last time and some more, only the latter."""
        held, counts = self._counted
        if len(held) > len(rows) or counts.shape[1] != votes.right.shape[1] or not np.array_equal(rows[: len(held)], held):
            held, counts = rows[:0], np.zeros((2, votes.right.shape[1], votes.cells.shape[1], CELLS))
        more = rows[len(held) :]
        if len(more):
            counts = counts + _counted(votes.cells[more], votes.right[more])
        self._counted = rows, counts
        return counts

    def _chosen(self, votes: _Votes, now: int) -> Rows:
        """Return the votes that count as of ``now``: the earliest blocks are left out where they exceed the window."""
        rows = votes.order[: int(np.searchsorted(votes.when, now, side="right"))]
        if self._situations.archived:
            rows = rows[self._situations.gone_at(votes.situation[rows]) > now]
        leave = -(-max(0, len(rows) - self._window) // BLOCK) * BLOCK
        return np.sort(rows[leave:])

    def _catch_up(self) -> None:
        if self._behind:
            last = self._journal.last_seq
            self._take(fact for fact in self._journal.facts([SCORED], after_seq=self._seen) if fact.seq <= last)
            self._seen, self._behind = last, False

    def _follow(self, commit: Commit) -> None:
        with self._lock:
            if self._behind or self._seen != commit.before:
                self._behind = True  # not asked yet, or another process wrote in between
                return
            self._take(fact for fact in commit.facts if fact.kind == SCORED)
            self._seen = commit.last

    def _take(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            data = fact.data
            row = self._situations.row_of(str(data.get("decision")))
            if row is not None:
                self._append(row, fact.known_us * 1000, data["losses"])

    def _append(self, row: int, known: int, losses: dict[str, float]) -> None:
        for name in losses:
            self._names.setdefault(name, len(self._names))
        vector, bar, made = self._situations.seen(row)
        votes = self._votes = self._votes.grown(self._used, len(self._names), len(vector))
        at = self._used
        votes.situation[at], votes.bar[at], votes.known[at] = row, bar, max(known, made)
        votes.cells[at] = cells_of(vector)
        for name, loss in losses.items():
            votes.right[at, self._names[name]] = int(np.sign(COIN - loss))
        self._put_in_order(votes, at)
        self._used += 1

    def _put_in_order(self, votes: _Votes, at: int) -> None:
        """Give row ``at`` its place among those before it. Ties go by the situation's name: rows of a fuller store may stand
        in another order.
        """
        known, when = votes.known[at], votes.when[:at]
        tied = slice(int(np.searchsorted(when, known, side="left")), int(np.searchsorted(when, known, side="right")))
        [name] = self._situations.names(votes.situation[at : at + 1])
        place = tied.start + bisect(self._situations.names(votes.situation[votes.order[tied]]), name)
        for column, value in ((votes.order, at), (votes.when, known)):
            column[place + 1 : at + 1] = column[place:at]
            column[place] = value


class _Votes:
    """A row per scored decision: its situation, bar and when it was known (ns), the cell of each dimension, and for
    each voter +1 right, -1 wrong, 0 silent. Beside them ``order``, the rows as they became known, and ``when`` that was.
    """

    def __init__(self, capacity: int, voters: int, width: int = 0) -> None:
        self.situation: Rows = np.zeros(capacity, dtype=np.int64)
        self.bar: Rows = np.zeros(capacity, dtype=np.int64)
        self.known: Rows = np.zeros(capacity, dtype=np.int64)
        self.order: Rows = np.zeros(capacity, dtype=np.int64)
        self.when: Rows = np.zeros(capacity, dtype=np.int64)
        self.cells: NDArray[np.int8] = np.zeros((capacity, width), dtype=np.int8)
        self.right: NDArray[np.int8] = np.zeros((capacity, voters), dtype=np.int8)

    def grown(self, used: int, voters: int, width: int) -> _Votes:
        """Return these, or a copy with room for another row and for ``voters``."""
        capacity, columns = self.right.shape
        if used < capacity and voters <= columns:
            return self
        larger = _Votes(capacity if used < capacity else max(1024, 2 * capacity), max(voters, columns + 8), width)
        for name in ("situation", "bar", "known", "order", "when", "cells"):
            if used:
                getattr(larger, name)[:used] = getattr(self, name)[:used]
        larger.right[:used, :columns] = self.right[:used]
        return larger

    def head(self, used: int) -> _Votes:
        """Return views of the rows in use."""
        view = _Votes.__new__(_Votes)
        for name, array in vars(self).items():
            setattr(view, name, array[:used])
        return view


def cells_of(vector: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return the cell of each number: 0 below the first cut, up to 3 from the last on."""
    return np.searchsorted(np.array(CUTS, dtype=np.float32), vector, side="right").astype(np.int8)


def _counted(cells: NDArray[np.int8], right: NDArray[np.int8]) -> Counts:
    """Return (right or spoken, voters, dimensions, cells): how many votes of each voter fell into each cell."""
    here = (cells[:, :, None] == np.arange(CELLS, dtype=np.int8)).reshape(len(cells), -1).astype(np.float32)
    said = np.concatenate([right > 0, right != 0], axis=1).astype(np.float32)
    counts: Counts = (said.T @ here).astype(np.float64)  # whole numbers, so exact in any order
    return counts.reshape(2, right.shape[1], cells.shape[1], CELLS)


def _weighed(counts: Counts, cells: NDArray[np.int8], pseudo: float) -> list[tuple[int, float, float, float] | None]:
    """Return dimension, share, rate and number of votes for each voter; None where the situation tells next to nothing."""
    hits, spoken = counts
    total = spoken[:, 0].sum(axis=1)
    mean = (hits[:, 0].sum(axis=1) + 10.0) / (total + 20.0)
    out: list[tuple[int, float, float, float] | None] = []
    halves = [np.stack([part[..., :2].sum(axis=-1), part[..., 2:].sum(axis=-1)], axis=-1) for part in (hits, spoken)]
    quarters = (hits, spoken)
    dimensions = np.arange(len(cells))
    evidence, rates, votes = [], [], []
    for (h, n), cell in ((halves, cells // 2), (quarters, cells)):
        a, b = (mean * pseudo)[:, None, None], ((1 - mean) * pseudo)[:, None, None]
        told: Floats = (betaln(a + h, b + n - h) - betaln(a, b)).sum(axis=-1)
        evidence.append(told)
        rates.append((a[..., 0] + h[:, dimensions, cell]) / (pseudo + n[:, dimensions, cell]))
        votes.append(n[:, dimensions, cell])
    constant = hits[:, 0].sum(axis=1) * np.log(mean) + (total - hits[:, 0].sum(axis=1)) * np.log(1 - mean)
    weights = np.exp(np.minimum(np.stack(evidence, axis=-1) - constant[:, None, None], _MOST)) / (2 * len(cells))
    each = weights.sum(axis=(1, 2))
    share = each / (1 + each)
    here = (weights * np.stack(rates, axis=-1)).sum(axis=(1, 2)) / each
    n_eff = (weights * np.stack(votes, axis=-1)).sum(axis=(1, 2)) / each
    best = weights.sum(axis=2).argmax(axis=1)
    for i in range(len(mean)):
        moved = float(share[i] * abs(here[i] - mean[i]))
        out.append((int(best[i]), float(share[i]), float(here[i]), float(n_eff[i])) if moved >= LEAST else None)
    return out
