"""The hash chain: what a fact is, how it is sealed, and the signed head kept beside the journal.

A row's hash covers every column but ``payload`` and ``salt``; the payload enters by its
salted SHA-256. So a payload can be deleted with its salt and the chain still holds, and
nobody can guess a deleted payload from its digest. The head (seq, hash) is signed and
kept in a second file, so that a lost tail shows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.errors import JournalError
from agent.guard.signing import Signer
from memory_db.schema import from_micros

GENESIS = "0" * 64
# made once: json.dumps builds an encoder for every call with other than its defaults
_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the journal. ``payload`` is None once it was forgotten."""

    seq: int
    kind: str
    symbol: str | None
    happened_us: int
    known_us: int
    key: str
    writer: str
    trust: str
    payload: str | None
    sets: str
    digest: str
    prev: str
    hash: str

    @property
    def happened_at(self) -> datetime:
        """When it happened, UTC."""
        return from_micros(self.happened_us)

    @property
    def known_at(self) -> datetime:
        """From when on it could be known, UTC."""
        return from_micros(self.known_us)

    @property
    def data(self) -> dict[str, Any]:
        """The payload as an object; empty if it was forgotten; JournalError if it is not one."""
        if self.payload is None:
            return {}
        value = json.loads(self.payload)
        if not isinstance(value, dict):
            raise JournalError(f"fact {self.seq} ({self.kind}) does not hold an object; read its payload as text")
        return value


def canonical(value: Any) -> str:
    """Return ``value`` as JSON that is the same for equal values; ValueError for NaN and infinities."""
    return _SORTED.encode(value)


def digest(salt: bytes, payload: str) -> str:
    """Return the salted SHA-256 of a payload, in hex."""
    return hashlib.sha256(salt + payload.encode()).hexdigest()


def seal(row: Mapping[str, Any]) -> str:
    """Return the hash of a row over all its columns but payload and salt, in hex."""
    covered = [
        row["seq"],
        row["kind"],
        row["symbol"],
        row["happened_at"],
        row["known_at"],
        row["key"],
        row["writer"],
        row["trust"],
        row["sets"],
        row["digest"],
        row["prev"],
    ]
    return hashlib.sha256(_PLAIN.encode(covered).encode()).hexdigest()


_HEAD_BYTES = 384  # more than any head needs


def vector_checksum(seq: int, fingerprint: str, part: int, blob: bytes) -> bytes:
    """Return the checksum of a stored vector, bound to the fact and model it belongs to."""
    return hashlib.blake2b(f"{seq}|{fingerprint}|{part}|".encode() + blob, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain as it was last signed."""

    seq: int
    hash: str


def write_head(path: Path, head: Head, signer: Signer, *, durable: bool) -> None:
    """Bring the head file up to date in one step; the caller holds the write lock.

    A journal that must survive a power cut gets a new file, synced and renamed. Otherwise one write of a
    fixed length goes over the old head: no kill can tear it, and nothing waits for the disk.
    """
    signature = signer.sign(_signed(head))
    text = canonical({"seq": head.seq, "hash": head.hash, "key": signer.key_id, "signature": signature.hex()})
    if not durable:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.write(handle, text.ljust(_HEAD_BYTES).encode())
        finally:
            os.close(handle)
        return
    draft = f"{path}.new"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, text.ljust(_HEAD_BYTES).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(draft, path)  # noqa: PTH105 - on the path of every commit, where building a Path costs more than the call


def read_head(path: Path, signer: Signer) -> Head | None:
    """Return the signed head, None if there is none; JournalError if it is broken or signed by another key."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        head, key, signature = Head(int(raw["seq"]), str(raw["hash"])), raw["key"], bytes.fromhex(raw["signature"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise JournalError(f"head {path} cannot be read; restore the journal and its head from a backup") from None
    if key != signer.key_id:
        raise JournalError(
            f"head {path} is signed by key {key}, not by {signer.principal}'s {signer.key_id}; use the home it belongs to"
        )
    if not signer.verify(_signed(head), signature):
        raise JournalError(f"head {path} has a bad signature; restore the journal and its head from a backup")
    return head


def _signed(head: Head) -> bytes:
    return f"tradecraft journal head\n{head.seq}\n{head.hash}".encode()
