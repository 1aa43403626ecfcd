"""Loops over made-up markets: a fake clock, people who only listen, and a real desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from agent.cycle import Desk
from agent.domain import CycleRecord, Outcome
from agent.loop.pulse import Pulse
from agent.loop.runner import Loop
from agent.loop.schedule import Due, Schedule
from agent.loop.stop import Stop


class FakeClock:
    """Time that passes only when someone waits for it; ``at`` runs something once a time has come."""

    def __init__(self, start: datetime) -> None:
        self.time = start
        self.at: list[tuple[datetime, Any]] = []

    def now(self) -> datetime:
        return self.time

    def wait(self, until: datetime, stop: Event) -> bool:
        for when, act in [item for item in self.at if item[0] <= until]:
            self.at.remove((when, act))
            act()
        if stop.is_set():
            return False
        self.time = max(self.time, until)
        return True


class Listener:
    """A Tell that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[CycleRecord] = []
        self.troubles: list[tuple[str, str]] = []
        self.ended: list[Outcome] = []

    def record(self, record: CycleRecord) -> None:
        self.records.append(record)

    def closed(self, outcome: Outcome) -> None:
        self.ended.append(outcome)

    def trouble(self, kind: str, message: str, at: datetime) -> None:
        self.troubles.append((kind, message))


class Dues:
    """A schedule written down."""

    def __init__(self, *dues: Due) -> None:
        self.dues = dues

    def next(self, after: datetime) -> Due | None:
        return next((due for due in self.dues if due.at > after), None)


@contextmanager
def loop_of(desk: Desk, home: Path, schedule: Schedule, clock: Any, **parts: Any) -> Iterator[tuple[Loop, Listener]]:
    """A loop over a desk and who listens to it."""
    listener = Listener()
    folder = home / "runs" / desk.run
    ticks = parts.pop("ticks", lambda: 0.0)
    yield Loop(desk, clock, schedule, Stop(home), Pulse(folder, ticks, 300.0), listener, **parts), listener
