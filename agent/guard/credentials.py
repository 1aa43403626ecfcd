"""Credentials: read where they are used, every time they are used, and on record each time - by name, never by value.

Promises: a value comes from ``NAME`` in the environment, else from the file named by ``NAME_FILE`` (read anew, so a
changed file is a rotation without a restart), else from the keyring (asked anew); nothing keeps it, shows it or puts it in an
error. A missing one is one line that names where it may be put.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.errors import ConfigError

SERVICE = "tradecraft"
Source = Literal["environment", "file", "keyring"]
Audit = Callable[[str, str, Source], None]


class Secret(str):
    """A credential's value, which hides where values are shown for inspection (repr, tracebacks with locals)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(...)"


def _from_file(name: str) -> str | None:
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as err:
        raise ConfigError(f"{name}_FILE cannot be read: {err.strerror}; check the file it names") from None


def _from_keyring(name: str) -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, name)
    except KeyringError:
        return None


@dataclass(frozen=True)
class Credentials:
    """Finds credentials; ``audit`` gets the name, what it is used for and where it was found."""

    audit: Audit

    def find(self, name: str, purpose: str) -> Secret | None:
        """The value now in force; None where there is none."""
        for source, value in self._sources(name):
            if value:
                self.audit(name, purpose, source)
                return Secret(value)
        return None

    def need(self, name: str, purpose: str) -> Secret:
        """The value now in force; ConfigError where there is none."""
        found = self.find(name, purpose)
        if found is None:
            raise ConfigError(f"{name} is needed for {purpose}; set it, name a file with {name}_FILE, or put it in the keyring")
        return found

    @staticmethod
    def _sources(name: str) -> list[tuple[Source, str | None]]:
        given = os.environ.get(name)
        if given:
            return [("environment", given)]
        written = _from_file(name)
        return [("file", written)] if written else [("keyring", _from_keyring(name))]
