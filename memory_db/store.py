"""The memory of one run: journal, situations, text memories and their indexes behind one door.

``MemoryStore.open`` reads the journal only; Chroma, word index and embedding model are
opened when something needs them. Everything but the journal can be deleted: it is built
again by ``index``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from agent.domain import Memory
from agent.embedding import Embedder
from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from agent.guard.vault import Vault
from agent.market.situation import Layout
from agent.settings import Settings
from memory_db import episodes, snapshot, statistics, upkeep
from memory_db.chroma import Progress
from memory_db.episodes import Formula, Mode, Query
from memory_db.index import Index
from memory_db.journal import Journal
from memory_db.meaning import Meaning
from memory_db.mirror import KIND
from memory_db.place import Place
from memory_db.proposing import Proposing
from memory_db.recent import Recent
from memory_db.reliability import Local, Reliability
from memory_db.schema import facts, from_micros, vectors
from memory_db.search import TextSearch
from memory_db.situations import SituationRecall, Situations
from memory_db.weighing import Weighing
from memory_db.writer import Trust, Writer

# facts that an opening reads in some 50 ms; below that a snapshot of the situations saves nothing
_WORTH_SAVING = 5_000
PLAIN = Layout("1")


class MemoryStore:
    """What an agent remembers in ``folder``; use it as a context manager or ``close`` it."""

    def __init__(self, folder: Path, journal: Journal, embedder: Embedder | None, settings: Settings, layout: Layout) -> None:
        """Take an open journal; ``open`` is the way in."""
        self.folder = folder
        self.journal = journal
        self.settings = settings
        self._lately = Recent(journal, settings.recall)
        self._snapshot = folder / "index" / snapshot.FILE
        self.situations = Situations(journal, layout, None if journal.cipher else snapshot.load(self._snapshot))
        self.weighing = Weighing(journal, self.situations, layout, settings.recall.weights != "never")
        self._voted = Reliability(journal, self.situations, settings)
        self._embedder = embedder
        self._closed = False
        self._index: Index | None = None
        self._text: TextSearch | None = None
        self._meaning = Meaning(journal, embedder, settings.embedding.batch) if embedder else None
        self._proposing: Proposing | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        signer: Signer,
        embedder: Embedder | None,
        settings: Settings,
        durable: bool,
        create: bool = True,
        layout: Layout = PLAIN,
        vault: Vault | None = None,
    ) -> MemoryStore:
        """Open the memory in a folder, made (0700) unless ``create`` is False, its journal where ``memory.url`` says.

        Raises ConfigError if there is nothing to open and JournalError if it cannot be used.
        """
        url = settings.memory.url
        place = Place(folder, url.get_secret_value() if url else None)
        if not create and not place.exists():
            raise ConfigError(f"there is no memory in {folder}; run a backtest or tradecraft run first, or name another home")
        if folder.exists() and (not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK)):
            raise JournalError(f"memory folder {folder} cannot be written; check its owner and permissions")
        return cls(folder, place.open(signer, durable=durable, vault=vault), embedder, settings, layout)

    def write(self) -> AbstractContextManager[Writer]:
        """Give a Writer whose facts commit together."""
        return self.journal.write()

    def add_situation(
        self, w: Writer, *, id: str, symbol: str, bar_time: datetime, known_at: datetime, vector: NDArray[np.float32], line: str
    ) -> int:
        """Write the situation of a decision: its scaled numbers and its words, seen at the bar that began at ``bar_time``."""
        return self.situations.add(w, id=id, symbol=symbol, bar_time=bar_time, known_at=known_at, vector=vector, line=line)

    def add_shadow(self, w: Writer, *, id: str, symbol: str, buy: float, sell: float, known_at: datetime) -> int:
        """Write what followed situation ``id``, in R net of costs on each side, known at its horizon's close."""
        return self.situations.add_shadow(w, id=id, symbol=symbol, buy=buy, sell=sell, known_at=known_at)

    def recall(
        self,
        vector: NDArray[np.float32],
        *,
        symbol: str,
        as_of: datetime,
        horizon_ns: int,
        k: int | None = None,
        shuffle: int | None = None,
        shown: bool = False,
    ) -> SituationRecall:
        """Return what the situations nearest to ``vector`` say, as known at ``as_of``.

        ``horizon_ns`` is the holding window; k, pseudo-observations and the least number of settled
        situations come from the settings. ``shuffle`` seeds a control: outcomes permuted among memories. ``shown``
        is for what a person looks at, which learnt weights may compare where they stood.
        """
        recall = self.settings.recall
        weights = self.weighing.at(as_of) if shown or recall.weights == "always" else None
        usable = weights is None and not recall.exact and len(self.situations) > recall.exact_below
        index = self._proposing if usable and self._texts() else None
        return self.situations.recall(
            vector,
            symbol=symbol,
            as_of=as_of,
            k=k or recall.k,
            horizon_ns=horizon_ns,
            min_settled=recall.min_settled,
            shrinkage=recall.shrinkage,
            weights=weights,
            propose=index.situations if index and index.covers(as_of) else None,
            shuffle=shuffle,
        )

    def reliability(
        self, vector: NDArray[np.float32], *, as_of: datetime, horizon_ns: int, shuffle: int | None = None
    ) -> list[Local]:
        """Return who was right in situations like ``vector``, as known at ``as_of``; other arguments are those of ``recall``."""
        return self._voted.local(vector, as_of=as_of, horizon_ns=horizon_ns, shuffle=shuffle)

    def remember(
        self,
        w: Writer,
        *,
        kind: str,
        content: str,
        key: str,
        happened_at: datetime,
        known_at: datetime,
        symbol: str | None = None,
        importance: float = 1.0,
        metadata: Mapping[str, Any] | None = None,
        writer: str = "agent",
        trust: Trust = "market",
        fold: bool = False,
    ) -> int:
        """Write a text memory; see ``memory_db.episodes.remember``."""
        return episodes.remember(
            w,
            kind=kind,
            content=content,
            key=key,
            happened_at=happened_at,
            known_at=known_at,
            symbol=symbol,
            importance=importance,
            metadata=metadata,
            writer=writer,
            trust=trust,
            fold=fold,
        )

    def search(
        self,
        query: str,
        *,
        as_of: datetime,
        k: int = 10,
        symbol: str | None = None,
        kind: str | None = None,
        mode: Mode = "hybrid",
        formula: Formula = "default",
        since: datetime | None = None,
        min_importance: float = 0.0,
    ) -> list[Memory]:
        """Return the text memories that answer ``query`` best among those known at ``as_of``, best first.

        ``since`` keeps what happened at or after it, ``min_importance`` (0 to 2) what is at least so important.
        """
        asked = Query(query, as_of, k, symbol, kind, mode, formula, since, min_importance)
        asked.check()
        text = self._texts()
        return text.search(asked) if text else []

    def recent(self, n: int, symbol: str | None = None, kind: str | None = None, as_of: datetime | None = None) -> list[Memory]:
        """Return the ``n`` text memories known last, newest first, whatever their age."""
        text = self._texts()
        return text.recent(n, symbol, kind, as_of) if text else []

    def window(self, symbol: str, as_of: datetime) -> list[Memory]:
        """Return what matters most of the last ``recall.window_days`` of a symbol, as known at ``as_of``."""
        return self._lately.window(symbol, as_of)

    def stats(self, now: datetime | None = None, symbol: str | None = None, since: datetime | None = None) -> dict[str, Any]:
        """Return totals, counts by kind, symbol, age and importance, and the oldest and newest time, as known at ``now``.

        Without ``now`` everything counts, and ages are those at the newest fact.
        ``symbol`` and ``since`` (what became known from then on) narrow all of it but the situations' counts.
        """
        text = self._texts()
        now = now or from_micros(self.journal.read(select(func.coalesce(func.max(facts.c.known_at), 0)))[0][0])
        counted = statistics.counted(self.journal, now, symbol, since)
        listing = text.listing() if text else None
        return {
            **counted,
            **statistics.of_texts(listing, set(text.archived()) if text else set(), now, symbol, since),
            "situations": len(self.situations),
            "settled": self.situations.settled(),
            "compared": self.weighing.told(now),
        }

    def index(self, progress: Progress | None = None) -> dict[str, int]:
        """Bring vectors, word index and Chroma up to the journal's end; a doubtful index is built anew.

        Returns how many texts were embedded and how many rows each index took in. Can be stopped
        at any time and goes on where it was. JournalError if another process owns the index.
        """
        text, vectors = self._texts(), self._proposing
        if text is None or vectors is None:
            return {"embedded": 0, "words": 0, "situations": 0, "episodes": 0}
        if not vectors.index.owned():
            raise JournalError(f"the index of {self.folder} belongs to another process; end that one or let it do the indexing")
        self.situations.refresh()
        last = self.journal.last_seq
        words = text.index_words(last)
        embedded = self.embed_texts(progress)
        rows = {"situations": 0, "episodes": 0} if vectors.index.memory_only else vectors.follow(last, progress)
        return {"embedded": embedded, "words": words, **rows}

    def forget(self, name: str, now: datetime, reason: str) -> upkeep.Forgotten:
        """Delete a text memory's content for good, by id or key, with everything made from it.

        Every index is dropped and made again by ``index``. ConfigError if there is no such memory,
        JournalError if another process owns the index.
        """
        text, index = self._texts(), self._index
        fact = upkeep.find(self.journal, name)
        if text is not None and index is not None:
            if not index.owned():
                raise JournalError(f"the index of {self.folder} belongs to another process; end that one, then forget")
            text.close()
            index.drop()
        done = upkeep.forget(self.journal, fact, now, reason)
        self._meaning = Meaning(self.journal, self._embedder, self.settings.embedding.batch) if self._embedder else None
        if index is not None:
            self._read_anew(index)
        return done

    def cleanup(self, now: datetime) -> int:
        """Archive text memories that decayed or exceed their cap, and the oldest situations beyond theirs; return how many."""
        text = self._texts()
        if text is None:
            return 0
        self.situations.refresh()
        gone = upkeep.decayed(text.listing(), set(text.archived()), now, self.settings.recall)
        gone += self.situations.over(self.settings.recall.cap_situations)
        upkeep.archive(self.journal, gone, now)
        return len(gone)

    def rebuild(self, progress: Progress | None = None) -> dict[str, int]:
        """Delete every index and make it again from the journal; can be stopped and goes on at the next ``index``."""
        if self._texts() is not None and self._text is not None and self._index is not None:
            self._text.close()
            self._index.drop()
        return self.index(progress)

    def embed_texts(self, progress: Progress | None = None) -> int:
        """Make the vectors of all texts that have none yet; return how many. Others may write meanwhile."""
        text = self._texts()
        if text is None or self._meaning is None:
            return 0
        listing = text.listing()
        return self._meaning.embed(listing, self._meaning.pending(listing), progress)

    def verify(self) -> dict[str, Any]:
        """Check everything that is stored; problems are words, and an index in doubt is one."""
        problems = self.journal.verify()
        indexed = 0
        if not problems:
            problems += self._missing_vectors()
            indexed = self._check_index(problems)
        return {"ok": not problems, "facts": self.journal.last_seq, "indexed": indexed, "problems": problems}

    def close(self) -> None:
        """Let go of every file and lock; closing twice is fine."""
        if self._text is not None:
            self._text.close()
        if self._index is not None:
            self._index.close()
        if not self._closed and self.situations.unsaved() >= _WORTH_SAVING:
            self._save_situations()
        self._text, self._index, self._proposing, self._closed = None, None, None, True
        self.journal.close()

    def __enter__(self) -> MemoryStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _texts(self) -> TextSearch | None:
        """Return the text search, None while the journal is empty: an index belongs to a journal by its first fact."""
        if self._text is None:
            first = self.journal.read(select(facts.c.hash).where(facts.c.seq == 1))
            if not first:
                return None
            self._index = Index(self.folder / "index", first[0].hash, memory_only=self.journal.cipher is not None)
            self._read_anew(self._index)
        return self._text

    def _read_anew(self, index: Index) -> None:
        """Begin with what the index and the journal hold now."""
        recall = self.settings.recall
        self._text = TextSearch(self.journal, index, self._meaning, recall)
        self._proposing = Proposing(index, self.situations, self._meaning, recall.oversample)

    def _save_situations(self) -> None:
        held = None if self.journal.cipher else self.situations.snapshot()
        if held is not None:
            snapshot.save(self._snapshot, held)

    def _check_index(self, problems: list[str]) -> int:
        """Look at both indexes, name their doubts, and return how many vectors can be found."""
        text, vectors = self._texts(), self._proposing
        if text is None or vectors is None:
            return 0
        if snapshot.damaged(self._snapshot):
            problems.append(f"index: {self._snapshot.name} is damaged; rebuild it")
        if not text.words_are_true():
            problems.append("index: the word index does not hold the words of the journal; rebuild it")
        problems += [f"index: {doubt}; rebuild it" for doubt in vectors.doubts()]
        return vectors.count()

    def _missing_vectors(self) -> list[str]:
        """A situation without its numbers is never recalled: say so."""
        held = select(vectors.c.fact_seq).where(vectors.c.fingerprint.like(f"{KIND}:%"))
        missing = self.journal.read(
            select(func.count()).where(facts.c.kind == KIND, facts.c.payload.is_not(None), facts.c.seq.not_in(held))
        )[0][0]
        return [f"{missing} situations have lost their vectors; restore a backup"] if missing else []
