"""Who was right about what: figures a user would act on, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent.learn.attribution import Scored, attribution, regret, reliability
from agent.settings import Learning
from tests.learn.test_monitor import outcome

START = datetime(2020, 2, 3, tzinfo=UTC)


def _row(i: int, rose: bool, **p: float) -> Scored:
    return Scored(f"d{i}", START.replace(month=2 + 3 * (i % 2)), "SP500", "trending", rose, p)


def test_attribution_counts_votes_and_trades_on_the_voters_own_side() -> None:
    trade = outcome(True).model_copy(update={"decision": "d0", "side": "buy", "pnl": 12.0, "r": 0.5})
    rows = [_row(0, True, a=0.7, b=0.4), _row(1, True, a=0.8), _row(2, False, a=0.9)]
    found = {(row["voter"], row["quarter"]): row for row in attribution(rows, [trade], "quarter")}
    first = found["a", "2020Q1"]
    assert (first["n"], first["hit_rate"], first["trades"], first["pnl"]) == (2, 0.5, 1, 12.0)
    assert first["brier"] == pytest.approx((0.3**2 + 0.9**2) / 2)
    assert (found["a", "2020Q2"]["hit_rate"], found["b", "2020Q1"]["trades"]) == (1.0, 0)


def test_reliability_sets_what_was_stated_beside_what_came() -> None:
    rows = [_row(i, i % 10 < 6, joint=0.65) for i in range(100)] + [_row(i, i % 10 < 1, joint=0.05) for i in range(50)]
    found = reliability(rows)
    assert [(round(row["p"], 2), row["hit_rate"], row["n"]) for row in found["bins"]] == [(0.65, 0.6, 100), (0.95, 0.9, 50)]
    assert found["ece"] == pytest.approx(0.05)
    assert found["base_brier"] == pytest.approx((65 / 150) * (85 / 150))


def test_regret_is_against_the_best_voter_where_it_spoke() -> None:
    rows = [_row(0, True, joint=0.5, a=1.0, b=0.0), _row(1, False, joint=0.5, b=1.0)]
    found = regret(rows, Learning())
    assert (found["best"], found["steps"], found["regret"]) == ("a", 1, pytest.approx(0.25))


def test_nothing_scored_says_nothing() -> None:
    assert reliability([])["ece"] is None
    assert regret([], Learning())["best"] is None
    assert attribution([], [], "symbol") == []
