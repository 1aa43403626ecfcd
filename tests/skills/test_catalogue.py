from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.market.features import FeatureFrame
from memory_db.journal import Journal
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.counts import NONE
from skills.ledger import Execution, book
from skills.maintain import maintain
from skills.shipped import shipped
from tests.skills.build import START, at, execution, frame_with, live, opened

PULLBACK = "trend-pullback"


@contextmanager
def failing(journal: Journal) -> Iterator[Writer]:
    """A transaction whose later part fails, so that nothing of it may stay."""
    with suppress(ConfigError), journal.write() as w:
        yield w
        raise ConfigError("the rest of the cycle failed")


def pulling_back(bars: int = 3) -> FeatureFrame:
    return frame_with(trend_strength=[1.0] * bars, rsi_14=[45.0] * bars, drawdown_60=[-0.03] * bars, bb_position=[0.5] * bars)


def test_catalogue_first_opening_brings_the_shipped_skills_and_the_second_adds_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        assert [(row["name"], row["status"], row["origin"]) for row in catalogue.rows()] == [
            (skill.name, "active", "manual") for skill in shipped()
        ]
        seq, rows = journal.last_seq, catalogue.rows()
    with opened(tmp_path) as (journal, catalogue):
        assert (journal.last_seq, catalogue.rows()) == (seq, rows)
        assert journal.verify() == []


def test_catalogue_without_shipped_skills_matches_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (_, catalogue):
        assert catalogue.match(pulling_back(), [], "trending", 2.0) == ([], {})
        assert catalogue.active_count == 0


