"""The contract every command keeps: help, exit codes, one-line errors, one document on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import main
from agent.cli.globals import hoist
from tests.cli.kit import RANGE, Call

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "demo", "init", "doctor", "show-config", "schema", "data", "data check", "features", "state", "consult", "decide", "why",
    "backtest", "lookahead", "run", "memory", "memory search", "memory similar", "memory recent", "memory stats",
    "memory verify", "skills", "skills list", "skills show", "skills search", "performance", "performance voters",
    "performance regimes", "performance skills", "performance parameters", "risk", "risk status", "risk halt",
    "risk stopentry", "risk resume", "bench", "cost",
)  # fmt: skip


def python(*words: str | Path, home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    env = {**os.environ, "TRADECRAFT_HOME": str(home), "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    command = [sys.executable, "-m", "agent", *map(str, words)]
    return subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, check=False)


def test_help_of_the_program_names_every_command(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["--help"]) == 0
    assert capsys.readouterr().out == (Path(__file__).parent / "help.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_is_there(call: Call, command: str) -> None:
    said = call(*command.split(), "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: tradecraft {command}")
    assert said.err == ""


def test_program_help_starts_without_heavy_imports(tmp_path: Path) -> None:
    heavy = ("torch", "chromadb", "sentence_transformers", "pandas", "numpy", "sqlalchemy", "plotly", "arch", "scipy", "rich")
    code = (
        "import sys; from agent.cli import main; main(['backtest', '--help']); "
        f"sys.exit(', '.join(m for m in {heavy!r} if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [(), ("memory",), ("risk",), ("--json",), ("skills", "--json")])
def test_no_command_shows_the_help_on_stderr_and_exits_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(words)) == 2
    printed = capsys.readouterr()
    assert "Commands:" in printed.err
    assert "error: no command given" in printed.err.splitlines()[-1]
    assert ("error" in json.loads(printed.out)) if "--json" in words else printed.out == ""


BAD: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unknown option": (("features", "--bogus"), ("--bogus", "tradecraft features --help")),
    "unknown command": (("fly",), ("fly", "tradecraft --help")),
    "missing option": (("decide",), ("--data", "tradecraft decide --help")),
    "missing value": (("decide", "--home"), ("--home",)),
    "missing file": (("features", "--data", "none-1d.parquet"), ("none-1d.parquet", "does not exist")),
    "nameless file": (("features", "--data", "{noname}"), ("noname.parquet", "SYMBOL-INTERVAL")),
    "timerange of a year": (("features", "--data", "{bars}", "--timerange", "2014"), ("2014", "YYYYMMDD-YYYYMMDD")),
    "timerange of months": (("features", "--data", "{bars}", "--timerange", "201401-201412"), ("201401-201412", "YYYYMMDD")),
    "timerange backwards": (("features", "--data", "{bars}", "--timerange", "20140201-20140101"), ("before the start",)),
    "timerange of no day": (("features", "--data", "{bars}", "--timerange", "20140132-20140201"), ("20140132",)),
    "timerange after the file": (
        ("backtest", "--data", "{bars}", "--timerange", "20160101-20161231"), ("20160101-20161231", "2014-06-30"),
    ),
    "timerange before the file": (("backtest", "--data", "{bars}", "--timerange", "19900101-19901231"), ("SP500-1d.parquet",)),
    "timerange within warm-up": (("backtest", "--data", "{bars}", "--timerange", "20120101-20120630"), ("ready after 400",)),
    "time in words": (("decide", "--data", "{bars}", "--at", "yesterday"), ("'yesterday'", "2016-02-12T00:00:00Z")),
    "time before all bars": (("decide", "--data", "{bars}", "--at", "1999-01-01"), ("SP500-1d.parquet",)),
    "time beyond the calendar": (("state", "--data", "{bars}", "--at", "0001-01-01T00:00:00+05:00"), ("0001-01-01",)),
    "time beyond stamps": (("state", "--data", "{bars}", "--at", "9999-12-31T23:59:59Z"), ("9999", "2261")),
    "unknown arm": (("backtest", "--data", "{bars}", "--arm", "foo"), ("'foo'", "choose one of full")),
    "absent arm": (("backtest", "--data", "{bars}", "--arm", "no-forecast"), ("no-forecast", "no forecast", "choose one of")),
    "unknown chunk": (("backtest", "--data", "{bars}", "--chunk", "week"), ("'week'", "quarter, month or none")),
    "negative cash": (("backtest", "--data", "{bars}", "--cash", "-5"), ("cash = -5.0",)),
    "negative fee": (("backtest", "--data", "{bars}", "--fee-bps", "-5"), ("fee_bps = -5.0",)),
    "fee that is no number": (("backtest", "--data", "{bars}", "--fee-bps", "nan"), ("fee_bps",)),
    "the same symbol twice": (("backtest", "--data", "{bars}", "{bars}"), ("SP500 twice",)),
    "two files where one is meant": (("decide", "--data", "{bars}", "--data", "other-1d.csv"), ("2 files", "exactly one")),
    "interval of no length": (("decide", "--data", "{bars}", "--interval", "0d"), ("'0d'", "--interval")),
    "unknown run": (("why", "abcd1234", "--run", "nope"), ("'nope'",)),
    "run outside the home": (("memory", "stats", "--run", "../paper"), ("'../paper'",)),
    "unknown decision": (("why", "abcd1234"), ("'abcd1234'",)),
    "unknown skill": (("skills", "show", "nothing"), ("'nothing'", "skills list")),
    "unknown schema": (("schema", "house"), ("'house'", "record, skill or settings")),
    "unknown benchmark": (("bench", "house"), ("'house'", "cycle")),
    "unknown mode": (("memory", "search", "--query", "x", "--mode", "fast"), ("'fast'", "hybrid, text or vector")),
    "unknown formula": (("memory", "search", "--query", "x", "--formula", "best"), ("'best'", "finmem")),
    "empty query": (("memory", "search", "--query", ""), ("query is empty",)),
    "negative seed": (("init", "--seed", "-1"), ("--seed",)),
    "seed that is no number": (("init", "--seed", "x"), ("--seed", "integer")),
    "a model that is not there": (("decide", "--data", "{bars}", "--llm", "live"), ("--llm live", "--llm none")),
    "unknown model mode": (("decide", "--data", "{bars}", "--llm", "foo"), ("'foo'",)),
    "unknown principal": (("risk", "halt", "--as", "nobody"), ("'nobody'", "operator, agent, importer or outside")),
    "no reason": (("risk", "halt", "--reason", " "), ("--reason is empty",)),
    "loop without once": (("run", "--data", "{bars}"), ("--once",)),
    "no data to check": (("data", "check"), ("no data",)),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_usage_is_one_line_that_names_value_and_fix(call: Call, case: str, bars: Path, tmp_path: Path) -> None:
    noname = tmp_path / "noname.parquet"
    noname.write_bytes(bars.read_bytes())
    words, expected = BAD[case]
    given = [word.format(bars=bars, noname=noname) for word in words]
    plain, asked = call(*given), call(*given, "--json")
    assert (plain.code, plain.out) == (2, "")
    for part in expected:
        assert part in plain.error
    assert asked.code == 2
    assert asked.error == plain.error
    error = asked.document["error"]
    assert error.keys() == {"kind", "message"}
    assert f"error: {error['message']}" == asked.error


@pytest.mark.parametrize("words", [("init",), ("memory", "stats"), ("risk", "status"), ("why", "abcd"), ("skills", "list")])
def test_home_that_is_a_file_is_refused_by_name(call: Call, tmp_path: Path, words: tuple[str, ...]) -> None:
    home = tmp_path / "afile"
    home.write_text("mine", encoding="utf-8")
    said = call(*words, "--json", at=home)
    assert said.code == 2
    assert "afile is a file" in said.error
    assert said.document["error"]["kind"] == "config"
    assert home.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("arm", ["full", "buy-and-hold"])
def test_backtest_into_a_home_that_is_a_file_is_refused(call: Call, bars: Path, tmp_path: Path, arm: str) -> None:
    home = tmp_path / "afile"
    home.write_text("mine", encoding="utf-8")
    said = call("backtest", "--data", bars, "--arm", arm, "--timerange", RANGE, at=home)
    assert (said.code, said.out) == (2, "")
    assert "afile is a file" in said.error


def broken(kind: str) -> tuple[str, tuple[str, ...]]:
    """A file's text with one thing wrong, and what the refusal must name."""
    head = "timestamp,open,high,low,close,volume"
    rows = [f"2014-01-{day:02d}T00:00:00Z,10,11,9,10,5" for day in (2, 3, 6, 7)]
    if kind == "nan":
        rows[1] = "2014-01-03T00:00:00Z,10,11,9,,5"
    elif kind == "unsorted":
        rows[1], rows[2] = rows[2], rows[1]
    elif kind == "no zone":
        rows = [row.replace("Z", "") for row in rows]
    elif kind == "negative":
        rows[1] = "2014-01-03T00:00:00Z,10,11,-9,10,5"
    elif kind == "high below low":
        rows[1] = "2014-01-03T00:00:00Z,10,8,9,10,5"
    elif kind == "word":
        rows[1] = "2014-01-03T00:00:00Z,ten,11,9,10,5"
    elif kind == "twice":
        rows[1] = rows[0]
    else:
        head = head.replace("close", "price")
    named = {"no column": ("close",), "nan": ("row 2", "close"), "unsorted": ("row 3", "timestamp"), "no zone": ("time zone",)}
    return "\n".join([head, *rows]) + "\n", named.get(kind, ("row 2",))


