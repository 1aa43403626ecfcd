"""Situations in memory: numeric states of the market with what followed, recalled exactly as of any time.

The arrays mirror the journal: loaded on open, grown after each commit. A situation counts
as settled at ``as_of`` when its shadow outcome was known at or before it; nothing later is
looked at, so recall for a past time equals that of a store built only from what was known by
then, to the last bit. The nearest are chosen without regard to outcome, at most one per
symbol and holding window; winners and losers shown as counter-evidence never enter an estimate.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from agent.domain import Analogue, Estimate, Side
from agent.errors import ConfigError
from memory_db.journal import Journal
from memory_db.nearest import NEVER, Chosen, Columns, Rows, Search, estimate
from memory_db.schema import facts, from_micros, to_micros, vectors
from memory_db.snapshot import Snapshot
from memory_db.upkeep import ARCHIVED
from memory_db.writer import Commit, Writer

KIND = "situation"
SHADOW = "shadow"

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


class Situations:
    """The in-memory mirror of a journal's situations of one feature-set version."""

    def __init__(self, journal: Journal, version: str, snapshot: Snapshot | None = None) -> None:
        """Load everything the journal holds under the fingerprint ``situation:<version>`` and follow its commits.

        ``snapshot`` may spare the rows it covers, if it is of this journal and fingerprint.
        """
        self.fingerprint = f"{KIND}:{version}"
        self._journal = journal
        self._lock = threading.RLock()
        self._symbols: list[str] = []
        self._codes: dict[str, int] = {}
        self._ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._archived = False
        self._columns = Columns(0, 0)
        self._seen = 0
        if snapshot is not None and snapshot.fingerprint == self.fingerprint:
            self._restore(snapshot)
        self.covered = self._seen
        self.refresh()
        journal.listen(self._follow)

    def __len__(self) -> int:
        """How many situations are held, settled or not."""
        return len(self._ids)

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

    def refresh(self) -> None:
        """Take in what other processes committed."""
        with self._lock:
            last = self._journal.last_seq
            self._load(last)

    def snapshot(self) -> Snapshot | None:
        """Return what is held as it is now, None while the journal is empty."""
        with self._lock:
            found = self._journal.read(select(facts.c.hash).where(facts.c.seq == self._seen))
            if not found:
                return None
            held = self._columns.head(len(self))
            return Snapshot(self.fingerprint, self._seen, found[0].hash, list(self._symbols), list(self._ids), held)

    def unsaved(self) -> int:
        """How many facts were read or followed that the snapshot given at the start did not cover."""
        return self._seen - self.covered

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
        propose: Proposer | None = None,
        shuffle: int | None = None,
    ) -> SituationRecall:
        """Return what the ``k`` nearest settled situations of all symbols say.

        ``horizon_ns`` is the holding window: of one symbol no two chosen bars are closer than it,
        nor is one of ``symbol`` that close to ``as_of``. ``shrinkage`` counts pseudo-observations at
        the base rate, which is that of all settled situations. Similarity is
        1 / (1 + l2 / sqrt(d)). ``propose`` may name candidate facts (see ``Proposer``); where it leaves
        too few, all are scanned. ``shuffle`` is a seed that deals the settled outcomes out anew among
        the settled situations: a memory that remembers what happened but not when.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)
        if query.ndim != 1 or not np.isfinite(query).all():
            raise ConfigError("a situation to look for must be one row of finite numbers; wait until its features are ready")
        with self._lock:
            columns = self._columns.head(len(self))
        now = to_micros("as_of", as_of) * 1000
        settled = np.flatnonzero((columns.known <= now) & (columns.gone > now))
        if len(settled) < max(1, min_settled):
            return SituationRecall(None, None, [], [], len(settled))
        if len(query) != columns.vectors.shape[1]:
            raise ConfigError(f"a situation of {len(query)} numbers cannot be looked for among {columns.vectors.shape[1]}")
        if shuffle is not None:
            columns = columns.shuffled(settled, shuffle)
        search = Search(columns, self._ids, query, k, horizon_ns, self._codes.get(symbol, -1), now)
        chosen = self._choose(search, settled, propose)
        return self._describe(columns, chosen, settled, shrinkage)

    def row_of_seq(self, seqs: Rows) -> Rows:
        """Return the rows of these facts; facts that are not held are left out."""
        with self._lock:
            held = self._columns.seq[: len(self)]
        at = np.searchsorted(held, seqs)
        inside = at < len(held)
        at, seqs = at[inside], seqs[inside]
        found: Rows = at[held[at] == seqs]
        return found

    def row_of(self, id: str) -> int | None:
        """Return the row of the situation of this decision; None if it is not held."""
        return self._row_of.get(id)

    def seen(self, row: int) -> tuple[NDArray[np.float32], int, int]:
        """Return the numbers of a row, and when its bar began and it became known (ns)."""
        columns = self._columns
        return columns.vectors[row], int(columns.bar[row]), int(columns.made[row])

    def gone_at(self, rows: Rows) -> Rows:
        """Return when these rows were archived (ns; ``NEVER`` if they were not)."""
        found: Rows = self._columns.gone[rows]
        return found

    @property
    def archived(self) -> bool:
        """Whether any row was ever archived."""
        return self._archived

    def names(self, rows: Rows) -> list[str]:
        """Return the ids of these rows."""
        return [self._ids[row] for row in rows]

    def settled(self) -> int:
        """How many situations have a known outcome."""
        with self._lock:
            return int(np.count_nonzero(self._columns.known[: len(self)] < NEVER))

    def held_up_to(self, seq: int) -> tuple[Rows, NDArray[np.float32]]:
        """Return fact numbers and vectors up to a fact, in seq order."""
        with self._lock:
            columns = self._columns.head(len(self))
        end = int(np.searchsorted(columns.seq, seq, side="right"))
        return columns.seq[:end], columns.vectors[:end]

    def batches(self, after_seq: int, last: int, size: int) -> Iterator[tuple[Rows, NDArray[np.float32], int]]:
        """Yield fact numbers, vectors and how far they reach, from after ``after_seq`` to ``last``, for an index to take in."""
        seqs, matrix = self.held_up_to(last)
        start = int(np.searchsorted(seqs, after_seq, side="right"))
        for low in range(start, max(start + 1, len(seqs)), size):
            part = seqs[low : low + size]
            yield part, matrix[low : low + size], last if low + size >= len(seqs) else int(part[-1])

    def tail(self, after_seq: int) -> Rows:
        """Return the numbers of the facts after ``after_seq``."""
        with self._lock:
            seqs = self._columns.seq[: len(self)]
        return seqs[np.searchsorted(seqs, after_seq, side="right") :]

    def newest_known(self, up_to_seq: int) -> datetime | None:
        """Return the latest time at which a situation up to this fact became known; None if there is none."""
        with self._lock:
            columns = self._columns.head(len(self))
        held = columns.made[: np.searchsorted(columns.seq, up_to_seq, side="right")]
        return from_micros(int(held.max()) // 1000) if len(held) else None

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

    def _follow(self, commit: Commit) -> None:
        with self._lock:
            if commit.before != self._seen:
                self._load(commit.last)
                return
            held = {item.seq: item.values for item in commit.vectors if item.fingerprint == self.fingerprint}
            for fact in commit.facts:
                if fact.kind == KIND and fact.seq in held:
                    self._append(fact.seq, fact.key, fact.symbol, fact.happened_us, fact.known_us, held[fact.seq])
                elif fact.kind == SHADOW:
                    self._settle(fact.key, fact.known_us, fact.payload)
                elif fact.kind == ARCHIVED:
                    self._archive(fact.data["facts"], fact.known_us)
            self._seen = commit.last

    def _restore(self, snapshot: Snapshot) -> None:
        found = self._journal.read(select(facts.c.hash).where(facts.c.seq == snapshot.seq))
        if not found or found[0].hash != snapshot.hash:
            return  # of another journal, or of a history that a restore took back
        self._columns, self._ids, self._symbols = snapshot.columns, snapshot.ids, snapshot.symbols
        self._codes = {name: code for code, name in enumerate(snapshot.symbols)}
        self._row_of = dict(zip(snapshot.ids, range(len(snapshot.ids)), strict=True))
        self._archived = bool((snapshot.columns.gone[: len(snapshot.ids)] < NEVER).any())
        self._seen = snapshot.seq

    def _load(self, last: int) -> None:
        """Read facts after the last one seen, in seq order."""
        if last <= self._seen:
            return
        query = (
            select(facts.c.seq, facts.c.key, facts.c.symbol, facts.c.happened_at, facts.c.known_at, vectors.c.blob)
            .join(vectors, vectors.c.fact_seq == facts.c.seq)
            .where(facts.c.kind == KIND, vectors.c.fingerprint == self.fingerprint)
            .where(facts.c.seq > self._seen, facts.c.seq <= last)
            .order_by(facts.c.seq)
        )
        rows = self._journal.read(query)
        if rows:
            self._extend(*zip(*rows, strict=True))
        outcomes = select(facts.c.key, facts.c.known_at, facts.c.payload).where(facts.c.kind == SHADOW)
        found = self._journal.read(outcomes.where(facts.c.seq > self._seen, facts.c.seq <= last).order_by(facts.c.seq))
        self._settle_all([(row[0], row[1], row[2]) for row in found if row[2] is not None])
        for fact in self._journal.facts([ARCHIVED], after_seq=self._seen):
            if fact.seq <= last:
                self._archive(fact.data["facts"], fact.known_us)
        self._seen = last

    def _extend(
        self,
        seqs: tuple[int, ...],
        keys: tuple[str, ...],
        symbols: tuple[str | None, ...],
        happened: tuple[int, ...],
        known: tuple[int, ...],
        blobs: tuple[bytes, ...],
    ) -> None:
        """Take in many rows at once, as ``_append`` takes in one."""
        start, more, width = len(self), len(seqs), len(blobs[0]) // 4
        columns = self._columns = self._columns.grown(start, more, width)
        new = slice(start, start + more)
        columns.vectors[new] = np.frombuffer(b"".join(blobs), dtype=np.float32).reshape(more, width)
        # squares only draw a pool with room for rounding; exact distances decide
        with np.errstate(over="ignore", invalid="ignore"):  # a damaged vector must not keep verify from naming it
            columns.squares[new] = (columns.vectors[new] ** 2).sum(axis=1)
        columns.seq[new], columns.bar[new], columns.made[new] = seqs, np.multiply(happened, 1000), np.multiply(known, 1000)
        columns.symbol[new] = [self._code(symbol or "") for symbol in symbols]
        identities = [key.removeprefix(f"{KIND}:") for key in keys]
        self._row_of.update(zip(identities, range(start, start + more), strict=True))
        self._ids += identities

    def _code(self, name: str) -> int:
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = len(self._symbols)
            self._symbols.append(name)
        return code

    def _append(self, seq: int, key: str, symbol: str | None, happened: int, known: int, values: NDArray[np.float32]) -> None:
        row = len(self)
        columns = self._columns = self._columns.grown(row, 1, len(values))
        columns.vectors[row] = values
        columns.squares[row] = float(values @ values)
        columns.seq[row] = seq
        columns.symbol[row] = self._code(symbol or "")
        columns.bar[row] = happened * 1000
        columns.made[row] = known * 1000
        identity = key.removeprefix(f"{KIND}:")
        self._row_of[identity] = row
        self._ids.append(identity)

    def _archive(self, seqs: list[int], known: int) -> None:
        rows = self.row_of_seq(np.array(seqs, dtype=np.int64))
        self._columns.gone[rows] = np.minimum(self._columns.gone[rows], known * 1000)
        self._archived = self._archived or len(rows) > 0

    def over(self, cap: int) -> list[int]:
        """Return the facts of the oldest situations that exceed ``cap``, of those not archived."""
        with self._lock:
            columns = self._columns.head(len(self))
        here = np.flatnonzero(columns.gone == NEVER)
        oldest = here[np.lexsort((columns.seq[here], columns.bar[here]))]
        found: list[int] = sorted(columns.seq[oldest[: max(0, len(here) - cap)]].tolist())
        return found

    def _settle_all(self, found: list[tuple[str, int, str]]) -> None:
        """Take in many outcomes at once, as ``_settle`` takes in one."""
        held = [(self._row_of.get(key.removeprefix(f"{SHADOW}:")), known, payload) for key, known, payload in found]
        kept = [item for item in held if item[0] is not None]
        if not kept:
            return
        rows = np.array([item[0] for item in kept], dtype=np.int64)
        # one call of the parser instead of one per fact
        paid = json.loads(f"[{','.join(item[2] for item in kept)}]")
        columns = self._columns
        columns.buy[rows] = [item["buy"] for item in paid]
        columns.sell[rows] = [item["sell"] for item in paid]
        columns.known[rows] = np.maximum(np.array([item[1] for item in kept]) * 1000, columns.made[rows])

    def _settle(self, key: str, known: int, payload: str | None) -> None:
        row = self._row_of.get(key.removeprefix(f"{SHADOW}:"))
        if row is None or payload is None:
            return
        columns, data = self._columns, json.loads(payload)
        columns.buy[row], columns.sell[row] = data["buy"], data["sell"]
        # last, so that a reader in another thread never sees a settled row without its results
        columns.known[row] = max(known * 1000, int(columns.made[row]))
