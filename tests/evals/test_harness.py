"""A harness that forgets or mixes results would judge a run that never was."""

import json
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ConfigError
from evals.harness import asked, compare, read_run, run
from evals.page import render, verdict
from evals.suites import SUITES, Gate, Suite, Task, named

CALLS: list[int] = []
BREAK_AT: list[int] = []


def square(n: int) -> dict[str, Any]:
    if n in BREAK_AT:
        raise KeyboardInterrupt
    CALLS.append(n)
    return {"square": n * n}


def tasks(profile: str, seed: int) -> list[Task]:
    return [Task(f"t {n}", square, {"n": n + seed}) for n in range(4)]


def gates(results: dict[str, Any]) -> list[Gate]:
    total = sum(found["square"] for found in results.values())
    return [
        Gate("total", total, total - 1.0, total + 1.0, 14, total <= 14, "squares"),
        Gate("shown", 1, None, None, None, True, ""),
    ]


SUITE = Suite("squares", "Do squares add up?", tasks, gates)


def go(home: Path, seed: int = 0, *, resume: bool = False) -> dict[str, Any]:
    CALLS.clear()
    return run(home, asked([SUITE], "ci", seed), resume=resume, report=lambda done, total, name: None, workers=1)


def test_run_judges_and_keeps_a_manifest(tmp_path: Path) -> None:
    document = go(tmp_path)
    assert document["suites"][0]["passed"]
    folder = tmp_path / "evals" / document["run"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"version", "code", "settings", "prompts", "model", "data", "memory", "seed"} <= manifest.keys()
    assert (folder / "result.json").stat().st_mode & 0o777 == 0o600


def test_run_killed_and_resumed_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = go(tmp_path / "a")
    BREAK_AT.append(2)
    try:
        with pytest.raises(KeyboardInterrupt):
            go(tmp_path / "b")
    finally:
        BREAK_AT.clear()
    resumed = go(tmp_path / "b", resume=True)
    assert CALLS == [2, 3]
    assert resumed == whole
    first, second = (tmp_path / x / "evals" / whole["run"] / "result.json" for x in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_run_twice_is_identical_and_starts_afresh_without_resume(tmp_path: Path) -> None:
    assert go(tmp_path) == go(tmp_path)
    assert CALLS == [0, 1, 2, 3]
    go(tmp_path, resume=True)
    assert CALLS == []


def test_run_in_processes_gives_what_one_process_gives(tmp_path: Path) -> None:
    what = asked([SUITE], "ci", 0)
    many = run(tmp_path / "many", what, resume=False, report=lambda done, total, name: None, workers=2)
    assert many == go(tmp_path / "one")


def test_compare_names_what_changed_and_by_how_much(tmp_path: Path) -> None:
    names = [go(tmp_path, seed)["run"] for seed in (0, 1)]
    found = compare(*(read_run(tmp_path, name) for name in names))
    assert found["changed"] == ["seed"]
    assert found["gates"][0]["change"] == 16
    assert found["gates"][0]["intervals_apart"]
    assert found["gates"][0]["passed"] == [True, False]


def test_read_run_unknown_names_the_runs_there_are(tmp_path: Path) -> None:
    have = go(tmp_path)["run"]
    with pytest.raises(ConfigError, match=have):
        read_run(tmp_path, "nothing")


def test_report_says_the_verdict_first_and_asks_no_network(tmp_path: Path) -> None:
    result = read_run(tmp_path, go(tmp_path, 1)["run"])
    page = render(result)
    assert verdict(result) == "1 of 1 gates failed: squares: total."
    assert f"<h1>{verdict(result)}</h1>" in page
    assert "default-src 'none'" in page
    assert page == render(result)


def test_suites_unknown_name_is_refused_and_profiles_are_checked() -> None:
    with pytest.raises(ConfigError, match="nosuch"):
        named(["nosuch"])
    with pytest.raises(ConfigError, match="fast"):
        asked([SUITE], "fast", 0)


def test_suites_task_names_are_unique_in_every_profile() -> None:
    for suite in SUITES.values():
        for profile in ("ci", "full"):
            names = [task.name for task in suite.tasks(profile, 0)]
            assert len(set(names)) == len(names)
