"""What is being written: facts gathered in one transaction and sent to the database at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from agent.errors import ConfigError
from memory_db.chain import Fact, Head, canonical, digest, seal, vector_checksum
from memory_db.schema import facts, state, to_micros, vectors

Trust = Literal["operator", "market", "model", "imported", "outside"]
Set = tuple[str, str, Any]

_SEQ_OF_KEY = select(facts.c.seq).where(facts.c.key == bindparam("key"))
_FACT_ROW = facts.insert()
_STATE = select(state.c.key, state.c.value).where(state.c.space == bindparam("space"))
_UNSET = delete(state).where(state.c.space == bindparam("b_space"), state.c.key == bindparam("b_key"))


@dataclass(frozen=True, slots=True)
class StoredVector:
    """A vector of a fact under a model's fingerprint."""

    seq: int
    fingerprint: str
    part: int
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction added after the fact number ``before``."""

    before: int
    last: int
    facts: tuple[Fact, ...]
    vectors: tuple[StoredVector, ...]


class Writer:
    """Gathers facts and vectors; ``Journal.write`` commits them together."""

    def __init__(self, connection: Connection, before: Head) -> None:
        """Start after the head ``before``, read under the write lock."""
        self.before = before
        self.head = before
        self.callbacks: list[Callable[[Commit], None]] = []
        self.rows: list[dict[str, Any]] = []
        self.stored: list[StoredVector] = []
        self.sets: dict[tuple[str, str], tuple[Any, int]] = {}
        self.erased: list[int] = []
        self.stale: list[int] = []
        self._connection = connection
        self._new: dict[str, int] = {}

    def add(
        self,
        kind: str,
        payload: str | Mapping[str, Any],
        *,
        key: str,
        happened_at: datetime,
        known_at: datetime,
        symbol: str | None = None,
        writer: str = "agent",
        trust: Trust = "market",
        sets: Sequence[Set] = (),
    ) -> int:
        """Add a fact and return its number; with a key that exists add nothing and return that fact's number.

        ``sets`` are the (space, key, value) this fact leads to, value None deleting; they stay
        readable when the payload is forgotten. Raises ConfigError for times without zone,
        ``known_at`` before ``happened_at``, and values that JSON cannot hold.
        """
        known = self._seq_of(key)
        if known is not None:
            return known
        row = self._row(kind, payload, sets, key=key, happened_at=happened_at, known_at=known_at)
        row.update(symbol=symbol, writer=writer, trust=trust)
        row["hash"] = seal(row)
        self.head = Head(row["seq"], row["hash"])
        self._new[key] = row["seq"]
        self.rows.append(row)
        for space, name, value in sets:
            self.sets[space, name] = (value, row["seq"])
        return self.head.seq

    def vector(self, seq: int, fingerprint: str, values: NDArray[np.float32], part: int = 0) -> None:
        """Store a fact's vector under a fingerprint; one that is there already stays. ConfigError if not finite."""
        array = np.ascontiguousarray(values, dtype=np.float32)
        if array.ndim != 1 or not np.isfinite(array).all():
            raise ConfigError(f"vector of fact {seq} ({fingerprint}) must be one row of finite numbers")
        self.stored.append(StoredVector(seq, fingerprint, part, array))

    def state(self, space: str) -> dict[str, Any]:
        """Return the state of a space as this transaction sees it: read under the write lock, with its own changes."""
        rows = self._connection.execute(_STATE, {"space": space})
        found = {key: json.loads(value) for key, value in rows}
        for (changed, key), (value, _) in self.sets.items():
            if changed == space:
                found[key] = value
        return {key: value for key, value in sorted(found.items()) if value is not None}

    def erase(self, seq: int, stale: Sequence[int] = ()) -> None:
        """Delete payload, salt and vectors of a fact, and the vectors of others that were made with it."""
        self.erased.append(seq)
        self.stale += stale

    def after_commit(self, callback: Callable[[Commit], None]) -> None:
        """Call ``callback`` once the transaction is committed; never after a rollback."""
        self.callbacks.append(callback)

    def commit(self) -> Commit:
        """Return what was added, for those who mirror the journal in memory."""
        return Commit(self.before.seq, self.head.seq, tuple(_fact(row) for row in self.rows), tuple(self.stored))

    def _seq_of(self, key: str) -> int | None:
        if key in self._new:
            return self._new[key]
        row = self._connection.execute(_SEQ_OF_KEY, {"key": key}).first()
        return None if row is None else int(row[0])

    def _row(
        self,
        kind: str,
        payload: str | Mapping[str, Any],
        sets: Sequence[Set],
        *,
        key: str,
        happened_at: datetime,
        known_at: datetime,
    ) -> dict[str, Any]:
        happened, known = to_micros("happened_at", happened_at), to_micros("known_at", known_at)
        if known < happened:
            raise ConfigError(f"known_at of {key} is before its happened_at; nothing is known before it happened")
        try:
            text = payload if isinstance(payload, str) else canonical(dict(payload))
            state_text = canonical([list(item) for item in sets]) if sets else "[]"
            salt = os.urandom(16)
            payload_digest = digest(salt, text)
        except (ValueError, TypeError) as err:
            raise ConfigError(f"{kind} {key} cannot be stored: {err}") from None
        return {
            "seq": self.head.seq + 1,
            "kind": kind,
            "happened_at": happened,
            "known_at": known,
            "key": key,
            "payload": text,
            "sets": state_text,
            "salt": salt,
            "digest": payload_digest,
            "prev": self.head.hash,
        }


