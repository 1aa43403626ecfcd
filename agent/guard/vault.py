"""Encryption of what is remembered: Fernet keys, where they come from, and how they change while others run.

The first key seals, every one opens. They come from TRADECRAFT_MEMORY_KEY (several separated by commas), else the
system's keyring (service ``tradecraft-memory``, the home as account), else ``keys/memory.key`` (0600), which a
passphrase (TRADECRAFT_MEMORY_PASSPHRASE) opens. Keys are never shown, logged or stored beside what they seal.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agent.errors import ConfigError, JournalError

KEY, PASSPHRASE = "TRADECRAFT_MEMORY_KEY", "TRADECRAFT_MEMORY_PASSPHRASE"
_SERVICE = "tradecraft-memory"
_MIN_PASSPHRASE = 8
_COST = 2**15  # scrypt's n: some 0.1 s


class Cipher:
    """Seals with the newest key and opens with any; keys that were changed meanwhile are read again."""

    def __init__(self, load: Callable[[], list[str]], source: str, stamp: Callable[[], int] = lambda: 0) -> None:
        """Read the keys; ConfigError if one is none. ``source`` says where they come from, ``stamp`` when they changed."""
        self.source = source
        self._stamp = stamp
        self._read_at = stamp()
        self._load = load
        self._lock = threading.Lock()
        self._keys: list[str] = []
        self.renew()

    def renew(self) -> bool:
        """Read the keys again; say whether they changed."""
        found = self._load()
        with self._lock:
            if found == self._keys:
                return False
            try:
                self._fernet = MultiFernet([Fernet(key) for key in found])
            except ValueError:
                raise ConfigError(f"a key of memory from the {self.source} is no Fernet key; make one with: {_RECIPE}") from None
            self._keys = found
            return True

    def keep_up(self) -> None:
        """Read the keys again if their file was changed: what is written next must open with the newest."""
        stamp = self._stamp()
        if stamp != self._read_at:
            self._read_at = stamp
            self.renew()

    def seal(self, data: bytes) -> bytes:
        """Encrypt."""
        return self._fernet.encrypt(data)

    def open(self, token: bytes) -> bytes:
        """Decrypt; JournalError if none of the keys does."""
        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            if self.renew():
                return self.open(token)
        raise JournalError(f"memory was sealed with another key than that of the {self.source}; give {KEY} the key it has")


class Vault:
    """The memory keys of a home; nothing is looked up before it is needed."""

    def __init__(self, home: Path) -> None:
        """Look in the environment, the keyring and ``home/keys``."""
        self._home = home
        self._path = home / "keys" / "memory.key"

    def cipher(self) -> Cipher:
        """Return what seals and opens; ConfigError when there is no key."""
        for source, load in (("environment", _environment), ("keyring", self._keyring), ("key file", self._file)):
            if load():
                return Cipher(load, source, self._changed if load == self._file else lambda: 0)
        raise ConfigError(f"memory is encrypted or to be, and there is no key; set {KEY} ({_RECIPE}) or {PASSPHRASE}")

    def make(self) -> Cipher:
        """Return the cipher, making the key file under the passphrase where there is no key yet."""
        if not (_environment() or self._keyring() or self._path.exists()) and os.environ.get(PASSPHRASE):
            self._write([Fernet.generate_key().decode()])
        return self.cipher()

    def turn(self) -> None:
        """Put a new key before those of the key file; keys of environment and keyring are changed where they are kept."""
        if not _environment() and not self._keyring() and self._path.exists():
            self._write([Fernet.generate_key().decode(), *self._file()])

    def settle(self) -> None:
        """Keep the newest key of the key file alone, once nothing is sealed with the others."""
        if not _environment() and not self._keyring() and self._path.exists():
            self._write(self._file()[:1])

    def _keyring(self) -> list[str]:
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            return []
        try:
            return _keys(keyring.get_password(_SERVICE, str(self._home.resolve())) or "")
        except KeyringError:
            return []

    def _file(self) -> list[str]:
        if not self._path.exists():
            return []
        if self._path.stat().st_mode & 0o077:
            raise ConfigError(f"key file {self._path} can be read by others; chmod 600 {self._path}")
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            wrapped = Fernet(_derived(_passphrase(), base64.b64decode(raw["salt"])))
            return _keys(wrapped.decrypt(raw["keys"].encode()).decode())
        except InvalidToken:
            raise ConfigError(f"{PASSPHRASE} does not open {self._path}; give the passphrase it was made with") from None
        except (ValueError, KeyError, TypeError):
            raise ConfigError(f"key file {self._path} is damaged; put it back from a copy, or set {KEY}") from None

    def _changed(self) -> int:
        return self._path.stat().st_mtime_ns if self._path.exists() else 0

    def _write(self, keys: list[str]) -> None:
        salt = os.urandom(16)
        sealed = Fernet(_derived(_passphrase(), salt)).encrypt(",".join(keys).encode()).decode()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"salt": base64.b64encode(salt).decode(), "keys": sealed}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


_RECIPE = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


def _keys(text: str) -> list[str]:
    return [key.strip() for key in text.split(",") if key.strip()]


def _environment() -> list[str]:
    return _keys(os.environ.get(KEY, ""))


def _passphrase() -> str:
    found = os.environ.get(PASSPHRASE, "")
    if len(found) < _MIN_PASSPHRASE:
        raise ConfigError(f"{PASSPHRASE} has {len(found)} characters; the key file needs one of at least {_MIN_PASSPHRASE}")
    return found


def _derived(passphrase: str, salt: bytes) -> bytes:
    return base64.urlsafe_b64encode(Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode()))
