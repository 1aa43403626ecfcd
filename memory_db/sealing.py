"""Encrypting a journal that is not yet, and changing the key of a home, in batches, while others go on writing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from agent.errors import ConfigError
from agent.guard.signing import Signer
from agent.guard.vault import KEY, Vault
from memory_db.journal import Journal

USED = "credential_used"
_BATCH = 500

Progress = Callable[[str, int, int], None]


def encrypt(path: Path, signer: Signer, vault: Vault, now: datetime, progress: Progress) -> int:
    """Encrypt a journal and drop its indexes; return how many facts there are. ConfigError if there is no key.

    Other processes that have it open must end first: they would go on writing in the clear.
    """
    with Journal.open(path, signer, vault=vault) as journal:
        if journal.cipher is None:
            journal.encrypt(vault.make())
    with Journal.open(path, signer, vault=vault) as journal:
        return _sealed_anew(journal, path, now, "encrypt", progress)


def rotate(paths: Sequence[Path], signer: Signer, vault: Vault, now: datetime, progress: Progress) -> int:
    """Seal all encrypted journals of a home with a newer key; return how many facts there are.

    ConfigError if none is encrypted. Until all are done both keys open; then the older one of a key file is gone.
    """
    encrypted = []
    for path in paths:
        with Journal.open(path, signer, vault=vault) as journal:
            if journal.cipher is not None:
                encrypted.append(path)
    if not encrypted:
        raise ConfigError("no run of this home is encrypted; run memory encrypt first")
    vault.turn()
    count = 0
    for path in encrypted:
        with Journal.open(path, signer, vault=vault) as journal:
            count += _sealed_anew(journal, path, now, "rotate", progress)
    vault.settle()
    return count


def _sealed_anew(journal: Journal, path: Path, now: datetime, purpose: str, progress: Progress) -> int:
    assert journal.cipher is not None
    # waits for a write that began with the older key; every later one looks for a newer first
    journal.checkpoint()
    last = journal.last_seq
    for first in range(1, last + 1, _BATCH):
        journal.reseal(first, min(first + _BATCH - 1, last))
        progress("sealed", min(first + _BATCH - 1, last), last)
    journal.encrypt(journal.cipher)  # the mark too is opened by the newest key alone
    about = {"credential": KEY, "source": journal.cipher.source, "purpose": purpose}
    with journal.write() as w:
        w.add(USED, about, key=f"{USED}:memory:{now.isoformat()}", happened_at=now, known_at=now, writer="operator")
    journal.checkpoint()
    shutil.rmtree(path.parent / "index", ignore_errors=True)
    return journal.last_seq
