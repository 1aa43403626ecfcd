"""Opening from a snapshot answers as opening from the journal, and a doubtful snapshot is never used."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import memory_db.store
from agent.guard.signing import Signer
from agent.settings import Settings
from memory_db import copies, snapshot
from memory_db.place import JOURNAL_FILE
from memory_db.situations import SituationRecall
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, HashingEmbedder, fill


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_db.store, "_WORTH_SAVING", 1)


def opened(folder: Path, signer: Signer, chosen: Settings) -> MemoryStore:
    return MemoryStore.open(folder, signer=signer, embedder=HashingEmbedder(), settings=chosen, durable=False)


def asked(store: MemoryStore, day: int = 30) -> SituationRecall:
    query = np.linspace(-1, 1, 6, dtype=np.float32)
    return store.recall(query, symbol="Q", as_of=START + day * DAY, horizon_ns=DAY_NS)


def test_an_opening_from_a_snapshot_and_what_came_later_answers_as_before(
    tmp_path: Path, signer: Signer, settings: Settings
) -> None:
    folder = tmp_path / "run"
    with opened(folder, signer, settings) as store:
        fill(store, 20)
    assert (folder / "index" / snapshot.FILE).stat().st_mode & 0o777 == 0o600
    with opened(folder, signer, settings) as store:
        assert store.situations.unsaved() == 0  # nothing was read from the journal again
        fill(store, 5, start=20)
        before = asked(store)
    (folder / "index" / snapshot.FILE).unlink()
    with opened(folder, signer, settings) as store:
        assert asked(store) == before
        assert before.settled == 2 * 22


def test_a_snapshot_of_facts_that_a_restore_took_back_is_not_used(tmp_path: Path, signer: Signer, settings: Settings) -> None:
    folder, kept = tmp_path / "run", tmp_path / "kept.sqlite"
    with opened(folder, signer, settings) as store:
        fill(store, 10)
        copies.backup(store.journal, kept, signer, START)
        fill(store, 10, start=10)
    copies.restore(kept, folder / JOURNAL_FILE, signer)
    with opened(folder, signer, settings) as store:
        assert len(store.situations) == 20


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_changed_byte_shows(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """A flipped byte would else change what similar situations paid."""
    folder = tmp_path_factory.mktemp("flip")
    signer = Signer.load_or_create(folder, "agent")
    with opened(folder / "run", signer, Settings()) as store:
        fill(store, 3)
    path = folder / "run" / "index" / snapshot.FILE
    raw = bytearray(path.read_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(raw)
    assert snapshot.load(path) is None
    with opened(folder / "run", signer, Settings()) as store:
        assert len(store.situations) == 6
        assert any("situations.npz is damaged" in problem for problem in store.verify()["problems"])
