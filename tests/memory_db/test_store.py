import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, HashingEmbedder, fill, remember

ROOT = Path(__file__).parents[2]


def test_store_that_is_empty_answers_with_nothing(store: MemoryStore) -> None:
    assert store.search("anything", as_of=START) == []
    assert store.recent(3) == []
    assert store.index() == {"embedded": 0, "words": 0, "situations": 0, "episodes": 0}
    assert store.verify() == {"ok": True, "facts": 0, "indexed": 0, "problems": []}
    assert store.stats(START)["facts"] == 0


def test_stats_count_by_kind_symbol_age_and_importance(store: MemoryStore) -> None:
    fill(store, 10, symbols=1)
    remember(store, "critical", day=2, symbol="S0", importance=2.0)
    remember(store, "normal", day=30)
    assert store.stats(START + 31 * DAY) == {
        "facts": 19,
        "memories": 2,
        "archived": 0,
        "situations": 10,
        "settled": 7,
        "compared": {"distance": "documented", "blocks": 0},
        "by_kind": {"lesson": 2, "shadow": 7, "situation": 10},
        "by_symbol": {"S0": 18},
        "memories_by_kind": {"lesson": 2},
        "by_age": {"hour": 0, "day": 0, "week": 1, "month": 1, "year": 0, "older": 0},
        "by_importance": {"low": 0, "normal": 1, "high": 0, "critical": 1},
        "mean_importance": 1.5,
        "oldest": (START + DAY).isoformat(),
        "newest": (START + 30 * DAY).isoformat(),
    }
    lately = store.stats(START + 3 * DAY, "S0", START + 2 * DAY)
    assert lately["by_kind"] == {"lesson": 1, "situation": 2}
    assert lately["memories"] == 1


def test_cleanup_archives_the_oldest_situations_beyond_the_cap(tmp_path: Path, signer: Signer) -> None:
    """Recall as of before the cleanup still finds them; a fresh start does not bring them back."""
    chosen = Settings(recall=Recall(k=3, min_settled=2, cap_situations=6))
    query = np.zeros(6, dtype=np.float32)

    def settled(store: MemoryStore, day: int) -> int:
        return store.recall(query, symbol="Q", as_of=START + day * DAY, horizon_ns=DAY_NS).settled

    with MemoryStore.open(tmp_path / "r", signer=signer, embedder=None, settings=chosen, durable=False) as store:
        fill(store, 10, symbols=1)
        assert store.cleanup(START + 20 * DAY) == 4
        assert (settled(store, 19), settled(store, 20)) == (7, 3)
        assert store.cleanup(START + 21 * DAY) == 0
    with MemoryStore.open(tmp_path / "r", signer=signer, embedder=None, settings=chosen, durable=False) as store:
        assert (settled(store, 19), settled(store, 20)) == (7, 3)


def test_verify_names_situations_without_their_numbers(store: MemoryStore) -> None:
    fill(store, 5, symbols=1)
    with store.journal._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM vectors WHERE fact_seq = 2")
    report = store.verify()
    assert report["problems"] == ["1 situations have lost their vectors; restore a backup"]
    assert not report["ok"]


def test_open_without_a_memory_there_says_what_to_do(tmp_path: Path, signer: Signer, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="there is no memory in"):
        MemoryStore.open(tmp_path / "none", signer=signer, embedder=None, settings=settings, durable=True, create=False)
    assert not (tmp_path / "none").exists()


def test_open_where_a_file_stands_is_one_line(tmp_path: Path, signer: Signer, settings: Settings) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written") as caught:
        MemoryStore.open(tmp_path / "file", signer=signer, embedder=None, settings=settings, durable=True)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_open_in_a_read_only_folder_is_one_line(tmp_path: Path, signer: Signer, settings: Settings) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(JournalError, match="cannot be written"):
        MemoryStore.open(folder, signer=signer, embedder=None, settings=settings, durable=True)


def test_store_opened_and_asked_for_situations_loads_no_heavy_library(tmp_path: Path) -> None:
    code = """
import sys, pathlib
from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, DAY_NS, START, fill
import numpy as np
folder = pathlib.Path(sys.argv[1])
signer = Signer.load_or_create(folder, "agent")
with MemoryStore.open(folder, signer=signer, embedder=None, settings=Settings(), durable=False) as store:
    fill(store, 40)
    store.recall(np.zeros(6, dtype=np.float32), symbol="S0", as_of=START + 40 * DAY, horizon_ns=DAY_NS)
print([name for name in ("chromadb", "torch", "sentence_transformers") if name in sys.modules])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "[]"


def test_store_written_twice_the_same_recalls_the_same(tmp_path: Path, signer: Signer, settings: Settings) -> None:
    answers = []
    for name in ("first", "second"):
        with MemoryStore.open(
            tmp_path / name, signer=signer, embedder=HashingEmbedder(), settings=settings, durable=False
        ) as store:
            fill(store, 60)
            remember(store, "a lesson", day=3)
            query = store.situations._columns.vectors[11]
            recalled = store.recall(query, symbol="S0", as_of=START + 60 * DAY, horizon_ns=3 * DAY_NS)
            answers.append((recalled, store.search("lesson", as_of=START + 60 * DAY)))
    assert answers[0] == answers[1]
    assert answers[0][0].estimate is not None
