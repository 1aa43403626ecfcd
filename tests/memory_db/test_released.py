"""A write that lets go of its locks for a while: others get through, and what was gathered follows behind them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import JournalError
from agent.guard.signing import Signer
from memory_db.journal import Journal
from memory_db.writer import Writer

WHEN = datetime(2020, 1, 6, tzinfo=UTC)


def _add(w: Writer, key: str) -> int:
    return w.add("note", {"text": key}, key=key, happened_at=WHEN, known_at=WHEN, sets=[("notes", key, 1)])


def _interrupted(journal: Journal) -> None:
    with journal.write() as w:
        _add(w, "lost")
        with journal.released(w), journal.write() as inner:
            _add(inner, "kept")
        raise KeyboardInterrupt


def _overtaken(journal: Journal, other: Journal) -> None:
    with journal.write() as w:
        _add(w, "mine")
        _add(w, "decision")
        with journal.released(w), other.write() as o:
            _add(o, "decision")


def test_others_write_while_a_write_is_released_and_the_chain_holds(tmp_path: Path) -> None:
    signer = Signer.load_or_create(tmp_path, "agent")
    with Journal.open(tmp_path / "j.sqlite", signer) as journal, Journal.open(tmp_path / "j.sqlite", signer) as other:
        with journal.write() as w:
            _add(w, "mine")
            with journal.released(w), other.write() as o:
                _add(o, "theirs")
            _add(w, "after")
        assert [fact.key for fact in journal.facts()] == ["theirs", "mine", "after"]
        assert journal.verify() == []
        assert journal.state("notes") == {"after": 1, "mine": 1, "theirs": 1}


def test_own_write_inside_a_released_one_is_committed_at_once(tmp_path: Path) -> None:
    signer = Signer.load_or_create(tmp_path, "agent")
    with Journal.open(tmp_path / "j.sqlite", signer) as journal:
        with pytest.raises(KeyboardInterrupt):
            _interrupted(journal)
        assert [fact.key for fact in journal.facts()] == ["kept"]
        assert journal.verify() == []


def test_same_key_written_meanwhile_is_refused_and_nothing_of_it_stays(tmp_path: Path) -> None:
    signer = Signer.load_or_create(tmp_path, "agent")
    with Journal.open(tmp_path / "j.sqlite", signer) as journal, Journal.open(tmp_path / "j.sqlite", signer) as other:
        with pytest.raises(JournalError, match="was written by another process meanwhile"):
            _overtaken(journal, other)
        assert [fact.key for fact in journal.facts()] == ["decision"]
        assert journal.verify() == []
