import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agent.errors import JournalError
from agent.guard.signing import Signer
from memory_db.journal import Journal
from tests.memory_db.fakes import DAY, START


@pytest.fixture
def path(tmp_path: Path, signer: Signer) -> Path:
    """A closed journal of six facts with state and vectors."""
    where = tmp_path / "j.sqlite"
    with Journal.open(where, signer) as journal:
        for i in range(6):
            with journal.write() as w:
                at = START + i * DAY
                seq = w.add("note", {"i": i}, key=f"n{i}", happened_at=at, known_at=at, symbol="X", sets=[("s", f"k{i % 3}", i)])
                w.vector(seq, "m:3", np.array([i, 1, 2], dtype=np.float32))
        assert journal.verify() == []
    return where


def problems(path: Path, signer: Signer) -> list[str]:
    with Journal.open(path, signer) as journal:
        return journal.verify()


def change(path: Path, statement: str) -> None:
    raw = sqlite3.connect(path)
    with raw:
        raw.execute(statement)
    raw.close()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("""UPDATE facts SET payload = '{"i":9}' WHERE seq = 3""", "fact 3 (note): its payload was changed"),
        ("UPDATE facts SET payload = CAST(x'ff7b' AS TEXT) WHERE seq = 3", "cannot be read"),
        ("UPDATE facts SET salt = NULL WHERE seq = 3", "fact 3 (note): its payload or its salt is missing"),
        ("UPDATE facts SET known_at = known_at - 1 WHERE seq = 3", "fact 3 (note): its columns were changed"),
        ("UPDATE facts SET symbol = NULL WHERE seq = 6", "fact 6 (note): its columns were changed"),
        ("UPDATE facts SET trust = 'operator' WHERE seq = 2", "fact 2 (note): its columns were changed"),
        ("DELETE FROM facts WHERE seq = 3", "fact 4 (note): facts 3 to 3 are missing"),
        ("DELETE FROM facts WHERE seq = 1", "fact 2 (note): facts 1 to 1 are missing"),
        ("UPDATE state SET value = '7' WHERE key = 'k1'", "state s/k1 is not what the facts lead to"),
        ("DELETE FROM state WHERE key = 'k2'", "state s/k2 is not what the facts lead to"),
        ("INSERT INTO state VALUES ('s', 'new', '1', 2)", "state s/new is not what the facts lead to"),
        (
            "UPDATE vectors SET blob = x'000000000000803f00000040' WHERE fact_seq = 5",
            "vector of fact 5 (m:3): its bytes were changed",
        ),
        ("UPDATE vectors SET fact_seq = 77 WHERE fact_seq = 5", "vector of fact 77"),
    ],
)
def test_verify_anything_changed_behind_its_back_is_found(path: Path, signer: Signer, statement: str, expected: str) -> None:
    change(path, statement)
    found = problems(path, signer)
    assert any(expected in problem for problem in found), found


def test_verify_lost_tail_is_found_and_writing_over_it_refused(path: Path, signer: Signer) -> None:
    change(path, "DELETE FROM facts WHERE seq = 6")
    with Journal.open(path, signer) as journal:
        assert "its tail is lost" in journal.verify()[0]
        with pytest.raises(JournalError, match="tail is lost"), journal.write():
            pass


def test_verify_rewritten_history_with_good_hashes_is_found_by_the_head(path: Path, tmp_path: Path, signer: Signer) -> None:
    other = tmp_path / "other.sqlite"
    with Journal.open(other, signer) as journal, journal.write() as w:
        for i in range(6):
            w.add("note", {"i": -i}, key=f"n{i}", happened_at=START, known_at=START)
    path.write_bytes(b"")
    raw = sqlite3.connect(other)
    target = sqlite3.connect(path)
    raw.backup(target)
    raw.close()
    target.close()
    assert any("history was changed" in problem for problem in problems(path, signer))


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda head: head.unlink(), "is missing while the journal has facts"),
        (lambda head: head.write_text("{"), "cannot be read"),
        (lambda head: head.write_text(head.read_text().replace('"seq":6', '"seq":5')), "bad signature"),
    ],
)
def test_verify_damaged_head_is_found(path: Path, signer: Signer, damage: Callable[[Path], object], expected: str) -> None:
    damage(Path(f"{path}.head"))
    assert any(expected in problem for problem in problems(path, signer))


def test_verify_forgotten_payload_leaves_the_chain_whole(path: Path, signer: Signer) -> None:
    change(path, "UPDATE facts SET payload = NULL, salt = NULL WHERE seq = 3")
    assert problems(path, signer) == []


def test_verify_any_flipped_byte_of_a_payload_is_found(path: Path, signer: Signer) -> None:
    raw = bytearray(path.read_bytes())
    at = raw.find(b'{"i":4}')
    assert at > 0
    raw[at + 5] ^= 1
    path.write_bytes(raw)
    assert any("fact 5 (note): its payload was changed" in problem for problem in problems(path, signer))
