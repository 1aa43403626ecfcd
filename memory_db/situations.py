"""Situations in memory: numeric states of the market with what followed, recalled exactly as of any time.

A situation counts as settled at ``as_of`` when its shadow outcome was known at or before it; nothing later is
looked at, so recall for a past time equals that of a store built only from what was known by
then, to the last bit. The nearest are chosen without regard to outcome, at most one per
symbol and holding window; winners and losers shown as counter-evidence never enter an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from agent.domain import Analogue, Estimate, Side
from agent.errors import ConfigError
from agent.market.situation import Layout
from memory_db.journal import Journal
from memory_db.mirror import KIND, SHADOW, Mirror
from memory_db.nearest import Chosen, Columns, Rows, Search, estimate
from memory_db.schema import from_micros, to_micros
from memory_db.snapshot import Snapshot
from memory_db.weights import View, Weights
from memory_db.writer import Writer

Proposer = Callable[[NDArray[np.float32], int], Rows | None]


@dataclass(frozen=True, slots=True)
class SituationRecall:
    """What the nearest situations say at one time.

    ``estimate`` is the side with the higher shrunk mean net R (buy on equality), ``other_side``
    the other; both None while fewer than the required number are settled. ``analogues`` are the
    chosen, nearest first, on the estimate's side; ``settled`` counts all that were known.
    """

    estimate: Estimate | None
    other_side: Estimate | None
    analogues: list[Analogue]
    counter_evidence: list[Analogue]
    settled: int


class Situations(Mirror):
    """What a journal holds of situations, to add to and to recall from."""

    def __init__(self, journal: Journal, layout: Layout, snapshot: Snapshot | None = None) -> None:
        """See ``Mirror``."""
        super().__init__(journal, layout, snapshot)
        self._views: dict[int, View] = {}

    def add(
        self, w: Writer, *, id: str, symbol: str, bar_time: datetime, known_at: datetime, vector: NDArray[np.float32], line: str
    ) -> int:
        """Write a situation: decision ``id``, the start of its bar, when it was known, its scaled numbers and its words."""
        width = self._columns.vectors.shape[1]
        if len(self) and len(vector) != width:
            raise ConfigError(
                f"situation {id} has {len(vector)} numbers, the memory's have {width}; use the version it was made with"
            )
        payload = {"id": id, "bar_time": bar_time.isoformat(), "line": line}
        seq = w.add(KIND, payload, key=f"{KIND}:{id}", happened_at=bar_time, known_at=known_at, symbol=symbol)
        w.vector(seq, self.fingerprint, vector)
        return seq

    def add_shadow(self, w: Writer, *, id: str, symbol: str, buy: float, sell: float, known_at: datetime) -> int:
        """Write what followed situation ``id`` on both sides, in R net of costs, known at its horizon's close."""
        if not (math.isfinite(buy) and math.isfinite(sell)):
            raise ConfigError(f"shadow outcome of {id} must be two finite numbers, not {buy} and {sell}")
        payload = {"situation": id, "buy": buy, "sell": sell}
        return w.add(SHADOW, payload, key=f"{SHADOW}:{id}", happened_at=known_at, known_at=known_at, symbol=symbol)

    def recall(
        self,
        vector: NDArray[np.float32],
        *,
        symbol: str,
        as_of: datetime,
        k: int,
        horizon_ns: int,
        min_settled: int,
        shrinkage: float,
        weights: Weights | None = None,
        propose: Proposer | None = None,
        shuffle: int | None = None,
    ) -> SituationRecall:
        """Return what the ``k`` nearest settled situations of all symbols say.

        ``horizon_ns`` is the holding window: of one symbol no two chosen bars are closer than it,
        nor is one of ``symbol`` that close to ``as_of``. ``shrinkage`` counts pseudo-observations at
        the base rate, which is that of all settled situations. Similarity is 1 / (1 + l2 / sqrt(d)), over
        the documented numbers or as ``weights`` see them. ``propose`` may name candidate facts (see
        ``Proposer``); where it leaves too few, all are scanned. ``shuffle`` is a seed that deals the settled
        outcomes out anew among the settled situations: a memory that remembers what happened but not when.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)
        if query.ndim != 1 or not np.isfinite(query).all():
            raise ConfigError("a situation to look for must be one row of finite numbers; wait until its features are ready")
        columns, ids = self.stored()
        now = to_micros("as_of", as_of) * 1000
        settled = np.flatnonzero((columns.known <= now) & (columns.gone > now))
        if len(settled) < max(1, min_settled):
            return SituationRecall(None, None, [], [], len(settled))
        if len(query) != columns.vectors.shape[1]:
            raise ConfigError(f"a situation of {len(query)} numbers cannot be looked for among {columns.vectors.shape[1]}")
        columns, query = self._seen_by(weights, columns, query)
        if shuffle is not None:
            columns = columns.shuffled(settled, shuffle)
        search = Search(columns, ids, query, k, horizon_ns, self._codes.get(symbol, -1), now)
        chosen = self._choose(search, settled, propose)
        return self._describe(columns, chosen, settled, shrinkage)

    def _seen_by(
        self, weights: Weights | None, columns: Columns, query: NDArray[np.float32]
    ) -> tuple[Columns, NDArray[np.float32]]:
        """Return columns and query with the numbers that the distance is made of."""
        if weights is None:
            return columns.seen(self.compared(columns.vectors), columns.squares), self.compared(query)
        with self._lock:
            view = self._views.pop(weights.count, None) or View(weights)
            self._views = {
                **dict([*self._views.items()][-1:]),
                weights.count: view,
            }  # the last two: now, and another time asked about
            return columns.seen(*view.upto(columns.vectors)), weights.see(query[None, :])[0]

    def _choose(self, search: Search, settled: Rows, propose: Proposer | None) -> Chosen:
        if propose is not None:
            proposed = propose(search.query, search.k)
            if proposed is not None:
                rows = self.row_of_seq(proposed)
                chosen = search.among(rows[(search.columns.known[rows] <= search.now) & (search.columns.gone[rows] > search.now)])
                if chosen.full(search.k):
                    return chosen
        return search.exactly(settled)

    def _describe(self, columns: Columns, chosen: Chosen, settled: Rows, shrinkage: float) -> SituationRecall:
        buy = estimate("buy", columns.buy, chosen.picked, settled, shrinkage)
        sell = estimate("sell", columns.sell, chosen.picked, settled, shrinkage)
        best, other = (sell, buy) if sell.mean_r > buy.mean_r else (buy, sell)
        results = columns.buy if best.side == "buy" else columns.sell
        counter = [*chosen.nearest(results, winners=True), *chosen.nearest(results, winners=False)]
        return SituationRecall(
            best,
            other,
            [self._analogue(columns, row, distance, best.side) for row, distance in chosen.pairs()],
            [self._analogue(columns, row, distance, best.side) for row, distance in counter],
            len(settled),
        )

    def _analogue(self, columns: Columns, row: int, distance: float, side: Side) -> Analogue:
        return Analogue(
            id=self._ids[row],
            symbol=self._symbols[columns.symbol[row]],
            bar_time=from_micros(int(columns.bar[row]) // 1000),
            similarity=1.0 / (1.0 + distance / math.sqrt(columns.vectors.shape[1])),
            side=side,
            r=float((columns.buy if side == "buy" else columns.sell)[row]),
            shadow=True,
        )
