"""Components of a composite are credited for the phase at work, whatever the order, once, and after a crash too."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from agent.domain import ExitReason
from memory_db.journal import Journal
from skills.admit import admit, order
from skills.catalogue import Catalogue
from skills.compose import compose
from skills.credit import at_work
from skills.ledger import Execution
from skills.lifecycle import Transition
from skills.replay import replay
from skills.schema import skill_id
from tests.skills.build import at, draft, live, opened, procedure

BOTH = {"slow", "tight"}


def _plan(**plan: Any) -> dict[str, Any]:
    return {"side": "buy", "stop_atr": 2, "target_atr": 3, "max_bars": 5} | plan


def composed(journal: Journal, catalogue: Catalogue) -> None:
    """Add slow (stop 2, target 3, 5 bars), tight (stop 1, target 4, 5 bars) and their composite."""
    with journal.write() as w:
        slow = draft("slow", when={"feature": "rsi_14", "op": "<", "value": 40}, plan=_plan())
        tight = draft("tight", plan=_plan(stop_atr=1, target_atr=4))
        for one in (slow, tight):
            assert admit(w, catalogue, one, principal="operator", at=at(0)).verdict == "accept"
    parts = [catalogue.get("slow"), catalogue.get("tight")]
    with journal.write() as w:
        made = compose(catalogue, parts, "both", "Both of them.")
        assert admit(w, catalogue, made, principal="operator", at=at(0), origin="composed").status == "candidate"


def execution(name: str, decision: str, r: float, reason: ExitReason | None, day: float = 1) -> Execution:
    outcome = "success" if r >= 0.5 else "partial" if r > 0 else "failure"
    return Execution(skill=name, version=1, decision=decision, outcome=outcome, r=r, at=at(day), reason=reason)


def counts(catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    return {name: catalogue.counts(catalogue.get(name)).document() for name in ("slow", "tight", "both")}


@pytest.mark.parametrize(
    ("reason", "credited"),
    [
        ("stop", {"tight"}),
        ("target", {"slow"}),
        ("time", {"slow", "tight"}),
        ("signal", {"slow", "tight"}),
        (None, {"slow", "tight"}),
    ],
)
def test_the_component_whose_phase_ended_the_trade_is_credited(
    tmp_path: Path, reason: ExitReason | None, credited: set[str]
) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        composed(journal, catalogue)
        replay(journal, catalogue, [execution("both", "d1", 1.0, reason)])
        told = counts(catalogue)
    assert {name for name in ("slow", "tight") if told[name]["success"]} == credited
    assert told["both"]["success"] == 1


STEP = (
    execution("both", "d1", 1.0, "stop"),
    execution("tight", "d1", -1.0, "stop"),
    execution("both", "d2", -1.0, "signal"),
    execution("slow", "d3", 0.2, "time"),
)


LATER = execution("tight", "d2", 2.0, "target", day=2)  # too late: d2 was settled for it a day before


@pytest.mark.parametrize("lines", list(itertools.permutations(STEP))[::5])
def test_counts_are_equal_in_any_order_twice_and_after_a_crash(tmp_path: Path, lines: tuple[Execution, ...]) -> None:
    """A component's own execution counts as it is; what it would be credited with for the same decision does not."""
    told = []
    for name, first in (("at-once", (*lines, LATER)), ("cut-off", lines)):
        with opened(tmp_path / name, shipped=False) as (journal, catalogue):
            composed(journal, catalogue)
            replay(journal, catalogue, first)
            catalogue.load()
            replay(journal, catalogue, (*lines[::-1], LATER))
            told.append(counts(catalogue))
            assert journal.verify() == []
    assert told[0] == told[1]
    assert {name: (row["success"], row["partial"], row["failure"]) for name, row in told[0].items()} == {
        "slow": (0, 1, 1),
        "tight": (0, 0, 2),
        "both": (1, 0, 1),
    }


def test_what_a_composite_did_in_shadow_credits_nobody(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        composed(journal, catalogue)
        live(journal, catalogue, "both", [1.0] * 5, mode="shadow")
        told = counts(catalogue)
    assert (told["slow"]["success"], told["tight"]["success"]) == (0, 0)


def test_components_without_a_plan_share(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        with journal.write() as w:
            admit(w, catalogue, procedure(), principal="operator", at=at(0))
        part = catalogue.get("reconnect")
    assert at_work([part], "stop") == [part]


def statuses(catalogue: Catalogue, *names: str) -> list[str]:
    return [catalogue.standings[catalogue.get(name).key].status for name in names]


def test_a_composite_stops_with_its_component_and_starts_again_on_probation(tmp_path: Path) -> None:
    """And so does a composite of that composite: health follows components, however deep."""
    with opened(tmp_path) as (journal, catalogue):
        for name, parts in (("pair", ("gap-fade", "washout-rebound")), ("three", ("pair", "trend-pullback"))):
            made = compose(catalogue, [catalogue.get(part) for part in parts], name, "Made.")
            with journal.write() as w:
                admit(w, catalogue, made, principal="operator", at=at(0))
                skill = catalogue.staged(w).skills[f"{skill_id(name)}:1"]
                catalogue.change(w, skill, Transition("active", "test", "for the test"), at=at(0), by="operator")
        live(journal, catalogue, "gap-fade", [-1.0] * 10, first_day=1)
        told = []
        for day in range(11, 15):
            live(journal, catalogue, "trend-pullback", [1.0], first_day=day)
            told.append(statuses(catalogue, "gap-fade", "pair", "three"))
    assert told == [
        ["retired", "suspended", "active"],
        ["retired", "probation", "suspended"],
        ["retired", "probation", "probation"],
        ["retired", "probation", "probation"],
    ]


def test_a_composite_waits_for_a_component_that_a_person_took_out(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        made = compose(catalogue, [catalogue.get("gap-fade"), catalogue.get("washout-rebound")], "pair", "Made.")
        with journal.write() as w:
            admit(w, catalogue, made, principal="operator", at=at(0))
            skill = catalogue.staged(w).skills[f"{skill_id('pair')}:1"]
            catalogue.change(w, skill, Transition("active", "test", "for the test"), at=at(0), by="operator")
            order(w, catalogue, catalogue.get("gap-fade"), "retire", principal="operator", reason="no more", at=at(1))
        live(journal, catalogue, "trend-pullback", [1.0] * 4, first_day=2)
        assert statuses(catalogue, "pair") == ["suspended"]
        with journal.write() as w:
            order(w, catalogue, catalogue.get("gap-fade"), "restore", principal="operator", reason="again", at=at(7))
        live(journal, catalogue, "trend-pullback", [1.0] * 2, first_day=8)
        assert statuses(catalogue, "pair") == ["probation"]
