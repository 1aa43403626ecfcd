"""The meaning of text memories: unit vectors under one embedder's fingerprint, kept in the journal.

A text longer than its model's window has a vector per window and is as near as its nearest. What
was said in a conversation has one more, of it after what was said just before: people seldom name
again what they talk about. Vectors are derived: made in batches, stored in ``vectors`` first and
given to an index after, where a row is numbered fact * 4096 + part. Cosines are exact (float64,
rounded to 1e-6, below which batching shows); an index only says which ones to compute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func, select

from agent.embedding import Embedder
from memory_db.chain import Fact
from memory_db.chroma import BATCH, Matrix, Progress, Seqs
from memory_db.index import Index, collection_name, spread
from memory_db.journal import Journal
from memory_db.lexical import Listing
from memory_db.schema import facts, vectors

Floats = NDArray[np.float64]
_SLACK = 1e-5
_DECIMALS = 6
_ROWS = 4096
_PAGE = 1000
CONTEXT = _ROWS - 1
_BEFORE, _LOOK_BACK = 2, 1000
_MICROSECOND = timedelta(microseconds=1)
_SESSION = timedelta(hours=1)
_REMINDER = 300
_WHOLE, _WINDOW, _STEP = 1000, 800, 650


class Meaning:
    """The vectors of a journal's text memories."""

    def __init__(self, journal: Journal, embedder: Embedder, batch: int) -> None:
        """Nothing is loaded or embedded before it is needed."""
        self.collection = collection_name("episodes", embedder.fingerprint)
        self._journal = journal
        self._embedder = embedder
        self._batch = batch
        self._codes: Seqs = np.empty(0, dtype=np.int64)
        self._matrix: Matrix = np.empty((0, embedder.dimension), dtype=np.float32)
        self._stored = self._codes
        self._loaded = 0
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
        if len(listing.seq) == len(self._stored) and np.array_equal(listing.seq, self._stored):
            return listing.seq[:0]
        return np.setdiff1d(listing.seq, self._stored, assume_unique=True)

    def embed(self, seqs: Seqs, progress: Progress | None = None) -> int:
        """Make and store the vectors of these memories, a batch per transaction; return how many."""
        for low in range(0, len(seqs), self._batch):
            part = seqs[low : low + self._batch].tolist()
            texts = [item for fact in self._journal.by_seq(part) for item in self._texts(fact)]
            rows = self._embedder.embed([text for _, _, text in texts])
            with self._journal.write() as w:
                for (seq, number, _), row in zip(texts, rows, strict=True):
                    w.vector(seq, self._embedder.fingerprint, row, number)
            self._stored = np.union1d(self._stored, seqs[low : low + self._batch])
            if progress:
                progress("embed", min(low + self._batch, len(seqs)), len(seqs))
        return len(seqs)

    def _texts(self, fact: Fact) -> list[tuple[int, int, str]]:
        """Return what is embedded of a memory: fact number, part, text."""
        content = str(fact.data.get("content", ""))
        texts = [(fact.seq, number, text) for number, text in enumerate(windows(content))]
        if fact.kind == "dialog":
            before = [str(item.data.get("content", ""))[-_REMINDER:] for item in said_before(self._journal, fact)]
            if before:
                texts.append((fact.seq, CONTEXT, "\n".join([*before, content[:_WINDOW]])))
        return texts

    def cosines(
        self, listing: Listing, allowed: NDArray[np.bool_], vector: Matrix, depth: int, proposed: Seqs | None
    ) -> tuple[Floats, Floats]:
        """Return the cosines of texts, and of them in their context, for the ``depth`` nearest allowed of each (and equals).

        It is 0 elsewhere; a text without context has its own. With ``proposed`` only these facts are compared, else all.
        """
        if proposed is None:
            self._load()
            codes, matrix = self._codes, self._matrix
        else:
            codes, matrix = self._fetch(proposed)
        at, rows = _places(codes // _ROWS, listing.seq, allowed)
        # where few are allowed they alone are compared; to copy most of a matrix would cost more than to compare it all
        rough = matrix[at] @ vector if 4 * len(at) < len(codes) else (matrix @ vector)[at]
        context = codes[at] % _ROWS == CONTEXT
        alone = np.ones(len(listing.seq), dtype=bool)
        alone[rows[context]] = False
        near = [_nearest(rough, chosen, depth) for chosen in (~context, context | alone[rows])]
        own, around = (_exact(len(alone), rows[part], matrix[at[part]], vector) for part in near)
        return own, around

    def proposals(self, index: Index, vector: Matrix, n: int) -> Seqs | None:
        """Return what the index proposes and everything after its mark; None if the index cannot be trusted."""
        watermark = index.mark(self.collection).watermark
        if not watermark or not self.trusted(index):
            return None
        proposed = index.propose(self.collection, "cosine", vector, n)
        if proposed is None:
            return None
        return np.union1d(proposed // _ROWS, self._stored_seqs(watermark))

    def trusted(self, index: Index) -> bool:
        """Say whether the index holds what it should up to its mark."""
        return index.trusted(self.collection, "cosine", lambda: self._expected(index.mark(self.collection).watermark))

    def batches(self, after_seq: int, last: int) -> Iterator[tuple[Seqs, Matrix, int]]:
        """Yield stored vectors after a fact up to ``last`` for an index to take in."""
        seqs = self._stored_seqs(after_seq)
        seqs = seqs[seqs <= last]
        for low in range(0, len(seqs), BATCH):
            part, matrix = self._fetch(seqs[low : low + BATCH])
            yield part, matrix, last if low + BATCH >= len(seqs) else int(part[-1] // _ROWS)
        if not len(seqs):
            yield seqs, self._matrix[:0], last

    def _expected(self, up_to_seq: int) -> tuple[int, Matrix]:
        ours = select(func.count()).where(*self._ours(), vectors.c.fact_seq <= up_to_seq)
        count = int(self._journal.read(ours)[0][0])
        seqs = self._stored_seqs()
        seqs = seqs[seqs <= up_to_seq]
        return count, self._fetch(seqs[spread(len(seqs))])[1]

    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return (vectors.c.fingerprint == self._embedder.fingerprint,)

    def _stored_seqs(self, after_seq: int = 0) -> Seqs:
        query = select(vectors.c.fact_seq).where(*self._ours(), vectors.c.part == 0, vectors.c.fact_seq > after_seq)
        return np.array([row[0] for row in self._journal.read(query.order_by(vectors.c.fact_seq))], dtype=np.int64)

    def _load(self) -> None:
        """Read the vectors that were stored since the last time."""
        if self._loaded == len(self._stored):
            return
        held = np.unique(self._codes // _ROWS)
        codes, matrix = self._fetch(np.setdiff1d(self._stored, held, assume_unique=True))
        if len(held):
            order = np.argsort(np.concatenate([self._codes, codes]), kind="stable")
            codes, matrix = np.concatenate([self._codes, codes])[order], np.concatenate([self._matrix, matrix])[order]
        self._codes, self._matrix, self._loaded = codes, matrix, len(self._stored)

    def _fetch(self, seqs: Seqs) -> tuple[Seqs, Matrix]:
        """Return the rows of these facts and their numbers, in order."""
        query = select(vectors.c.fact_seq * _ROWS + vectors.c.part, vectors.c.blob).where(*self._ours())
        query = query.order_by(vectors.c.fact_seq, vectors.c.part)
        rows = []
        for low in range(0, len(seqs), _PAGE):
            part = seqs[low : low + _PAGE]
            # facts that lie close together are read as one range; asking for each takes twice as long
            dense = len(part) > 100 and part[-1] - part[0] < 4 * len(part)
            chosen = vectors.c.fact_seq.between(int(part[0]), int(part[-1])) if dense else vectors.c.fact_seq.in_(part.tolist())
            rows += self._journal.read(query.where(chosen))
        codes, blobs = zip(*rows, strict=True) if rows else ((), ())
        found = np.array(codes, dtype=np.int64)
        matrix = np.frombuffer(b"".join(blobs), dtype=np.float32).reshape(len(found), self._embedder.dimension)
        wanted = np.isin(found // _ROWS, seqs)
        return (found, matrix) if wanted.all() else (found[wanted], matrix[wanted])


def windows(text: str) -> list[str]:
    """Return a text in overlapping pieces that fit the model's window (256 tokens); a short one is one piece."""
    if len(text) <= _WHOLE:
        return [text]
    return [text[low : low + _WINDOW] for low in range(0, len(text) - _WINDOW + _STEP, _STEP)]


def said_before(journal: Journal, fact: Fact) -> list[Fact]:
    """Return the last two things said before in the same conversation, known by then, in order.

    A conversation has one symbol and, where given, one ``session`` in its metadata; an hour apart is another one, and
    so is what lies more than a thousand facts back.
    """
    # coalesce keeps the database from an index that would make it sort every turn there is
    query = (
        select(facts.c.seq)
        .where(facts.c.seq.between(fact.seq - _LOOK_BACK, fact.seq - 1), func.coalesce(facts.c.kind, "") == fact.kind)
        .where(func.coalesce(facts.c.symbol, "") == (fact.symbol or ""), func.coalesce(facts.c.known_at, 0) <= fact.known_us)
        .where(facts.c.happened_at.between(fact.happened_us - _SESSION // _MICROSECOND, fact.happened_us))
        .order_by(facts.c.seq.desc())
        .limit(_BEFORE)
    )
    found = journal.by_seq([row[0] for row in journal.read(query)])
    return [item for item in found if _session(item) == _session(fact) and "content" in item.data]


def _session(fact: Fact) -> Any:
    return (fact.data.get("metadata") or {}).get("session")


def _places(seqs: Seqs, listed: Seqs, allowed: NDArray[np.bool_]) -> tuple[Seqs, Seqs]:
    """Return which of ``seqs`` are listed and allowed, and the rows of the listing they are."""
    rows = np.searchsorted(listed, seqs)
    rows[rows == len(listed)] = 0
    at = np.flatnonzero(allowed[rows] & (listed[rows] == seqs))
    return at, rows[at]


def _nearest(rough: Matrix, chosen: NDArray[np.bool_], depth: int) -> Seqs:
    """Return the ``depth`` nearest chosen rows and what rounding may have put behind them."""
    near = np.flatnonzero(chosen)
    if len(near) <= depth:
        return near
    limit = np.partition(rough[near], len(near) - depth)[len(near) - depth]
    kept: Seqs = near[rough[near] >= limit - _SLACK]
    return kept


def _exact(size: int, rows: Seqs, matrix: Matrix, vector: Matrix) -> Floats:
    """Return the exact cosines of these rows, each memory's best, 0 elsewhere."""
    out = np.zeros(size)
    exact = (matrix.astype(np.float64) * vector.astype(np.float64)).sum(axis=1)
    np.maximum.at(out, rows, np.clip(exact.round(_DECIMALS), 0.0, 1.0))
    return out
