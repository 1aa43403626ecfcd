"""The meaning of text memories: unit vectors under one embedder's fingerprint, kept in the journal.

A text longer than its model's window has a vector per window and is as near as its nearest. What
was said in a conversation has one more, of it after what was said just before: people seldom name
again what they talk about. Vectors are derived: made in batches, stored in ``vectors`` first and
given to an index after, where a row is numbered fact * 4096 + part. Cosines are exact (float64,
rounded to 1e-6, below which batching shows); an index only says which ones to compute.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, func, select

from agent.embedding import Embedder
from memory_db.chain import Fact
from memory_db.chroma import BATCH, Matrix, Progress, Seqs
from memory_db.index import Index, collection_name, spread
from memory_db.journal import Journal
from memory_db.lexical import Listing
from memory_db.schema import vectors
from memory_db.sketch import Sketch
from memory_db.talk import KIND, said_before

Floats = NDArray[np.float64]
_DECIMALS = 6
_ROWS = 4096
_PAGE = 1000
CONTEXT = _ROWS - 1
_REMINDER = 300
_WHOLE, _WINDOW, _STEP = 1000, 800, 650
# a process that asks so often reads all vectors once and no longer asks an index
_HOLD_AFTER = 8
# from so many vectors on the signs of their numbers say first which are worth multiplying
_SKETCHED = 10_000


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
        # where the vectors stand in the listing they were last asked for
        self._placed: Listing | None = None
        self._rows = self._codes
        self._own = self._around = self._rows_of_own = self._rows_around = self._codes
        self._single = True
        self._by_row_places: tuple[Seqs, Seqs] | None = None
        self._sketches: dict[bool, Sketch] = {}
        self._asked = 0
        self._queries: dict[str, Matrix] = {}

    @property
    def held(self) -> bool:
        """Whether the vectors are in memory, or are worth reading by now."""
        return len(self._codes) > 0 or self._asked > _HOLD_AFTER

    def query(self, text: str) -> Matrix:
        """Return the vector of a query; the last few are kept."""
        self._asked += 1
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

    def embed(self, listing: Listing, seqs: Seqs, progress: Progress | None = None) -> int:
        """Make and store the vectors of these memories, a batch per transaction; return how many.

        The same text is embedded once: a later one takes the vectors of the first.
        """
        donors = self._donors(listing, seqs)
        for low in range(0, len(seqs), self._batch):
            made = self._made(self._journal.by_seq(seqs[low : low + self._batch].tolist()), donors)
            with self._journal.write() as w:
                for seq, number, row in made:
                    w.vector(seq, self._embedder.fingerprint, row, number)
            self._stored = np.union1d(self._stored, seqs[low : low + self._batch])
            if progress:
                progress("embed", min(low + self._batch, len(seqs)), len(seqs))
        return len(seqs)

    def _donors(self, listing: Listing, seqs: Seqs) -> dict[int, int]:
        """Return for each memory whose text an earlier one with a vector holds that one."""
        rows = np.searchsorted(listing.seq, seqs)
        have = np.isin(listing.seq, self._stored, assume_unique=True) | np.isin(listing.seq, seqs, assume_unique=True)
        same = np.flatnonzero(have & np.isin(listing.text, listing.text[rows]))
        first: dict[int, int] = {}
        for text, seq in zip(listing.text[same].tolist(), listing.seq[same].tolist(), strict=True):
            first.setdefault(text, seq)
        found = zip(seqs.tolist(), listing.text[rows].tolist(), strict=True)
        return {seq: first[text] for seq, text in found if first[text] < seq}

    def _made(self, batch: list[Fact], donors: dict[int, int]) -> list[tuple[int, int, Matrix]]:
        """Return fact number, part and vector of everything that is embedded of these facts."""
        made: list[tuple[int, int, Matrix]] = []
        texts: list[tuple[int, int, str]] = []
        for fact in batch:
            given = self._given(fact, donors.get(fact.seq))
            made += ((fact.seq, number, row) for number, row in given.items())
            texts += (item for item in self._texts(fact) if item[1] not in given)
        once = list(dict.fromkeys(text for _, _, text in texts))
        rows = dict(zip(once, self._embedder.embed(once), strict=True))
        return made + [(seq, number, rows[text]) for seq, number, text in texts]

    def _given(self, fact: Fact, donor: int | None) -> dict[int, Matrix]:
        """Return the vectors by part of an earlier fact with the same content, if it has them."""
        if donor is None or self._journal.by_seq([donor])[0].data.get("content") != fact.data.get("content"):
            return {}
        codes, matrix = self._fetch(np.array([donor]))
        return {int(code % _ROWS): row for code, row in zip(codes, matrix, strict=True) if code % _ROWS != CONTEXT}

    def _texts(self, fact: Fact) -> list[tuple[int, int, str]]:
        """Return what is embedded of a memory: fact number, part, text."""
        content = str(fact.data.get("content", ""))
        texts = [(fact.seq, number, text) for number, text in enumerate(windows(content))]
        if fact.kind == KIND:
            before = [str(item.data.get("content", ""))[-_REMINDER:] for item in said_before(self._journal, fact)]
            if before:
                texts.append((fact.seq, CONTEXT, "\n".join([*before, content[:_WINDOW]])))
        return texts

    def sketched(self, listing: Listing, vector: Matrix, *, alone: bool) -> Matrix | None:
        """Return about what the cosines of every text come to, its own and in context together; ``alone`` only its own.

        None where there are too few vectors for that to save anything.
        """
        self._load(listing)
        if len(self._codes) < _SKETCHED:
            return None
        places = self._by_row_places
        if places is None:
            if not self._sketches:
                self._sketches[True] = Sketch(self._matrix)
            found = self._sketches[True].products(vector)
            parts = found[self._own], self._rows_of_own, found[self._around], self._rows_around
            own, within = self._by_row(len(listing.seq), *parts)
            return own if alone else own + within
        if alone not in self._sketches:
            # two products with one vector are that of the sum: one look instead of two
            numbers = self._matrix[places[0]]
            self._sketches[alone] = Sketch(numbers if alone else numbers + self._matrix[places[1]])
        return self._sketches[alone].products(vector)

    def rough(self, listing: Listing, allowed: NDArray[np.bool_], vector: Matrix) -> tuple[Matrix, Matrix]:
        """Return the cosines of all texts, and of them in their context, to some 1e-6; 0 where not allowed or not embedded.

        A text of several windows is as near as its nearest; one without context has its own in its place.
        """
        self._load(listing)
        places: list[Seqs] = [self._own, self._around]
        rows: list[Seqs] = [self._rows_of_own, self._rows_around]
        if 4 * np.count_nonzero(allowed) < len(allowed):
            # where few are allowed they alone are compared; to copy most of a matrix would cost more than to compare it all
            if self._by_row_places is not None:
                return self._of_few(np.flatnonzero(allowed), self._by_row_places, len(allowed), vector)
            wanted = np.append(allowed, False)
            chosen = [np.flatnonzero(wanted[item]) for item in rows]
            own, around = (self._matrix[item[part]] @ vector for item, part in zip(places, chosen, strict=True))
            rows = [item[part] for item, part in zip(rows, chosen, strict=True)]
        else:
            found = self._matrix @ vector
            own, around = (found[item] for item in places)
        return self._by_row(len(allowed), own, rows[0], around, rows[1])

    def _of_few(self, rows: Seqs, places: tuple[Seqs, Seqs], size: int, vector: Matrix) -> tuple[Matrix, Matrix]:
        own, within = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
        for out, at in zip((own, within), places, strict=True):
            out[rows] = self._matrix[at[rows]] @ vector
        return own, within

    def _by_row(self, size: int, own: Matrix, rows_of_own: Seqs, around: Matrix, rows_around: Seqs) -> tuple[Matrix, Matrix]:
        # one more row for vectors of what is not listed
        out = np.zeros(size + 1, dtype=np.float32)
        if self._single:
            out[rows_of_own] = own
        elif len(own):
            starts = np.flatnonzero(np.diff(rows_of_own, prepend=-1))
            out[rows_of_own[starts]] = np.maximum.reduceat(own, starts)
        within = out.copy()
        within[rows_around] = around
        return out[:-1], within[:-1]

    def exact(self, listing: Listing, rows: Seqs, vector: Matrix, *, held: bool) -> tuple[Floats, Floats]:
        """Return both cosines of these rows (ascending), rounded to 1e-6; not ``held`` in memory they are read."""
        if held and self._by_row_places is not None:
            own, around = (self._cosines(self._matrix[at[rows]], vector) for at in self._by_row_places)
            return np.maximum(own, 0.0), np.maximum(around, 0.0)
        if held:
            wanted = np.zeros(len(listing.seq) + 1, dtype=bool)
            wanted[rows] = True
            places = np.flatnonzero(wanted[self._rows])
            codes, matrix = self._codes[places], self._matrix[places]
        else:
            codes, matrix = self._fetch(listing.seq[rows])
        at = np.searchsorted(listing.seq[rows], codes // _ROWS)
        found = self._cosines(matrix, vector)
        context = codes % _ROWS == CONTEXT
        own = np.zeros(len(rows))
        np.maximum.at(own, at[~context], found[~context])
        around = own.copy()
        around[at[context]] = np.maximum(found[context], 0.0)
        return own, around

    def _cosines(self, matrix: Matrix, vector: Matrix) -> Floats:
        found: Floats = (matrix.astype(np.float64) * vector.astype(np.float64)).sum(axis=1).round(_DECIMALS)
        return found

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

    def _load(self, listing: Listing) -> None:
        """Read the vectors that were stored since the last time, and find their rows in the listing."""
        if self._loaded != len(self._stored):
            held = np.unique(self._codes // _ROWS)
            codes, matrix = self._fetch(np.setdiff1d(self._stored, held, assume_unique=True))
            if len(held):
                order = np.argsort(np.concatenate([self._codes, codes]), kind="stable")
                codes, matrix = np.concatenate([self._codes, codes])[order], np.concatenate([self._matrix, matrix])[order]
            self._codes, self._matrix, self._loaded, self._placed = codes, matrix, len(self._stored), None
        if self._placed is not listing:
            seqs, context = self._codes // _ROWS, self._codes % _ROWS == CONTEXT
            self._rows = np.searchsorted(listing.seq, seqs)
            self._rows[~np.isin(seqs, listing.seq)] = len(listing.seq)
            self._own, self._around = np.flatnonzero(~context), np.flatnonzero(context)
            self._rows_of_own, self._rows_around = self._rows[self._own], self._rows[self._around]
            self._single = len(np.unique(self._rows_of_own)) == len(self._own)
            self._by_row_places = self._places(len(listing.seq))
            self._placed, self._sketches = listing, {}

    def _places(self, size: int) -> tuple[Seqs, Seqs] | None:
        """Return where every row's own vector stands, and that in context, its own again where it has none.

        None where a row has several vectors, or none.
        """
        if not self._single or len(self._own) != size or (self._rows_of_own == size).any():
            return None
        own = np.empty(size, dtype=np.int64)
        own[self._rows_of_own] = self._own
        around = np.append(own, 0)  # one more for vectors of what is not listed
        around[self._rows_around] = self._around
        return own, around[:-1]

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
