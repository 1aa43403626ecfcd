"""Search over text memories: words, meaning, or both, exactly as of any time.

Words are found in the index file and, for what it does not hold yet, in a second index in
memory; the answer is the same wherever the border lies. Up to a few hundred texts without
vectors are embedded when first asked by meaning; beyond that they are found by words until
the store is indexed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
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
    fuse,
    memory_of,
    ranks,
    recency,
    score,
    shape_of,
    word_weight,
)
from memory_db.index import Index
from memory_db.journal import Journal
from memory_db.lexical import Document, Lexical, Listing, bm25, joined
from memory_db.meaning import Floats, Meaning
from memory_db.schema import to_micros
from memory_db.upkeep import ARCHIVED

_DEPTH = 100
_CATCH_UP = 256
_PAGE = 2000
# beyond so many the index proposes sooner than a product over all vectors is made
_EXACT_TEXTS = 20_000


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
        self._gone: dict[int, int] = {}
        self._gone_upto = 0

    def search(self, query: Query) -> list[Memory]:
        """Return the best ``k`` memories known at ``as_of``, best first. ConfigError for a query that cannot be answered."""
        query.check()
        if query.mode == "vector" and self._meaning is None:
            raise ConfigError("mode vector needs an embedder; use mode text")
        with self._lock:
            indexes, listing = self._words()
            now = to_micros("as_of", query.as_of)
            known = (listing.known <= now) & ~self._archived(listing, now)
            shown, counts = self._folded(listing, known)
            allowed = shown & _matching(listing, query)
            if not allowed.any():
                return []
            relevance = self._relevance(query, indexes, listing, known, allowed)
            best = score(listing, relevance, query, now, self._settings)
            facts = {fact.seq: fact for fact in self._journal.by_seq([int(listing.seq[item.row]) for item in best])}
        found = [(facts[int(listing.seq[item.row])], item) for item in best]
        return [
            memory_of(fact, item.score, item.parts, counts.get(item.row, 1)) for fact, item in found if fact.payload is not None
        ]

    def recent(self, n: int, symbol: str | None, kind: str | None, as_of: datetime | None) -> list[Memory]:
        """Return the ``n`` memories known last, whatever their age; scores are recency and importance, without similarity."""
        if kind is not None:
            check_kind(kind)
        with self._lock:
            _, listing = self._words()
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
            return self._words()[1]

    def archived(self) -> dict[int, int]:
        """Return the archived memories' facts with the time from which they are, in microseconds."""
        with self._lock:
            last = self._journal.last_seq
            if last > self._gone_upto:
                for fact in self._journal.facts([ARCHIVED], after_seq=self._gone_upto):
                    self._gone.update(dict.fromkeys(fact.data["facts"], fact.known_us))
                self._gone_upto = last
            return self._gone

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
            self._tail = None

    def _archived(self, listing: Listing, now: int) -> NDArray[np.bool_]:
        gone = sorted(seq for seq, since in self.archived().items() if since <= now)
        return np.isin(listing.seq, gone) if gone else np.zeros(len(listing.seq), dtype=bool)

    def _folded(self, listing: Listing, known: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], dict[int, int]]:
        """Return which of the known rows are shown, and how many those stand for that stand for several."""
        if not listing.shape.any():
            return known, {}
        rows, counts = folding.folded(listing.shape, listing.known, listing.seq, known)
        shown = known & (listing.shape == 0)
        shown[rows] = True
        return shown, {int(row): int(count) for row, count in zip(rows, counts, strict=True) if count > 1}

    def _words(self) -> tuple[list[Lexical], Listing]:
        """Return the index file and that of the tail, brought up to the journal's end."""
        main = self._index.lexical()
        if self._tail is None or self._tail_from != main.watermark:
            self.close()
            self._tail, self._tail_from = Lexical(None), main.watermark
        start, last = max(main.watermark, self._tail.watermark), self._journal.last_seq
        for page, mark in self._documents(start, last):
            self._tail.add(page, mark)
        return [main, self._tail], joined([main.listing(), self._tail.listing()])

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

    def _relevance(
        self, query: Query, indexes: list[Lexical], listing: Listing, known: NDArray[np.bool_], allowed: NDArray[np.bool_]
    ) -> Floats:
        words = (
            np.zeros(len(listing.seq))
            if query.mode == "vector"
            else np.where(allowed, bm25(indexes, listing, known, query.text), 0.0)
        )
        if query.mode == "text":
            return words
        depth, one = max(_DEPTH, query.k), np.ones(1)
        if self._meaning is None:
            return fuse([ranks(words, depth)], [one])
        own, context = self._cosines(self._meaning, query, listing, allowed)
        if query.mode == "vector":
            return own
        return fuse([ranks(own, depth), ranks(context, depth), ranks(words, depth)], [one, one, word_weight(words)])

    def _cosines(self, meaning: Meaning, query: Query, listing: Listing, allowed: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        pending = meaning.pending(listing)
        if 0 < len(pending) <= _CATCH_UP:
            meaning.embed(pending)
        vector = meaning.query(query.text)
        depth = max(_DEPTH, query.k)
        proposed = self._proposed(meaning, query, listing, vector, depth)
        found = meaning.cosines(listing, allowed, vector, depth, proposed)
        if proposed is not None and np.count_nonzero(found[0]) < min(query.k, int(allowed.sum())):
            return meaning.cosines(listing, allowed, vector, depth, None)
        return found

    def _proposed(self, meaning: Meaning, query: Query, listing: Listing, vector: NDArray[np.float32], depth: int) -> Seqs | None:
        """Ask the index where it pays and where all that it holds was known at ``as_of``."""
        settings = self._settings
        if settings.exact or len(listing.seq) < min(settings.exact_below, _EXACT_TEXTS):
            return None
        indexed = listing.known[listing.seq <= self._index.mark(meaning.collection).watermark]
        if not len(indexed) or indexed.max() > to_micros("as_of", query.as_of):
            return None
        return meaning.proposals(self._index, vector, max(depth, query.k * settings.oversample))

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
    importance, content = float(data["importance"]), str(data["content"])
    return Document(fact.seq, fact.kind, fact.symbol, fact.happened_us, fact.known_us, importance, content, shape_of(fact, data))


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
