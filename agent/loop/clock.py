"""Whose time it is: the wall's, a recording's, or a test's. The loop waits here and nowhere else.

Promises: ``wait`` ends early only when someone asks the loop to stop; a wall clock that jumps back makes the loop wait
longer and never decide twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """The time now, aware UTC."""
        ...

    def wait(self, until: datetime, stop: Event) -> bool:
        """Wait for a time; False when asked to stop before it came."""
        ...


class WallClock:
    """Real time; ``read`` is the one function that reads the wall clock."""

    def __init__(self, read: Callable[[], datetime]) -> None:
        """Wait by that clock."""
        self._read = read

    def now(self) -> datetime:
        """The wall's time."""
        return self._read()

    def wait(self, until: datetime, stop: Event) -> bool:
        """Sleep until then, looking again after each sleep in case the clock was set."""
        while not stop.is_set():
            left = (until - self._read()).total_seconds()
            if left <= 0:
                return True
            stop.wait(min(left, 60.0))
        return False


class ReplayClock:
    """A recording's time: ``speed`` seconds of it pass in one second, all of it at once when 0."""

    def __init__(self, start: datetime, speed: float = 0.0) -> None:
        """Begin at ``start``."""
        self._now, self._speed = start, speed

    def now(self) -> datetime:
        """Where the recording stands."""
        return self._now

    def wait(self, until: datetime, stop: Event) -> bool:
        """Let the recording run until then."""
        left = (until - self._now).total_seconds()
        if self._speed > 0 and left > 0:
            stop.wait(left / self._speed)
        if stop.is_set():
            return False
        self._now = max(self._now, until)
        return True

    def go_on(self, at: datetime) -> None:
        """Stand where a run stopped: what was lived through is not waited for again."""
        self._now = max(self._now, at)
