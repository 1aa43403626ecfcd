"""The meaning of text memories: unit vectors under one embedder's fingerprint, kept in the journal.

Vectors are derived: made in batches, stored in ``vectors`` first and given to an index after.
Cosines are exact (float64, rounded to 1e-6, below which batching shows); an index only says
which ones to compute.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select

from agent.embedding import Embedder
from memory_db.chroma import BATCH, Matrix, Progress, Seqs
from memory_db.index import Index, collection_name, spread
from memory_db.journal import Journal
from memory_db.lexical import Listing
from memory_db.schema import vectors

Floats = NDArray[np.float64]
_SLACK = 1e-5
_DECIMALS = 6


class Meaning:
    """The vectors of a journal's text memories."""

    def __init__(self, journal: Journal, embedder: Embedder, batch: int) -> None:
        """Nothing is loaded or embedded before it is needed."""
        self.collection = collection_name("episodes", embedder.fingerprint)
        self._journal = journal
        self._embedder = embedder
        self._batch = batch
        self._seqs: Seqs = np.empty(0, dtype=np.int64)
        self._matrix: Matrix = np.empty((0, embedder.dimension), dtype=np.float32)
        self._stored = self._seqs
        self._queries: dict[str, Matrix] = {}

    def query(self, text: str) -> Matrix:
        """Return the vector of a query; the last few are kept."""
        if text not in self._queries:
            if len(self._queries) >= self._batch:
                self._queries.clear()
            self._queries[text] = self._embedder.embed([text])[0]
        return self._queries[text]

    def pending(self, listing: Listing) -> Seqs:
        """Return the memories that have no vector yet."""
        if len(listing.seq) > len(self._stored):
            self._stored = self._stored_seqs()
        return np.setdiff1d(listing.seq, self._stored, assume_unique=True)

    def embed(self, seqs: Seqs, progress: Progress | None = None) -> int:
        """Make and store the vectors of these memories, a batch per transaction; return how many."""
        for low in range(0, len(seqs), self._batch):
            part = seqs[low : low + self._batch].tolist()
            texts = [(fact.seq, fact.data) for fact in self._journal.by_seq(part)]
            rows = self._embedder.embed([str(data.get("content", "")) for _, data in texts])
            with self._journal.write() as w:
                for (seq, _), row in zip(texts, rows, strict=True):
                    w.vector(seq, self._embedder.fingerprint, row)
            self._stored = np.union1d(self._stored, seqs[low : low + self._batch])
            if progress:
                progress("embed", min(low + self._batch, len(seqs)), len(seqs))
        return len(seqs)

    def cosines(self, listing: Listing, allowed: NDArray[np.bool_], vector: Matrix, depth: int, proposed: Seqs | None) -> Floats:
        """Return the cosine of the ``depth`` nearest allowed rows (and equals), 0 elsewhere.

        With ``proposed`` only these facts are compared, else all.
        """
        if proposed is None:
            self._load()
            seqs, matrix = self._seqs, self._matrix
        else:
            seqs, matrix = self._fetch(proposed)
        rows = np.searchsorted(listing.seq, seqs)
        held = rows < len(listing.seq)
        held[held] = listing.seq[rows[held]] == seqs[held]
        held[held] = allowed[rows[held]]
        rows, matrix = rows[held], matrix[held] if not held.all() else matrix
        out = np.zeros(len(listing.seq))
        if not len(rows):
            return out
        rough = matrix @ vector
        near = np.arange(len(rows))
        if len(rows) > depth:
            near = np.flatnonzero(rough >= np.partition(rough, len(rough) - depth)[len(rough) - depth] - _SLACK)
        exact = (matrix[near].astype(np.float64) * vector.astype(np.float64)).sum(axis=1)
        np.maximum.at(out, rows[near], np.clip(exact.round(_DECIMALS), 0.0, 1.0))
        return out

    def proposals(self, index: Index, vector: Matrix, n: int) -> Seqs | None:
        """Return what the index proposes and everything after its mark; None if the index cannot be trusted."""
        watermark = index.mark(self.collection).watermark
        if not watermark or not self.trusted(index):
            return None
        proposed = index.propose(self.collection, "cosine", vector, n)
        if proposed is None:
            return None
        return np.union1d(proposed, self._stored_seqs(watermark))

    def trusted(self, index: Index) -> bool:
        """Say whether the index holds what it should up to its mark."""
        return index.trusted(self.collection, "cosine", lambda: self._expected(index.mark(self.collection).watermark))

    def batches(self, after_seq: int, last: int) -> Iterator[tuple[Seqs, Matrix, int]]:
        """Yield stored vectors after a fact up to ``last`` for an index to take in."""
        seqs = self._stored_seqs(after_seq)
        seqs = seqs[seqs <= last]
        for low in range(0, len(seqs), BATCH):
            part, matrix = self._fetch(seqs[low : low + BATCH])
            yield part, matrix, last if low + BATCH >= len(seqs) else int(part[-1])
        if not len(seqs):
            yield seqs, self._matrix[:0], last

    def _expected(self, up_to_seq: int) -> tuple[int, Matrix]:
        seqs = self._stored_seqs()
        seqs = seqs[seqs <= up_to_seq]
        return len(seqs), self._fetch(seqs[spread(len(seqs))])[1]

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return (vectors.c.fingerprint == self._embedder.fingerprint, vectors.c.part == 0)

    def _stored_seqs(self, after_seq: int = 0) -> Seqs:
        query = select(vectors.c.fact_seq).where(*self._ours(), vectors.c.fact_seq > after_seq).order_by(vectors.c.fact_seq)
        return np.array([row[0] for row in self._journal.read(query)], dtype=np.int64)

    def _load(self) -> None:
        """Read the vectors that were stored since the last time."""
        if len(self._stored) == len(self._seqs):
            return
        seqs, matrix = self._fetch(np.setdiff1d(self._stored, self._seqs, assume_unique=True))
        order = np.argsort(np.concatenate([self._seqs, seqs]), kind="stable")
        self._matrix = np.concatenate([self._matrix, matrix])[order]
        self._seqs = np.concatenate([self._seqs, seqs])[order]

    def _fetch(self, seqs: Seqs) -> tuple[Seqs, Matrix]:
        rows = []
        for low in range(0, len(seqs), 500):
            part = seqs[low : low + 500].tolist()
            query = select(vectors.c.fact_seq, vectors.c.blob).where(*self._ours(), vectors.c.fact_seq.in_(part))
            rows += self._journal.read(query.order_by(vectors.c.fact_seq))
        found = np.array([row.fact_seq for row in rows], dtype=np.int64)
        matrix = np.frombuffer(b"".join(row.blob for row in rows), dtype=np.float32).reshape(len(rows), self._embedder.dimension)
        return found, matrix
