"""Explanations say what a record holds and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from agent.report.explain import explanation, telling, why

Json = dict[str, Any]
ANALOGUE = {
    "id": "a", "symbol": "SP500", "bar_time": "2013-05-02T00:00:00Z", "similarity": 0.9, "side": "buy", "r": 0.5, "shadow": True,
}  # fmt: skip
SKILL = {
    "id": "s1", "name": "trend-pullback", "status": "active", "side": "buy", "reliability": 0.6, "interval": [0.4, 0.8],
    "executions": 12,
}  # fmt: skip


def record(ident: str = "d1", **more: Any) -> Json:
    """A record that bought, as JSON."""
    return {
        "id": ident, "run": "full-0", "symbol": "SP500", "as_of": "2014-01-03T00:00:00Z", "bar_time": "2014-01-02T00:00:00Z",
        "status": "ok", "status_reason": None, "reasoner": "arithmetic", "context_hash": "c" * 64, "prompt_hash": None,
        "state": {"text": "trending market; uptrend"}, "votes": [], "forecast": None, "weights": {}, "parameters": {},
        "recollection": {
            "estimate": None, "other_side": None, "analogues": [ANALOGUE], "counter_evidence": [{**ANALOGUE, "r": -1.0}],
            "memories": [],
        },
        "skills": [SKILL, {**SKILL, "id": "s2", "name": "gap-fade", "status": "retired"}],
        "signal": {"confidence": 0.62, "thesis": "Buy: leaning buy."},
        "contributions": [{"source": "skill", "id": "s1", "value": 0.4}, {"source": "vote", "id": "momentum", "value": 0.22}],
        "clamps": [{"limit": "max_position", "from": 0.8, "to": 0.5, "reason": "one position holds at most 50% of equity"}],
        "decision": {"action": "buy", "size": 0.5}, "order": {"side": "buy"}, "refusal": None, "usage": {}, "cost_usd": 0.0,
        **more,
    }  # fmt: skip


def trade(decision: str, r: float) -> Json:
    return {
        "decision": decision, "r": r, "pnl": 100 * r, "exit_bar": "2014-01-09T00:00:00Z", "exit_price": 1_840.5, "reason": "stop",
        "bars_held": 4,
    }  # fmt: skip


def test_why_holds_what_the_contract_names() -> None:
    told = why(record(), trade("d1", -1.0))
    assert {"id", "signal", "contributions", "memories", "skills", "clamps", "context"} <= told.keys()
    assert told["context"]["saw"] == "trending market; uptrend"
    assert {part["part"] for part in told["context"]["parts"]} >= {"state", "votes", "recollection", "skills"}
    assert told["outcome"]["r"] == -1.0


def test_why_of_an_error_has_no_signal_and_says_so() -> None:
    told = why(record(status="error", status_reason="model is out", signal=None, state=None), None)
    assert (told["signal"], told["status_reason"], told["context"]["saw"], told["outcome"]) == (None, "model is out", None, None)


def test_explanation_names_skills_and_keeps_every_part() -> None:
    told = explanation(record(), trade("d1", -1.0))
    assert told["headline"] == "SP500 2014-01-02: buy at confidence 0.62, 50% of equity"
    assert told["contributions"] == [
        {"source": "skill", "id": "trend-pullback", "value": 0.4},
        {"source": "vote", "id": "momentum", "value": 0.22},
    ]
    assert told["skills"] == ["trend-pullback (buy): 0.60 [0.40, 0.80] over 12 executions"]
    assert told["memories"] == [
        "SP500 2013-05-02: buy +0.50 R (shadow, 0.90 similar)",
        "SP500 2013-05-02: buy -1.00 R (shadow, 0.90 similar) (shown against it)",
    ]
    assert told["clamps"] == ["max_position: 0.80 to 0.50 (one position holds at most 50% of equity)"]
    assert told["outcome"] == "closed 2014-01-09 at 1,840.50 by stop after 4 bars: -1.00 R, -100.00"


def test_explanation_of_an_error_is_no_hold() -> None:
    told = explanation(
        record(status="error", status_reason="model is out", signal=None, decision={"action": "none", "size": 0.0}), None
    )
    assert told["headline"] == "SP500 2014-01-02: none"
    assert told["text"].startswith("model is out")
    assert told["outcome"] is None


def test_telling_shows_best_and_worst_trade_and_never_one_twice() -> None:
    records = [record(f"d{i}", clamps=[]) for i in range(12)]
    told = telling(records, [trade(f"d{i}", float(i)) for i in range(10)])
    assert [one["id"] for one in told] == ["d9", "d8", "d0", "d1", "d11"]


def test_telling_few_trades_are_shown_once_each() -> None:
    told = telling([record("d0", order=None), record("d1", order=None)], [trade("d0", 1.0), trade("d1", -1.0)])
    assert sorted(one["id"] for one in told) == ["d0", "d1"]


def test_telling_shows_a_refused_entry_a_bound_and_an_error() -> None:
    stopped = [{"limit": "max_drawdown", "from": 0.5, "to": 0.0, "reason": "halted"}]
    bound = [{"source": "bound", "id": "memory_cap", "value": -0.1}]
    quiet: Json = {"order": None, "clamps": [], "contributions": []}
    records = [
        record("clamped", **{**quiet, "clamps": stopped}),
        record("bounded", **{**quiet, "contributions": bound}),
        record("failed", **quiet, status="error"),
        record("quiet", **quiet),
    ]
    assert [one["id"] for one in telling(records, [])] == ["clamped", "bounded", "failed"]


@pytest.mark.parametrize("most", [0, 1, 3])
def test_telling_keeps_to_the_number_asked_for(most: int) -> None:
    records = [record(f"d{i}") for i in range(12)]
    assert len(telling(records, [trade(f"d{i}", float(i)) for i in range(12)], most)) == most


def test_telling_trade_of_a_decision_that_is_not_there_is_left_out() -> None:
    assert telling([], [trade("gone", 1.0)]) == []


def test_explanation_says_who_was_right_then_of_those_that_spoke_and_are_known() -> None:
    known = {"voter": "momentum", "by": "volume_ratio", "share": 0.9, "rate": 0.64, "n_eff": 80.0}
    said = record(
        votes=[{"voter": "momentum", "abstained": False}, {"voter": "silent", "abstained": True}],
        recollection={
            "estimate": None, "other_side": None, "analogues": [], "counter_evidence": [], "memories": [],
            "reliability": [known, {**known, "voter": "silent"}, {**known, "share": 0.1}],
        },
    )  # fmt: skip
    words = "momentum was right in 64% of situations like this one by volume_ratio (90% sure that it depends on them)"
    assert explanation(said, None)["memories"] == [words]
    assert why(said, None)["memories"]["reliability"][0] == known
