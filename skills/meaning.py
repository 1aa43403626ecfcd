"""The meaning of skills: a unit vector of each version's own words, and a shortlist of many by Chroma.

A version never changes, so its vector (of name, description and preconditions) is made once and kept beside its fact
in the journal, under a fingerprint of its own. A composite is as near as the mean of itself and its components.
Up to ``exact_below`` skills every cosine is computed; above that a collection ``skills`` names
candidates, composites of candidates join them, and exact cosines decide. The collection is derived: vectors and
fact numbers only, followed by a watermark, built anew on any doubt, and left alone where another process owns it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from agent.embedding import Embedder
from memory_db.chroma import BATCH, IndexDoubt, Matrix, Seqs
from memory_db.index import Index, collection_name, spread
from memory_db.journal import Journal
from memory_db.schema import facts, vectors
from skills.schema import Skill
from skills.search import Shelf

Progress = Callable[[str, int, int], None]
Floats = NDArray[np.float64]
_PROPOSED = 256  # asked of the collection for one question
_FEWEST = 50  # in force among them, below which everything is compared
_DECIMALS = 6  # below which batching shows
_PAGE = 500
_BLOCK = 1024


class Meaning:
    """The vectors of a run's skills; close it, as it may hold the collection's files."""

    def __init__(self, journal: Journal, embedder: Embedder, folder: Path, exact_below: int) -> None:
        """Nothing is read, embedded or opened before it is needed; ``folder`` is the collection's own."""
        self._journal = journal
        self._embedder = embedder
        self._fingerprint = f"skills:{embedder.fingerprint}"
        self._collection = collection_name("skills", embedder.fingerprint)
        self._folder = folder
        self._exact_below = exact_below
        self._index: Index | None = None
        self._held: dict[int, Matrix] = {}
        self._placed: tuple[Shelf, Seqs] | None = None
        self._compared: tuple[Shelf, Floats] | None = None

    def refresh(self, skills: Sequence[Skill], batch: int, progress: Progress | None = None) -> int:
        """Make the vectors that these skills lack, ``batch`` at a time, and let the collection follow; return how many were made.

        What was made stays if this is cut off. Where there are few skills there is no collection.
        """
        seqs = self._seqs(skills)
        missing = np.flatnonzero((seqs > 0) & ~np.isin(seqs, self._stored())).tolist()
        for low in range(0, len(missing), batch):
            part = missing[low : low + batch]
            made = self._embedder.embed([telling(skills[k]) for k in part])
            with self._journal.write() as w:
                for k, row in zip(part, made, strict=True):
                    w.vector(int(seqs[k]), self._fingerprint, row)
            if progress:
                progress("skills embedded", min(low + batch, len(missing)), len(missing))
        if len(skills) >= self._exact_below:
            self._follow(progress)
        return len(missing)

    def cosines(self, shelf: Shelf, query: str) -> Floats:
        """Return the query's likeness to each skill of the shelf; 0 for what the shortlist does not name or has no vector."""
        vector = self._embedder.embed([query])[0].astype(np.float64)
        near = self._shortlist(shelf, vector)
        if near is None:
            likeness: Floats = (self._whole(shelf) @ vector).round(_DECIMALS)
            return likeness
        rows = np.flatnonzero(near)
        likeness = np.zeros(len(near))
        likeness[rows] = (self._rows(shelf, rows.tolist()) @ vector).round(_DECIMALS)
        return likeness

    def alike(self, skills: Sequence[Skill], least: float) -> Iterator[tuple[int, int, float]]:
        """Yield each two of these skills (as places in the list) whose own words are at least so alike, with the cosine.

        A product of all with all costs less than asking an index of ten thousand once for each.
        """
        seqs = self._seqs(skills)
        self._hold(seqs)
        nothing = np.zeros(self._embedder.dimension, dtype=np.float32)
        yield from pairs_above(np.array([self._held.get(seq, nothing) for seq in seqs.tolist()]), least)

    def close(self) -> None:
        """Let go of the collection."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def _whole(self, shelf: Shelf) -> Floats:
        """Return the row of every skill, kept for the shelf that was asked last."""
        if self._compared is None or self._compared[0] is not shelf:
            self._compared = (shelf, self._rows(shelf, range(len(shelf.skills))))
        return self._compared[1]

    def _rows(self, shelf: Shelf, rows: Sequence[int]) -> Floats:
        """Return a unit row for each of these skills: the mean of itself and its components; zeros without a vector."""
        seqs = self._places(shelf)
        parts = [(row, *shelf.components.get(row, ())) for row in rows]
        self._hold(seqs[sorted({part for each in parts for part in each})])
        nothing = np.zeros(self._embedder.dimension, dtype=np.float32)
        held = [[self._held.get(int(seqs[part]), nothing) for part in each] for each in parts]
        total = np.array([each[0] if len(each) == 1 else np.sum(each, axis=0) for each in held], dtype=np.float64)
        total = total.reshape(len(parts), self._embedder.dimension)
        made: Floats = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
        return made

    def _shortlist(self, shelf: Shelf, vector: Floats) -> NDArray[np.bool_] | None:
        """Return which skills to compare: proposals, what the collection lacks as yet, and their composites; None for all."""
        index = self._owned() if len(shelf.skills) >= self._exact_below else None
        if index is None or not index.mark(self._collection).watermark or not self._trusted(index):
            return None
        proposed = index.propose(self._collection, "cosine", vector.astype(np.float32), _PROPOSED)
        if proposed is None:
            return None
        seqs = self._places(shelf)
        near = np.isin(seqs, proposed)
        if near.sum() < _FEWEST:
            return None
        near |= seqs > index.mark(self._collection).watermark
        for row, components in shelf.components.items():
            near[row] |= near[list(components)].any()
        return near

    def _follow(self, progress: Progress | None) -> None:
        """Bring the collection up to the stored vectors; one in doubt is built anew."""
        index = self._owned()
        if index is None:
            return
        chroma = index.chroma()
        if chroma is None or not self._trusted(index):
            chroma = index.renew()
        after = chroma.mark(self._collection).watermark
        if len(self._stored(after)):
            try:
                chroma.add(self._collection, "cosine", self._batches(after), progress)
            except IndexDoubt as err:
                index.distrust(str(err))  # until the next time everything is compared

    def _owned(self) -> Index | None:
        """Return the index where it may be used: not of an encrypted journal, and not another process's."""
        if self._index is None:
            first = self._journal.read(select(facts.c.hash).where(facts.c.seq == 1))
            if not first:
                return None
            self._index = Index(self._folder, first[0].hash, memory_only=self._journal.cipher is not None)
        return self._index if self._index.owned() and not self._index.memory_only else None

    def _trusted(self, index: Index) -> bool:
        return index.trusted(self._collection, "cosine", lambda: self._expected(index.mark(self._collection).watermark))

    def _expected(self, watermark: int) -> tuple[int, Matrix]:
        seqs = self._stored()
        seqs = seqs[seqs <= watermark]
        return len(seqs), self._fetch(seqs[spread(len(seqs))])[1]

    def _batches(self, after: int) -> Iterator[tuple[Seqs, Matrix, int]]:
        seqs = self._stored(after)
        for low in range(0, len(seqs), BATCH):
            found, matrix = self._fetch(seqs[low : low + BATCH])
            yield found, matrix, int(found[-1])

    def _places(self, shelf: Shelf) -> Seqs:
        """Return the number of each skill's fact, kept for the shelf that was asked last."""
        if self._placed is None or self._placed[0] is not shelf:
            self._placed = (shelf, self._seqs(shelf.skills))
        return self._placed[1]

    def _seqs(self, skills: Sequence[Skill]) -> Seqs:
        rows = self._journal.read(select(facts.c.key, facts.c.seq).where(facts.c.kind == "skill_version"))
        known = {row[0]: row[1] for row in rows}
        return np.array([known.get(f"skill:{skill.key}", 0) for skill in skills], dtype=np.int64)

    def _stored(self, after: int = 0) -> Seqs:
        query = select(vectors.c.fact_seq).where(vectors.c.fingerprint == self._fingerprint, vectors.c.fact_seq > after)
        return np.array([row[0] for row in self._journal.read(query.order_by(vectors.c.fact_seq))], dtype=np.int64)

    def _hold(self, seqs: Seqs) -> None:
        missing = np.array(sorted({seq for seq in seqs.tolist() if seq and seq not in self._held}), dtype=np.int64)
        found, matrix = self._fetch(missing)
        self._held.update(zip(found.tolist(), matrix, strict=True))

    def _fetch(self, seqs: Seqs) -> tuple[Seqs, Matrix]:
        """Return the stored rows of these facts and their numbers, in order."""
        query = select(vectors.c.fact_seq, vectors.c.blob).where(vectors.c.fingerprint == self._fingerprint)
        rows = []
        for low in range(0, len(seqs), _PAGE):
            chosen = vectors.c.fact_seq.in_(seqs[low : low + _PAGE].tolist())
            rows += self._journal.read(query.where(chosen).order_by(vectors.c.fact_seq))
        matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float32).reshape(len(rows), self._embedder.dimension)
        return np.array([row[0] for row in rows], dtype=np.int64), matrix


def telling(skill: Skill) -> str:
    """Return what a skill is compared by: its name, description and preconditions."""
    return " ".join((skill.name.replace("-", " "), skill.description, *skill.preconditions))


def pairs_above(rows: NDArray[np.floating], least: float) -> Iterator[tuple[int, int, float]]:
    """Yield each two unit rows whose cosine is at least this, in order."""
    for low in range(0, len(rows), _BLOCK):
        alike = rows[low : low + _BLOCK] @ rows[low:].T
        for i, k in np.argwhere(alike >= least).tolist():
            if k > i:
                yield low + i, low + k, float(alike[i, k])
