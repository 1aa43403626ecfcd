import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.embedding import SentenceEmbedder
from agent.errors import JournalError
from agent.guard.signing import Signer
from agent.settings import Embedding, Recall, Settings
from memory_db.situations import SituationRecall
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, HashingEmbedder, fill, remember

ROOT = Path(__file__).parents[2]
LATER = START + 1000 * DAY
INDEXED = Settings(recall=Recall(k=5, min_settled=4, exact_below=10))
EXACT = Settings(recall=Recall(k=5, min_settled=4, exact=True))


@contextmanager
def opened(folder: Path, signer: Signer, settings: Settings = INDEXED) -> Iterator[MemoryStore]:
    with MemoryStore.open(folder, signer=signer, embedder=HashingEmbedder(), settings=settings, durable=False) as store:
        yield store


def queries(count: int) -> list[NDArray[np.float32]]:
    return [np.random.default_rng([8, i]).normal(size=6).astype(np.float32) for i in range(count)]


def recalls(store: MemoryStore) -> list[SituationRecall]:
    return [store.recall(query, symbol="S0", as_of=LATER, horizon_ns=3 * DAY_NS) for query in queries(10)]


@pytest.fixture
def folder(tmp_path: Path, signer: Signer) -> Path:
    """An indexed and closed memory of 300 situations and 30 texts."""
    where = tmp_path / "indexed"
    with opened(where, signer) as store:
        fill(store, 150)
        for day in range(30):
            remember(store, f"lesson {day} on {'breakouts' if day % 2 else 'gaps'}", day=day)
        assert store.index() == {"embedded": 30, "words": 30, "situations": 300, "episodes": 30}
        assert store.index() == {"embedded": 0, "words": 0, "situations": 0, "episodes": 0}
    return where


def test_index_and_exact_scan_recall_the_same(folder: Path, signer: Signer) -> None:
    with opened(folder, signer, EXACT) as store:
        exact = recalls(store)
        texts = [store.search(f"lesson {i} gap", as_of=LATER, k=5) for i in range(5)]
    with opened(folder, signer) as store:
        assert recalls(store) == exact
        assert [store.search(f"lesson {i} gap", as_of=LATER, k=5) for i in range(5)] == texts
        assert store.verify() == {"ok": True, "facts": store.journal.last_seq, "indexed": 330, "problems": []}


def test_index_what_came_after_it_is_recalled_too(folder: Path, signer: Signer) -> None:
    with opened(folder, signer) as store:
        fill(store, 60, start=150)
        remember(store, "a lesson on divergences", day=200)
        found = recalls(store)
        assert store.search("divergences", as_of=LATER)[0].content == "a lesson on divergences"
    with opened(folder, signer, EXACT) as store:
        assert recalls(store) == found
    with opened(folder, signer) as store:
        assert store.index() == {"embedded": 0, "words": 1, "situations": 120, "episodes": 1}
        assert recalls(store) == found


def test_index_belongs_to_one_and_the_other_answers_the_same(folder: Path, signer: Signer) -> None:
    with opened(folder, signer) as owner, opened(folder, signer) as other:
        expected = recalls(owner), owner.search("gap lesson", as_of=LATER)
        assert (recalls(other), other.search("gap lesson", as_of=LATER)) == expected
        with pytest.raises(JournalError, match="belongs to another process"):
            other.index()


