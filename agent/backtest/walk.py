"""The walk: every bar of the range through ``run_bar``, chunk after chunk, resumable at any bar.

Promises: a run that was stopped or killed goes on at the first bar not recorded and ends exactly
as an uninterrupted one; at the end of a chunk what was learned is written down once.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from agent.backtest.chunks import close_chunk
from agent.backtest.document import document, held_document
from agent.backtest.plan import Plan, chunk_name
from agent.cycle import Desk, Feed, run_bar
from agent.cycle.reflecting import reflect
from agent.errors import ConfigError
from agent.settings import Brokering
from agent.wiring.desks import open_desk
from agent.wiring.homes import discard_run, run_folder
from agent.wiring.recorded import RecordedFeed

MANIFEST, RESULT = "run.json", "result.json"


@dataclass(frozen=True)
class Progress:
    """Where a walk stands: bars done of all, the chunk at work, equity, or a later stage's name."""

    done: int
    total: int
    chunk: str
    equity: float


Report = Callable[[Progress], None]
Step = tuple[datetime, list[str]]


def _write(path: Path, value: Any) -> None:
    """Replace a JSON file as a whole."""
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(value), encoding="utf-8")
    scratch.chmod(0o600)
    scratch.replace(path)


def read_result(home: Path, run: str) -> dict[str, Any] | None:
    """A finished run's document; None when it has not finished."""
    path = run_folder(home, run) / RESULT
    if not path.exists():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def run_arm(
    home: Path,
    plan: Plan,
    *,
    resume: bool,
    report: Report,
    entry_probability: float = 0.0,
    like: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run one arm (or go on with it) and return its document.

    ``entry_probability`` is for random entries, ``like`` is the document whose volatility a matched holding takes.

    With ``resume`` a finished run is returned as it is and an unfinished one goes on; without,
    the run starts afresh. Raises ConfigError when the range holds no bar that is ready.
    """
    with _alone(home, plan.run):
        return _run(home, plan, resume, report, entry_probability, like)


@contextmanager
def _alone(home: Path, run: str) -> Iterator[None]:
    """Hold a run against every other process; ConfigError when one is at work on it. Death lets go of it."""
    path = run_folder(home, run).with_name(f".{run}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"run {run} is at work in another process; wait for it, or use another --home") from None
        yield


def _run(
    home: Path, plan: Plan, resume: bool, report: Report, entry_probability: float, like: dict[str, Any] | None
) -> dict[str, Any]:
    folder = run_folder(home, plan.run)
    if resume and (finished := read_result(home, plan.run)) is not None:
        return finished
    if not resume:
        discard_run(home, plan.run)
    if plan.arm.held:
        result = held_document(plan, like if plan.arm.matched else None)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    else:
        steps = plan.steps()
        if not steps:
            raise ConfigError(_nothing_ready(plan))
        result = _walk(home, plan, RecordedFeed(plan.series), steps, report, entry_probability)
    _write(folder / RESULT, result)
    return result


def _nothing_ready(plan: Plan) -> str:
    first = {s: plan.series[s] for s in plan.symbols}
    have = ", ".join(
        f"{s} has {len(x.bars)} bars to {x.bars.timestamp(-1).date()} and is ready after {x.ready}" for s, x in first.items()
    )
    return f"--timerange {plan.timerange} holds no bar with every feature ready: {have}; give earlier bars or a later range"


def _walk(home: Path, plan: Plan, feed: Feed, steps: list[Step], report: Report, entry_probability: float) -> dict[str, Any]:
    desk = desk_for(home, plan, feed, steps[0][0], entry_probability)
    try:
        walk(desk, plan, steps, report)
        if plan.arm.memory:
            desk.memory.index()
        return document(desk, plan)
    finally:
        desk.memory.close()


def desk_for(home: Path, plan: Plan, feed: Feed, started: datetime, entry_probability: float = 0.0) -> Desk:
    """A desk for one arm of a backtest: recall is exact, so that bytes are equal, syncs are relaxed,
    and the forecast learns anew once a chunk.
    """
    schedule = {"quarter": "quarter", "month": "month", "none": "once"}[plan.chunk]
    settings = plan.settings.model_copy(
        update={
            "recall": plan.settings.recall.model_copy(update={"exact": True}),
            "forecast": plan.settings.forecast.model_copy(update={"schedule": schedule}),
            "broker": Brokering(),  # a venue to rehearse with is the loop's affair
        }
    )
    return open_desk(
        home,
        plan.run,
        feed,
        settings,
        arm=plan.arm,
        entry_probability=entry_probability,
        frozen=_frozen(plan) if plan.arm.stale else None,
        started=started,
        clock=lambda: started,
        durable=False,
        reading=plan.reading,
        skills_from=plan.skills.run if plan.skills else None,
    )


def _frozen(plan: Plan) -> datetime:
    """When a stale memory stops growing: a quarter of the way."""
    steps = plan.steps()
    return steps[len(steps) // 4][0]


def walk(desk: Desk, plan: Plan, steps: list[Step], report: Report) -> None:
    """Decide at every step that is not yet recorded, closing each chunk as it ends."""
    recorded = next((f.known_at for f in desk.memory.journal.facts(kinds=("cycle",), newest_first=True, limit=1)), None)
    done = 0
    for name, inside in _by_chunk(plan, steps):
        for as_of, symbols in inside:
            if recorded is None or as_of > recorded:
                run_bar(desk, tuple(symbols), as_of)
            done += 1
            report(Progress(done, len(steps), name, desk.broker.account.equity))
        close_chunk(desk, name, inside[0][0], inside[-1][0])
        reflect(desk, name, inside[0][0], inside[-1][0])


def _by_chunk(plan: Plan, steps: list[Step]) -> Iterator[tuple[str, list[Step]]]:
    def name(step: Step) -> str:
        as_of, symbols = step
        return chunk_name(as_of - plan.series[symbols[0]].instrument.step, plan.chunk)

    for key, inside in groupby(steps, key=name):
        yield key, list(inside)
