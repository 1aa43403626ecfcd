from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from agent.cli import main
from evals.markets import garch
from tests.skills.build import START
from tests.skills.planted import trades


def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["--home", str(tmp_path / "home"), "--json", *words])
    return code, capsys.readouterr().out


def file_of(tmp_path: Path, rows: list[dict[str, Any]]) -> str:
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def executions(skill: str, wins: str) -> list[dict[str, Any]]:
    return [
        {
            "skill": skill,
            "version": 1,
            "decision": f"d{k}",
            "outcome": "success" if won == "w" else "failure",
            "r": 1.0 if won == "w" else -1.0,
            "at": (START + timedelta(days=k)).isoformat(),
            "regime": "ranging",
        }
        for k, won in enumerate(wins)
    ]


def test_commands_simulate_prints_a_line_for_each_skill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [{"at": (START + timedelta(days=k)).isoformat(), "outcome": "failure", "r": -1.0} for k in range(10)]
    path = file_of(tmp_path, [{"skill": "a", "outcomes": outcomes}, {"skill": "b", "outcomes": outcomes[:9]}])
    code, out = run(tmp_path, capsys, "skills", "simulate", "--jsonl", path)
    first, second = (json.loads(line) for line in out.splitlines())
    assert code == 0
    step = first["transitions"][0]
    assert (step["at"], step["from"], step["to"], step["rule"]) == (
        "2014-01-11T00:00:00Z",
        "active",
        "retired",
        "retire-reliability",
    )
    assert second == {"skill": "b", "transitions": []}


def test_commands_record_gives_the_list_and_begins_anew_each_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file_of(tmp_path, executions("trend-pullback", "wwlwl"))
    for _ in range(2):
        code, out = run(tmp_path, capsys, "skills", "record", path)
        row = next(row for row in json.loads(out) if row["name"] == "trend-pullback")
        assert (code, row["executions"], row["success"], row["reliability"]) == (0, 5, 3, 0.6)


def test_commands_record_refuses_real_books_and_names_the_bad_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = file_of(tmp_path, executions("trend-pullback", "w"))
    assert run(tmp_path, capsys, "--run", "paper", "skills", "record", path)[0] == 2
    bad = file_of(tmp_path, [*executions("trend-pullback", "w"), {"skill": "trend-pullback"}])
    code, out = run(tmp_path, capsys, "skills", "record", bad)
    assert code == 2
    assert "line 2" in json.loads(out)["error"]["message"]
    unknown = file_of(tmp_path, executions("nobody", "w"))
    assert run(tmp_path, capsys, "skills", "record", unknown)[0] == 2


def test_commands_discover_applies_what_it_accepts_as_a_candidate_of_the_agent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_of(tmp_path, [json.loads(trade.model_dump_json()) for trade in trades(5, rate=0.8)])
    code, out = run(tmp_path, capsys, "skills", "discover", "--trades", path, "--apply", "--seed", "1")
    document = json.loads(out)
    assert code == 0
    assert {"when", "support", "win_rate", "base_rate", "p", "q", "holdout", "accepted"} <= set(document["hypotheses"][0])
    assert document["admitted"][0]["status"] == "candidate"
    rows = json.loads(run(tmp_path, capsys, "skills", "list")[1])
    assert next(row["origin"] for row in rows if row["name"] == document["admitted"][0]["name"]) == "learned"


def test_commands_retire_and_restore_stay_on_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADECRAFT_OPERATOR_PASSPHRASE", "a long and made-up passphrase")
    assert run(tmp_path, capsys, "skills", "retire", "gap-fade", "--reason", "not this year")[0] == 0
    assert run(tmp_path, capsys, "skills", "restore", "gap-fade", "--reason", "looked again")[0] == 0
    events = json.loads(run(tmp_path, capsys, "skills", "history", "gap-fade")[1])
    assert [event.get("to") for event in events] == [None, "retired", "active"]
    assert events[1]["reason"] == "not this year"
    assert run(tmp_path, capsys, "skills", "retire", "gap-fade", "--reason", " ")[0] == 2


def test_commands_replay_keeps_to_the_range_from_its_first_day_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars = garch(3, 1200)
    frame = pd.DataFrame({name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")})
    frame.insert(0, "timestamp", pd.DatetimeIndex(bars.start, tz="UTC"))
    path = tmp_path / "MADEUP-1d.csv"
    frame.to_csv(path, index=False)
    days = [f"{pd.Timestamp(bars.start[i]):%Y%m%d}" for i in (900, 999)]
    code, out = run(tmp_path, capsys, "skills", "replay", "gap-fade", "--data", str(path), "--timerange", "-".join(days))
    assert (code, json.loads(out)["runs"][0]["bars"]) == (0, 100)


def test_commands_search_refuses_a_regime_nobody_knows_and_an_empty_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, capsys, "skills", "search", "--query", "gap", "--regime", "bull", "--mode", "words")[0] == 2
    assert run(tmp_path, capsys, "skills", "search", "--query", " ", "--mode", "words")[0] == 2
