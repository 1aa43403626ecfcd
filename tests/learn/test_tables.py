"""What was learned, as a person reads it."""

from __future__ import annotations

import json

import pytest

from agent.domain import Vote
from agent.learn.regimes import RegimeTable
from agent.learn.tables import abstention_rows, regime_rows, voter_rows
from agent.learn.voters import VoterTable
from agent.settings import Learning
from tests.learn.test_monitor import outcome


def test_regime_rows_say_what_each_regime_paid() -> None:
    table, state = RegimeTable(), {}
    for won, regime in ((True, "trending"), (True, "trending"), (False, "trending"), (False, None)):
        state.update({key: value for _, key, value in table.settle(outcome(won), regime)})
    trending, unknown = regime_rows(table)
    assert (trending["trades"], trending["win_rate"], trending["mean_r"]) == (3, pytest.approx(2 / 3), pytest.approx(1 / 3))
    low, high = trending["interval"]
    assert low < 0 < 1 / 3 < high
    assert (unknown["regime"], unknown["pnl"]) == ("unknown", -1.0)
    again = RegimeTable()
    again.restore(json.loads(json.dumps(state)))
    assert regime_rows(again) == [trending, unknown]


def test_voter_rows_show_memory_without_a_weight_and_leave_out_the_silent() -> None:
    table = VoterTable(("a", "b"), Learning())
    said = [Vote(voter=name, direction=1, confidence=0.5, reason="-") for name in ("a", "memory")]
    table.score(said, "trending", True)
    rows = voter_rows(table)
    assert [(row["regime"], row["voter"]) for row in rows] == [
        ("all", "a"), ("all", "memory"), ("trending", "a"), ("trending", "memory"),
    ]  # fmt: skip
    assert [row["weight"] is None for row in rows] == [False, True, False, True]
    assert all(row["hit_rate"] == 1.0 and row["n"] == 1 for row in rows)


def test_abstentions_are_counted_by_voter_most_silent_first() -> None:
    votes = [[{"voter": "a", "abstained": n > 0}, {"voter": "b", "abstained": True}] for n in range(4)]
    assert abstention_rows([{"votes": said} for said in votes] + [{"votes": []}]) == [
        {"voter": "b", "asked": 4, "abstained": 4},
        {"voter": "a", "asked": 4, "abstained": 3},
    ]
