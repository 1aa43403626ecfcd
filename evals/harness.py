"""A run of suites: a folder with a manifest, a file for each finished task, the result and the report.

Promises: tasks are independent and run side by side in processes of their own; a run that was killed goes on
where it stopped and ends as one that was not, for gates see nothing but the tasks' results; the id of a run
says what it was made from (code, settings, data, shipped skills, suites, profile and seed), so that a changed
program never goes on with another one's run.
"""

from __future__ import annotations

import hashlib
import json
import logging
import multiprocessing
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from agent.errors import ConfigError
from agent.settings import Settings
from evals.suites import PROFILES, Profile, Suite, Task

Json = dict[str, Any]
Report = Callable[[int, int, str], None]
MANIFEST, RESULT, TASKS = "manifest.json", "result.json", "tasks"
CODE = ("agent", "skills", "prompts", "memory_db", "evals")
SHIPPED = "skills/library"


@dataclass(frozen=True)
class Asked:
    """What is to be run."""

    suites: tuple[Suite, ...]
    profile: Profile
    seed: int

    def manifest(self) -> Json:
        """Everything the results depend on, as names and hashes."""
        from importlib.metadata import version

        from agent.market.feed import BUILTIN, builtin

        root = Path(__file__).parent.parent
        return {
            "version": version("tradecraft"),
            "code": tree_hash([path for name in CODE for path in sorted((root / name).rglob("*.py"))], root),
            "prompts": tree_hash(sorted(p for p in (root / "prompts").rglob("*") if p.is_file() and p.suffix != ".pyc"), root),
            "memory": tree_hash(sorted(p for p in (root / SHIPPED).rglob("*") if p.is_file()), root),
            "settings": hashlib.sha256(Settings().model_dump_json().encode()).hexdigest(),
            "data": {name: builtin(name).data_hash() for name in BUILTIN},
            "model": None,
            "suites": [suite.name for suite in self.suites],
            "profile": self.profile,
            "seed": self.seed,
        }


def tree_hash(paths: list[Path], root: Path) -> str:
    """SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def run_id(manifest: Json) -> str:
    """The name of a run: its profile and 12 hex digits of what it was made from."""
    text = json.dumps(manifest, sort_keys=True)
    return f"{manifest['profile']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def asked(suites: list[Suite], profile: str, seed: int) -> Asked:
    """Check what is asked; ConfigError for an unknown profile."""
    if profile not in PROFILES:
        raise ConfigError(f"--profile {profile!r} is unknown; choose one of {', '.join(PROFILES)}")
    return Asked(tuple(suites), profile, seed)


def run(home: Path, what: Asked, *, resume: bool, report: Report, workers: int | None = None) -> Json:
    """Run every task that has no result yet and judge; returns the run's document.

    Without ``resume`` an earlier run of the same id is thrown away first.
    """
    manifest = what.manifest()
    folder = home / "evals" / run_id(manifest)
    if folder.exists() and not resume:
        shutil.rmtree(folder)
    (folder / TASKS).mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(folder / MANIFEST, manifest)
    todo = {(suite.name, task.name): task for suite in what.suites for task in suite.tasks(what.profile, what.seed)}
    _finish(folder, todo, report, workers or os.cpu_count() or 1)
    document = {
        "run": folder.name,
        "profile": what.profile,
        "seed": what.seed,
        "suites": [_judge(folder, s, what) for s in what.suites],
    }
    _write(folder / RESULT, {**document, "manifest": manifest, "machine": f"{platform.machine()}, {os.cpu_count()} cores"})
    return document


def _slug(suite: str, task: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", f"{suite}--{task}".lower())


def _file(folder: Path, suite: str, task: str) -> Path:
    return folder / TASKS / f"{_slug(suite, task)}.json"


def _finish(folder: Path, todo: dict[tuple[str, str], Task], report: Report, workers: int) -> None:
    """Run what has no file yet; each result is on disk before the next is counted."""
    left = {key: task for key, task in todo.items() if not _file(folder, *key).exists()}
    done = len(todo) - len(left)
    if workers == 1 or len(left) == 1:
        for key, task in left.items():
            _write(_file(folder, *key), task.call(**task.arguments))
            done += 1
            report(done, len(todo), " ".join(key))
        return
    # spawned, not forked: numeric libraries hold threads and locks that a fork would copy half-way
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, max(1, len(left))), mp_context=context, initializer=_quiet) as pool:
        running = {pool.submit(task.call, **task.arguments): key for key, task in left.items()}
        try:
            for future in as_completed(running):
                _write(_file(folder, *running[future]), future.result())
                done += 1
                report(done, len(todo), " ".join(running[future]))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _judge(folder: Path, suite: Suite, what: Asked) -> Json:
    """A suite's gates from its results as they are on disk."""
    results = results_of(folder, suite, what)
    gates = [gate.row() for gate in suite.gates(results)]
    return {"name": suite.name, "question": suite.question, "passed": all(gate["passed"] for gate in gates), "gates": gates}


def results_of(folder: Path, suite: Suite, what: Asked) -> dict[str, Json]:
    """The results of a suite's tasks by name, in the order of the tasks."""
    tasks = suite.tasks(what.profile, what.seed)
    return {task.name: json.loads(_file(folder, suite.name, task.name).read_text(encoding="utf-8")) for task in tasks}


def _write(path: Path, value: Any) -> None:
    """Put a file in place as a whole."""
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(value, sort_keys=True, default=float, allow_nan=False), encoding="utf-8")
    scratch.chmod(0o600)
    scratch.replace(path)


def read_run(home: Path, name: str) -> Json:
    """A finished run's result, by id or folder; ConfigError names the runs there are."""
    folder = Path(name) if (Path(name) / RESULT).is_file() else home / "evals" / name
    if not (folder / RESULT).is_file():
        have = ", ".join(sorted(path.parent.name for path in (home / "evals").glob(f"*/{RESULT}"))) or "none yet"
        raise ConfigError(f"eval run {name!r} has no result in {home / 'evals'}; runs there: {have}")
    found: Json = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return found


def compare(first: Json, second: Json) -> Json:
    """Two runs gate by gate: values, the change, and whether the intervals still meet."""
    other = {(s["name"], g["name"]): g for s in second["suites"] for g in s["gates"]}
    rows = []
    for suite in first["suites"]:
        for gate in suite["gates"]:
            later = other.pop((suite["name"], gate["name"]), None)
            rows.append(_row(suite["name"], gate, later))
    rows += [_row(name, None, gate) for (name, _), gate in other.items()]
    keys = ("version", "code", "prompts", "memory", "settings", "data", "model", "suites", "profile", "seed")
    changed = [key for key in keys if first["manifest"].get(key) != second["manifest"].get(key)]
    return {"a": first["run"], "b": second["run"], "changed": changed, "gates": rows}


def _row(suite: str, one: Json | None, two: Json | None) -> Json:
    a, b = (one or {}).get("value"), (two or {}).get("value")
    mine, theirs = (one or {}).get("interval"), (two or {}).get("interval")
    apart = bool(mine and theirs and (mine[1] < theirs[0] or theirs[1] < mine[0]))
    return {
        "suite": suite,
        "gate": (one or two or {})["name"],
        "a": a,
        "b": b,
        "change": None if a is None or b is None else b - a,
        "intervals_apart": apart,
        "passed": [gate["passed"] if gate else None for gate in (one, two)],
    }


def _quiet() -> None:
    """In a worker: what goes wrong is logged, on stderr; stdout belongs to the document."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
