import json
import sqlite3
import stat
from datetime import datetime
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sqlalchemy import Connection, text

from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from memory_db import schema
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from memory_db.writer import Commit, Set, Writer
from tests.memory_db.fakes import DAY, DAY_NS, START, fill


def put(
    w: Writer, name: str, *, day: int = 0, kind: str = "note", symbol: str | None = None, sets: list[Set] | None = None
) -> int:
    at = START + day * DAY
    return w.add(kind, {"name": name}, key=name, happened_at=at, known_at=at, symbol=symbol, sets=sets or [])


def test_fact_written_is_read_back_with_all_its_columns(journal: Journal) -> None:
    with journal.write() as w:
        seq = w.add(
            "trade",
            {"b": 1.5, "a": "ü"},
            key="t1",
            happened_at=START,
            known_at=START + DAY,
            symbol="SPX",
            writer="operator",
            trust="operator",
        )
    fact = journal.get("t1")
    assert fact is not None
    assert (fact.seq, fact.kind, fact.symbol, fact.writer, fact.trust) == (seq, "trade", "SPX", "operator", "operator")
    assert (fact.happened_at, fact.known_at) == (START, START + DAY)
    assert fact.payload == '{"a":"ü","b":1.5}'
    assert fact.data == {"a": "ü", "b": 1.5}
    assert journal.get("t2") is None


def test_key_used_twice_is_one_fact_and_changes_no_state(journal: Journal) -> None:
    with journal.write() as w:
        assert put(w, "a", sets=[("book", "cash", 1)]) == 1
        assert put(w, "a", sets=[("book", "cash", 2)]) == 1
    with journal.write() as w:
        assert put(w, "a", sets=[("book", "cash", 3)]) == 1
    assert journal.last_seq == 1
    assert journal.state("book") == {"cash": 1}
    assert journal.verify() == []


def test_write_that_fails_leaves_nothing_and_calls_nobody(journal: Journal) -> None:
    heard: list[Commit] = []
    journal.listen(heard.append)

    def fail() -> None:
        with journal.write() as w:
            put(w, "a", sets=[("book", "cash", 1)])
            w.after_commit(heard.append)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (journal.last_seq, journal.state("book"), heard) == (0, {}, [])
    with journal.write() as w:
        put(w, "b")
        w.after_commit(heard.append)
    assert [(c.before, c.last, [f.key for f in c.facts]) for c in heard] == [(0, 1, ["b"])] * 2
    assert journal.verify() == []


def test_error_of_the_writer_s_own_code_is_not_called_a_journal_error(journal: Journal) -> None:
    with pytest.raises(FileNotFoundError), journal.write():
        Path("/nowhere/at/all").read_text()
    assert journal.last_seq == 0


def test_write_inside_a_write_is_refused_instead_of_hanging(journal: Journal) -> None:
    with pytest.raises(JournalError, match="inside another"), journal.write(), journal.write():
        pass


def test_state_last_write_wins_and_null_deletes(journal: Journal) -> None:
    with journal.write() as w:
        put(w, "a", sets=[("skill", "x", {"n": 1}), ("skill", "y", [1]), ("other", "x", 0)])
        put(w, "b", sets=[("skill", "x", {"n": 2}), ("skill", "y", None)])
    assert journal.state("skill") == {"x": {"n": 2}}
    assert journal.state("other") == {"x": 0}
    assert journal.verify() == []


def test_facts_filters_order_and_pages_agree_with_a_plain_list(journal: Journal) -> None:
    with journal.write() as w:
        for i in range(2300):
            put(w, f"f{i}", day=i % 40, kind=f"k{i % 3}", symbol=f"S{i % 2}")
    everything = list(journal.facts())
    assert [f.seq for f in everything] == list(range(1, 2301))
    chosen = [
        f.key for f in everything if f.kind in ("k0", "k2") and f.symbol == "S1" and f.known_at <= START + 20 * DAY and f.seq > 50
    ]
    assert [f.key for f in journal.facts(("k0", "k2"), "S1", after_seq=50, known_by=START + 20 * DAY)] == chosen
    newest = journal.facts(["k0", "k2"], "S1", after_seq=50, known_by=START + 20 * DAY, newest_first=True, limit=1500)
    assert [f.key for f in newest] == chosen[::-1][:1500]
    assert [f.seq for f in journal.by_seq([2000, 3, 9999])] == [3, 2000]


@pytest.mark.parametrize(
    ("happened", "known", "message"),
    [
        (datetime(2014, 1, 1), START, "happened_at 2014-01-01T00:00:00 has no time zone"),  # noqa: DTZ001 - the case under test
        (START + DAY, START, "before its happened_at"),
    ],
)
def test_fact_with_times_that_cannot_be_is_refused(journal: Journal, happened: datetime, known: datetime, message: str) -> None:
    with pytest.raises(ConfigError, match=message), journal.write() as w:
        w.add("note", {}, key="a", happened_at=happened, known_at=known)
    assert journal.last_seq == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), "\ud800"])
