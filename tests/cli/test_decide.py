"""Deciding once: decide, why and run --once, on files cut and spoilt after the moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from agent.domain import CycleRecord
from agent.errors import ModelError
from agent.reason.arithmetic import ArithmeticReasoner
from tests.cli.kit import Call, Said, frame, write_bars

AT = "2014-06-03T00:00:00Z"  # the bar of 2 June is the last one known


def decide(call: Call, path: Path, home: Path) -> Said:
    said = call("decide", "--symbol", "SP500", "--data", path, "--at", AT, "--json", at=home)
    assert said.code == 0, said.err
    return said


def spoilt(bars: pd.DataFrame, what: str) -> pd.DataFrame:
    later = bars["timestamp"] > pd.Timestamp("2014-06-02", tz="UTC")
    if what == "missing":
        bars.loc[later, "close"] = float("nan")
    elif what == "negative":
        bars.loc[later, ["open", "high", "low", "close"]] = -1.0
    elif what == "high below low":
        bars.loc[later, "high"] = bars["low"] - 1
    elif what == "split":
        bars.loc[later, ["open", "high", "low", "close"]] /= 4
    else:
        bars.loc[later, "timestamp"] = bars["timestamp"].iloc[-1]
    return bars


@pytest.mark.parametrize("what", ["missing", "negative", "high below low", "split", "same time"])
def test_decide_garbage_after_the_moment_changes_no_byte(call: Call, bars: Path, tmp_path: Path, what: str) -> None:
    garbage = write_bars(tmp_path, spoilt(frame(), what))
    expected = decide(call, bars, tmp_path / "a").out
    assert decide(call, garbage, tmp_path / "b").out == expected


@pytest.mark.parametrize("name", ["SP500-1d.parquet", "SP500-1d.csv"])
def test_decide_file_cut_at_the_moment_changes_no_byte(call: Call, bars: Path, tmp_path: Path, name: str) -> None:
    cut = write_bars(tmp_path, frame(last="2014-06-02"), name)
    assert decide(call, cut, tmp_path / "b").out == decide(call, bars, tmp_path / "a").out


def test_decide_torn_csv_lines_after_the_moment_change_no_byte(call: Call, bars: Path, tmp_path: Path) -> None:
    path = write_bars(tmp_path, frame(last="2014-06-02"), "SP500-1d.csv")
    path.write_text(path.read_text(encoding="utf-8") + "2014-06-03T00:00:00Z,oops,-1\n2014-06-04T00:00:00Z,1,2,3,x,-5\n")
    assert decide(call, path, tmp_path / "b").out == decide(call, bars, tmp_path / "a").out


def test_decide_twice_returns_the_first_record(call: Call, bars: Path, tmp_path: Path) -> None:
    first = decide(call, bars, tmp_path / "home")
    facts = call("memory", "stats", "--json").document["facts"]
    assert decide(call, bars, tmp_path / "home").out == first.out
    assert call("memory", "stats", "--json").document["facts"] == facts


def test_decide_record_is_whole_and_adds_up(call: Call, bars: Path, tmp_path: Path) -> None:
    said = decide(call, bars, tmp_path / "home")
    record = CycleRecord.model_validate(said.document)
    assert record.run == "paper"
    assert record.symbol == "SP500"
    assert f"{record.bar_time:%Y-%m-%d}" == "2014-06-02"
    assert record.signal is not None
    assert sum(part.value for part in record.contributions) == pytest.approx(record.signal.confidence, abs=1e-12) or (
        record.signal.side == "sell"
    )


def test_decide_during_warm_up_abstains_and_is_no_hold(call: Call, tmp_path: Path) -> None:
    young = write_bars(tmp_path, frame("2014-01-01"))
    record = decide(call, young, tmp_path / "home").document
    assert record["status"] == "abstained"
    assert record["decision"] == {"action": "none", "size": 0.0}
    assert "warm-up" in record["status_reason"]


def test_decide_failure_is_an_error_and_never_a_hold(
    call: Call, bars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ModelError("the reasoner is out")

    monkeypatch.setattr(ArithmeticReasoner, "__call__", fail)
    said = call("decide", "--data", bars, "--at", AT, "--json")
    assert said.code == 1
    assert said.document["status"] == "error"
    assert said.document["status_reason"] == "the reasoner is out"
    assert said.document["decision"]["action"] == "none"
    assert said.document["order"] is None
    assert "cycle failed" in said.err  # the log speaks on stderr alone


def test_decide_in_words_says_what_and_how_to_ask_why(call: Call, bars: Path) -> None:
    said = call("decide", "--data", bars, "--at", AT)
    assert said.code == 0
    assert said.out.startswith("SP500 as of 2014-06-03 00:00 UTC: ")
    assert "(PAPER)" in said.out
    assert "tradecraft why " in said.out


@pytest.mark.parametrize("shorten", [lambda ident: ident, lambda ident: ident[:8]])
def test_why_by_full_id_and_by_its_beginning_explains_the_record(
    call: Call, bars: Path, tmp_path: Path, shorten: Callable[[str], str]
) -> None:
    record = decide(call, bars, tmp_path / "home").document
    said = call("why", shorten(record["id"]), "--json")
    assert said.code == 0
    told = said.document
    assert told["id"] == record["id"]
    assert {"id", "signal", "contributions", "memories", "skills", "clamps", "context"} <= told.keys()
    assert told["contributions"] == record["contributions"]
    assert told["context"]["hash"] == record["context_hash"]
    assert call("why", shorten(record["id"])).out.startswith("SP500 2014-06-02")


def test_why_of_a_traded_decision_tells_how_it_ended(call: Call, walked: Path) -> None:
    run = (walked / "latest").read_text(encoding="utf-8")
    traded = [row for row in call("skills", "list", "--json", at=walked).document if row["executions"]]
    assert traded  # skills are credited by the trades of the walk
    from agent.backtest.walk import read_result

    document = read_result(walked, run)
    assert document is not None
    trade = document["trades"][0]
    told = call("why", trade["decision"], "--json", at=walked).document
    assert told["outcome"] == trade
    assert "outcome  closed" in call("why", trade["decision"], at=walked).out


def test_run_once_decides_every_symbol_as_json_lines(call: Call, bars: Path, tmp_path: Path) -> None:
    other = write_bars(tmp_path, frame(name="nasdaq"), "NASDAQ-1d.parquet")
    said = call("run", "--once", "--data", bars, other, "--json")
    assert said.code == 0
    assert [CycleRecord.model_validate(line).symbol for line in said.lines] == ["NASDAQ", "SP500"]
    assert call("run", "--once", "--data", bars, "--data", other, "--json").out == said.out


def test_run_once_while_halted_records_enters_nothing_and_exits_3(call: Call, bars: Path) -> None:
    assert call("risk", "halt", "--reason", "storm").code == 0
    said = call("run", "--once", "--data", bars, "--json")
    assert said.code == 3
    assert len(said.lines) == 1
    assert said.lines[0]["order"] is None
    assert "halted: storm" in said.err
    assert call("risk", "resume", "--reason", "calm", "--yes").code == 0
    assert call("run", "--once", "--data", bars, "--json").code == 0
