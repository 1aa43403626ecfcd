"""How near two situations are, learnt from what followed past ones, and whether that is better than the documented distance.

What followed a situation is read off the one ``AHEAD`` bars later of its symbol: the volatility since, and the kind of market it
came to. Learnt weights are a ridge regression of that on a situation's numbers and their magnitudes, drawn towards the effects
that the layout expects; two situations are near when they lead one to expect the same.

They are tried on later data only (prequentially; Dawid 1984). Every look fits anew, and judges the fit of the look before on
situations that came after it: ten nearest by either distance, among those whose aftermath was known by then. A look is a block
of at least 100 bars, since neighbouring situations share what follows. Learnt weights stand from when what followed their
choice was closer than what followed the documented one's beyond chance (Student's t over blocks, one-sided 5 %), until they are
no longer ahead at all; and only while their choice foretells the net R of a situation no worse, by a standard error.

Pure functions of arrays: all that is looked at was known before ``now``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.special import stdtrit

from agent.market.situation import Layout
from memory_db.nearest import NEVER, Columns, Floats, Rows, Search

AHEAD = 20  # bars that what follows is judged by: those of volatility_20
EVERY = 100  # situations of each symbol between two looks
GROWTH = 20  # and at least this part of all, so that looking costs no more than a fixed share of deciding
SURE, WORSE, ENOUGH = 0.95, -1.0, 3
_CHOSEN, _ASKED_EVERY, _ASKED_MOST, _LEAST_PAST = 10, 5, 64, 60
_FITTED_ON = 20_000  # the latest situations; more change nothing
_PRIOR = 1000.0  # situations that the expected effects weigh as much as
_VOLATILITY = 0.4  # of a unit of log volatility to one of probability in the learnt distance
_REGIME = 2.0  # of a share of the regime to one of log volatility in the trial: each then tells about as much


class Tally(BaseModel):
    """The sum and the sum of squares of what ``blocks`` blocks gained, each a mean."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    blocks: int = 0
    total: float = 0.0
    squares: float = 0.0

    def and_(self, gain: float) -> Tally:
        """Count another block."""
        return Tally(blocks=self.blocks + 1, total=self.total + gain, squares=self.squares + gain * gain)

    @property
    def z(self) -> float:
        """The mean gain in standard errors over blocks; 0 where there is no telling."""
        if self.blocks < 2:
            return 0.0
        spread = (self.squares - self.total**2 / self.blocks) / (self.blocks - 1)
        return self.total / math.sqrt(spread * self.blocks) if spread > 1e-18 else 0.0


class Weights(BaseModel):
    """What a look came to, over the first ``count`` situations that were known.

    ``table`` has a row for each number of a situation, then one for each magnitude, and a column for each dimension of the learnt
    distance. ``learnt`` says whether it stands. ``closer`` tallies how much closer what followed was than with the documented
    distance, ``paid`` how much better net R was foretold (squared errors).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    count: int
    learnt: bool
    table: tuple[tuple[float, ...], ...]
    closer: Tally = Tally()
    paid: Tally = Tally()

    def see(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return stored situations as the learnt distance sees them; a row's bits do not depend on the others."""
        numbers = _basis(vectors)
        table = np.array(self.table)
        seen = [(numbers * table[:, column]).sum(axis=1) for column in range(table.shape[1])]
        return np.stack(seen, axis=1).astype(np.float32)


