"""Making a loop: over a recording, or over live bars; everything it is made of is chosen here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from agent.backtest.plan import Plan
from agent.cycle import Desk
from agent.domain import CycleRecord
from agent.errors import ConfigError
from agent.feeds.database import ADDRESS, BarTable, QuoteTable
from agent.feeds.exchange import Exchange
from agent.feeds.live import LiveBars, Source
from agent.feeds.quotes import QuoteSource, QuoteStream, RecordedQuotes
from agent.guard import credentials
from agent.guard.credentials import Credentials
from agent.loop.clock import ReplayClock, WallClock
from agent.loop.hours import Hours
from agent.loop.people import Apprise, People
from agent.loop.pulse import Pulse
from agent.loop.runner import Loop
from agent.loop.schedule import LiveSchedule, RecordedSchedule, deciding
from agent.loop.stop import Stop
from agent.loop.upkeep import jobs
from agent.market.instrument import asset_class, instrument
from agent.risk.mandate import Mandate
from agent.settings import Settings
from agent.wiring.clock import wall_clock
from agent.wiring.desks import open_desk
from agent.wiring.homes import run_folder
from agent.wiring.recorded import RecordedFeed

log = structlog.get_logger()
Show = Callable[[CycleRecord], None]
INSTANT = timedelta(microseconds=1)


def decided_until(desk: Desk) -> datetime | None:
    """When the newest decision of the run was made."""
    return next((f.known_at for f in desk.memory.journal.facts(kinds=("cycle",), newest_first=True, limit=1)), None)


def audited(desk: Desk) -> Credentials:
    """Credentials whose every use is a fact of the run: the name, what for, where it was found."""

    def audit(name: str, purpose: str, source: credentials.Source) -> None:
        now = wall_clock()
        with desk.memory.write() as w:
            w.add(
                "credential_used",
                {"name": name, "purpose": purpose, "source": source},
                key=f"credential:{w.head.seq + 1}",
                happened_at=now,
                known_at=now,
            )

    return Credentials(audit)


@contextmanager
def replay(
    home: Path,
    run: str,
    plan: Plan,
    speed: float,
    stop: Stop,
    show: Show,
    mandate: Mandate | None = None,
    quotes: RecordedQuotes | None = None,
    cron: str = "",
) -> Iterator[tuple[Loop, datetime]]:
    """A loop over recorded bars, with quotes between them if there are any, and the time to begin after; it goes on where
    the run stopped.
    """
    steps = plan.steps()
    if not steps:
        raise ConfigError(f"--replay: no bar of {', '.join(plan.symbols)} has every feature ready; give earlier bars")
    schedule = RecordedSchedule(steps, deciding(plan.settings.loop, cron))
    clock = ReplayClock(steps[0][0], speed)
    feed = RecordedFeed(plan.series)
    desk = open_desk(home, run, feed, plan.settings, started=steps[0][0], clock=clock.now, durable=False, mandate=mandate)
    people = People(show, _nobody)
    try:
        until = decided_until(desk)
        if until is not None and until > steps[-1][0]:
            raise ConfigError(
                f"run {run} has decided until {until.isoformat()}, after these bars; give --run NAME for a replay of its own"
            )
        begin = (until or steps[0][0]) - INSTANT  # the last bar may have been left half decided
        clock.go_on(begin)
        pulse = Pulse(run_folder(home, run), time.monotonic, plan.settings.loop.hung_seconds)
        yield Loop(desk, clock, schedule, stop, pulse, people, quotes=quotes), begin
    finally:
        people.close()
        desk.memory.close()


def _nobody(title: str, body: str) -> None:
    """A replay tells its records and sends no messages."""


def live_feed(settings: Settings) -> LiveBars:
    """The bars that the settings name; ConfigError where they name none."""
    if not settings.feed.symbols:
        raise ConfigError(
            "feed.symbols is empty; name what to follow, for example in tradecraft.toml: [feed.symbols] BTCUSDT = '5m'"
        )
    return LiveBars(
        source_of(settings),
        settings.feed.symbols,
        settings.market,
        window=settings.feed.window,
        workers=settings.loop.workers,
        revised=lambda r: log.warning("bar revised", symbol=r.symbol, bar=r.bar.isoformat(), before=r.before, after=r.after),
    )


def source_of(settings: Settings) -> Source:
    """Where the settings' bars come from."""
    if settings.feed.source == "database":
        return BarTable(lambda: _audited_by_log().need(ADDRESS, "bars"), settings.feed.database)
    return Exchange(settings.feed.exchange, settings.feed.base_url)


def quotes_of(settings: Settings) -> QuoteStream | None:
    """A stream of the settings' quotes, from a connection of its own; None where positions are watched on bars alone."""
    asked = settings.feed.quotes
    database = settings.feed.source == "database"
    if asked.seconds == 0 or database and not asked.table:
        return None
    source: QuoteSource
    if database:
        source = QuoteTable(lambda: _audited_by_log().need(ADDRESS, "quotes"), asked, settings.feed.database.naive)
    else:
        source = Exchange(settings.feed.exchange, settings.feed.base_url)
    return QuoteStream(source, asked.seconds, timedelta(seconds=asked.stale_seconds), wall_clock)


def _audited_by_log() -> Credentials:
    """Credentials used where no journal is open: every use is a line of the log."""
    return Credentials(lambda name, purpose, source: log.info("credential used", name=name, purpose=purpose, source=source))


@contextmanager
def live_desk(home: Path, run: str, feed: LiveBars, settings: Settings, now: datetime, mandate: Mandate | None) -> Iterator[Desk]:
    """A desk over live bars, for one round."""
    desk = open_desk(home, run, feed, settings, started=now, mandate=mandate)
    try:
        yield desk
    finally:
        desk.memory.close()


@contextmanager
def live(
    home: Path, run: str, feed: LiveBars, settings: Settings, cron: str, stop: Stop, show: Show, mandate: Mandate | None
) -> Iterator[tuple[Loop, datetime]]:
    """A loop over bars as they come and the time to begin after."""
    began = wall_clock()
    desk = open_desk(home, run, feed, settings, started=began, each=True, mandate=mandate)
    people = People(show, Apprise(audited(desk)))
    quotes = quotes_of(settings)
    hours = {s: Hours(instrument(s, feed.interval(s)), settings.loop.calendars[asset_class(s)]) for s in feed.symbols}
    try:
        pulse = Pulse(run_folder(home, run), time.monotonic, settings.loop.hung_seconds)
        loop = Loop(
            desk,
            WallClock(wall_clock),
            LiveSchedule(hours, settings.loop, cron),
            stop,
            pulse,
            people,
            jobs(desk, home, people.say),
            feed,
            quotes,
            parallel=True,
        )
        yield loop, began - timedelta(seconds=settings.loop.misfire_seconds)
    finally:
        if quotes is not None:
            quotes.close()
        people.close()
        desk.memory.close()
