"""The keys of a home: who signs, who is believed, and what needs a passphrase.

The agent's and the importer's keys are made on first need. The operator's is made with a
passphrase and opened by it alone, so a loop that runs unattended cannot sign as an operator.
Public keys lie beside the private ones, so that anyone can verify. A signature binds the
signer, a purpose and the canonical content; it says nothing under another purpose.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from agent.errors import ConfigError
from agent.guard.signing import Signer, verify, write_once, write_over

Holder = Literal["operator", "agent", "importer"]
HOLDERS: tuple[Holder, ...] = ("operator", "agent", "importer")
PASSPHRASE = "TRADECRAFT_OPERATOR_PASSPHRASE"  # noqa: S105 - the name of the variable
NEW_PASSPHRASE = "TRADECRAFT_NEW_PASSPHRASE"  # noqa: S105 - the name of the variable
MIN_PASSPHRASE = 8
_SERVICE = "tradecraft"


class Keys(Protocol):
    """Signs as a holder and verifies what holders signed."""

    def sign(self, holder: Holder, purpose: str, content: Any) -> str:
        """Return ``key id:signature`` in hex; ConfigError when the key cannot be opened."""
        ...

    def genuine(self, holder: Holder, purpose: str, content: Any, signature: str | None) -> bool:
        """Say whether the holder signed this content for this purpose."""
        ...


def message(holder: str, purpose: str, content: Any) -> bytes:
    """Return the bytes that are signed: canonical JSON of who, what for and what."""
    text = json.dumps(["tradecraft", 1, holder, purpose, content], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


class OneKey:
    """One key in every role: for scratch runs and tests, where nobody else writes."""

    def __init__(self, signer: Signer) -> None:
        """Sign everything with this key."""
        self._signer = signer

    def sign(self, holder: Holder, purpose: str, content: Any) -> str:
        """Sign as the holder."""
        return f"{self._signer.key_id}:{self._signer.sign(message(holder, purpose, content)).hex()}"

    def genuine(self, holder: Holder, purpose: str, content: Any, signature: str | None) -> bool:
        """Verify against the one key."""
        return _matches(self._signer.public_key, self._signer.key_id, message(holder, purpose, content), signature)


class HomeKeys:
    """The keys of one home, opened when they are first needed."""

    def __init__(self, home: Path, ask: Callable[[], str] | None = None) -> None:
        """Look in ``home/keys``; ``ask`` gets the operator's passphrase where neither environment nor keyring has it."""
        self._home = home
        self._ask = ask
        self._signers: dict[Holder, Signer] = {}
        self._public: dict[Holder, tuple[str, bytes] | None] = {}

    def sign(self, holder: Holder, purpose: str, content: Any) -> str:
        """Sign as the holder, making the agent's or importer's key if it is not there."""
        signer = self.signer(holder)
        return f"{signer.key_id}:{signer.sign(message(holder, purpose, content)).hex()}"

    def genuine(self, holder: Holder, purpose: str, content: Any, signature: str | None) -> bool:
        """Verify against the holder's public key; without one nothing is genuine."""
        if holder not in self._public:
            self._public[holder] = self._read_public(holder)
        known = self._public[holder]
        return known is not None and _matches(known[1], known[0], message(holder, purpose, content), signature)

    def signer(self, holder: Holder) -> Signer:
        """Return the holder's key; ConfigError when the passphrase is missing or wrong."""
        if holder not in self._signers:
            signer = self._operator() if holder == "operator" else Signer.load_or_create(self._home, holder)
            write_once(self._path(holder, "pub"), signer.public_key.hex().encode() + b"\n")
            self._public.pop(holder, None)
            self._signers[holder] = signer
        return self._signers[holder]

    def _path(self, holder: Holder, kind: str) -> Path:
        return self._home / "keys" / f"{holder}.{kind}"

    def _read_public(self, holder: Holder) -> tuple[str, bytes] | None:
        path = self._path(holder, "pub")
        if not path.exists():
            if holder == "operator" or not self._path(holder, "pem").exists():
                return None
            signer = self.signer(holder)
            return signer.key_id, signer.public_key
        try:
            raw = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            raise ConfigError(f"key {path} is not a public key in hex; restore it from a backup") from None
        return key_id(raw), raw

    def _operator(self) -> Signer:
        path = self._path("operator", "pem")
        if not path.exists():
            return self._new_operator(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"key {path} is open to others; run chmod 600 on it")
        passphrase = self.passphrase()
        try:
            key = load_pem_private_key(path.read_bytes(), password=passphrase.encode())
        except (ValueError, TypeError):
            raise ConfigError(
                f"the operator's passphrase does not open {path}; set {PASSPHRASE} to the one given at init"
            ) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError(f"key {path} is not an Ed25519 key; restore it from a backup")
        return Signer(key, "operator")

    def _new_operator(self, path: Path) -> Signer:
        passphrase = _long_enough(self.passphrase())
        write_once(path, Signer(Ed25519PrivateKey.generate(), "operator").locked(passphrase))
        return self._operator()

    def change_passphrase(self, new: str) -> str:
        """Lock the operator's key with another passphrase and return its id; the key and what it signed stay as they are.

        ConfigError when there is no such key, the present passphrase does not open it, or the new one is too short.
        """
        path = self._path("operator", "pem")
        if not path.exists():
            raise ConfigError(f"there is no operator key {path}; run `tradecraft init` with {PASSPHRASE} set to make one")
        signer = self._operator()
        write_over(path, signer.locked(_long_enough(new)))
        return signer.key_id

    def passphrase(self) -> str:
        """Return the operator's passphrase from the environment, the keyring or the person; ConfigError without one."""
        found = os.environ.get(PASSPHRASE) or _from_keyring(str(self._home.resolve()))
        if not found and self._ask is not None:
            found = self._ask()
        if not found:
            raise ConfigError(f"an operator's order needs the operator's passphrase; set {PASSPHRASE}, or use --as importer")
        return found

    def listing(self) -> list[dict[str, Any]]:
        """Return who has a key here, its id and how it is protected; never the key."""
        rows = []
        for holder in HOLDERS:
            known = self._read_public(holder)
            path = self._path(holder, "pem")
            rows.append(
                {
                    "principal": holder,
                    "key_id": known[0] if known else None,
                    "private": path.exists(),
                    "protection": "passphrase" if holder == "operator" else "file mode 0600",
                }
            )
        return rows


def _long_enough(passphrase: str) -> str:
    if len(passphrase) < MIN_PASSPHRASE:
        raise ConfigError(f"the operator's passphrase has {len(passphrase)} characters; use at least {MIN_PASSPHRASE}")
    return passphrase


def key_id(public: bytes) -> str:
    """Return the short name of a public key: 16 hex digits of its SHA-256."""
    import hashlib

    return hashlib.sha256(public).hexdigest()[:16]


def _matches(public: bytes, ident: str, data: bytes, signature: str | None) -> bool:
    name, _, digits = (signature or "").partition(":")
    try:
        return name == ident and digits == digits.lower() and verify(public, data, bytes.fromhex(digits))
    except ValueError:
        return False


def _from_keyring(account: str) -> str | None:
    """Return the passphrase a person put into the system's keyring (service ``tradecraft``, the home as account)."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(_SERVICE, account)
    except KeyringError:
        return None
