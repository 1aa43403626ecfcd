from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.domain import Grade
from agent.settings import SkillRules
from skills.lifecycle import SIZED
from skills.replay import replay
from skills.simulate import Life, Past, shares, simulate
from tests.skills.build import START, execution, opened

RULES = SkillRules()


def life(rate: float, executions: int, seed: int) -> Life:
    rng = random.Random(seed)
    grades: list[Grade] = ["success" if rng.random() < rate else "failure" for _ in range(executions)]
    outcomes = [Past(at=START + timedelta(days=k), outcome=g, r=1.0 if g == "success" else -1.0) for k, g in enumerate(grades)]
    return Life(skill=f"s{seed}", outcomes=outcomes)


@pytest.mark.parametrize(("rate", "executions", "least", "most"), [(0.55, 200, 0.0, 0.05), (0.25, 60, 0.95, 1.0)])
def test_simulate_keeps_the_good_and_retires_the_bad(rate: float, executions: int, least: float, most: float) -> None:
    told = shares(simulate(life(rate, executions, seed), RULES) for seed in range(500))
    assert least <= told["end_retired"] <= most
    assert told["ever_retired"] >= told["end_retired"]


@pytest.mark.parametrize("seed", range(40))
def test_simulate_below_0_30_after_ten_is_not_sized_until_a_restore(seed: int) -> None:
    lived = life(0.35, 150, seed)
    steps = {step.at: step for step in simulate(lived, RULES)}
    status, wins, total = "active", 0.0, 0
    for past in lived.outcomes:
        if status in SIZED:
            wins, total = wins + (past.outcome == "success"), total + 1
        step = steps.get(past.at)
        if status in SIZED and total >= 10 and wins / total < 0.30:
            assert step is not None
            assert step.transition.to == "retired"
        if step is not None:
            if status == "retired":
                assert step.transition.rule == "restore"
                wins, total = 0.0, 0
            status = step.transition.to


def test_simulate_ten_failures_retire_and_shadow_success_restores() -> None:
    grades: list[Grade] = ["failure" if k < 10 else "success" for k in range(30)]
    lived = Life(skill="x", outcomes=[Past(at=START + timedelta(days=k), outcome=g) for k, g in enumerate(grades)])
    steps = [(s.from_, s.transition.to, s.transition.rule, s.executions) for s in simulate(lived, RULES)]
    assert steps == [("active", "retired", "retire-reliability", 10), ("retired", "active", "restore", 30)]


def test_simulate_unknown_outcome_with_r_is_refused() -> None:
    with pytest.raises(ValidationError):
        Past(at=START, outcome="unknown", r=1.0)


def test_replay_any_order_twice_or_cut_off_gives_the_same_counts(tmp_path: Path) -> None:
    found = []
    for name in ("forward", "backward", "in-parts"):
        (tmp_path / name).mkdir()
        with opened(tmp_path / name) as (journal, catalogue):
            given = [
                execution("gap-fade", f"d{k}", 1.0 if k % 4 == 0 else -1.0, catalogue=catalogue, day=k // 3) for k in range(60)
            ]
            if name == "forward":
                replay(journal, catalogue, given)
            elif name == "backward":
                replay(journal, catalogue, [*reversed(given), *given])
            else:
                replay(journal, catalogue, given[:30])
                again = replay(journal, catalogue, given)
                assert again.repeated == 30
            row = next(row for row in catalogue.rows() if row["name"] == "gap-fade")
            found.append({key: row[key] for key in ("status", "executions", "success", "failure", "shadow", "reason")})
            assert journal.verify() == []
    assert found[0] == found[1] == found[2]
    assert found[0]["status"] == "retired"
    assert found[0]["shadow"]["executions"] > 0
