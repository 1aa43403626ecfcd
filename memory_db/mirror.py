"""The situations of a journal as arrays: loaded on open, grown after each commit, a row per situation in seq order.

What a commit brings is taken in as it was written; where another process wrote in between, the journal is read from there.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from agent.market.situation import Layout
from memory_db.journal import Journal
from memory_db.nearest import NEVER, Columns, Rows
from memory_db.schema import facts, from_micros, vectors
from memory_db.snapshot import Snapshot
from memory_db.upkeep import ARCHIVED
from memory_db.writer import Commit

KIND = "situation"
SHADOW = "shadow"


class Mirror:
    """The situations of one layout that a journal holds, settled or not."""

    def __init__(self, journal: Journal, layout: Layout, snapshot: Snapshot | None = None) -> None:
        """Load everything the journal holds under the fingerprint ``situation:<version>`` and follow its commits.

        ``snapshot`` may spare the rows it covers, if it is of this journal and fingerprint.
        """
        self.fingerprint = f"{KIND}:{layout.version}"
        self._compared = layout.compared
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

    def symbols(self) -> int:
        """How many symbols there are situations of."""
        return len(self._symbols)

    def stored(self) -> tuple[Columns, list[str]]:
        """Return everything as it is stored, and the ids of its rows."""
        with self._lock:
            return self._columns.head(len(self)), self._ids

    def compared(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the numbers of stored situations (the last axis) that the documented distance is made of."""
        return vectors[..., : self._compared]

    def unsaved(self) -> int:
        """How many facts were read or followed that the snapshot given at the start did not cover."""
        return self._seen - self.covered

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
        """Return the documented numbers of a row, and when its bar began and it became known (ns)."""
        columns = self._columns
        return self.compared(columns.vectors[row]), int(columns.bar[row]), int(columns.made[row])

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
        """Return fact numbers and documented numbers up to a fact, in seq order."""
        with self._lock:
            columns = self._columns.head(len(self))
        end = int(np.searchsorted(columns.seq, seq, side="right"))
        return columns.seq[:end], self.compared(columns.vectors[:end])

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
            columns.squares[new] = (self.compared(columns.vectors[new]) ** 2).sum(axis=1)
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
        columns.squares[row] = (self.compared(values) ** 2).sum()
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
