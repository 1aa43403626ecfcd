"""Ed25519 signing: a principal's key is made on first need, kept 0600, and never shown.

``Signer.load_or_create`` may be called by several processes at once: exactly one key wins
and all of them get it. Whatever cannot be used (unreadable, not a key, readable by others)
is refused in one line; a key is never replaced silently.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from agent.errors import ConfigError

_PRINCIPAL = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Signer:
    """A principal's private key: signs bytes and verifies its own signatures."""

    def __init__(self, key: Ed25519PrivateKey, principal: str) -> None:
        """Hold ``key`` for ``principal`` (lowercase letters, digits, ``-`` and ``_``)."""
        self.principal = principal
        self._key = key
        self._public: Ed25519PublicKey = key.public_key()
        self.public_key: bytes = self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key_id: str = hashlib.sha256(self.public_key).hexdigest()[:16]

    @classmethod
    def load_or_create(cls, folder: Path, principal: str) -> Signer:
        """Return the key ``folder/keys/<principal>.pem``, making it (0600, folders 0700) if it is not there.

        Raises ConfigError if the name, the folder or the key cannot be used.
        """
        if not _PRINCIPAL.fullmatch(principal):
            raise ConfigError(f"principal {principal!r} is not a name; use lowercase letters, digits, - and _")
        path = folder / "keys" / f"{principal}.pem"
        try:
            if not path.exists():
                _create(path)
            return cls(_load(path), principal)
        except OSError as err:
            raise ConfigError(f"key {path} cannot be used: {err.strerror or err}; fix the permissions of its folder") from None

    def locked(self, passphrase: str) -> bytes:
        """Return the key as PEM that only the passphrase opens."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature of ``data``; the same data gives the same bytes."""
        return self._key.sign(data)

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Say whether ``signature`` is this key's signature of ``data``."""
        return verify(self.public_key, data, signature)


def verify(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Say whether ``signature`` of ``data`` was made by the owner of the raw 32-byte ``public_key``."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _create(path: Path) -> None:
    write_once(path, Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def write_once(path: Path, content: bytes) -> None:
    """Write a file (0600, folder 0700) unless it is there already; of several writers the first one's stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        return
    draft = _drafted(path, content)
    try:
        # link refuses an existing name, so of several processes the first one's key stays
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def write_over(path: Path, content: bytes) -> None:
    """Put new content (0600) in a file's place at once: whoever reads sees the old or the new one."""
    _drafted(path, content).replace(path)


def _drafted(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _load(path: Path) -> Ed25519PrivateKey:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(f"key {path} is open to others (mode {mode:04o}); run chmod 600 on it")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        raise ConfigError(
            f"key {path} is not a PEM private key; restore it from a backup, or move it away for a new one"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"key {path} is not an Ed25519 key; restore it from a backup, or move it away for a new one")
    return key