class View:
    """Stored situations as some weights see them, kept for the next question."""

    def __init__(self, weights: Weights) -> None:
        """Nothing is seen yet."""
        self._weights = weights
        self._used = 0
        self._numbers: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self._squares: NDArray[np.float32] = np.zeros(0, dtype=np.float32)

    def upto(self, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return numbers and squared lengths of these rows, of which those of the last time are the first."""
        count = len(vectors)
        if count > self._used:
            more = self._weights.see(vectors[self._used :])
            if count > len(self._numbers):
                room = max(1024, 2 * count)
                self._numbers = np.concatenate(
                    [self._numbers[: self._used].reshape(-1, more.shape[1]), np.zeros((room, more.shape[1]), dtype=np.float32)]
                )
                self._squares = np.concatenate([self._squares[: self._used], np.zeros(room, dtype=np.float32)])
            self._numbers[self._used : count] = more
            self._squares[self._used : count] = (more**2).sum(axis=1)
            self._used = count
        return self._numbers[:count], self._squares[:count]


def due(last: Weights | None, symbols: int) -> int:
    """Return at how many situations the next look is due."""
    return EVERY * symbols if last is None else last.count + max(EVERY * symbols, last.count // GROWTH)


def look(columns: Columns, ids: list[str], layout: Layout, now: int, last: tuple[Weights, int] | None) -> Weights | None:
    """Judge the ``last`` weights, given with when they became known (ns), and fit new ones; None: nothing followed yet.

    ``columns`` hold stored situations as they are; of those only what was known before ``now`` (ns) is looked at.
    """
    past = _Past.of(columns, ids, layout, now)
    if not len(past.rows):
        return None
    closer, paid, stood = Tally(), Tally(), False
    if last is not None:
        weights, since = last
        closer, paid, stood = weights.closer, weights.paid, weights.learnt
        gains = _judged(past, weights, since, now)
        if gains is not None:
            closer = closer.and_(gains[0])
            paid = paid if math.isnan(gains[1]) else paid.and_(gains[1])
    ahead = closer.blocks >= ENOUGH and closer.z > (0.0 if stood else stdtrit(closer.blocks - 1, SURE))
    count = int(np.count_nonzero(columns.made < now))
    return Weights(count=count, learnt=ahead and paid.z >= WORSE, table=_fitted(past), closer=closer, paid=paid)


@dataclass(frozen=True, slots=True)
class _Past:
    """The situations whose aftermath is known, and (for all rows) which row tells it."""

    columns: Columns
    ids: list[str]
    layout: Layout
    rows: Rows
    later: Rows

    @classmethod
    def of(cls, columns: Columns, ids: list[str], layout: Layout, now: int) -> _Past:
        known = np.flatnonzero(columns.made < now)
        order = known[np.lexsort((columns.bar[known], columns.symbol[known]))]
        here, ahead = order[:-AHEAD], order[AHEAD:]
        same = columns.symbol[here] == columns.symbol[ahead]
        later = np.full(len(columns.made), -1, dtype=np.int64)
        later[here[same]] = ahead[same]
        return cls(columns, ids, layout, np.flatnonzero(later >= 0), later)

    def followed(self, rows: Rows) -> Floats:
        """Return what followed these rows: log volatility, then the probability of each kind of market."""
        return self.columns.vectors[self.later[rows]][:, list(self.layout.followed)].astype(np.float64)

    def window(self) -> int:
        """Return how long ``AHEAD`` bars usually take (ns)."""
        return int(np.median(self.columns.bar[self.later[self.rows]] - self.columns.bar[self.rows]))


def _basis(vectors: NDArray[np.float32]) -> Floats:
    numbers = vectors.astype(np.float64)
    return np.concatenate([numbers, np.abs(numbers)], axis=1)


def _fitted(past: _Past) -> tuple[tuple[float, ...], ...]:
    """Fit what followed, drawn towards what is expected, and bring the learnt distance to the size of the documented one."""
    columns, layout = past.columns, past.layout
    rows = past.rows[np.argsort(columns.bar[past.rows], kind="stable")][-_FITTED_ON:]
    numbers, followed = _basis(columns.vectors[rows]), past.followed(rows)
    followed[:, 0] *= _VOLATILITY
    numbers -= numbers.mean(axis=0)
    drawn = _PRIOR * (numbers.std(axis=0) + 1e-3) ** 2
    left = numbers.T @ numbers + np.diag(drawn)
    right = numbers.T @ (followed - followed.mean(axis=0)) + drawn[:, None] * _expected(layout, numbers.shape[1])
    table = np.linalg.solve(left, right)
    size = columns.vectors[rows][:, : layout.compared].astype(np.float64).var(axis=0).mean()
    own = (numbers @ table).var(axis=0).mean()
    scaled = np.round(table * math.sqrt(size / own) if own > 0 else table, 6)  # the last digits are the machine's
    return tuple(tuple(row) for row in scaled.tolist())


def _expected(layout: Layout, width: int) -> Floats:
    table = np.zeros((width, len(layout.followed)))
    for place, magnitude, effects in layout.expected:
        table[place + (width // 2 if magnitude else 0)] = effects
    return table


def _judged(past: _Past, weights: Weights, since: int, now: int) -> tuple[float, float] | None:
    """Return by how much what followed was closer, and net R better foretold (NaN: not known), over what came since then."""
    columns = past.columns
    asked = past.rows[columns.made[past.rows] >= since]
    asked = asked[np.lexsort((columns.symbol[asked], columns.bar[asked]))]
    asked = asked[:: max(_ASKED_EVERY, -(-len(asked) // _ASKED_MOST))]
    ways = [columns.seen(columns.vectors[:, : past.layout.compared]), columns.seen(weights.see(columns.vectors))]
    aftermath, window = np.maximum(columns.made[past.later[past.rows]], columns.known[past.rows]), past.window()
    gains = []
    for row in asked.tolist():
        known = past.rows[aftermath <= columns.made[row]]
        if len(known) >= _LEAST_PAST:
            chosen = [_nearest(past, way, row, known, window) for way in ways]
            gains.append([_closer(past, row, *chosen), _paid(columns, row, now, *chosen)])
    if not gains:
        return None
    closer, paid = np.array(gains).T
    return float(closer.mean()), float(paid[~np.isnan(paid)].mean()) if not np.isnan(paid).all() else math.nan


def _nearest(past: _Past, way: Columns, row: int, known: Rows, window: int) -> Rows:
    own, at = int(way.symbol[row]), int(way.bar[row])
    return Search(way, past.ids, way.vectors[row], _CHOSEN, window, own, at).exactly(known).picked


def _closer(past: _Past, row: int, documented: Rows, learnt: Rows) -> float:
    """Each of the chosen alone: how far its volatility was off, and how likely it came to the same kind of market."""
    came = past.followed(np.array([row]))[0]

    def close(rows: Rows) -> float:
        found = past.followed(rows)
        return float((_REGIME * (found[:, 1:] @ came[1:]) - np.abs(found[:, 0] - came[0])).mean())

    return close(learnt) - close(documented)


def _paid(columns: Columns, row: int, now: int, documented: Rows, learnt: Rows) -> float:
    if columns.known[row] >= min(now, NEVER):
        return math.nan

    def error(rows: Rows) -> float:
        sides = (columns.buy, columns.sell)
        return float(sum((side[rows].mean() - side[row]) ** 2 for side in sides))

    return error(documented) - error(learnt)