def test_payload_that_json_cannot_hold_is_refused(journal: Journal, value: object) -> None:
    with pytest.raises(ConfigError, match="note a cannot be stored"), journal.write() as w:
        w.add("note", {"x": value}, key="a", happened_at=START, known_at=START)


def test_vector_that_is_not_finite_is_refused(journal: Journal) -> None:
    with pytest.raises(ConfigError, match="finite"), journal.write() as w:
        w.vector(put(w, "a"), "m:2", np.array([1.0, np.nan], dtype=np.float32))


def test_journal_files_are_readable_by_their_owner_only(store: MemoryStore) -> None:
    journal = store.journal
    with journal.write() as w:
        put(w, "a")
    folder = Path(journal.where).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) != 0o600
    } == {}


@pytest.mark.parametrize("durable", [True, False])
def test_journal_reopened_goes_on_where_it_was(tmp_path: Path, signer: Signer, durable: bool) -> None:
    path = tmp_path / "j.sqlite"
    for name in ("a", "b"):
        with Journal.open(path, signer, durable=durable) as journal, journal.write() as w:
            put(w, name, sets=[("names", name, True)])
    with Journal.open(str(path), signer) as journal:
        assert [f.key for f in journal.facts()] == ["a", "b"]
        assert journal.state("names") == {"a": True, "b": True}
        assert journal.verify() == []


def test_sqlite_url_and_path_are_the_same_journal(tmp_path: Path, signer: Signer) -> None:
    with Journal.open(f"sqlite:///{tmp_path}/j.sqlite", signer) as journal, journal.write() as w:
        put(w, "a")
    with Journal.open(tmp_path / "j.sqlite", signer) as journal:
        assert journal.get("a") is not None


def test_journal_of_a_newer_version_is_refused_in_one_line(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "j.sqlite"
    Journal.open(path, signer).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    raw.close()
    with pytest.raises(JournalError, match="schema version 99, this program knows 1; upgrade") as caught:
        Journal.open(path, signer)
    assert "\n" not in str(caught.value)


def test_migration_of_an_older_journal_runs_once_and_is_remembered(journal: Journal) -> None:
    ran: list[int] = []

    def step(connection: Connection) -> None:
        ran.append(1)
        connection.execute(text("ALTER TABLE facts ADD COLUMN extra TEXT"))

    for _ in range(2):
        with journal._engine.execution_options(tradecraft_write=True).begin() as connection:
            schema.prepare(connection, "j", (step,))
    assert ran == [1]


def test_journal_that_is_another_file_is_refused_in_one_line(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(JournalError, match="not a database"):
        Journal.open(path, signer)


def test_journal_in_a_place_that_is_a_file_is_refused_in_one_line(tmp_path: Path, signer: Signer) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal.open(tmp_path / "run" / "j.sqlite", signer)


def test_url_without_a_place_for_its_head_is_refused(signer: Signer) -> None:
    with pytest.raises(ConfigError, match="signed head"):
        Journal.open("postgresql://someone:secret@localhost/none", signer)


def test_journal_signed_by_another_key_can_be_read_but_not_written(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "j.sqlite"
    with Journal.open(path, signer) as journal, journal.write() as w:
        put(w, "a")
    other = Signer.load_or_create(tmp_path / "other", "agent")
    with Journal.open(path, other) as journal:
        assert journal.get("a") is not None
        assert "is signed by key" in journal.verify()[0]
        with pytest.raises(JournalError, match="is signed by key"), journal.write():
            pass


def test_head_older_than_the_journal_is_fine(tmp_path: Path, signer: Signer) -> None:
    path = tmp_path / "j.sqlite"
    head = Path(f"{path}.head")
    with Journal.open(path, signer) as journal:
        with journal.write() as w:
            put(w, "a")
        older = head.read_bytes()
        with journal.write() as w:
            put(w, "b")
    head.write_bytes(older)
    with Journal.open(path, signer) as journal:
        assert journal.verify() == []
        with journal.write() as w:
            put(w, "c")
    assert json.loads(head.read_text())["seq"] == 3


def test_closed_journal_says_so(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="is closed"), journal.write():
        pass


def test_threads_writing_and_recalling_at_once_lose_nothing(store: MemoryStore) -> None:
    fill(store, 60)
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for i in range(30):
                with store.write() as w:
                    put(w, f"{name}{i}", sets=[("threads", name, i)])
                query = store.situations._columns.vectors[i]
                found = store.recall(query, symbol="S0", as_of=START + 90 * DAY, horizon_ns=3 * DAY_NS)
                assert found.settled == 114
                assert store.journal.get(f"{name}{i}") is not None
        except AssertionError as err:
            failures.append(err)

    threads = [Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.journal.state("threads") == dict.fromkeys("abcd", 29)
    assert store.verify()["ok"]
