"""Words of the text memories: an SQLite FTS5 inverted index with exact BM25 as of any time.

FTS5 cuts and stems the words and keeps who holds which. The ranking is computed here,
from the documents known at ``as_of`` only: what came later changes neither the order nor
a score. A query is cut by the same tokeniser and never parsed as FTS5 syntax, so any text is a
query. The file is derived; a part that is not yet in it lives in a second index in memory.
"""

from __future__ import annotations

import hashlib
import math
import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.errors import JournalError

_K1, _B = 1.2, 0.75
_TOKENIZER = "porter unicode61 remove_diacritics 2"
_VERSION = 3
_WIDTH = 11
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS docs(
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, symbol TEXT, happened INTEGER NOT NULL, known INTEGER NOT NULL,
    importance REAL NOT NULL, words INTEGER NOT NULL, shape INTEGER NOT NULL,
    speaker INTEGER NOT NULL, session INTEGER NOT NULL, text INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS marks(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(content, content='', tokenize='{_TOKENIZER}');
CREATE VIRTUAL TABLE IF NOT EXISTS postings USING fts5vocab('words', 'instance');
CREATE VIRTUAL TABLE IF NOT EXISTS temp.scratch USING fts5(content, content='', tokenize='{_TOKENIZER}');
CREATE VIRTUAL TABLE IF NOT EXISTS temp.scratched USING fts5vocab('temp', 'scratch', 'row');
"""
# documents of which the holders' lists are kept in memory, 16 bytes each
_HELD = 4_000_000
# words that nearly every text holds: they tell nothing and cost a walk over all of them
_STOP = """
a an and are as at be been but by did do does for from had has have he her his how i if in is it its me my no not of on or our
she so that the their them then there they this to us was we were what when where which who why will with you your
"""
_WORD = re.compile(r"\w+")

Seqs = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Document:
    """A text memory as the index takes it in; times in microseconds.

    ``shape``, ``speaker``, ``session`` and ``text`` are numbers that stand for what near-identical ones share, who said
    it, in which conversation, and its content; 0 for none.
    """

    seq: int
    kind: str
    symbol: str | None
    happened: int
    known: int
    importance: float
    content: str
    shape: int = 0
    speaker: int = 0
    session: int = 0
    text: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """What the index holds, a row per document in seq order."""

    seq: Seqs
    kind: NDArray[np.str_]
    symbol: NDArray[np.str_]
    happened: Seqs
    known: Seqs
    importance: Floats
    words: Floats
    shape: Seqs
    speaker: Seqs
    session: Seqs
    text: Seqs


class Lexical:
    """One inverted index, in a file or in memory (``path`` None)."""

    def __init__(self, path: Path | None) -> None:
        """Open or create it; JournalError if the file is not a whole index of this version."""
        self._lock = threading.Lock()
        self._changes = 0
        self._listing: tuple[int, Listing] | None = None
        self._held: dict[str, tuple[Seqs, Floats]] = {}
        self._held_rows = 0
        try:
            self._db = sqlite3.connect(str(path) if path else ":memory:", check_same_thread=False, isolation_level=None)
            if path is not None:
                path.chmod(0o600)
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._check(path)
            self._stop = frozenset(self._cut(_STOP))
        except (sqlite3.DatabaseError, OSError) as err:
            raise JournalError(f"word index {path} cannot be used: {err}; it is derived and can be rebuilt") from None

    @property
    def watermark(self) -> int:
        """The last fact that was taken in."""
        row = self._db.execute("SELECT value FROM marks WHERE name = 'watermark'").fetchone()
        return int(row[0]) if row else 0

    def belongs_to(self, journal: str) -> bool:
        """Say whether this index follows the journal of that identity; an empty index takes it on."""
        number = int(journal[:15], 16)
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO marks VALUES ('journal', ?)", (number,))
            row = self._db.execute("SELECT value FROM marks WHERE name = 'journal'").fetchone()
        return bool(row[0] == number)

    def add(self, documents: Iterable[Document], watermark: int) -> None:
        """Take documents in and move the watermark, in one transaction."""
        batch = list(documents)
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO docs VALUES (?,?,?,?,?,?,?,?,?,?,?)", [_columns(doc) for doc in batch])
                self._db.executemany(
                    "INSERT INTO words(rowid, content) VALUES (?,?)", [(doc.seq, clean(doc.content)) for doc in batch]
                )
                self._db.execute("INSERT OR REPLACE INTO marks VALUES ('watermark', ?)", (watermark,))
            except sqlite3.Error:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
            self._changes += 1
            self._held.clear()
            self._held_rows = 0

    def listing(self) -> Listing:
        """Return what is held; computed again only after an addition."""
        with self._lock:
            if self._listing is None or self._listing[0] != self._changes:
                self._listing = (self._changes, _listing(self._db.execute("SELECT * FROM docs ORDER BY seq").fetchall()))
            return self._listing[1]

    def terms(self, query: str) -> list[str]:
        """Cut a query as the texts were cut; without the commonest words, unless it has no others."""
        with self._lock:
            found = self._cut(query)
        return [term for term in found if term not in self._stop] or found

    def _cut(self, text: str) -> list[str]:
        self._db.execute("INSERT INTO temp.scratch(rowid, content) VALUES (1, ?)", (clean(text),))
        found = [str(row[0]) for row in self._db.execute("SELECT term FROM temp.scratched ORDER BY term")]
        self._db.execute("INSERT INTO temp.scratch(scratch) VALUES ('delete-all')")
        return found

    def holders(self, term: str) -> tuple[Seqs, Floats]:
        """Return the documents that hold a term, in seq order, and how often each does.

        Kept until the next addition: common words are in most queries, and walking their holders is what a search costs.
        """
        with self._lock:
            if term not in self._held:
                rows = self._db.execute("SELECT doc FROM postings WHERE term = ?", (term,)).fetchall()
                seqs, counts = np.unique(np.fromiter((row[0] for row in rows), np.int64, len(rows)), return_counts=True)
                if self._held_rows + len(seqs) > _HELD:
                    self._held.clear()
                    self._held_rows = 0
                self._held[term] = seqs, counts.astype(np.float64)
                self._held_rows += len(seqs)
            return self._held[term]

    def digest(self) -> str:
        """Return a digest of everything that is found here: documents, words and their places."""
        found = hashlib.blake2b(digest_size=16)
        with self._lock:
            for query in ("SELECT * FROM docs ORDER BY seq", "SELECT term, doc, offset FROM postings ORDER BY term, doc, offset"):
                for row in self._db.execute(query):
                    found.update(repr(row).encode())
        return found.hexdigest()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _check(self, path: Path | None) -> None:
        version = self._db.execute("SELECT value FROM marks WHERE name = 'version'").fetchone()
        if version is None:
            self._db.execute("INSERT INTO marks VALUES ('version', ?)", (_VERSION,))
        elif version[0] != _VERSION:
            raise JournalError(f"word index {path} is of version {version[0]}, not {_VERSION}; it is derived and can be rebuilt")
        if self._db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise JournalError(f"word index {path} is damaged; it is derived and can be rebuilt")


class Postings:
    """Who holds which word, over the documents of several indexes taken as one ``listing``; made anew when that changes."""

    def __init__(self, indexes: Sequence[Lexical]) -> None:
        """Join what the indexes hold; words are looked up when first asked for."""
        self.parts = tuple(index.listing() for index in indexes)
        self.listing = joined(self.parts)
        self.speakers = frozenset(np.unique(self.listing.speaker).tolist()) - {0}
        self.sessions = np.unique(self.listing.session, return_inverse=True)[1]
        self.words = float(self.listing.words.sum())
        self._indexes = indexes
        self._rows: dict[str, tuple[Seqs, Floats]] = {}
        self._weighed: dict[str, tuple[float, Floats]] = {}

    def follows(self, indexes: Sequence[Lexical]) -> bool:
        """Say whether the indexes still hold what was joined."""
        return len(self.parts) == len(indexes) and all(
            part is index.listing() for part, index in zip(self.parts, indexes, strict=True)
        )

    def terms(self, query: str) -> list[str]:
        """Cut a query as the texts were cut; see ``Lexical.terms``."""
        return self._indexes[0].terms(query)

    def rows(self, term: str) -> tuple[Seqs, Floats]:
        """Return the rows of the listing that hold a term, ascending, and how often each does."""
        if term not in self._rows:
            seqs, counts = (np.concatenate(parts) for parts in zip(*(i.holders(term) for i in self._indexes), strict=True))
            self._rows[term] = np.searchsorted(self.listing.seq, seqs), counts
        return self._rows[term]

    def weighed(self, term: str, mean_words: float) -> Floats:
        """Return what each row that holds a term counts for in BM25, before the term's idf; kept for the same mean length."""
        held = self._weighed.get(term)
        if held is None or held[0] != mean_words:
            rows, counts = self.rows(term)
            length = 1.0 - _B + _B * self.listing.words[rows] / mean_words
            held = self._weighed[term] = mean_words, counts * (_K1 + 1.0) / (counts + _K1 * length)
        return held[1]


def bm25(postings: Postings, known: NDArray[np.bool_], query: str) -> Floats:
    """Return a score for every document of the listing: 0 without a common word.

    BM25 with k1 = 1.2, b = 0.75 and idf = ln(1 + (N - n + 0.5) / (n + 0.5)) (Robertson and
    Zaragoza 2009, the variant of Lucene) over the ``known`` documents, divided by the sum of the
    idf: 1 is a text of mean length that holds every word once, and more is possible.
    """
    words = postings.listing.words
    scores = np.zeros(len(words))
    total = int(np.count_nonzero(known))
    if total == 0:
        return scores
    # lengths are whole numbers, so their sum is exact in any order
    mean_words = (postings.words if total == len(words) else float(words @ known)) / total or 1.0
    ceiling = 0.0
    for term in postings.terms(query):
        rows, weights = postings.rows(term)[0], postings.weighed(term, mean_words)
        if total < len(words):
            visible = known[rows]
            rows, weights = rows[visible], weights[visible]
        idf = math.log(1.0 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
        ceiling += idf
        scores[rows] += idf * weights
    return scores / ceiling if ceiling else scores


def joined(parts: Sequence[Listing]) -> Listing:
    """Return listings of ascending seq as one."""
    if len(parts) == 1 or not len(parts[1].seq):
        return parts[0]
    return Listing(*(np.concatenate([getattr(part, name) for part in parts]) for name in Listing.__slots__))


def clean(text: str) -> str:
    """Return text that SQLite can take: no NUL, no half surrogates."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _columns(doc: Document) -> tuple[object, ...]:
    words = len(_WORD.findall(doc.content))
    about = doc.seq, doc.kind, doc.symbol, doc.happened, doc.known, doc.importance, words
    return *about, doc.shape, doc.speaker, doc.session, doc.text


def _listing(rows: list[tuple[Any, ...]]) -> Listing:
    seq, kind, symbol, happened, known, importance, words, *codes = zip(*rows, strict=True) if rows else ((),) * _WIDTH
    return Listing(
        np.array(seq, dtype=np.int64),
        np.array(kind, dtype=np.str_),
        np.array([name or "" for name in symbol], dtype=np.str_),
        np.array(happened, dtype=np.int64),
        np.array(known, dtype=np.int64),
        np.array(importance, dtype=np.float64),
        np.array(words, dtype=np.float64),
        *(np.array(code, dtype=np.int64) for code in codes),
    )
