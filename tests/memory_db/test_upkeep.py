"""What a person does with memory: import, forget, clean up, copy; nothing else is lost by it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db.copies import backup, exported, rebuilt, restore
from memory_db.journal import Journal
from memory_db.lines import MAX_LINE, bounded, import_lines
from memory_db.periods import Period, summary
from memory_db.store import MemoryStore
from memory_db.upkeep import decayed
from tests.memory_db.fakes import DAY, START, HashingEmbedder, fill, remember

LATER = START + 1000 * DAY
GOOD = b'{"kind": "lesson", "content": "kept", "key": "k", "happened_at": "2014-01-02T00:00:00Z"}\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"kind": "rumour", "content": "x"}', "kind 'rumour' is not known"),
        (b'{"kind": "lesson"}', "content is missing"),
        (b'{"kind": "lesson", "content": "x", "happened_at": "2014-01-02T00:00:00"}', "has no time zone"),
        (b'{"kind": "lesson", "content": "x", "happened_at": "yesterday"}', "is not a time"),
        (
            b'{"kind": "lesson", "content": "x", "happened_at": "2014-01-02T00:00:00Z", "known_at": "2014-01-01T00:00:00Z"}',
            "known_at is before happened_at",
        ),
        (b'{"kind": "lesson", "content": "x", "importance": NaN}', "NaN is not a number"),
        (b'{"kind": "lesson", "content": "x", "importance": 7}', "importance 7.0 is not in 0 to 2"),
        (b'{"kind": "lesson", "content": "x", "importance": true}', "importance = True is not a number"),
        (b'{"kind": "lesson", "content": "x", "vector": [1]}', "field 'vector' is not known"),
        (b'{"kind": "lesson", "content": "x", "metadata": {"a": "\\ud800"}}', "metadata cannot be stored"),
        (b'{"kind": "lesson", "content": "' + b"x" * 20_001 + b'"}', "content has 20001 characters"),
        (b'{"kind": "lesson", "content": "' + b"x" * MAX_LINE + b'"}', "the line is longer than"),
        (b'{"kind": "lesson", "cont', "not a whole JSON object"),
        (b"[1, 2]", "a JSON list is no memory"),
        (b'{"kind": "lesson", "content": "\xff"}', "is not UTF-8"),
        (b"[" * 100_000, "not a whole JSON object"),
    ],
)
def test_import_a_bad_line_is_refused_with_its_reason_and_the_rest_is_kept(
    store: MemoryStore, tmp_path: Path, line: bytes, reason: str
) -> None:
    (tmp_path / "lines").write_bytes(GOOD + line + b"\n\n" + GOOD.replace(b'"k"', b'"l"'))
    with (tmp_path / "lines").open("rb") as file:
        done = import_lines(store.journal, bounded(file), LATER)
    assert (done.imported, done.duplicates, [item["line"] for item in done.rejected]) == (2, 0, [2])
    assert reason in done.rejected[0]["reason"]
    assert store.journal.verify() == []
    assert store.journal.last_seq == 2


def test_import_the_same_key_twice_is_one_memory_and_both_are_acknowledged(store: MemoryStore) -> None:
    heard: list[str] = []
    done = import_lines(store.journal, [GOOD, GOOD], LATER, batch=1, acknowledge=heard.append)
    assert (done.imported, done.duplicates, heard) == (1, 1, ["k", "k"])
    assert [m.key for m in store.search("kept", as_of=LATER)] == ["k"]


def test_import_times_default_to_happened_then_to_now(store: MemoryStore) -> None:
    import_lines(store.journal, [GOOD, b'{"kind": "lesson", "content": "no time"}'], LATER)
    first, second = store.journal.facts()
    assert first.known_at == first.happened_at == datetime(2014, 1, 2, tzinfo=UTC)
    assert second.known_at == second.happened_at == LATER


def test_import_cannot_take_the_key_of_a_fact_that_the_agent_will_write(store: MemoryStore) -> None:
    import_lines(store.journal, [GOOD.replace(b'"k"', b'"shadow:S0-00000"')], LATER)
    fill(store, 10, symbols=1)
    assert store.situations.settled() == 7


def said(store: MemoryStore, key: str, text: str, minutes: int) -> None:
    at = START + timedelta(minutes=minutes)
    with store.write() as w:
        store.remember(w, kind="dialog", content=text, key=key, happened_at=at, known_at=at)


def test_forget_leaves_no_trace_of_the_content_and_the_chain_holds(tmp_path: Path, store: MemoryStore) -> None:
    said(store, "secret", "the vault opens with xylophone", 0)
    said(store, "after", "good to know", 1)
    store.index()
    done = store.forget("secret", LATER, "asked to")
    assert (done.kind, done.key, done.backups) == ("dialog", "secret", [])
    assert store.verify()["ok"]
    assert store.search("xylophone vault", as_of=LATER, mode="text") == []
    assert {m.key for m in store.search("xylophone vault", as_of=LATER)} <= {"after"}
    assert {m.key for m in store.recent(5)} == {"after"}
    store.index()
    store.close()
    for file in (tmp_path / "run").rglob("*"):
        assert file.is_dir() or b"xylophone" not in file.read_bytes(), file


def test_forget_names_the_backups_that_still_hold_it(tmp_path: Path, store: MemoryStore, signer: Signer) -> None:
    remember(store, "first")
    backup(store.journal, tmp_path / "early.sqlite", signer, LATER)
    remember(store, "second")
    backup(store.journal, tmp_path / "late.sqlite", signer, LATER + DAY)
    assert store.forget("0:second", LATER + 2 * DAY, "asked to").backups == [str(tmp_path / "late.sqlite")]
    with pytest.raises(ConfigError, match="was forgotten before"):
        store.forget("0:second", LATER, "again")
    with pytest.raises(ConfigError, match="there is no memory 'm77'"):
        store.forget("m77", LATER, "no such")


def test_cleanup_archives_and_an_earlier_recall_still_sees_it(store: MemoryStore) -> None:
    remember(store, "gap on the open", kind="market_event", day=0)
    remember(store, "gap lesson", kind="lesson", day=0)
    assert store.cleanup(LATER) == 1
    assert store.cleanup(LATER + DAY) == 0
    assert [m.content for m in store.search("gap", as_of=LATER + DAY)] == ["gap lesson"]
    assert len(store.search("gap", as_of=LATER - DAY)) == 2
    assert store.verify()["ok"]


def test_cleanup_the_cap_keeps_the_weightiest_of_each_kind_and_symbol(store: MemoryStore) -> None:
    for i in range(6):
        remember(store, f"lesson {i}", symbol="A", day=i, importance=2.0 if i == 0 else 1.0)
    remember(store, "other", symbol="B")
    listing = store._texts().listing()  # type: ignore[union-attr]
    assert decayed(listing, set(), START + 10 * DAY, Recall(cap_texts=3)) == [2, 3, 4]


def test_backup_restored_answers_as_before(tmp_path: Path, store: MemoryStore, signer: Signer) -> None:
    fill(store, 30)
    remember(store, "kept in the copy")
    copy = tmp_path / "copy.sqlite"
    count = backup(store.journal, copy, signer, LATER)
    remember(store, "after the copy")
    assert restore(copy, tmp_path / "other" / "journal.sqlite", signer) == count
    settings = Settings(recall=Recall(k=5, min_settled=4))
    with MemoryStore.open(
        tmp_path / "other", signer=signer, embedder=HashingEmbedder(), settings=settings, durable=False
    ) as again:
        assert again.verify()["ok"]
        assert [m.content for m in again.search("copy", as_of=LATER)] == ["kept in the copy"]
        assert len(again.situations) == 60


def test_restore_of_a_changed_backup_is_refused_and_changes_nothing(tmp_path: Path, store: MemoryStore, signer: Signer) -> None:
    remember(store, "the truth")
    copy = tmp_path / "copy.sqlite"
    backup(store.journal, copy, signer, LATER)
    copy.write_bytes(copy.read_bytes().replace(b"the truth", b"the trust"))
    target = tmp_path / "run" / "journal.sqlite"
    before = target.read_bytes()
    with pytest.raises(JournalError, match="does not verify"):
        restore(copy, target, signer)
    assert target.read_bytes() == before
    with pytest.raises(ConfigError, match="there is no backup"):
        restore(tmp_path / "none", target, signer)


def test_backup_never_overwrites(tmp_path: Path, store: MemoryStore, signer: Signer) -> None:
    remember(store, "one")
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ConfigError, match="exists; name a new place"):
        backup(store.journal, tmp_path / "taken", signer, LATER)


def test_export_rebuilds_facts_state_and_vectors(tmp_path: Path, store: MemoryStore, signer: Signer) -> None:
    fill(store, 20)
    remember(store, "gone soon")
    remember(store, "a lesson of breakouts")
    store.embed_texts()
    store.forget("0:gone soon", LATER, "asked to")
    with store.write() as w:
        w.add("note", {}, key="n", happened_at=START, known_at=START, sets=[("space", "x", {"y": 1})])
    lines = [line.encode() for line in exported(store.journal)]
    with Journal.open(tmp_path / "again" / "journal.sqlite", signer, durable=False) as journal:
        assert rebuilt(journal, lines) == store.journal.last_seq
        assert journal.verify() == []
        assert [line.encode() for line in exported(journal)] == lines
        assert journal.state("space") == {"x": {"y": 1}}
        with pytest.raises(ConfigError, match="has facts already"):
            rebuilt(journal, lines)
    with (
        Journal.open(tmp_path / "bad" / "journal.sqlite", signer, durable=False) as journal,
        pytest.raises(ConfigError, match="line 1 is no exported fact"),
    ):
        rebuilt(journal, [b'{"kind": "lesson"}'])


def test_compare_counts_what_became_known_in_each_period(store: MemoryStore) -> None:
    fill(store, 10, symbols=1)
    remember(store, "x", importance=2.0)
    first = summary(store.journal, Period.parse("20140101-20140105"))
    paid = [
        json.loads(fact.payload or "{}")["buy"] for fact in store.journal.facts(["shadow"]) if fact.known_at < START + 5 * DAY
    ]
    assert first["mean importance"] == 2.0
    assert first["shadow buy mean R"] == pytest.approx(np.mean(paid))
    assert summary(store.journal, Period.parse("20200101-20200105"))["facts"] == 0
    with pytest.raises(ConfigError, match="is not YYYYMMDD-YYYYMMDD"):
        Period.parse("2014")
    with pytest.raises(ConfigError, match="ends before it begins"):
        Period.parse("20140105-20140101")


def test_rebuild_makes_every_index_again(store: MemoryStore) -> None:
    fill(store, 20)
    remember(store, "a lesson")
    store.index()
    assert store.rebuild() == {"embedded": 0, "words": 1, "situations": 40, "episodes": 1}
    assert store.verify()["ok"]
