"""Encryption at rest: columns that are sealed as they are written and opened as they are read.

A journal says in ``meta`` that it is encrypted, with a token that only its keys open. Hashes and digests are over what
is stored in the clear, so the chain does not change when a journal is encrypted or its key is. A row that is not sealed
yet is read as it is: encrypting a journal and changing its key go in batches, and can be stopped and begun again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Dialect, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from agent.errors import JournalError

if TYPE_CHECKING:
    from agent.guard.vault import Cipher

MARK = "encryption"
PROOF = b"tradecraft memory"
_TEXT, _BLOB = "sealed:1:", b"sealed:1:"


def set_cipher(dialect: Dialect, cipher: Cipher | None) -> None:
    """Say what seals the columns of every connection of this dialect object; before the first row is read."""
    dialect.tradecraft_cipher = cipher  # type: ignore[attr-defined]  # an engine's dialect is its own object


def _cipher(dialect: Dialect) -> Cipher | None:
    return getattr(dialect, "tradecraft_cipher", None)


def check(cipher: Cipher, mark: str) -> None:
    """Raise JournalError unless the cipher has the key of the journal whose mark this is."""
    if cipher.open(mark.encode()) != PROOF:
        raise JournalError("the journal's mark of encryption is damaged; restore a backup")


class SealedText(TypeDecorator[str]):
    """Text that is encrypted where the journal is."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Seal what is written."""
        cipher = _cipher(dialect)
        if cipher is None:
            return super().bind_processor(dialect)
        return lambda value: None if value is None else _TEXT + cipher.seal(value.encode()).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Open what is read."""
        cipher = _cipher(dialect)
        if cipher is None:
            return super().result_processor(dialect, coltype)

        def opened(value: str | None) -> str | None:
            return cipher.open(value[len(_TEXT) :].encode()).decode() if value and value.startswith(_TEXT) else value

        return opened


class SealedBlob(TypeDecorator[bytes]):
    """Bytes that are encrypted where the journal is."""

    impl = LargeBinary
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Seal what is written."""
        cipher = _cipher(dialect)
        if cipher is None:
            return super().bind_processor(dialect)
        return lambda value: None if value is None else _BLOB + cipher.seal(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Open what is read."""
        cipher = _cipher(dialect)
        if cipher is None:
            return super().result_processor(dialect, coltype)

        def opened(value: Any) -> bytes | None:
            raw = None if value is None else bytes(value)
            return cipher.open(raw[len(_BLOB) :]) if raw and raw.startswith(_BLOB) else raw

        return opened
