"""Starting anew: the voter asked for and nobody else, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.domain import Vote
from agent.errors import ConfigError
from agent.learn.joint import SPACE, Joint
from agent.learn.reset import reset
from agent.learn.voters import VoterTable
from agent.settings import Learning
from agent.wiring.homes import signer_for
from memory_db.journal import Journal

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NAMES = ("a", "b", "c")


def _taught(journal: Journal) -> VoterTable:
    table, joint = VoterTable(NAMES, Learning()), Joint(Learning())
    for i in range(60):
        votes = [Vote(voter=n, direction=1 if (i + k) % (k + 2) else -1, confidence=0.8, reason="-") for k, n in enumerate(NAMES)]
        _, sets = table.score(votes, "trending", True)
        sets += joint.score({"vote": 0.4}, True, 1.0, -1.0)
        with journal.write() as w:
            w.add("votes_scored", {"i": i}, key=f"v{i}", happened_at=NOW, known_at=NOW, sets=sets)
    return table


def _restored(journal: Journal) -> VoterTable:
    table = VoterTable(NAMES, Learning())
    table.restore(journal.state("voters"))
    return table


def test_one_voter_starts_anew_and_what_it_had_is_kept(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite", signer_for(tmp_path), durable=False) as journal:
        before = _taught(journal)
        gone = reset(journal, "a", Learning(), reason="new model", at=NOW, principal="operator")
        after = _restored(journal)
        assert after.record("all", "a").n == 0
        assert after.odds("trending")["a"] == 0.0
        assert after.record("all", "b") == before.record("all", "b")
        assert after.weights(None)["a"] == pytest.approx(1.0, abs=0.05)
        old, new = before.weights(None), after.weights(None)
        assert (new["b"] > new["c"]) == (old["b"] > old["c"])
        assert gone["voters"]["all"]["a"]["n"] == 60
        assert next(iter(journal.facts(kinds=("learning_reset",)))).data["archived"] == gone
        assert journal.verify() == []


def test_all_start_anew_with_the_joint_decision(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite", signer_for(tmp_path), durable=False) as journal:
        _taught(journal)
        reset(journal, None, Learning(), reason="new year", at=NOW, principal="operator")
        joint = Joint(Learning())
        joint.restore(journal.state(SPACE))
        assert joint.learned(_restored(journal), None).share == 0.0
        assert _restored(journal).weights(None) == pytest.approx(dict.fromkeys(NAMES, 1.0))


def test_a_voter_without_a_record_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.sqlite", signer_for(tmp_path), durable=False) as journal:
        _taught(journal)
        with pytest.raises(ConfigError, match="'zed' has no record.*a, b, c"):
            reset(journal, "zed", Learning(), reason="-", at=NOW, principal="operator")
        assert not list(journal.facts(kinds=("learning_reset",)))