def test_catalogue_match_gives_the_skill_its_evidence_and_its_exits(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            book(w, catalogue, execution(PULLBACK, "d1", 1.4, catalogue=catalogue, regime="trending"))
            book(w, catalogue, execution(PULLBACK, "d2", -1.0, catalogue=catalogue, regime="ranging"))
        matches, plans = catalogue.match(pulling_back(), [], "trending", 2.0)
        assert [match.name for match in matches] == [PULLBACK]
        match = matches[0]
        assert (match.executions, match.regime_executions, match.reliability, match.mean_r) == (2, 1, 0.5, 0.2)
        assert match.interval[0] < match.reliability < match.interval[1]
        assert (plans[match.id].stop_distance, plans[match.id].target_distance, plans[match.id].max_bars) == (4.0, 6.0, 6)


def test_ledger_same_decision_booked_twice_counts_once(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        once = execution(PULLBACK, "d1", 1.0, catalogue=catalogue)
        with journal.write() as w:
            assert book(w, catalogue, once)
            assert not book(w, catalogue, once)
        with journal.write() as w:
            assert not book(w, catalogue, once)
        assert catalogue.counts(catalogue.get(PULLBACK)).success == 1
        assert catalogue.booked((once.skill, once.version), "d1", "book")
        assert not catalogue.booked((once.skill, once.version), "d1", "shadow")


def test_ledger_several_outcomes_of_one_transaction_all_count(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            for day, r in enumerate([1.0, 0.2, -1.0, 2.0]):
                book(w, catalogue, execution(PULLBACK, f"d{day}", r, catalogue=catalogue, day=day))
        counts = catalogue.counts(catalogue.get(PULLBACK))
        assert (counts.success, counts.partial, counts.failure, counts.mean_r) == (2, 1, 1, 0.55)


def test_ledger_transaction_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with failing(journal) as w:
            book(w, catalogue, execution(PULLBACK, "d1", 1.0, catalogue=catalogue))
        assert catalogue.counts(catalogue.get(PULLBACK)) == NONE
        with journal.write() as w:
            assert book(w, catalogue, execution(PULLBACK, "d1", 1.0, catalogue=catalogue))
        assert catalogue.counts(catalogue.get(PULLBACK)).total == 1


def test_ledger_book_and_shadow_are_never_added_together(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            book(w, catalogue, execution(PULLBACK, "d1", 1.0, catalogue=catalogue))
            book(w, catalogue, execution(PULLBACK, "d1", -1.0, catalogue=catalogue), mode="shadow")
        row = next(row for row in catalogue.rows() if row["name"] == PULLBACK)
        assert (row["executions"], row["success"], row["reliability"]) == (1, 1, 1.0)
        assert row["shadow"] == {"executions": 1, "success": 0, "partial": 0, "failure": 1, "mean_r": -1.0}


def test_ledger_counts_after_a_restart_are_those_of_the_facts(tmp_path: Path) -> None:
    outcomes = [1.0, -1.0, 0.3] * 5
    with opened(tmp_path) as (journal, catalogue):
        live(journal, catalogue, PULLBACK, outcomes)
        before = catalogue.rows()
    with opened(tmp_path) as (journal, catalogue):
        assert catalogue.rows() == before
        facts = [fact.data for fact in journal.facts(kinds=("skill_execution",))]
        assert [fact["r"] for fact in facts] == outcomes
        assert journal.verify() == []


def test_ledger_same_day_outcomes_in_any_order_give_the_same_state(tmp_path: Path) -> None:
    states = []
    for number, order in enumerate([(0, 1, 2), (2, 0, 1)]):
        with opened(tmp_path / str(number)) as (journal, catalogue):
            rs = [0.1, 0.7000001, -0.3]
            for i in order:
                with journal.write() as w:
                    book(w, catalogue, execution(PULLBACK, f"d{i}", rs[i], catalogue=catalogue))
            states.append(journal.state("skill_counts"))
    assert states[0] == states[1]


def test_ledger_unknown_skill_or_contradicting_outcome_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        stranger = Execution(skill="nobody", version=1, decision="d", outcome="failure", r=-1.0, at=START)
        with pytest.raises(ConfigError, match="nobody"), journal.write() as w:
            book(w, catalogue, stranger)
        with pytest.raises(ValueError, match="contradicts"):
            Execution(skill="x", version=1, decision="d", outcome="success", at=START)


def test_retired_skill_trades_again_only_after_a_recorded_restore(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        skill = catalogue.get(PULLBACK)
        retired = live(journal, catalogue, PULLBACK, [-1.0] * 10)
        assert [change.transition.rule for change in retired] == ["retire-reliability"]
        matches, plans = catalogue.match(pulling_back(), [], "trending", 2.0)
        assert ([match.status for match in matches], plans) == (["retired"], {})

        assert live(journal, catalogue, PULLBACK, [1.0] * 19, first_day=20, mode="shadow") == []
        assert catalogue.match(pulling_back(), [], "trending", 2.0)[1] == {}
        restored = live(journal, catalogue, PULLBACK, [1.0], first_day=40, mode="shadow")
        assert [change.transition.rule for change in restored] == ["restore"]
        assert skill.id in catalogue.match(pulling_back(), [], "trending", 2.0)[1]
        assert catalogue.counts(skill) == catalogue.counts(skill, "shadow") == NONE

        story = [
            (fact.data["from"], fact.data["status"], fact.data["rule"]) for fact in journal.facts(kinds=("skill_transition",))
        ]
        assert story == [("active", "retired", "retire-reliability"), ("retired", "active", "restore")]
        assert journal.verify() == []
    with opened(tmp_path) as (_, catalogue):
        assert catalogue.standings[skill.key].rule == "restore"
        assert catalogue.counts(skill) == NONE


def test_retired_skill_does_not_trade_in_the_transaction_that_retires_it(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        live(journal, catalogue, PULLBACK, [-1.0] * 9)
        with journal.write() as w:
            assert catalogue.match(pulling_back(), [], None, 2.0, w)[1] != {}
            book(w, catalogue, execution(PULLBACK, "last", -1.0, catalogue=catalogue, day=9))
            maintain(w, catalogue, at(9))
            assert catalogue.match(pulling_back(), [], None, 2.0, w)[1] == {}


def test_maintenance_in_a_failed_transaction_retires_nobody(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        live(journal, catalogue, PULLBACK, [-1.0] * 9)
        with failing(journal) as w:
            book(w, catalogue, execution(PULLBACK, "last", -1.0, catalogue=catalogue, day=9))
            assert maintain(w, catalogue, at(9))
        assert catalogue.active_count == sum(skill.kind == "strategy" for skill in shipped())
        catalogue.load()
        assert catalogue.active_count == sum(skill.kind == "strategy" for skill in shipped())


def test_maintenance_skill_nobody_succeeded_with_goes_stale_but_is_followed(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            maintain(w, catalogue, at(90))
        assert catalogue.active_count == 0
        assert [match.status for match in catalogue.match(pulling_back(), [], None, 2.0)[0]] == ["stale"]
        live(journal, catalogue, PULLBACK, [1.0], first_day=91, mode="shadow")
        assert catalogue.active_count == 0
        live(journal, catalogue, PULLBACK, [1.0], first_day=92, mode="shadow")
        assert catalogue.active_count == 1


def test_catalogue_get_knows_id_and_name_and_says_when_it_does_not(tmp_path: Path) -> None:
    with opened(tmp_path) as (_, catalogue):
        skill = catalogue.get(PULLBACK)
        assert catalogue.get(skill.id, 1) is skill
        with pytest.raises(ConfigError, match="trend-pushback"):
            catalogue.get("trend-pushback")
        with pytest.raises(ConfigError, match="version 2"):
            catalogue.get(PULLBACK, 2)


def test_catalogue_of_an_older_package_is_superseded_and_not_mixed(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        older = shipped()[0].model_copy(update={"description": "As it was."})
        with journal.write() as w:
            catalogue._seed(w, older, START)
        again = Catalogue.open(journal, catalogue.rules, started=at(5))
        versions = [(skill.version, again.standings[skill.key].status) for skill in again.versions() if skill.name == older.name]
        assert versions == [(1, "superseded"), (2, "active")]
        assert again.get(older.name).version == 2
