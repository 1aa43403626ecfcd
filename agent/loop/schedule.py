"""What is due when: bars that close, cron expressions, upkeep. It computes times and waits for none.

Promises: after any time there is one next time, whatever happened before; what falls on one time is due together. Missed
times are joined: bars missed are settled one by one and only the newest is decided; upkeep missed runs once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

from agent.errors import ConfigError
from agent.loop.hours import Hours
from agent.settings import Looping

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Due:
    """Symbols to decide on and jobs to do at a time."""

    at: datetime
    symbols: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()

    def joined(self, later: Due) -> Due:
        """Both, at the later time."""
        symbols = dict.fromkeys((*self.symbols, *later.symbols))
        return Due(later.at, tuple(sorted(symbols)), tuple(dict.fromkeys((*self.jobs, *later.jobs))))


class Schedule(Protocol):
    """Gives the next thing due."""

    def next(self, after: datetime) -> Due | None:
        """What is due first after a time; None when nothing ever is."""
        ...


class Cron:
    """A cron expression by a zone's clock, by APScheduler's trigger.

    Where the clock is put forward, a time that does not exist comes an hour later; where it is put back, one that comes twice
    counts twice.
    """

    def __init__(self, expression: str, setting: str, zone: str = "UTC") -> None:
        """Read it; ConfigError names the setting it came from."""
        try:
            clock = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigError(f"loop.timezone = {zone!r} is not a time zone; write one like 'America/New_York'") from None
        try:
            self._trigger = CronTrigger.from_crontab(expression, timezone=clock)
        except ValueError as err:
            raise ConfigError(f"{setting} = {expression!r}: {err}; write five fields, for example '*/5 * * * *'") from None

    def next(self, after: datetime) -> datetime | None:
        """The first time after ``after``."""
        found: datetime | None = self._trigger.get_next_fire_time(None, after + INSTANT)
        return None if found is None else found.astimezone(UTC)


def deciding(settings: Looping, given: str = "") -> Cron | None:
    """The cron expression that decides instead of bar closes, an option before the setting; None without one."""
    expression = given or settings.schedule
    return Cron(expression, "--schedule" if given else "loop.schedule", settings.timezone) if expression else None


JOBS = ("cleanup", "backup", "snapshot", "reflection", "skills", "summary")


class LiveSchedule:
    """Bar closes by each symbol's calendar (or one cron expression for all), and upkeep."""

    def __init__(self, hours: Mapping[str, Hours], settings: Looping, cron: str = "") -> None:
        """``cron`` (else the setting) replaces bar closes."""
        self._hours = dict(sorted(hours.items()))
        self._cron = deciding(settings, cron)
        given = {name: getattr(settings, name) for name in JOBS}
        self._jobs = {name: Cron(text, f"loop.{name}", settings.timezone) for name, text in given.items() if text}

    def next(self, after: datetime) -> Due | None:
        """The earliest bar close, cron time or job after a time."""
        found: list[Due] = []
        if self._cron is not None:
            at = self._cron.next(after)
            found += [Due(at, tuple(self._hours))] if at else []
        else:
            found += [Due(hours.next_close(after), (symbol,)) for symbol, hours in self._hours.items()]
        found += [Due(at, (), (name,)) for name, cron in self._jobs.items() if (at := cron.next(after)) is not None]
        return _earliest(found)


class RecordedSchedule:
    """The times at which recorded bars became known, or those of a cron expression between them; upkeep is left out."""

    def __init__(self, steps: Iterable[tuple[datetime, list[str]]], cron: Cron | None = None) -> None:
        """Take the steps of a recording, oldest first; with ``cron`` symbols wait for its next time after their bar."""
        dues = [Due(at, tuple(symbols)) for at, symbols in steps]
        self._dues = dues if cron is None else _gathered(dues, cron)
        self._next = 0

    def next(self, after: datetime) -> Due | None:
        """The next step after a time; time only ever goes forward here."""
        while self._next < len(self._dues) and self._dues[self._next].at <= after:
            self._next += 1
        return self._dues[self._next] if self._next < len(self._dues) else None


def _gathered(dues: list[Due], cron: Cron) -> list[Due]:
    """Each symbol at the first cron time from its newest bar on, together with the others of that time."""
    found: dict[datetime, Due] = {}
    for due in dues:
        at = cron.next(due.at - INSTANT)
        if at is not None and at <= dues[-1].at:
            found[at] = found.get(at, Due(at)).joined(Due(at, due.symbols))
    return [found[at] for at in sorted(found)]


def _earliest(found: list[Due]) -> Due | None:
    if not found:
        return None
    at = min(due.at for due in found)
    joined = Due(at)
    for due in found:
        if due.at == at:
            joined = joined.joined(due)
    return joined
