"""Copies of a journal: backup and restore of the file, and JSON lines that rebuild every fact.

A backup is taken while others write and verified before it counts. JSON lines carry facts, state and
vectors; read into an empty journal they make a chain of its own over the same content.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from agent.guard.vault import Vault
from memory_db.chain import canonical
from memory_db.journal import Journal
from memory_db.schema import vectors
from memory_db.upkeep import BACKUP

_BATCH = 500


def backup(journal: Journal, path: Path, signer: Signer, now: datetime) -> int:
    """Copy the journal to ``path``, verify the copy, and record it; return how many facts it holds."""
    head = journal.copy_to(path)
    with Journal.open(path, signer, vault=journal.vault) as copy:
        problems = copy.verify()
    if problems:
        raise JournalError(f"backup {path} does not verify: {problems[0]}; the journal itself may be damaged, run memory verify")
    with journal.write() as w:
        payload = {"path": str(path.resolve()), "seq": head.seq}
        w.add(BACKUP, payload, key=f"{BACKUP}:{head.hash[:16]}:{now.isoformat()}", happened_at=now, known_at=now)
    return head.seq


def restore(source: Path, target: Path, signer: Signer, vault: Vault | None = None) -> int:
    """Put a verified backup in the place of the journal ``target``, which is kept beside it; return how many facts it holds.

    ConfigError if there is no backup, JournalError if it does not verify or the journal is in use.
    """
    if not source.is_file():
        raise ConfigError(f"there is no backup {source}; name the file that memory backup wrote")
    draft = target.with_name(f"{target.name}.restoring")
    _remove(draft)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with Journal.open(source, signer, vault=vault) as copy:
            problems = copy.verify()
            if problems:
                raise JournalError(f"backup {source} does not verify: {problems[0]}; choose another one")
            count = copy.copy_to(draft).seq
        for suffix in ("", "-wal", "-shm", ".head"):
            old = Path(f"{target}{suffix}")
            if old.exists():
                old.replace(f"{target}.before-restore{suffix}")
        Path(f"{draft}.head").replace(f"{target}.head")
        draft.replace(target)
    except OSError as err:
        raise JournalError(f"{target} cannot be replaced: {err.strerror or err}; check the disk and its permissions") from None
    finally:
        _remove(draft)
    return count


def exported(journal: Journal) -> Iterator[str]:
    """Yield every fact with its vectors as a JSON line, in order; a forgotten one has no payload."""
    for fact in journal.facts():
        rows = journal.read(select(vectors).where(vectors.c.fact_seq == fact.seq).order_by(vectors.c.fingerprint, vectors.c.part))
        yield canonical(
            {
                "fact": {
                    "kind": fact.kind,
                    "symbol": fact.symbol,
                    "happened_at": fact.happened_at.isoformat(),
                    "known_at": fact.known_at.isoformat(),
                    "key": fact.key,
                    "writer": fact.writer,
                    "trust": fact.trust,
                    "payload": fact.payload,
                    "sets": json.loads(fact.sets),
                },
                "vectors": [[row.fingerprint, row.part, base64.b64encode(row.blob).decode()] for row in rows],
            }
        )


def rebuilt(journal: Journal, raw: Iterable[bytes]) -> int:
    """Write exported lines into an empty journal, in batches; return how many facts there are.

    ConfigError if the journal is not empty, or naming the first line that is no exported fact.
    """
    if journal.last_seq:
        raise ConfigError(f"journal {journal.where} has facts already; rebuild into a run without any")
    batch: list[dict[str, Any]] = []
    for number, line in enumerate(raw, start=1):
        if line.strip():
            batch.append(_parsed(number, line))
        if len(batch) == _BATCH:
            _write(journal, batch)
            batch = []
    _write(journal, batch)
    return journal.last_seq


def _parsed(number: int, line: bytes) -> dict[str, Any]:
    try:
        given = json.loads(line)
        fact = dict(given["fact"])
        return {
            "kind": str(fact["kind"]),
            "payload": fact["payload"],
            "symbol": fact["symbol"],
            "key": str(fact["key"]),
            "happened_at": datetime.fromisoformat(fact["happened_at"]),
            "known_at": datetime.fromisoformat(fact["known_at"]),
            "writer": str(fact["writer"]),
            "trust": fact["trust"],
            "sets": [(str(space), str(key), value) for space, key, value in fact["sets"]],
            "vectors": [
                (str(name), int(part), np.frombuffer(base64.b64decode(blob), dtype=np.float32))
                for name, part, blob in given["vectors"]
            ],
        }
    except (ValueError, KeyError, TypeError) as err:
        raise ConfigError(f"line {number} is no exported fact ({err}); give a file that memory export wrote") from None


def _write(journal: Journal, batch: list[dict[str, Any]]) -> None:
    with journal.write() as w:
        for item in batch:
            rows, kind, payload = item.pop("vectors"), item.pop("kind"), item.pop("payload")
            seq = w.add(kind, payload if payload is not None else "", **item)
            if payload is None:
                w.erase(seq)
            for name, part, values in rows:
                w.vector(seq, name, values, part)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".head", ".head.lock"):
        if os.path.exists(f"{path}{suffix}"):  # noqa: PTH110 - a name with a suffix of its own
            os.unlink(f"{path}{suffix}")  # noqa: PTH108 - as above
