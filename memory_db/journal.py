"""The journal: an append-only, hash-chained list of facts, and the state they lead to.

SQLite in WAL mode by default, any SQLAlchemy URL otherwise. Facts, state and vectors of one
``write`` commit together or not at all; ``seq`` and hash are given under one write lock,
so commit order is seq order for every process. The same key twice is one fact. A journal
whose tail was lost, or whose head another key signed, is still readable and verifiable but
refuses writes.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, select
from sqlalchemy.exc import SQLAlchemyError

from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from agent.guard.vault import Cipher, Vault
from memory_db import schema, sealed, verify
from memory_db.chain import GENESIS, Fact, Head, read_head, write_head
from memory_db.engine import acquire, connect, create_file, file_of, open_lock, reason, shown
from memory_db.schema import facts, to_micros
from memory_db.writer import Commit, Writer, flush, reseal

_PAGE = 1000
_COLUMNS = tuple(facts.c[name] for name in (
    "seq", "kind", "symbol", "happened_at", "known_at", "key", "writer", "trust", "payload", "sets", "digest", "prev", "hash",
))  # fmt: skip
_HEAD = select(facts.c.seq, facts.c.hash).order_by(facts.c.seq.desc()).limit(1)
_BY_SEQ = select(*_COLUMNS).where(facts.c.seq.in_(bindparam("seqs", expanding=True)))
_LAST = select(func.coalesce(func.max(facts.c.seq), 0))
_BY_KEY = select(*_COLUMNS).where(facts.c.key == bindparam("key"))


class Journal:
    """One journal: ``with journal.write() as w: w.add(...)``; open it with ``Journal.open``."""

    def __init__(
        self, engine: Engine, signer: Signer, *, where: str, head: Path, durable: bool, vault: Vault | None = None
    ) -> None:
        """Take a prepared engine; ``head`` is where the signed head is kept, ``vault`` has the keys of an encrypted one."""
        self.vault = vault
        self.cipher: Cipher | None = None
        self.where = where
        self.durable = durable
        self._engine = engine
        self._signer = signer
        self._head_path = head
        self._mutex = threading.RLock()
        self._inside = False
        self._listeners: list[Callable[[Commit], None]] = []
        self._connection: Connection | None = None
        self._lock_file = -1
        self._head = Head(0, GENESIS)
        self._trouble: str | None = None

    @classmethod
    def open(
        cls, where: Path | str, signer: Signer, *, durable: bool = True, head: Path | None = None, vault: Vault | None = None
    ) -> Journal:
        """Open or create the journal at a file path or SQLAlchemy URL.

        ``durable`` makes every commit survive a power cut (FULL); without it a commit survives
        the program's death only (NORMAL). A URL that is no file needs ``head``, the file of the
        signed head. ``vault`` is asked for the key of an encrypted journal. Raises ConfigError or JournalError, one
        line, if it cannot be used.
        """
        path = file_of(where)
        if path is None and head is None:
            raise ConfigError(f"journal {shown(where)} is not a file; say where its signed head is kept")
        if path is not None:
            create_file(path)
        url = f"sqlite:///{path}" if path is not None else str(where)
        engine, kept = connect(url, durable), head or Path(f"{path}.head")
        journal = cls(engine, signer, where=shown(where), head=kept, durable=durable, vault=vault)
        try:
            journal._start()
        except (JournalError, ConfigError):
            journal.close()
            raise
        return journal

    def _start(self) -> None:
        self._lock_file = open_lock(self._head_path.with_name(self._head_path.name + ".lock"))
        with self._locked(), self._reporting():
            self._connection = self._engine.connect().execution_options(tradecraft_write=True)
            with self._connection.begin():
                schema.prepare(self._connection, self.where)
                self._unlock(self._connection)
                self._head = self._read_head_row()
            if self._head.seq == 0 and not self._head_path.exists():
                # signed while empty, so that from the first fact on a missing head means a lost one
                self._sign(self._head)
        self._trouble = self._head_trouble()

    def _unlock(self, connection: Connection) -> None:
        """Get the key where the journal is encrypted; nothing of it is read or written before."""
        mark = connection.execute(select(schema.meta.c.value).where(schema.meta.c.name == sealed.MARK)).scalar()
        if mark is None:
            return
        if self.vault is None:
            raise ConfigError(f"journal {self.where} is encrypted; open it with the key of its home")
        self.cipher = self.vault.cipher()
        sealed.check(self.cipher, mark)
        sealed.set_cipher(self._engine.dialect, self.cipher)

    def _head_trouble(self) -> str | None:
        try:
            signed = read_head(self._head_path, self._signer)
        except JournalError as err:
            return str(err)
        with self._reading() as connection:
            return verify.check_head(connection, signed, self._head_path)

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """Give a Writer whose facts commit together when the block ends without an error."""
        if self._trouble:
            raise JournalError(self._trouble)
        with self._locked():
            connection = self._open_connection()
            if self.cipher is not None:
                self.cipher.keep_up()
            with self._reporting():
                connection.begin()
                try:
                    writer = Writer(connection, self._checked_head())
                    yield writer
                    flush(connection, writer)
                    connection.commit()
                finally:
                    connection.rollback()
            self._head = writer.head
            self._finish(writer)

    def _checked_head(self) -> Head:
        """Return the end of the chain as it is now, which others may have moved forward but never back."""
        found = self._read_head_row()
        if found.seq < self._head.seq:
            raise JournalError(f"journal {self.where} lost facts {found.seq + 1} to {self._head.seq}; restore a backup")
        return found

    def _finish(self, writer: Writer) -> None:
        """Sign the new head, and tell who mirrors the journal even if that fails: the facts are there."""
        commit = writer.commit()
        try:
            if commit.facts:
                self._sign(writer.head)
        finally:
            for listener in (*self._listeners, *writer.callbacks):
                listener(commit)

    def _sign(self, head: Head) -> None:
        try:
            write_head(self._head_path, head, self._signer, durable=self.durable)
        except OSError as err:
            raise JournalError(f"head {self._head_path} cannot be written: {err.strerror or err}; check the disk") from None

    def listen(self, listener: Callable[[Commit], None]) -> None:
        """Call ``listener`` after every commit of this object, in commit order, before the next may begin."""
        self._listeners.append(listener)

    @property
    def signer(self) -> Signer:
        """The key that signs this journal's head."""
        return self._signer

    def get(self, key: str) -> Fact | None:
        """Return the fact with this key, or None."""
        rows = self.read(_BY_KEY, {"key": key})
        return _fact(rows[0]) if rows else None

    def facts(
        self,
        kinds: Collection[str] | None = None,
        symbol: str | None = None,
        after_seq: int = 0,
        known_by: datetime | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        known_from: datetime | None = None,
    ) -> Iterator[Fact]:
        """Yield facts in seq order (or the reverse), read in pages so that no transaction stays open.

        ``known_by`` keeps what was known at or before that time, ``known_from`` what became known at or after it. What is
        committed meanwhile is not among them.
        """
        query = select(facts.c.seq).where(facts.c.seq > after_seq)
        if kinds is not None:
            query = query.where(facts.c.kind.in_(sorted(kinds)))
        if symbol is not None:
            query = query.where(facts.c.symbol == symbol)
        if known_by is not None:
            query = query.where(facts.c.known_at <= to_micros("known_by", known_by))
        if known_from is not None:
            query = query.where(facts.c.known_at >= to_micros("known_from", known_from))
        query = query.order_by(facts.c.seq.desc() if newest_first else facts.c.seq)
        # their numbers first: a page of a filtered query would sort all that are left of it, page after page
        seqs = [row.seq for row in self.read(query if limit is None else query.limit(limit))]
        for low in range(0, len(seqs), _PAGE):
            page = self.by_seq(seqs[low : low + _PAGE])
            yield from reversed(page) if newest_first else page

    def by_seq(self, seqs: Sequence[int]) -> list[Fact]:
        """Return the facts with these numbers, in seq order."""
        found: list[Fact] = []
        for low in range(0, len(seqs), _PAGE // 2):
            found += (_fact(row) for row in self.read(_BY_SEQ, {"seqs": list(seqs[low : low + _PAGE // 2])}))
        return sorted(found, key=lambda fact: fact.seq)

    def state(self, space: str) -> dict[str, Any]:
        """Return the state of a space as the facts so far have set it, sorted by key."""
        query = select(schema.state.c.key, schema.state.c.value).where(schema.state.c.space == space)
        return {key: verify.parse(value) for key, value in sorted(tuple(row) for row in self.read(query))}

    @property
    def last_seq(self) -> int:
        """The number of the newest committed fact, 0 for an empty journal."""
        return int(self.read(_LAST)[0][0])

    def read(self, query: Select[*tuple[Any, ...]], values: dict[str, Any] | None = None) -> list[Row[*tuple[Any, ...]]]:
        """Return the rows of a query over the tables of ``memory_db.schema``, in a read transaction of its own."""
        with self._reporting(), self._reading() as connection:
            return list(connection.execute(query, values or {}).all())

    def checkpoint(self) -> None:
        """Empty SQLite's write-ahead log into the file, so that nothing erased stays in it; a server has its own."""
        with self._locked(), self._reporting():
            if self._engine.dialect.name == "sqlite":
                self._open_connection().connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def encrypt(self, cipher: Cipher) -> None:
        """Mark the journal as encrypted; what is written from now on is, after it is opened anew."""
        value = cipher.seal(sealed.PROOF).decode()
        with self._locked(), self._reporting(), self._open_connection().begin():
            self._open_connection().execute(schema.meta.delete().where(schema.meta.c.name == sealed.MARK))
            self._open_connection().execute(schema.meta.insert().values(name=sealed.MARK, value=value))

    def reseal(self, first: int, last: int) -> None:
        """Write content and vectors of facts ``first`` to ``last`` again, sealed with the newest key."""
        with self._locked(), self._reporting(), self._open_connection().begin():
            reseal(self._open_connection(), first, last)

    def copy_to(self, path: Path) -> Head:
        """Copy the journal to a new file with a signed head of its own, while others write; return the copy's end.

        ConfigError if it is not a SQLite journal or ``path`` exists, JournalError if the copy cannot be written.
        """
        if self._engine.dialect.name != "sqlite":
            raise ConfigError(f"journal {self.where} is on a server; back it up with the server's own tools (pg_dump)")
        if path.exists():
            raise ConfigError(f"backup {path} exists; name a new place")
        create_file(path)
        try:
            with self._reading() as connection, closing(sqlite3.connect(path)) as copy:
                connection.connection.driver_connection.backup(copy)  # type: ignore[union-attr]
                copy.execute("PRAGMA journal_mode=DELETE")
                row = copy.execute("SELECT seq, hash FROM facts ORDER BY seq DESC LIMIT 1").fetchone()
            head = Head(*row) if row else Head(0, GENESIS)
            write_head(Path(f"{path}.head"), head, self._signer, durable=True)
        except (sqlite3.Error, SQLAlchemyError, OSError) as err:
            raise JournalError(f"backup {path} cannot be written: {err}; check the disk and its permissions") from None
        return head

    def verify(self) -> list[str]:
        """Check chain, digests, head, state and vectors; return what is wrong, in words, [] if nothing is."""
        try:
            signed = read_head(self._head_path, self._signer)
            problems = []
        except JournalError as err:
            signed, problems = None, [str(err)]
        try:
            with self._reading() as connection:
                if not problems:
                    found = verify.check_head(connection, signed, self._head_path)
                    problems += [found] if found else []
                problems += verify.check_facts(connection) + verify.check_vectors(connection)
        except SQLAlchemyError as err:
            problems.append(f"journal {self.where} cannot be read: {reason(err)}; restore a backup")
        return problems

    def close(self) -> None:
        """Let go of every connection and lock; closing twice is fine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open_connection(self) -> Connection:
        if self._connection is None:
            raise JournalError(f"journal {self.where} is closed")
        return self._connection

    def _read_head_row(self) -> Head:
        row = self._open_connection().execute(_HEAD).first()
        return Head(row.seq, row.hash) if row else Head(0, GENESIS)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the write lock of threads and of processes on this machine, for at most 30 s of waiting."""
        with self._mutex:
            if self._inside:
                raise JournalError("a journal write was begun inside another one; end the first before")
            if self._lock_file < 0:
                raise JournalError(f"journal {self.where} is closed")
            acquire(self._lock_file, self.where)
            self._inside = True
            try:
                yield
            finally:
                self._inside = False
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn what the database says into one line; a transaction it said it in was rolled back."""
        try:
            yield
        except SQLAlchemyError as err:
            local = self._engine.dialect.name == "sqlite"
            fix = "check the disk and its permissions" if local else "check the server and the setting memory.url"
            raise JournalError(f"journal {self.where} cannot be used: {reason(err)}; {fix}") from None


def _fact(row: Row[*tuple[Any, ...]]) -> Fact:
    return Fact(*tuple(row))
