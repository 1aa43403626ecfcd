"""Walking forward: the document, repeatability, and what each part changes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.backtest.chunks import lesson
from agent.backtest.walk import read_result
from agent.domain import Outcome
from agent.reason.arithmetic import ArithmeticReasoner
from tests.cli.kit import RANGE, Call, Json, frame, write_bars

KEYS = {"run", "arm", "symbols", "timerange", "metrics", "chunks", "trades", "equity", "decisions", "config_hash", "data_hash"}


def backtest(call: Call, bars: Path, *words: str, **more: Any) -> Json:
    said = call("backtest", "--data", bars, "--timerange", RANGE, *words, "--json", **more)
    assert said.code == 0, said.err
    return said.document


@cache
def kept(name: str) -> dict[str, Json]:
    """Documents already walked in this process, by words."""
    return {}


@pytest.fixture
def full(call: Call, bars: Path) -> Json:
    if "full" not in kept("walks"):
        kept("walks")["full"] = backtest(call, bars)
    return kept("walks")["full"]


def test_document_has_the_shape_of_the_contract(full: Json) -> None:
    assert full.keys() >= KEYS
    assert full["run"].startswith("full-")
    assert len(full["run"]) == len("full-") + 12
    assert full["symbols"] == ["SP500"]
    assert [chunk["name"] for chunk in full["chunks"]] == ["2014Q1", "2014Q2"]
    keys = {"id", "as_of", "symbol", "status", "action", "confidence", "size"}
    assert all(decision.keys() == keys for decision in full["decisions"])
    assert full["trades"]
    assert full["errors"] == 0


def test_document_covers_every_bar_of_the_range_and_no_warm_up(full: Json) -> None:
    days = [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in frame("2014-01-01", "2014-06-30")["timestamp"]]
    assert [stamp for stamp, _ in full["equity"]] == days
    assert len(full["decisions"]) == len(days)
    assert full["equity"][0][1] == 100_000
    assert full["metrics"]["Start"] == days[0]
    assert min(trade["entry_bar"] for trade in full["trades"]) > days[0]


def test_document_equity_is_cash_and_the_sum_of_what_was_earned(full: Json) -> None:
    last, earned = full["equity"][-1][1], sum(trade["pnl"] for trade in full["trades"])
    spare = last - 100_000 - earned  # an open position at the end, marked at the last close
    assert full["metrics"]["# Trades"] == len(full["trades"])
    assert abs(spare) < 5_000
    assert full["chunks"][-1]["return_pct"] == pytest.approx(100 * (last / equity_at_end_of(full, "2014-03-31") - 1))


def equity_at_end_of(document: Json, day: str) -> float:
    return next(float(value) for stamp, value in document["equity"] if stamp.startswith(day))


def test_same_seed_in_another_home_gives_the_same_bytes(full: Json, call: Call, bars: Path, tmp_path: Path) -> None:
    again = backtest(call, bars, at=tmp_path / "elsewhere")
    assert json.dumps(again) == json.dumps(full)


def test_repeating_the_command_replaces_the_run_and_resume_shows_it(call: Call, bars: Path, tmp_path: Path) -> None:
    first = call("backtest", "--data", bars, "--timerange", RANGE, "--arm", "base", "--json")
    journal = tmp_path / "home" / "runs" / first.document["run"] / "journal.sqlite"
    made = journal.stat().st_ino, journal.stat().st_mtime_ns
    resumed = call("backtest", "--data", bars, "--timerange", RANGE, "--arm", "base", "--json", "--resume")
    assert resumed.out == first.out
    assert (journal.stat().st_ino, journal.stat().st_mtime_ns) == made
    repeated = call("backtest", "--data", bars, "--timerange", RANGE, "--arm", "base", "--json")
    assert repeated.out == first.out
    assert journal.stat().st_mtime_ns != made[1]


@pytest.mark.parametrize("arm", ["no-memory", "no-skills"])
def test_leaving_a_part_out_changes_some_decisions(full: Json, call: Call, bars: Path, arm: str) -> None:
    less = backtest(call, bars, "--arm", arm)

    def decided(document: Json) -> list[tuple[Any, ...]]:
        return [(d["as_of"], d["action"], d["confidence"], d["size"]) for d in document["decisions"]]

    assert [d["as_of"] for d in less["decisions"]] == [d["as_of"] for d in full["decisions"]]
    assert decided(less) != decided(full)
    record = call("why", less["decisions"][-1]["id"], "--json").document
    assert (record["memories"]["estimate"] is None) == (arm == "no-memory")
    assert bool(call("skills", "list", "--json").document) == (arm == "no-memory")


def test_costs_leave_less(full: Json, call: Call, bars: Path) -> None:
    free = backtest(call, bars, "--fee-bps", "0", "--slippage-bps", "0")
    assert all(trade["fees"] == 0 for trade in free["trades"])
    assert all(trade["fees"] > 0 for trade in full["trades"])
    assert free["equity"][-1][1] != full["equity"][-1][1]
    assert free["run"] != full["run"]


def test_random_arm_enters_about_as_often_as_the_full_arm(full: Json, call: Call, bars: Path) -> None:
    random = backtest(call, bars, "--arm", "random")
    entries = [sum(d["action"] in ("buy", "sell") for d in document["decisions"]) for document in (random, full)]
    assert entries[0] > 0
    assert entries[0] == pytest.approx(entries[1], rel=0.6)
    other = backtest(call, bars, "--arm", "random", "--seed", "5")
    assert [d["action"] for d in other["decisions"]] != [d["action"] for d in random["decisions"]]


def test_several_symbols_share_one_book(call: Call, bars: Path, tmp_path: Path) -> None:
    other = write_bars(tmp_path, frame(name="nasdaq"), "NASDAQ-1d.parquet")
    words = ("--timerange", "20140101-20140331", "--arm", "base", "--json")
    document = call("backtest", "--data", bars, other, *words).document
    turned = call("backtest", "--data", other, "--data", bars, *words).document
    assert document["symbols"] == ["NASDAQ", "SP500"]
    assert len(document["decisions"]) == 2 * len(document["equity"])
    assert {trade["symbol"] for trade in document["trades"]} == {"NASDAQ", "SP500"}
    assert turned == document


@pytest.mark.parametrize(("chunk", "names"), [("month", ["2014-01", "2014-02"]), ("none", ["all"])])
def test_chunks_are_named_and_leave_a_lesson(call: Call, bars: Path, chunk: str, names: list[str]) -> None:
    words = ("--timerange", "20140101-20140228", "--chunk", chunk, "--json")
    document = call("backtest", "--data", bars, *words).document
    assert [row["name"] for row in document["chunks"]] == names
    assert document["chunks"][0]["memories"] == 0
    lessons = call("memory", "recent", "--kind", "lesson", "--json").document["results"]
    traded = [row["name"] for row in document["chunks"] if row["trades"]]
    assert sorted(item["content"].split(":")[0] for item in lessons) == traded


def test_bars_after_the_range_change_nothing(full: Json, call: Call, bars: Path, tmp_path: Path) -> None:
    longer = frame(last="2014-12-31")
    later = longer["timestamp"] > frame()["timestamp"].iloc[-1]
    longer.loc[later, "close"] = -1.0
    path = write_bars(tmp_path, longer)
    assert backtest(call, path, at=tmp_path / "other") == full


def test_failing_cycles_are_counted_as_errors_and_the_command_fails(
    call: Call, bars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.errors import ModelError

    def fail(*_: object) -> None:
        raise ModelError("the reasoner is out")

    monkeypatch.setattr(ArithmeticReasoner, "__call__", fail)
    said = call("backtest", "--data", bars, "--timerange", "20140102-20140106", "--json")
    assert said.code == 1
    assert said.document["errors"] == 3
    assert {(d["status"], d["action"]) for d in said.document["decisions"]} == {("error", "none")}


def test_report_is_written_beside_the_document(call: Call, bars: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    words = ("--timerange", "20140101-20140331", "--report", str(path))
    said = call("backtest", "--data", bars, *words, "--json")
    assert said.document["run"].startswith("full-")
    assert "<html" in path.read_text(encoding="utf-8")[:200]
    shown = call("backtest", "--data", bars, *words, "--resume")
    assert "Buy and hold" in path.read_text(encoding="utf-8")
    assert f"report: {path}" in shown.err


def test_result_of_an_unfinished_run_is_none(tmp_path: Path) -> None:
    assert read_result(tmp_path, "full-0123456789ab") is None


def outcome(r: float) -> Outcome:
    at = datetime(2014, 1, 2, tzinfo=UTC)
    return Outcome(
        position="p", decision="d", symbol="SP500", side="buy", quantity=Decimal(1), entry_bar=at, entry_price=100, exit_bar=at,
        exit_price=101, closed_at=at, bars_held=1, pnl=r, fees=0, income=0, r=r, mae=0, mfe=0, grade="unknown", reason="time",
    )  # fmt: skip


def test_lesson_counts_are_those_of_the_trades() -> None:
    text = lesson("2014Q1", [outcome(1.0), outcome(-1.0)], {"volatile": [-1.0], "trending": [1.0]})
    assert text == (
        "2014Q1: 2 trades, 50% won, mean net +0.00 R; trending +1.00 R over 1; volatile -1.00 R over 1; traded SP500."
    )
