"""The situations as they were at a fact, in a file beside the indexes: opening reads columns, not rows.

Derived like every index: bound to the journal by the number and hash of the last fact it covers, sealed by a
digest of its bytes, written in one step. What is missing, damaged or of another journal is not used.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memory_db.nearest import Columns

FILE = "situations.npz"
_DIGEST = 32


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the situations of one fingerprint were at fact ``seq``, whose hash is ``hash``."""

    fingerprint: str
    seq: int
    hash: str
    symbols: list[str]
    ids: list[str]
    columns: Columns


def save(path: Path, snapshot: Snapshot) -> bool:
    """Write the file (0600) in one step; False where it cannot be written, which loses nothing."""
    about = {"fingerprint": snapshot.fingerprint, "seq": snapshot.seq, "hash": snapshot.hash, "symbols": snapshot.symbols}
    body = io.BytesIO()
    texts = {"about": _bytes(json.dumps(about)), "ids": _bytes("\n".join(snapshot.ids))}
    arrays: dict[str, NDArray[Any]] = {**texts, **vars(snapshot.columns)}
    np.savez(body, allow_pickle=False, **arrays)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(_seal(body.getbuffer()))
            file.write(body.getbuffer())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        return False
    return True


def load(path: Path) -> Snapshot | None:
    """Return what the file holds; None if there is none or a byte of it was changed."""
    try:
        raw = memoryview(path.read_bytes())
    except OSError:
        return None
    if len(raw) < _DIGEST or _seal(raw[_DIGEST:]) != bytes(raw[:_DIGEST]):
        return None
    try:
        with np.load(io.BytesIO(raw[_DIGEST:]), allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            ids = file["ids"].tobytes().decode()
            columns = Columns(0, 0)
            for name in vars(columns):
                setattr(columns, name, file[name])
    except (ValueError, KeyError, zipfile.BadZipFile):
        return None
    return Snapshot(about["fingerprint"], about["seq"], about["hash"], about["symbols"], ids.split("\n") if ids else [], columns)


def damaged(path: Path) -> bool:
    """Say whether there is a file that is not whole."""
    return path.is_file() and load(path) is None


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _seal(body: memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST).digest()