@pytest.mark.parametrize("kind", ["nan", "unsorted", "no zone", "negative", "high below low", "word", "twice", "no column"])
@pytest.mark.parametrize("command", [("features",), ("backtest", "--arm", "buy-and-hold")])
def test_broken_file_is_refused_by_row_and_column(call: Call, tmp_path: Path, kind: str, command: tuple[str, ...]) -> None:
    text, named = broken(kind)
    path = tmp_path / "ABC-1d.csv"
    path.write_text(text, encoding="utf-8")
    said = call(*command, "--data", path, "--json")
    assert said.code == 2
    assert all(part in said.error for part in ("ABC-1d.csv", *named))
    assert said.document["error"]["kind"] == "market_data"


def test_data_check_broken_file_is_a_finding_and_exit_1(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "ABC-1d.csv"
    path.write_text(broken("nan")[0], encoding="utf-8")
    said = call("data", "check", path, "--json")
    assert said.code == 1
    assert said.document["ok"] is False
    assert "row 2" in said.document["findings"][0]["detail"]


def test_data_check_sound_file_is_ok(call: Call, bars: Path) -> None:
    said = call("data", "check", "--data", bars, "--json")
    assert said.code == 0
    assert said.document["ok"] is True


def test_hoist_global_options_mean_the_same_anywhere() -> None:
    front = ["--json", "--home", "h", "--seed=3", "backtest", "--data", "a"]
    behind = ["backtest", "--data", "a", "--json", "--home", "h", "--seed=3"]
    assert hoist(front) == hoist(behind)


def test_hoist_several_files_after_one_data_become_several_data() -> None:
    once = hoist(["backtest", "--data", "a", "b", "--arm", "base"])
    twice = hoist(["backtest", "--data", "a", "--data", "b", "--arm", "base"])
    assert once == twice == ["backtest", "--data", "a", "--data", "b", "--arm", "base"]


def test_hoist_after_two_dashes_nothing_moves() -> None:
    assert hoist(["why", "--", "--json"]) == ["why", "--", "--json"]


def test_home_option_beats_the_environment(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADECRAFT_HOME", str(tmp_path / "other"))
    assert call("init", "--json").document["home"] == str(tmp_path / "home")
    assert not (tmp_path / "other").exists()


def test_settings_option_beats_environment_beats_file(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tradecraft.toml").write_text("seed = 1\ncash = 5.0\n[plan]\nhorizon = 7\n", encoding="utf-8")
    monkeypatch.setenv("TRADECRAFT_SEED", "2")
    monkeypatch.setenv("TRADECRAFT_CASH", "6")
    found = call("show-config", "--seed", "3", "--json").document["settings"]
    assert found["seed"] == {"value": 3, "origin": "option"}
    assert found["cash"] == {"value": 6.0, "origin": "environment"}
    assert found["plan.horizon"] == {"value": 7, "origin": str(tmp_path / "tradecraft.toml")}
    assert found["recall.k"]["origin"] == "default"


@pytest.mark.parametrize("text", ["sed = 1", "seed = -1", "seed = [", "[limits]\nmax_position = 7"])
def test_settings_file_with_a_mistake_is_refused_in_one_line(call: Call, tmp_path: Path, text: str) -> None:
    (tmp_path / "tradecraft.toml").write_text(text, encoding="utf-8")
    said = call("show-config", "--json")
    assert said.code == 2
    assert said.document["error"]["kind"] == "config"
    assert said.error


def test_process_error_carries_exit_code_and_no_traceback(tmp_path: Path) -> None:
    done = python("features", "--data", "none-1d.csv", "--json", home=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: data file none-1d.csv")
    assert json.loads(done.stdout)["error"]["kind"] == "config"


def test_process_debug_shows_the_traceback_on_stderr(tmp_path: Path) -> None:
    done = python("features", "--data", "none-1d.csv", "--debug", home=tmp_path)
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert done.stdout == ""


def test_process_reader_that_leaves_early_is_no_error(tmp_path: Path, bars: Path) -> None:
    command = f"{sys.executable} -m agent features --data {bars} | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_process_resume_without_anybody_to_ask_changes_nothing(tmp_path: Path) -> None:
    assert python("risk", "halt", "--reason", "storm", home=tmp_path).returncode == 0
    done = python("risk", "resume", "--reason", "calm", home=tmp_path)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert python("risk", "status", home=tmp_path).returncode == 3


def test_what_a_command_writes_into_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    """Anyone on the machine could otherwise read trades, memories and preferences."""
    home = tmp_path / "new" / "home"
    assert python("init", home=home).returncode == 0
    assert python("risk", "halt", "--reason", "a look", home=home).returncode == 0
    assert [path for path in (home, *home.rglob("*")) if path.stat().st_mode & 0o077] == []
