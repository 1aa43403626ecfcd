"""Refining: what later data agree to and nothing else, never beyond the bounds, on the record, and with a way back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import ConfigError
from agent.settings import Growing
from memory_db.journal import Journal
from skills.admit import admit
from skills.catalogue import Catalogue, stored
from skills.history import pin
from skills.lifecycle import Transition
from skills.refine import changes_of, refine
from skills.schema import Skill, parse_draft
from skills.versions import refine_skill, rollback
from tests.skills.build import at, draft, live, opened
from tests.skills.test_together import COSTS, EDGE, market

HIGH = {"feature": "volume_ratio", "op": ">", "value": EDGE.spike_ratio}
NEAR = {"feature": "close_position", "op": ">", "value": "near"}
IDLE = {"feature": "rsi_14", "op": "<", "value": 95}
ONE_BAR = {"side": "buy", "stop_atr": 1, "target_atr": 1.5, "max_bars": 1}


def document(near: float = 0.65, low: float = 0.0, when: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return draft(
        "near-the-high",
        when={"all": when or [HIGH, NEAR]},
        plan=ONE_BAR,
        parameters={"near": {"value": near, "low": low, "high": 1.0}},
        **more,
    )


def version(**changes: Any) -> Skill:
    return stored(parse_draft(document(**changes)), version=1, origin="learned", trust="model", writer="agent", at=at(0))


def test_a_part_that_says_nothing_is_left_out() -> None:
    skill = version(near=0.9, when=[HIGH, NEAR, IDLE])
    found = refine(skill, skill, [market(1)], COSTS, Growing(tune_sum=0))
    assert found.change is not None
    assert (found.accepted, found.change.kind) == (True, "shorter")
    assert "rsi_14" not in found.change.draft.model_dump_json()


def test_a_number_moves_towards_the_planted_edge_and_no_further_than_allowed() -> None:
    skill = version()
    found = refine(skill, skill, [market(1)], COSTS, Growing())
    assert found.change is not None
    assert found.later is not None
    assert (found.accepted, found.change.kind) == (True, "tuned")
    assert found.later.new > found.later.old
    moved = found.change.draft.parameters["near"].value - 0.65
    assert 0 < moved <= 0.25 + 1e-9


def test_bounds_are_measured_from_the_approved_version_in_sum() -> None:
    """Or a chain of small steps would lead anywhere."""
    now, approved = version(near=0.7), version(near=0.6)
    values = {change.draft.parameters["near"].value for change in changes_of(now, approved, Growing()) if change.kind == "tuned"}
    assert values
    assert all(abs(value - 0.6) <= 0.25 + 1e-9 for value in values)


def test_noise_refines_nothing() -> None:
    tuned = 0
    for seed in range(4):
        skill = version(near=0.7)
        found = refine(skill, skill, [market(seed, noise=True)], COSTS, Growing())
        tuned += found.accepted and found.change is not None and found.change.kind == "tuned"
    assert tuned == 0


def test_each_look_at_the_same_skill_asks_for_more() -> None:
    skill = version()
    assert refine(skill, skill, [market(1)], COSTS, Growing(), earlier_looks=10**9).accepted is False


def _traded(journal: Journal, catalogue: Catalogue) -> Skill:
    with journal.write() as w:
        admit(w, catalogue, document(), principal="operator", at=at(0))
        made = next(iter(catalogue.staged(w).skills.values()))
        catalogue.change(w, made, Transition("active", "test", "for the test"), at=at(0), by="operator")
    return catalogue.get("near-the-high")


def test_a_refinement_is_recorded_starts_afresh_replaces_when_it_trades_and_can_be_taken_back(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        old = _traded(journal, catalogue)
        live(journal, catalogue, "near-the-high", [1.0] * 3)
        with journal.write() as w:
            done = refine_skill(w, catalogue, old, [market(1)], COSTS, Growing(), principal="operator", reason="try", at=at(5))
        assert done.admission is not None
        assert (done.admission.status, done.admission.version) == ("candidate", 2)
        new = catalogue.get("near-the-high", 2)
        assert catalogue.counts(new).total == 0
        assert [fact.data["accepted"] for fact in journal.facts(kinds=("skill_refinement",))] == [True]
        with journal.write() as w:
            catalogue.change(w, new, Transition("active", "test", "for the test"), at=at(6), by="operator")
        live(journal, catalogue, "near-the-high", [1.0], first_day=7)
        assert [catalogue.standings[skill.key].status for skill in (old, new)] == ["superseded", "active"]
        with journal.write() as w:
            rollback(w, catalogue, "near-the-high", None, principal="operator", reason="it was better", at=at(8))
        assert [catalogue.standings[skill.key].status for skill in (old, new)] == ["active", "superseded"]
        assert catalogue.counts(old).total == 3
        assert journal.verify() == []
        with pytest.raises(ConfigError, match="no superseded version 1"), journal.write() as w:
            rollback(w, catalogue, "near-the-high", 1, principal="operator", reason="again", at=at(9))


def test_neither_an_agent_goes_back_nor_anyone_refines_what_is_pinned(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        skill = _traded(journal, catalogue)
        pin(journal, catalogue, skill, on=True, reason="as it is", by="operator", at=at(1))
        with pytest.raises(ConfigError, match="pinned"), journal.write() as w:
            refine_skill(w, catalogue, skill, [market(1)], COSTS, Growing(), principal="agent", reason="", at=at(2))
        with pytest.raises(ConfigError, match="agent may not restore"), journal.write() as w:
            rollback(w, catalogue, "near-the-high", 1, principal="agent", reason="", at=at(2))


def test_an_agent_may_not_put_its_own_version_in_place_of_a_persons(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        skill = _traded(journal, catalogue)
        with journal.write() as w:
            done = refine_skill(w, catalogue, skill, [market(1)], COSTS, Growing(), principal="agent", reason="", at=at(2))
        assert done.admission is not None
        assert done.admission.status == "quarantined"
