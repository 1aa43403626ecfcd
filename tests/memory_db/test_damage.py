"""A changed cell of anything stored is found by verify, and a full disk or a wrong place leaves the store as it was."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import JournalError
from agent.guard.signing import Signer
from agent.settings import Settings
from memory_db.place import JOURNAL_FILE
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, START, HashingEmbedder, fill, remember

ROOT = Path(__file__).parents[2]
COLUMNS = {
    "facts": ("kind", "symbol", "happened_at", "known_at", "key", "writer", "trust", "payload", "sets",
              "salt", "digest", "prev", "hash"),
    "vectors": ("fact_seq", "fingerprint", "part", "blob", "checksum"),
    "state": ("space", "key", "value", "seq"),
}  # fmt: skip


def opened(folder: Path, signer: Signer) -> MemoryStore:
    return MemoryStore.open(folder, signer=signer, embedder=HashingEmbedder(), settings=Settings(), durable=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Signer]:
    """A small store with everything in it, indexed."""
    folder = tmp_path_factory.mktemp("whole")
    signer = Signer.load_or_create(folder, "agent")
    with opened(folder / "run", signer) as store:
        fill(store, 3)
        remember(store, "the gap closed by noon", day=2, kind="lesson")
        with store.write() as w:
            w.add("note", {"n": 1}, key="n", happened_at=START, known_at=START, sets=[("book", "cash", 5)])
        store.index()
    return folder, signer


def changed(value: object, data: st.DataObject) -> object:
    """Something else in the place of a cell: a byte, a character or a number is another."""
    if value is None:
        return "x"
    if isinstance(value, int):
        return value + data.draw(st.integers(1, 10**6))
    place = data.draw(st.integers(0, len(value) - 1))  # type: ignore[arg-type]  # bytes or text
    if isinstance(value, bytes):
        return value[:place] + bytes([value[place] ^ data.draw(st.integers(1, 255))]) + value[place + 1 :]
    text = str(value)
    return text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_cell_is_found(whole: tuple[Path, Signer], data: st.DataObject) -> None:
    folder, signer = whole
    path = folder / "run" / JOURNAL_FILE
    table = data.draw(st.sampled_from(sorted(COLUMNS)))
    column = data.draw(st.sampled_from(COLUMNS[table]))
    with sqlite3.connect(path) as db:
        rows = db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
        number, value = rows[data.draw(st.integers(0, len(rows) - 1))]
        wrong = changed(value, data)
        try:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (wrong, number))
        except sqlite3.IntegrityError:
            return  # the database itself refuses that one
    try:
        with opened(folder / "run", signer) as store:
            assert store.verify()["problems"]
    except (JournalError, ValueError, KeyError):
        pass  # it shows on opening already
    finally:
        with sqlite3.connect(path) as db:
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, number))


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE docs SET importance = 2 WHERE seq = (SELECT max(seq) FROM docs)",
        "UPDATE docs SET known = known + 1",
        "INSERT INTO words(rowid, content) VALUES (99, 'more words')",
        "UPDATE words_data SET block = zeroblob(length(block)) WHERE id > 10",
    ],
)
def test_a_changed_word_index_is_found_and_rebuilt(whole: tuple[Path, Signer], damage: str) -> None:
    """A search would else miss a memory, or weigh it wrongly, and nobody would know."""
    folder, signer = whole
    with sqlite3.connect(folder / "run" / "index" / "lexical.sqlite") as db:
        db.execute(damage)
    with opened(folder / "run", signer) as store:
        assert any("word index" in problem for problem in store.verify()["problems"])
        store.rebuild()
        assert store.verify()["ok"]
        assert store.search("gap noon", as_of=START + 9 * DAY)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))


def test_a_full_disk_is_one_line_and_nothing_is_half_stored(tmp_path: Path) -> None:
    """Files may not grow beyond 300 kB in the child, which is what a full disk looks like from inside."""
    lines = tmp_path / "lines.jsonl"
    lines.write_text(
        "".join(json.dumps({"kind": "lesson", "content": f"{n} " + "x" * 2000, "key": str(n)}) + "\n" for n in range(300))
    )
    words = [sys.executable, "-m", "agent", "--home", str(tmp_path / "home"), "memory"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*words, "import", "--jsonl", str(lines), "--ack"],
        env=env,
        capture_output=True,
        text=True,
        preexec_fn=_limited,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    acknowledged = {json.loads(line)["key"] for line in done.stdout.splitlines()}
    signer = Signer.load_or_create(tmp_path / "home", "agent")
    with opened(tmp_path / "home" / "runs" / "paper", signer) as store:
        assert store.journal.verify() == []
        kept = {fact.key.removeprefix("import:") for fact in store.journal.facts(["lesson"])}
    assert acknowledged <= kept
    assert len(kept) % 100 == 0  # batches are whole or not there
