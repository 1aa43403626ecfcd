"""Where a journal lives: SQLite or a server, files of mode 0600, and one writer at a time.

The lock file orders the writers of one machine, without SQLite's polling; the database
orders those of several.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from agent.errors import ConfigError, JournalError

_LOCK_SECONDS = 30.0


def reason(error: SQLAlchemyError) -> str:
    """Return what the database said, in one line."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


def shown(where: Path | str) -> str:
    """Return a place without its password."""
    return str(where) if isinstance(where, Path) or "://" not in where else make_url(where).render_as_string()


def file_of(where: Path | str) -> Path | None:
    """Return the file of a path or SQLite URL; None for a server."""
    if isinstance(where, Path) or "://" not in where:
        return Path(where)
    url = make_url(where)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def create_file(path: Path) -> None:
    """Make the file 0600 before SQLite does: its companions take over the mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as err:
        raise JournalError(
            f"journal {path} cannot be opened: {err.strerror or err}; check the folder and its permissions"
        ) from None


def open_lock(path: Path) -> int:
    """Open the lock file and return its handle; JournalError if it cannot be."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise JournalError(f"lock {path} cannot be opened: {err.strerror or err}; check the folder and its permissions") from None


def acquire(lock_file: int, where: str) -> None:
    """Take the lock, waiting at most 30 s; JournalError after that."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise JournalError(f"journal {where} is being written by another process for over 30 s; end that one") from None
            time.sleep(0.001)
        else:
            return


def connect(url: str, durable: bool) -> Engine:
    """Return an engine whose transactions begin as the journal needs them; ConfigError for a URL that cannot be used."""
    try:
        engine = create_engine(url, pool_size=8, max_overflow=56)
    except (SQLAlchemyError, ImportError) as err:
        raise ConfigError(f"journal {shown(url)} cannot be used: {str(err).partition(chr(10))[0]}") from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _pragmas(durable))
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_server)
    return engine


def _pragmas(durable: bool) -> Callable[[Any, Any], None]:
    def on_connect(connection: Any, _: Any) -> None:
        # the driver's own transaction handling is off: BEGIN is ours, see _begin_sqlite
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={int(_LOCK_SECONDS * 1000)}",
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'NORMAL'}",
            "secure_delete=ON",
            "cache_size=-16000",
            # where no power cut matters, checkpoints may wait for 32 MB: each one waits for the disk
            f"wal_autocheckpoint={1000 if durable else 8000}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return on_connect


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("tradecraft_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _begin_server(connection: Connection) -> None:
    if connection.get_execution_options().get("tradecraft_write"):
        # writers of other machines queue here; it is released with the transaction
        connection.execute(text("SELECT pg_advisory_xact_lock(7430913525)"))
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