def test_index_written_by_another_process_meanwhile_is_opened_as_it_is(folder: Path, tmp_path: Path, signer: Signer) -> None:
    with opened(folder, signer) as store:
        fill(store, 700, start=150)
        recalls(store)
    code = """
import sys, pathlib
from agent.guard.signing import Signer
from tests.memory_db.test_index import opened
with opened(pathlib.Path(sys.argv[1]), Signer.load_or_create(pathlib.Path(sys.argv[2]), "agent")) as store:
    store.index()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(folder), str(tmp_path / "home")], check=True, env=environment)
    with opened(folder, signer) as store:
        assert store.verify() == {"ok": True, "facts": store.journal.last_seq, "indexed": 1730, "problems": []}


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("name", ["chroma.sqlite3", "index_metadata.pickle", "data_level0.bin"])
def test_index_with_a_cut_file_is_noticed_answered_around_and_rebuilt(folder: Path, signer: Signer, name: str) -> None:
    with opened(folder, signer) as store:
        fill(store, 1000, start=150)  # enough for Chroma to write its files
        store.index()
    with opened(folder, signer, EXACT) as store:
        exact = recalls(store)
    files = list((folder / "index" / "chroma-1").rglob(name))
    assert files
    for file in files:
        cut(file)
    with opened(folder, signer) as store:
        assert recalls(store) == exact
        assert "index: " in store.verify()["problems"][0]
        assert store.index()["situations"] == 2300
        assert [path.name for path in (folder / "index").glob("chroma-*")] == ["chroma-2"]
        assert store.verify()["problems"] == []
        assert recalls(store) == exact


@pytest.mark.parametrize("damage", ["cut", "garbage", "gone"])
def test_word_index_that_is_damaged_is_built_anew(folder: Path, signer: Signer, damage: str) -> None:
    path = folder / "index" / "lexical.sqlite"
    with opened(folder, signer) as store:
        expected = store.search("gap lesson", as_of=LATER)
    if damage == "cut":
        cut(path)
    elif damage == "garbage":
        path.write_bytes(b"no index" * 500)
    else:
        path.unlink()
    with opened(folder, signer) as store:
        assert store.search("gap lesson", as_of=LATER) == expected
        assert store.index()["words"] == 30
        assert store.search("gap lesson", as_of=LATER) == expected


def test_index_that_is_short_of_its_mark_is_noticed(folder: Path, signer: Signer) -> None:
    state = folder / "index" / "state.json"
    content = json.loads(state.read_text())
    for mark in content["marks"].values():
        mark["count"] += 5
    state.write_text(json.dumps(content))
    with opened(folder, signer) as store:
        assert "holds 300 vectors" in store.verify()["problems"][0]
        assert store.index()["situations"] == 300
        assert store.verify()["ok"]


def test_index_of_another_journal_is_not_used(folder: Path, tmp_path: Path, signer: Signer) -> None:
    with opened(tmp_path / "other", signer) as store:
        fill(store, 40)
        remember(store, "one lesson")
    (folder / "index").rename(tmp_path / "other" / "index")
    with opened(tmp_path / "other", signer) as store:
        assert [memory.content for memory in store.search("lesson", as_of=LATER)] == ["one lesson"]
        assert "the index follows another journal" in store.verify()["problems"][0]
        assert store.index() == {"embedded": 0, "words": 1, "situations": 80, "episodes": 1}
        assert store.verify()["ok"]


def test_index_stopped_between_batches_goes_on_without_embedding_twice(tmp_path: Path, signer: Signer) -> None:
    class Stop(Exception):
        pass

    def stop_at_second(stage: str, done: int, total: int) -> None:
        if stage == "embed" and done > 4:
            raise Stop

    settings = Settings(embedding=Embedding(batch=4))
    embedder = HashingEmbedder()
    with MemoryStore.open(tmp_path / "m", signer=signer, embedder=embedder, settings=settings, durable=False) as store:
        for i in range(20):
            remember(store, f"lesson {i}")
        with pytest.raises(Stop):
            store.index(stop_at_second)
        assert store.index()["embedded"] == 12
        assert sorted(embedder.embedded) == sorted(f"lesson {i}" for i in range(20))
        assert store.verify() == {"ok": True, "facts": 20, "indexed": 20, "problems": []}


def test_real_embedder_finds_by_meaning_what_shares_no_word(tmp_path: Path, signer: Signer) -> None:
    with MemoryStore.open(
        tmp_path / "m", signer=signer, embedder=SentenceEmbedder(Embedding()), settings=INDEXED, durable=False
    ) as store:
        remember(store, "shares tumbled after the central bank raised rates", kind="market_event")
        remember(store, "client prefers short summaries", kind="preference")
        remember(store, "the strategy buys new highs on heavy trading", kind="pattern")
        store.index()
        found = store.search("stocks dropped when monetary policy tightened", as_of=LATER, k=1)
        assert found[0].kind == "market_event"
        assert 0.3 < found[0].parts.similarity < 0.6  # twice the cosine over 2.6: no word is shared
