"""The derived index directory: one owner, two followers of the journal (Chroma and FTS5).

Everything here can be deleted and is built again from the journal. The directory belongs
to the first process that locks it; every other one answers from the journal by exact scan.
Opening never rebuilds: what is in doubt is left unused until ``MemoryStore.index`` runs.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.errors import JournalError
from memory_db.chroma import ChromaIndex, IndexDoubt, Mark, Matrix, Seqs, Space
from memory_db.lexical import Lexical

_PROBES = 8


class Index:
    """The index directory of one journal; nothing is opened before it is asked for."""

    def __init__(self, folder: Path, journal: str, *, memory_only: bool = False) -> None:
        """Name the directory and the identity of its journal (the hash of the first fact).

        ``memory_only`` keeps everything out of files: an encrypted journal has no index that could be read without its key.
        """
        self.memory_only = memory_only
        self._folder = folder
        self._journal = journal
        self._lock_file = -1
        self._lexical: Lexical | None = None
        self._chroma: ChromaIndex | None = None
        self._looked = False
        self._trusted: set[str] = set()
        self.doubts: list[str] = []

    def owned(self) -> bool:
        """Say whether this process owns the directory, taking it if nobody does."""
        if self._lock_file >= 0 or self.memory_only:
            return True
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False  # a place we may not write is read from the journal
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock_file = handle
        return True

    def lexical(self) -> Lexical:
        """Return the word index: the file if it is ours and whole, else an empty one in its place."""
        if self._lexical is None:
            self._lexical = self._open_lexical() if self.owned() and not self.memory_only else Lexical(None)
        return self._lexical

    def chroma(self) -> ChromaIndex | None:
        """Return the vector index as it was left, None if it is not ours, not there or in doubt."""
        if self._chroma is None and not self._looked and not self.memory_only and self.owned():
            self._looked = True
            try:
                self._chroma = ChromaIndex.open(self._folder, self._journal)
            except IndexDoubt as err:
                self.doubts.append(str(err))
        return self._chroma

    def mark(self, name: str) -> Mark:
        """Return how far a collection got; nothing without an index."""
        chroma = self.chroma()
        return chroma.mark(name) if chroma else Mark(0, 0)

    def trusted(self, name: str, space: Space, expected: Callable[[], tuple[int, Matrix]]) -> bool:
        """Say whether a collection holds as many vectors as expected and finds some of them.

        It is looked at once, for this process alone writes to it; ``expected`` gives the count and the
        vectors to look for. If they are not there no vector index is used from here on.
        """
        chroma = self.chroma()
        if chroma is None or name in self._trusted:
            return chroma is not None
        try:
            chroma.check(name, space, *expected())
        except IndexDoubt as err:
            self.distrust(str(err))
            return False
        self._trusted.add(name)
        return True

    def propose(self, name: str, space: Space, vector: Matrix, n: int) -> Seqs | None:
        """Return about the ``n`` nearest facts of a trusted collection; None once it fails."""
        chroma = self.chroma()
        if chroma is None:
            return None
        try:
            return chroma.propose(name, space, vector, n)
        except IndexDoubt as err:
            self.distrust(str(err))
            return None

    def distrust(self, reason: str) -> None:
        """Stop using the vector index until it is built anew."""
        self.doubts.append(reason)
        self._close_chroma()
        self._trusted.clear()

    def renew(self) -> ChromaIndex:
        """Start an empty generation; the caller fills it."""
        if not self.owned():
            raise JournalError(f"index {self._folder} belongs to another process; end that one or let it do the indexing")
        self._close_chroma()
        self._chroma, self._looked = ChromaIndex.create(self._folder, self._journal), True
        self.doubts.clear()
        self._trusted.clear()
        return self._chroma

    def drop(self) -> None:
        """Delete every file of the index; the next ``lexical`` and ``renew`` begin anew. JournalError if it is another's."""
        if not self.owned():
            raise JournalError(f"index {self._folder} belongs to another process; end that one first")
        if self._lexical is not None:
            self._lexical.close()
        self._lexical, self._looked = None, False
        self._close_chroma()
        self._trusted.clear()
        self.doubts.clear()
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "owner.lock":
                path.unlink()

    def close(self) -> None:
        """Let go of files and ownership."""
        if self._lexical is not None:
            self._lexical.close()
        self._lexical = None
        self._close_chroma()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def _close_chroma(self) -> None:
        if self._chroma is not None:
            self._chroma.close()
        self._chroma = None

    def _open_lexical(self) -> Lexical:
        path = self._folder / "lexical.sqlite"
        try:
            lexical = Lexical(path)
            if lexical.belongs_to(self._journal):
                return lexical
            lexical.close()
        except JournalError as err:
            self.doubts.append(str(err))
        for name in ("lexical.sqlite", "lexical.sqlite-wal", "lexical.sqlite-shm"):
            (self._folder / name).unlink(missing_ok=True)
        lexical = Lexical(path)
        lexical.belongs_to(self._journal)
        return lexical


def collection_name(prefix: str, fingerprint: str) -> str:
    """Return a name that Chroma takes for vectors of one fingerprint."""
    return f"{prefix}-{re.sub(r'[^A-Za-z0-9]+', '-', fingerprint).strip('-')}"


def spread(count: int) -> NDArray[np.int64]:
    """Return a few rows of ``count``, first and last among them, to look for in an index."""
    return np.unique(np.linspace(0, count - 1, min(count, _PROBES)).astype(np.int64))
