"""Consolidation: near-duplicates become one without losing or doubling a decision, and come apart again as they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.settings import Growing
from memory_db.journal import Journal
from skills.admit import admit
from skills.catalogue import Catalogue
from skills.compose import compose
from skills.consolidate import Twins, merge, near_duplicates, unmerge, word_likeness
from skills.history import pin
from skills.ledger import book
from skills.lifecycle import Transition
from skills.schema import skill_id
from tests.skills.build import at, draft, execution, frame_with, opened

FRAME = frame_with(rsi_14=list(np.linspace(10, 90, 400)))
RULES = Growing()


def three(journal: Journal, catalogue: Catalogue) -> None:
    """Add weak-rsi, its near-twin (a hair looser), and one that says the same of high values."""
    rows = [
        draft(),
        draft("weak-rsi-too", when={"feature": "rsi_14", "op": "<", "value": 31}, tags=["twin"]),
        draft("weak-rsi-not", when={"feature": "rsi_14", "op": ">", "value": 70}),
    ]
    with journal.write() as w:
        for row in rows:
            assert admit(w, catalogue, row, principal="operator", at=at(0)).verdict == "accept"
        for row in rows:
            made = catalogue.staged(w).skills[f"{skill_id(row['name'])}:1"]
            catalogue.change(w, made, Transition("active", "test", "for the test"), at=at(0), by="operator")


def outcomes(journal: Journal, catalogue: Catalogue, name: str, rs: dict[str, float]) -> None:
    with journal.write() as w:
        for decision, r in rs.items():
            book(w, catalogue, execution(name, decision, r, catalogue=catalogue, day=1))


def twins_of(catalogue: Catalogue) -> list[Twins]:
    return near_duplicates(catalogue, [FRAME], RULES)


def test_only_what_is_alike_in_words_and_holds_on_the_same_bars_is_a_near_duplicate(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        three(journal, catalogue)
        found = twins_of(catalogue)
        assert [{twins.keep.name, twins.drop.name} for twins in found] == [{"weak-rsi", "weak-rsi-too"}]
        assert found[0].overlap is not None
        assert found[0].overlap > 0.9
        pin(journal, catalogue, catalogue.get("weak-rsi-too"), on=True, reason="mine", by="operator", at=at(1))
        assert twins_of(catalogue) == []
        pairs = list(word_likeness(catalogue.versions(), 0.999))
        assert pairs == []
        same = [catalogue.get("weak-rsi"), catalogue.get("weak-rsi-too"), catalogue.get("weak-rsi")]
        assert [(i, k) for i, k, _ in word_likeness(same, 0.999)] == [(0, 2)]


def test_a_merge_counts_each_decision_once_and_is_taken_back_without_loss(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        three(journal, catalogue)
        outcomes(journal, catalogue, "weak-rsi", {"d1": 1.0, "d2": 1.0, "d3": 1.0})
        outcomes(journal, catalogue, "weak-rsi-too", {"d1": 1.0, "d4": -1.0})
        before = catalogue.rows()
        with journal.write() as w:
            judged = merge(w, catalogue, twins_of(catalogue)[0], principal="operator", reason="one is enough", at=at(2))
        assert (judged.version, judged.status) == (2, "active")
        merged = catalogue.get("weak-rsi")
        counts = catalogue.counts(merged)
        assert (merged.version, merged.tags, counts.success, counts.failure) == (2, ("twin",), 3, 1)
        assert catalogue.standings[catalogue.get("weak-rsi-too").key].status == "superseded"
        assert journal.verify() == []
        catalogue.load()
        assert catalogue.counts(merged).total == 4
        with journal.write() as w:
            unmerge(w, catalogue, "weak-rsi", principal="operator", reason="they were two", at=at(3))
        kept = ("name", "version", "status", "success", "failure")
        after = [row for row in catalogue.rows() if row["version"] == 1]
        assert [[row[k] for k in kept] for row in after] == [[row[k] for k in kept] for row in before]
        assert journal.verify() == []
        with pytest.raises(ConfigError, match="not made by a merge"), journal.write() as w:
            unmerge(w, catalogue, "weak-rsi", principal="operator", reason="again", at=at(4))


def test_what_the_door_does_not_accept_archives_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        three(journal, catalogue)
        with journal.write() as w:
            judged = merge(w, catalogue, twins_of(catalogue)[0], principal="agent", reason="", at=at(2))
        assert judged.verdict == "quarantine"
        assert {row["status"] for row in catalogue.rows() if row["version"] == 1} == {"active"}


def test_a_component_of_a_composite_is_not_merged_away(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        three(journal, catalogue)
        parts = [catalogue.get("weak-rsi-too"), catalogue.get("weak-rsi-not")]
        with journal.write() as w:
            admit(w, catalogue, compose(catalogue, parts, "both"), principal="operator", at=at(1))
            made = catalogue.staged(w).skills[f"{skill_id('both')}:1"]
            catalogue.change(w, made, Transition("probation", "test", "for the test"), at=at(1), by="operator")
        outcomes(journal, catalogue, "weak-rsi", {"d1": 1.0, "d2": 1.0, "d3": 1.0})
        found = [(twins.keep.name, twins.drop.name) for twins in twins_of(catalogue) if twins.keep.name != "both"]
        assert found == [("weak-rsi-too", "weak-rsi")]
