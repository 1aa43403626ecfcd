"""Text memories as JSON lines, coming in: each line is a memory or a reason, and nothing between.

A bad line is refused by its number and the rest is imported. Lines are committed in batches,
each wholly or not at all; a key is acknowledged only when its batch is durable. The same key
twice is one memory. Keys have a space of their own, so that no imported line can take the
place of a fact that the agent writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from agent.errors import ConfigError
from memory_db import episodes
from memory_db.chain import canonical
from memory_db.episodes import IMPORTED
from memory_db.journal import Journal
from memory_db.writer import Trust

BATCH = 100
MAX_LINE = 200_000
_FIELDS = {"kind", "content", "symbol", "importance", "happened_at", "known_at", "metadata", "key"}
_MAX_METADATA = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """One memory as it was given; times are resolved, the key is the giver's or that of the content."""

    number: int
    key: str
    kind: str
    content: str
    symbol: str | None
    importance: float
    happened_at: datetime
    known_at: datetime
    metadata: Mapping[str, Any]
    fold: bool = False


@dataclass(slots=True)
class Imported:
    """What became of the lines."""

    imported: int = 0
    duplicates: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)


class LineReader:
    """Turns raw lines into memories; ``now`` is the time of those that give none."""

    def __init__(self, now: datetime) -> None:
        """Take the time of the import."""
        self._now = now

    def read(self, number: int, raw: bytes) -> Line:
        """Return one line's memory; ConfigError with the reason if it is none."""
        given = _object(raw)
        unknown = sorted(given.keys() - _FIELDS)
        if unknown:
            raise ConfigError(f"field {unknown[0]!r} is not known; use {', '.join(sorted(_FIELDS))}")
        known_at, happened_at = _time(given, "known_at"), _time(given, "happened_at")
        happened = happened_at or known_at or self._now
        known = known_at or happened
        if known < happened:
            raise ConfigError("known_at is before happened_at; nothing is known before it happened")
        line = Line(
            number=number,
            key=_text(given, "key") or f"line:{_content_hash(given)}",
            kind=_needed(given, "kind"),
            content=_needed(given, "content"),
            symbol=_text(given, "symbol"),
            importance=_importance(given),
            happened_at=happened,
            known_at=known,
            metadata=_metadata(given),
            fold=_text(given, "key") is None,
        )
        episodes.check(kind=line.kind, content=line.content, key=line.key, symbol=line.symbol, importance=line.importance)
        return line


def import_lines(
    journal: Journal,
    raw: Iterable[bytes],
    now: datetime,
    *,
    writer: str = "importer",
    trust: Trust = "imported",
    batch: int = BATCH,
    acknowledge: Callable[[str], None] | None = None,
) -> Imported:
    """Import every line that is a memory; ``acknowledge`` is called with each key once it is durable."""
    done = Imported()
    for lines in _batches(LineReader(now), raw, batch, done):
        fresh = 0
        with journal.write() as w:
            for line in lines:
                before = w.head.seq
                episodes.remember(
                    w,
                    kind=line.kind,
                    content=line.content,
                    key=IMPORTED + line.key,
                    happened_at=line.happened_at,
                    known_at=line.known_at,
                    symbol=line.symbol,
                    importance=line.importance,
                    metadata=line.metadata,
                    writer=writer,
                    trust=trust,
                    fold=line.fold,
                )
                fresh += w.head.seq > before
        done.imported += fresh
        done.duplicates += len(lines) - fresh
        if acknowledge:
            for line in lines:
                acknowledge(line.key)
    return done


def bounded(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file; of one that is too long only as much as shows it."""
    while raw := file.readline(MAX_LINE + 2):
        rest = raw
        while len(rest) == MAX_LINE + 2 and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE + 2)
        yield raw


def _batches(reader: LineReader, raw: Iterable[bytes], size: int, done: Imported) -> Iterator[list[Line]]:
    """Yield batches of good lines; bad ones go to ``done`` with their reason."""
    batch: list[Line] = []
    for number, text in enumerate(raw, start=1):
        if not text.strip():
            continue
        try:
            batch.append(reader.read(number, text))
        except ConfigError as err:
            done.rejected.append({"line": number, "reason": str(err)})
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_LINE:
        raise ConfigError(f"the line is longer than {MAX_LINE} bytes; shorten or split it")
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as err:
        raise ConfigError(f"byte {err.start + 1} is not UTF-8; save the file as UTF-8") from None
    except (json.JSONDecodeError, RecursionError) as err:
        reason = err.msg if isinstance(err, json.JSONDecodeError) else "it is nested too deeply"
        raise ConfigError(f"not a whole JSON object: {reason}; each line is one object") from None
    if not isinstance(value, dict):
        raise ConfigError(f"a JSON {type(value).__name__} is no memory; each line is one object")
    return value


def _refuse_constant(name: str) -> None:
    raise ConfigError(f"{name} is not a number; leave the field out")


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{name} = {_shown(value)} is not text")
    return value


def _needed(given: dict[str, Any], name: str) -> str:
    value = _text(given, name)
    if value is None:
        raise ConfigError(f"{name} is missing; give it as text")
    return value


def _time(given: dict[str, Any], name: str) -> datetime | None:
    text = _text(given, name)
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{name} {_shown(text)} is not a time; write it like 2016-02-12T00:00:00Z") from None
    if value.tzinfo is None:
        raise ConfigError(f"{name} {_shown(text)} has no time zone; write it like 2016-02-12T00:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ConfigError(f"{name} {_shown(text)} cannot be told in UTC; give a year from 2 to 9998") from None


def _importance(given: dict[str, Any]) -> float:
    value = given.get("importance", 1.0)
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"importance = {_shown(value)} is not a number from 0 to 2")
    return float(value) if abs(value) < 1e300 else float("inf")


def _metadata(given: dict[str, Any]) -> dict[str, Any]:
    value = given.get("metadata") or {}
    if not isinstance(value, dict):
        raise ConfigError(f"metadata = {_shown(value)} is not an object")
    try:
        text = canonical(value).encode()
    except (ValueError, TypeError) as err:
        raise ConfigError(f"metadata cannot be stored: {str(err).partition(';')[0]}") from None
    if len(text) > _MAX_METADATA:
        raise ConfigError(f"metadata is longer than {_MAX_METADATA} bytes; shorten it")
    return value


def _content_hash(given: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(given).encode("utf-8", "replace")).hexdigest()[:32]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
