"""A walk that is killed or interrupted goes on as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.kit import RANGE, Call

ROOT = Path(__file__).parents[2]
WORDS = ("--timerange", RANGE, "--chunk", "month", "--json")
BAR = random.Random(20140101).randrange(2, 124)


def start(home: Path, bars: Path, where: str, times: int, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.backtest.child", where, str(times), "--home", str(home), "backtest"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [*command, "--data", str(bars), *WORDS, *words],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, bars: Path) -> str:
    """The document of a walk that nothing disturbed, from a process of its own."""
    done = start(tmp_path_factory.mktemp("whole"), bars, "never", 0)
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    return out


@pytest.mark.parametrize(("where", "times"), [("bar", BAR), ("commit", 2 + BAR), ("chunk", 6), ("index", 1)])
def test_killed_run_resumed_equals_an_uninterrupted_one(
    call: Call, bars: Path, tmp_path: Path, uninterrupted: str, where: str, times: int
) -> None:
    killed = start(tmp_path / "home", bars, where, times)
    out, _ = killed.communicate(timeout=120)
    assert (killed.returncode, out) == (-signal.SIGKILL, "")
    resumed = call("backtest", "--data", bars, *WORDS, "--resume")
    assert resumed.code == 0
    assert resumed.out == uninterrupted
    assert call("memory", "verify", "--json").document["problems"] == []


def test_killed_twice_and_resumed_equals_an_uninterrupted_one(call: Call, bars: Path, tmp_path: Path, uninterrupted: str) -> None:
    for times in (20, 35):
        killed = start(tmp_path / "home", bars, "bar", times, "--resume")
        killed.communicate(timeout=120)
        assert killed.returncode == -signal.SIGKILL
    assert call("backtest", "--data", bars, *WORDS, "--resume").out == uninterrupted


def test_killed_from_outside_at_the_third_month_resumes(call: Call, bars: Path, tmp_path: Path, uninterrupted: str) -> None:
    walk = start(tmp_path / "home", bars, "never", 0)
    assert walk.stderr is not None
    next(line for line in walk.stderr if "2014-03" in line)
    walk.kill()
    walk.communicate(timeout=120)
    assert call("backtest", "--data", bars, *WORDS, "--resume").out == uninterrupted


def test_ctrl_c_exits_130_without_a_traceback_and_the_same_command_goes_on(
    call: Call, bars: Path, tmp_path: Path, uninterrupted: str
) -> None:
    walk = start(tmp_path / "home", bars, "never", 0)
    assert walk.stderr is not None
    next(line for line in walk.stderr if "2014-02" in line)
    walk.send_signal(signal.SIGINT)
    out, err = walk.communicate(timeout=120)
    assert (walk.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    run = next((tmp_path / "home" / "runs").glob("full-*")).name
    assert 0 < call("memory", "stats", "--run", run, "--json").document["by_kind"]["cycle"] < 124
    assert call("backtest", "--data", bars, *WORDS, "--resume").out == uninterrupted


def test_without_resume_an_interrupted_run_starts_afresh(call: Call, bars: Path, tmp_path: Path, uninterrupted: str) -> None:
    start(tmp_path / "home", bars, "bar", 30).communicate(timeout=120)
    assert call("backtest", "--data", bars, *WORDS).out == uninterrupted


def test_the_same_run_in_two_processes_is_refused_to_the_second(
    call: Call, bars: Path, tmp_path: Path, uninterrupted: str
) -> None:
    walk = start(tmp_path / "home", bars, "never", 0)
    assert walk.stderr is not None
    next(line for line in walk.stderr if "2014-01" in line)
    walk.send_signal(signal.SIGSTOP)
    second = call("backtest", "--data", bars, *WORDS)
    walk.send_signal(signal.SIGCONT)
    out, _ = walk.communicate(timeout=120)
    assert second.code == 2
    assert "another process" in second.error
    assert out == uninterrupted