def flush(connection: Connection, writer: Writer) -> None:
    """Send what was gathered, in batches; the caller's transaction commits it."""
    if writer.rows:
        connection.execute(_FACT_ROW, writer.rows)
    if writer.stored:
        connection.execute(_insert_or_keep(connection, vectors), [_vector_row(item) for item in writer.stored])
    if writer.erased:
        connection.execute(update(facts).where(facts.c.seq.in_(writer.erased)).values(payload=None, salt=None))
        connection.execute(delete(vectors).where(vectors.c.fact_seq.in_([*writer.erased, *writer.stale])))
    if writer.sets:
        _apply_sets(connection, writer.sets)


def reseal(connection: Connection, first: int, last: int) -> None:
    """Read content and vectors of facts ``first`` to ``last`` and write them back: what is written is sealed anew."""
    rows = connection.execute(
        select(facts.c.seq, facts.c.payload, facts.c.salt).where(facts.c.seq.between(first, last), facts.c.payload.is_not(None))
    ).all()
    if rows:
        connection.execute(
            update(facts).where(facts.c.seq == bindparam("at")).values(payload=bindparam("text"), salt=bindparam("grain")),
            [{"at": row.seq, "text": row.payload, "grain": row.salt} for row in rows],
        )
    held = connection.execute(select(vectors).where(vectors.c.fact_seq.between(first, last))).all()
    if held:
        connection.execute(
            update(vectors)
            .where(
                vectors.c.fact_seq == bindparam("at"), vectors.c.fingerprint == bindparam("by"), vectors.c.part == bindparam("n")
            )
            .values(blob=bindparam("bytes"), checksum=bindparam("sum")),
            [{"at": v.fact_seq, "by": v.fingerprint, "n": v.part, "bytes": v.blob, "sum": v.checksum} for v in held],
        )


def _apply_sets(connection: Connection, sets: dict[tuple[str, str], tuple[Any, int]]) -> None:
    gone = [{"b_space": space, "b_key": key} for (space, key), (value, _) in sets.items() if value is None]
    kept = [
        {"space": space, "key": key, "value": canonical(value), "seq": seq}
        for (space, key), (value, seq) in sets.items()
        if value is not None
    ]
    if gone:
        connection.execute(_UNSET, gone)
    if kept:
        connection.execute(_UPSERT_STATE[connection.dialect.name], kept)


def _vector_row(item: StoredVector) -> dict[str, Any]:
    blob = item.values.tobytes()
    checksum = vector_checksum(item.seq, item.fingerprint, item.part, blob)
    return {"fact_seq": item.seq, "fingerprint": item.fingerprint, "part": item.part, "blob": blob, "checksum": checksum}


def _fact(row: dict[str, Any]) -> Fact:
    return Fact(
        seq=row["seq"],
        kind=row["kind"],
        symbol=row["symbol"],
        happened_us=row["happened_at"],
        known_us=row["known_at"],
        key=row["key"],
        writer=row["writer"],
        trust=row["trust"],
        payload=row["payload"],
        sets=row["sets"],
        digest=row["digest"],
        prev=row["prev"],
        hash=row["hash"],
    )


def _insert_or_keep(connection: Connection, table: Table) -> Any:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table).on_conflict_do_nothing()


def _upsert_state(dialect: Any) -> Any:
    row = dialect.insert(state)
    return row.on_conflict_do_update(index_elements=["space", "key"], set_={"value": row.excluded.value, "seq": row.excluded.seq})


_UPSERT_STATE = {"sqlite": _upsert_state(sqlite), "postgresql": _upsert_state(postgresql)}
