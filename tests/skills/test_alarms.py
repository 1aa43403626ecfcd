"""Without these a skill could drift away from what a person approved, week by week, with nobody told."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agent.market.features import FeatureFrame
from skills.admit import admit
from skills.alarms import SPACE, standing_alarms, watch, week_begins
from skills.approval import approve, review
from skills.catalogue import Catalogue
from skills.lifecycle import Transition
from tests.skills.build import START, at, draft, frame_with, opened

OFTEN = frame_with(rsi_14=[float(20 + i % 60) for i in range(400)])
ALWAYS = frame_with(rsi_14=[10.0] * 400)


def trading(catalogue: Catalogue, version: int) -> None:
    skill = catalogue.get("weak-rsi", version)
    with catalogue.journal.write() as w:
        catalogue.change(w, skill, Transition("active", "promote", "earned"), at=at(1), by="maintenance")


def watched(catalogue: Catalogue, day: float, frame: FeatureFrame) -> list[str]:
    with catalogue.journal.write() as w:
        watch(w, catalogue, at(day), [frame])
    return [line.partition(": ")[2] for line in standing_alarms(catalogue.state(SPACE))]


def test_refinement_that_turned_or_fires_far_more_often_raises_an_alarm_until_a_person_approves_it(tmp_path: Path) -> None:
    plan = {"side": "buy", "stop_atr": 3.5, "target_atr": 3, "max_bars": 5}
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        with journal.write() as w:
            admit(w, catalogue, draft(when={"feature": "rsi_14", "op": "<", "value": 23}), principal="operator", at=START)
            admit(w, catalogue, draft(plan=plan), principal="agent", at=START)
        trading(catalogue, 1)
        assert watched(catalogue, 2, OFTEN) == []
        trading(catalogue, 2)
        alarms = watched(catalogue, 9, OFTEN)
        assert [line.split(":")[0] for line in alarms] == ["plan.stop_atr", "when"]
        assert "grew from 2 to 3.5" in alarms[0]
        watched(catalogue, 16, OFTEN)
        assert len(list(journal.facts(kinds=("skill_alarm",)))) == 1, "an alarm that stands is told once"
        skill = catalogue.get("weak-rsi", 2)
        with journal.write() as w:
            digest = review(catalogue, skill).digest
            approve(w, catalogue, skill, principal="operator", reason="meant", at=at(17), reviewed=digest)
        assert watched(catalogue, 23, OFTEN) == []
        assert [fact.data["alarms"] for fact in journal.facts(kinds=("skill_alarm",))][-1] == {}
        assert journal.verify() == []


def test_skill_that_fires_on_every_bar_of_a_changed_market_raises_an_alarm(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        with journal.write() as w:
            admit(w, catalogue, draft(), principal="operator", at=START)
        trading(catalogue, 1)
        assert watched(catalogue, 2, OFTEN) == []
        assert watched(catalogue, 9, ALWAYS) == ["when: fires on 100.0% of recent bars; 0.5% to 40% is expected"]


def test_skill_that_does_not_trade_raises_none(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        with journal.write() as w:
            admit(w, catalogue, draft(), principal="operator", at=START)
        assert watched(catalogue, 9, ALWAYS) == []


def test_look_is_at_the_first_bar_of_a_week(tmp_path: Path) -> None:
    begins = [week_begins([_until(OFTEN, n)]) for n in range(2, 16)]
    assert sum(begins) == 2
    assert not week_begins([_until(OFTEN, 1)])
    assert not week_begins([])


def _until(frame: FeatureFrame, n: int) -> FeatureFrame:
    return FeatureFrame(frame.start[:n], frame.names, np.asarray(frame.matrix[:n]), frame.regimes[:n], frame.probabilities[:n])
