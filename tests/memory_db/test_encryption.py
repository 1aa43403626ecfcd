"""An encrypted memory: nothing readable on disk, everything works with the key, and a wrong key changes nothing."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from agent.errors import ConfigError, JournalError
from agent.guard import vault as vaults
from agent.guard.signing import Signer
from agent.guard.vault import KEY, PASSPHRASE, Vault
from agent.settings import Settings
from memory_db import copies, sealing
from memory_db.journal import Journal
from memory_db.place import JOURNAL_FILE
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, START, HashingEmbedder, fill

SECRET = "the breakout over the winter high failed twice"
Opened = Callable[[], MemoryStore]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    monkeypatch.setattr(vaults, "_COST", 2**4)


@pytest.fixture
def opened(tmp_path: Path, signer: Signer, settings: Settings) -> Opened:
    def now() -> MemoryStore:
        return MemoryStore.open(
            tmp_path / "run",
            signer=signer,
            embedder=HashingEmbedder(),
            settings=settings,
            durable=False,
            vault=Vault(tmp_path / "home"),
        )

    return now


def remember(store: MemoryStore, content: str, *, day: int) -> None:
    """A text under a key that tells nothing: keys are not encrypted."""
    at = START + day * DAY
    with store.write() as w:
        store.remember(w, kind="lesson", content=content, key=f"day-{day}", happened_at=at, known_at=at)


def quiet(*_: object) -> None:
    """No progress."""


def encrypt(tmp_path: Path, signer: Signer) -> None:
    sealing.encrypt(tmp_path / "run" / JOURNAL_FILE, signer, Vault(tmp_path / "home"), START, quiet)


def filled(opened: Opened) -> None:
    with opened() as store:
        fill(store, 10)
        remember(store, SECRET, day=3)
        store.index()


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_nothing_of_a_text_or_its_vector_is_readable_on_disk(tmp_path: Path, signer: Signer, opened: Opened) -> None:
    filled(opened)
    vector = HashingEmbedder().embed([SECRET])[0].tobytes()
    assert SECRET.encode() in bytes_of(tmp_path / "run")
    encrypt(tmp_path, signer)
    with opened() as store:
        remember(store, f"{SECRET} again", day=4)
        store.index()
        found = store.search(SECRET, as_of=START + 10 * DAY)
        assert {item.content for item in found} == {SECRET, f"{SECRET} again"}
        assert len(store.situations) == 20
        assert store.verify()["problems"] == []
        kept = tmp_path / "kept.sqlite"
        copies.backup(store.journal, kept, signer, START + 11 * DAY)
        lines = list(copies.exported(store.journal))
    assert any(SECRET in line for line in lines)  # an export is in the clear, and says so
    raw = bytes_of(tmp_path / "run") + kept.read_bytes()
    assert b"winter" not in raw
    assert vector not in raw
    copies.restore(kept, tmp_path / "run" / JOURNAL_FILE, signer, Vault(tmp_path / "home"))
    with opened() as store:
        assert store.search(SECRET, as_of=START + 10 * DAY)
        store.forget("day-3", START + 12 * DAY, "asked to")
        assert store.verify()["problems"] == []


def test_a_wrong_or_missing_key_is_one_line_and_the_store_is_as_it_was(
    tmp_path: Path, signer: Signer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(opened)
    encrypt(tmp_path, signer)
    before = hashlib.sha256(bytes_of(tmp_path / "run")).hexdigest()
    monkeypatch.setenv(KEY, Fernet.generate_key().decode())
    with pytest.raises(JournalError, match=KEY):
        opened()
    monkeypatch.delenv(KEY)
    with pytest.raises(ConfigError, match=KEY):
        opened()
    monkeypatch.setenv(KEY, "abc")
    with pytest.raises(ConfigError, match="no Fernet key"):
        opened()
    assert hashlib.sha256(bytes_of(tmp_path / "run")).hexdigest() == before


def test_the_key_of_the_file_changes_while_another_writes(
    tmp_path: Path, signer: Signer, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop must not stop, nor write what the new key cannot open."""
    monkeypatch.delenv(KEY)
    monkeypatch.setenv(PASSPHRASE, "a long enough one")
    filled(opened)
    encrypt(tmp_path, signer)
    kept = tmp_path / "home" / "keys" / "memory.key"
    assert kept.stat().st_mode & 0o777 == 0o600
    old = kept.read_text()
    with opened() as loop:
        remember(loop, "before the change", day=5)
        sealing.rotate([tmp_path / "run" / JOURNAL_FILE], signer, Vault(tmp_path / "home"), START + DAY, quiet)
        assert kept.read_text() != old
        remember(loop, "after the change", day=6)
    with opened() as store:
        assert {item.content for item in store.recent(3)} == {"before the change", "after the change", SECRET}
        assert store.verify()["problems"] == []
        used = [fact.data for fact in store.journal.facts([sealing.USED])]
    assert [item["purpose"] for item in used] == ["encrypt", "rotate"]
    kept.write_text(old)
    with pytest.raises(JournalError):
        opened()  # the old key opens nothing any more


def test_encrypting_goes_on_where_it_was_stopped(tmp_path: Path, signer: Signer, opened: Opened) -> None:
    filled(opened)

    def stop(_: str, count: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sealing.encrypt(tmp_path / "run" / JOURNAL_FILE, signer, Vault(tmp_path / "home"), START, stop)
    encrypt(tmp_path, signer)
    assert b"winter" not in bytes_of(tmp_path / "run")
    with Journal.open(tmp_path / "run" / JOURNAL_FILE, signer, vault=Vault(tmp_path / "home")) as journal:
        assert journal.verify() == []
