"""The journal's tables and their versions; SQLite and PostgreSQL share every line.

``facts`` is the truth and only grows. ``state`` is what the facts' ``sets`` lead to.
``vectors`` is derived and outside the chain. Times are integer microseconds since 1970 UTC.
Later versions come as forward-only ``MIGRATIONS``; a journal of a newer version is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from agent.errors import ConfigError, JournalError
from memory_db.sealed import SealedBlob, SealedText

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    # the journal numbers the rows itself, under the write lock, so that commit order is seq order
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("symbol", Text),
    Column("happened_at", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("writer", Text, nullable=False),
    Column("trust", Text, nullable=False),
    Column("payload", SealedText),
    Column("sets", Text, nullable=False),
    Column("salt", SealedBlob),
    Column("digest", String(64), nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("facts_kind_symbol_known", "kind", "symbol", "known_at"),
    Index("facts_known", "known_at"),
)

state = Table(
    "state",
    metadata,
    Column("space", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("space", "key"),
)

# ``part`` numbers the windows of a text that is longer than its model's
vectors = Table(
    "vectors",
    metadata,
    Column("fact_seq", BigInteger, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("blob", SealedBlob, nullable=False),
    Column("checksum", SealedBlob, nullable=False),
    PrimaryKeyConstraint("fingerprint", "fact_seq", "part"),
)

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

# step i turns version i + 1 into version i + 2
MIGRATIONS: tuple[Callable[[Connection], None], ...] = ()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(name: str, value: datetime) -> int:
    """Return ``value`` as microseconds since 1970 UTC; ConfigError naming ``name`` if it has no zone."""
    if value.tzinfo is None:
        raise ConfigError(f"{name} {value.isoformat()} has no time zone; write it like 2016-02-12T00:00:00Z")
    return (value - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the aware UTC time of ``value`` microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


def prepare(connection: Connection, where: str, migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS) -> None:
    """Create the tables, or bring an older journal forward; JournalError if it is newer than this program."""
    metadata.create_all(connection)
    newest = 1 + len(migrations)
    found = connection.execute(select(meta.c.value).where(meta.c.name == "schema_version")).scalar()
    if found is None:
        connection.execute(insert(meta).values(name="schema_version", value=str(newest)))
        return
    version = int(found)
    if version > newest:
        raise JournalError(f"journal {where} has schema version {version}, this program knows {newest}; upgrade tradecraft")
    for step in migrations[version - 1 :]:
        step(connection)
    if version < newest:
        connection.execute(update(meta).where(meta.c.name == "schema_version").values(value=str(newest)))
