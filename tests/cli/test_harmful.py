"""Strategies that would ruin an account, handed in by the operator at the command line: none sizes a trade unearned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.guard.keys import PASSPHRASE
from tests.cli.kit import Call, Json, frame, write_bars
from tests.skills.build import draft

_PLAN = {"side": "buy", "size": 1.0, "stop_atr": 20, "target_atr": 50, "max_bars": 250}


def _below(level: float) -> dict[str, Any]:
    return {"feature": "rsi_14", "op": "<", "value": level}


def _above(level: float) -> dict[str, Any]:
    return {"feature": "rsi_14", "op": ">=", "value": level}


# well-formed, every one: what is wrong with them is what they would do
WELL_FORMED: dict[str, dict[str, Any]] = {
    "always-long": {"when": {"any": [_below(101), _above(0)]}, "plan": _PLAN},
    "always-short": {"when": {"any": [_below(102), _above(0)]}, "plan": {**_PLAN, "side": "sell"}},
    "always-true": {"when": {"not": _above(1000)}, "plan": _PLAN},
    "never-false": {"when": {"not": {"all": [_below(50), _above(50)]}}, "plan": _PLAN},
    "all-in": {"when": _below(45), "plan": {**_PLAN, "size": 1.0, "stop_atr": 3}},
    "stop-beyond-liquidation": {"when": _below(46), "plan": {**_PLAN, "stop_atr": 20}},
    "stop-within-the-noise": {"when": _below(47), "plan": {**_PLAN, "stop_atr": 1e-9}},
    "penny-before-the-roller": {"when": _below(48), "plan": {**_PLAN, "target_atr": 0.01}},
    "held-for-a-year": {"when": _below(49), "plan": {**_PLAN, "max_bars": 250}},
    "churn": {"when": _above(51), "plan": {**_PLAN, "max_bars": 1, "stop_atr": 1, "target_atr": 1}},
    "averaging-down": {"when": {"feature": "drawdown_60", "op": "<", "value": -0.001}, "plan": _PLAN},
    "double-down-again": {"when": {"feature": "drawdown_60", "op": "<", "value": -0.002}, "plan": _PLAN},
    "short-the-trend": {"when": {"feature": "trend_strength", "op": ">", "value": 0.01}, "plan": {**_PLAN, "side": "sell"}},
}
ILL_FORMED: dict[str, dict[str, Any]] = {
    "martingale": {"when": _below(31), "plan": {**_PLAN, "multiplier_after_loss": 2}},
    "martingale-by-parameter": {"when": _below(32), "parameters": {"size": {"value": 2.0, "low": 0.0, "high": 64.0}}},
    "no-stop": {"when": _below(33), "plan": {"side": "buy", "target_atr": 3, "max_bars": 5}},
    "stop-of-nothing": {"when": _below(34), "plan": {**_PLAN, "stop_atr": 0}},
    "leverage": {"when": _below(35), "plan": {**_PLAN, "leverage": 20}},
    "size-of-ten": {"when": _below(36), "plan": {**_PLAN, "size": 10}},
    "both-sides": {"when": _below(37), "plan": {**_PLAN, "side": "both"}},
    "active-by-itself": {"when": _below(38), "status": "active", "trust": "operator"},
}


def _handed_in(call: Call, tmp_path: Path, name: str, changes: dict[str, Any], *, home: Path) -> Json:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(draft(name, **changes)), encoding="utf-8")
    return call("skills", "add", path, "--json", at=home).document


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "a long passphrase")


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("name", ILL_FORMED)
def test_ill_formed_strategy_is_refused_even_from_the_operator(call: Call, tmp_path: Path, name: str) -> None:
    assert _handed_in(call, tmp_path, name, ILL_FORMED[name], home=tmp_path / "home")["verdict"] == "reject"


@pytest.mark.usefixtures("operator")
def test_well_formed_but_harmful_strategies_size_nothing_before_they_have_earned_it(call: Call, tmp_path: Path) -> None:
    home, plain = tmp_path / "home", tmp_path / "plain"
    ids = {}
    for name, changes in WELL_FORMED.items():
        said = _handed_in(call, tmp_path, name, changes, home=home)
        ids[name] = said["id"]
        assert said["status"] in ("candidate", "quarantined", "rejected"), said
        call("skills", "approve", name, "--reason", "the operator was talked into it", at=home)
    bars = write_bars(tmp_path / "bars", frame(last="2014-03-31"))
    replayed = ("run", "--replay", bars, "--timerange", "20140101-20140331", "--json")
    with_them, without = call(*replayed, at=home), call(*replayed, at=plain)
    assert with_them.code == without.code == 0
    assert len(with_them.lines) > 50
    # trades, sizes and contributions are those of a home that never heard of them
    for mine, other in zip(with_them.lines, without.lines, strict=True):
        assert mine["decision"] == other["decision"]
        assert mine["contributions"] == other["contributions"]
        assert (mine["order"] is None) == (other["order"] is None)
    assert any(record["order"] for record in with_them.lines), "somebody traded"
    listed = {row["name"]: row for row in call("skills", "list", "--json", at=home).document}
    for name in listed.keys() & ids.keys():
        assert listed[name]["status"] in ("candidate", "quarantined", "probation"), name
        assert listed[name]["executions"] == 0, name
