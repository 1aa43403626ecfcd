"""Search over text memories: words, meaning, or both, exactly as of any time.

Words are found in the index file and, for what it does not hold yet, in a second index in
memory; the answer is the same wherever the border lies. Up to a few hundred texts without
vectors are embedded when first asked by meaning; beyond that they are found by words until
the store is indexed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import Memory, ScoreParts
from agent.errors import ConfigError
from agent.settings import Recall
from memory_db import folding
from memory_db.chain import Fact
from memory_db.chroma import Seqs
from memory_db.episodes import (
    KINDS,
    MAX_IMPORTANCE,
    Query,
    age_days,
    check_kind,
    memory_of,
    recency,
    score,
    shape_of,
)
from memory_db.index import Index
from memory_db.journal import Journal
from memory_db.lexical import Document, Lexical, Listing, Postings, bm25
from memory_db.meaning import Meaning
from memory_db.naming import named
from memory_db.relevance import Cosines, Floats, Rows, best, relevance, rest
from memory_db.schema import to_micros
from memory_db.talk import code_of, session_code, speaker_code
from memory_db.upkeep import ARCHIVED

_DEPTH = 100
_CATCH_UP = 256
_PAGE = 2000
# beyond so many the index proposes sooner than a product over all vectors is made
_EXACT_TEXTS = 20_000
# how many times more rows a sketch of the vectors has to name than are multiplied out to the end
_OVERSAMPLE = 10
_NO_MORE = np.zeros(1, dtype=np.float32)


class TextSearch:
    """The text memories of one journal."""

    def __init__(self, journal: Journal, index: Index, meaning: Meaning | None, settings: Recall) -> None:
        """Nothing is read before the first search; without ``meaning`` search is by words."""
        self._journal = journal
        self._index = index
        self._meaning = meaning
        self._settings = settings
        self._lock = threading.RLock()
        self._tail: Lexical | None = None
        self._tail_from = 0
        self._postings: Postings | None = None
        self._gone: dict[int, int] = {}
        self._gone_upto = self._seen = 0

    def search(self, query: Query) -> list[Memory]:
        """Return the best ``k`` memories known at ``as_of``, best first. ConfigError for a query that cannot be answered."""
        query.check()
        if query.mode == "vector" and self._meaning is None:
            raise ConfigError("mode vector needs an embedder; use mode text")
        with self._lock:
            postings = self._words()
            listing, now = postings.listing, to_micros("as_of", query.as_of)
            known = self._known(listing, now)
            shown, counts = self._folded(listing, known)
            allowed = shown & _matching(listing, query)
            if not allowed.any():
                return []
            answers = self._relevance(query, postings, known, allowed)
            chosen = score(listing, answers, query, now, self._settings)
            facts = {fact.seq: fact for fact in self._journal.by_seq([int(listing.seq[item.row]) for item in chosen])}
        found = [(facts[int(listing.seq[item.row])], item) for item in chosen]
        return [
            memory_of(fact, item.score, item.parts, counts.get(item.row, 1)) for fact, item in found if fact.payload is not None
        ]

    def recent(self, n: int, symbol: str | None, kind: str | None, as_of: datetime | None) -> list[Memory]:
        """Return the ``n`` memories known last, whatever their age; scores are recency and importance, without similarity."""
        if kind is not None:
            check_kind(kind)
        with self._lock:
            listing = self._words().listing
        visible = np.ones(len(listing.seq), dtype=bool) if as_of is None else listing.known <= to_micros("as_of", as_of)
        visible, counts = self._folded(listing, visible)
        visible = visible & _filter(listing, symbol, kind)
        rows = np.flatnonzero(visible)
        rows = rows[np.lexsort((listing.seq[rows], listing.known[rows]))][::-1][:n]
        found = {fact.seq: fact for fact in self._journal.by_seq(listing.seq[rows].tolist())}
        pairs = [(found[seq], row) for seq, row in zip(listing.seq[rows].tolist(), rows, strict=True)]
        pairs = [(fact, row) for fact, row in pairs if fact.payload is not None]
        facts = [fact for fact, _ in pairs]
        now = as_of or (facts[0].known_at if facts else None)
        return [
            self._unasked(fact, float(listing.importance[row]), now or fact.known_at, counts.get(int(row), 1))
            for fact, row in pairs
        ]

    def listing(self) -> Listing:
        """Return what is remembered, a row per memory in seq order."""
        with self._lock:
            return self._words().listing

    def archived(self) -> dict[int, int]:
        """Return the archived memories' facts with the time from which they are, in microseconds."""
        with self._lock:
            self._words()
            return self._gone_by_now()

    def index_words(self, last: int) -> int:
        """Bring the index file up to a fact; return how many memories it took in."""
        with self._lock:
            lexical, taken = self._index.lexical(), 0
            for page, mark in self._documents(lexical.watermark, last):
                lexical.add(page, mark)
                taken += len(page)
            return taken

    def words_are_true(self) -> bool:
        """Say whether the index file holds what the journal says up to its mark, word for word."""
        with self._lock:
            main, fresh = self._index.lexical(), Lexical(None)
            try:
                for page, mark in self._documents(0, main.watermark):
                    fresh.add(page, mark)
                return fresh.digest() == main.digest()
            except sqlite3.DatabaseError:
                return False
            finally:
                fresh.close()

    def close(self) -> None:
        """Let go of the index in memory."""
        if self._tail is not None:
            self._tail.close()
            self._tail = self._postings = None

    def _gone_by_now(self) -> dict[int, int]:
        """Return what is archived up to the fact that was last seen."""
        if self._seen > self._gone_upto:
            for fact in self._journal.facts([ARCHIVED], after_seq=self._gone_upto):
                self._gone.update(dict.fromkeys(fact.data["facts"], fact.known_us))
            self._gone_upto = self._seen
        return self._gone

    def _known(self, listing: Listing, now: int) -> NDArray[np.bool_]:
        """Return which rows were known by then and not archived."""
        known = listing.known <= now
        gone = sorted(seq for seq, since in self._gone_by_now().items() if since <= now)
        return known & ~np.isin(listing.seq, gone) if gone else known

    def _folded(self, listing: Listing, known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], dict[int, int]]:
        """Return which of the known rows are shown, and how many those stand for that stand for several."""
        if not listing.shape.any():
            return known, {}
        rows, counts = folding.folded(listing.shape, listing.known, listing.seq, known)
        shown = known & (listing.shape == 0)
        shown[rows] = True
        return shown, {int(row): int(count) for row, count in zip(rows, counts, strict=True) if count > 1}

    def _words(self) -> Postings:
        """Return what the index file and that of the tail hold, brought up to the journal's end."""
        main = self._index.lexical()
        if self._tail is None or self._tail_from != main.watermark:
            self.close()
            self._tail, self._tail_from = Lexical(None), main.watermark
        start, self._seen = max(main.watermark, self._tail.watermark), self._journal.last_seq
        for page, mark in self._documents(start, self._seen):
            self._tail.add(page, mark)
        indexes = (main, self._tail)
        if self._postings is None or not self._postings.follows(indexes):
            self._postings = Postings(indexes)
        return self._postings

    def _documents(self, after: int, last: int) -> Iterator[tuple[list[Document], int]]:
        """Yield pages of memories after a fact, each with the fact up to which it reaches."""
        if after >= last:
            return
        page: list[Document] = []
        for fact in self._journal.facts(KINDS, after_seq=after):
            if fact.seq > last:
                break
            data = fact.data
            # other rooms write facts of the same kinds, which are no texts
            if "content" in data and "importance" in data:
                page.append(_document(fact, data))
            if len(page) == _PAGE:
                yield page, fact.seq
                page = []
        yield page, last

    def _relevance(self, query: Query, postings: Postings, known: NDArray[np.bool_], allowed: NDArray[np.bool_]) -> Floats:
        """Return how far each allowed row answers the query, 0 for the others and below the first hundred."""
        listing, nothing = postings.listing, np.empty(0, dtype=np.int64)
        if query.mode == "vector" and self._meaning is not None:
            return self._nearest(self._meaning, query, query.text, listing, allowed, lambda own, _, rows: own, lambda: nothing)
        words = np.where(allowed, bm25(postings, known, query.text), 0.0)
        if query.mode == "text" or self._meaning is None:
            return words
        about = named(query.text, postings, known, allowed)
        others = rest(words, about.spoken, about.present, about.timely)

        def total(own: Cosines, context: Cosines, rows: Rows) -> Floats:
            return relevance(own, context, others[rows])

        def also() -> Seqs:
            return best(others, allowed & (words > 0), max(_DEPTH, query.k))

        return self._nearest(self._meaning, query, about.left, listing, allowed, total, also)

    def _nearest(
        self,
        meaning: Meaning,
        query: Query,
        asked: str,
        listing: Listing,
        allowed: NDArray[np.bool_],
        total: Callable[[Cosines, Cosines, Rows], Cosines],
        also: Callable[[], Seqs],
    ) -> Floats:
        """Return ``total`` of the exact cosines of the rows that it, or the index, puts first, and of those in ``also``."""
        pending = meaning.pending(listing)
        if 0 < len(pending) <= _CATCH_UP:
            meaning.embed(listing, pending)
        vector, out = meaning.query(asked), np.zeros(len(listing.seq))
        rows = None if meaning.held else self._proposed(meaning, query, listing, allowed, vector)
        if rows is not None:
            rows = np.union1d(rows, also())
        held = rows is None or len(rows) < min(query.k, int(allowed.sum()))
        if rows is None or held:
            depth, sketch = max(_DEPTH, query.k), meaning.sketched(listing, vector, alone=query.mode == "vector")
            if sketch is not None:
                allowed = _only(best(total(sketch, _NO_MORE, slice(None)), allowed, _OVERSAMPLE * depth), len(allowed))
            rows = best(total(*meaning.rough(listing, allowed, vector), slice(None)), allowed, depth)
        out[rows] = np.maximum(total(*meaning.exact(listing, rows, vector, held=held), rows), 0.0)
        return out

    def _proposed(
        self, meaning: Meaning, query: Query, listing: Listing, allowed: NDArray[np.bool_], vector: NDArray[np.float32]
    ) -> Seqs | None:
        """Return rows that the index proposes, where asking it pays and all that it holds was known at ``as_of``."""
        settings = self._settings
        if settings.exact or len(listing.seq) < min(settings.exact_below, _EXACT_TEXTS):
            return None
        indexed = listing.known[: np.searchsorted(listing.seq, self._index.mark(meaning.collection).watermark, side="right")]
        if not len(indexed) or indexed.max() > to_micros("as_of", query.as_of):
            return None
        seqs = meaning.proposals(self._index, vector, max(_DEPTH, query.k * settings.oversample))
        if seqs is None:
            return None
        rows = np.searchsorted(listing.seq, seqs)
        rows, seqs = rows[rows < len(listing.seq)], seqs[rows < len(listing.seq)]
        found: Seqs = rows[allowed[rows] & (listing.seq[rows] == seqs)]
        return found

    def _unasked(self, fact: Fact, importance: float, now: datetime, count: int) -> Memory:
        parts = ScoreParts(
            similarity=0.0,
            importance=importance / MAX_IMPORTANCE,
            recency=recency(fact.kind, age_days(fact, max(now, fact.happened_at))),
        )
        settings = self._settings
        return memory_of(
            fact, settings.weight_importance * parts.importance + settings.weight_recency * parts.recency, parts, count
        )


def _document(fact: Fact, data: dict[str, Any]) -> Document:
    content = str(data["content"])
    return Document(
        seq=fact.seq,
        kind=fact.kind,
        symbol=fact.symbol,
        happened=fact.happened_us,
        known=fact.known_us,
        importance=float(data["importance"]),
        content=content,
        shape=shape_of(fact, data),
        speaker=speaker_code(fact, data),
        session=session_code(fact, data),
        text=code_of(content),
    )


def _only(rows: Seqs, size: int) -> NDArray[np.bool_]:
    out = np.zeros(size, dtype=bool)
    out[rows] = True
    return out


def _matching(listing: Listing, query: Query) -> NDArray[np.bool_]:
    kept = _filter(listing, query.symbol, query.kind) & (listing.importance >= query.min_importance)
    return kept if query.since is None else kept & (listing.happened >= to_micros("since", query.since))


def _filter(listing: Listing, symbol: str | None, kind: str | None) -> NDArray[np.bool_]:
    kept = np.ones(len(listing.seq), dtype=bool)
    if symbol is not None:
        kept &= listing.symbol == symbol
    if kind is not None:
        kept &= listing.kind == kind
    return kept
