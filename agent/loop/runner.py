"""The loop itself: wait for what is due, settle everyone, then decide, whoever thinks slowly.

Promises: exits are settled before any model is asked, and between bars on quotes where there are any; a symbol whose model
still thinks is settled and not asked again; what fails on one symbol is told and does not stop the others; a journal that
cannot be trusted stops the loop; books are compared with the venue's before the first decision and whenever the venue is back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from agent.cycle import Desk, decide_symbol, halt, read_control, reconcile, run_bar, settle_bar, watch
from agent.cycle.opening import Opened
from agent.domain import CycleRecord, Outcome, Quote
from agent.errors import BrokerError, ConfigError, JournalError, TradecraftError
from agent.loop.clock import Clock
from agent.loop.pulse import Pulse, notify
from agent.loop.schedule import Due, Schedule
from agent.loop.stop import Stop

log = structlog.get_logger()
Job = Callable[[datetime], None]


class Arrivals(Protocol):
    """Where new bars come from while the loop runs."""

    def refresh(self, symbols: tuple[str, ...], now: datetime) -> None:
        """Ask for the bars of these symbols that are known by now; what fails is a MarketDataError."""
        ...

    def newest(self, symbol: str) -> datetime | None:
        """When the newest bar held was known; None without one."""
        ...


class Quotes(Protocol):
    """Where quotes come from between bars."""

    def next(self, symbols: tuple[str, ...], now: datetime) -> datetime | None:
        """When to look for quotes of these symbols; None: not before something else is due."""
        ...

    def take(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        """Their quotes that came since the last time, oldest first; what fails is a MarketDataError."""
        ...

    def close(self) -> None:
        """Ask for no more."""
        ...


class Tell(Protocol):
    """Whoever is told what happens."""

    def closed(self, outcome: Outcome) -> None:
        """A trade ended; its symbol's next record tells it again."""
        ...

    def record(self, record: CycleRecord) -> None:
        """A decision was recorded."""
        ...

    def trouble(self, kind: str, message: str, at: datetime) -> None:
        """Something a person should know of."""
        ...


THINKING = frozenset({"reflection"})  # upkeep that may wait for a model: beside the bars, so that no exit waits for it


@dataclass
class Loop:
    """One run's loop over a desk. ``parallel`` lets symbols wait for their models side by side; without it everything is
    in symbol order, as a backtest decides.
    """

    desk: Desk
    clock: Clock
    schedule: Schedule
    stop: Stop
    pulse: Pulse
    tell: Tell
    jobs: Mapping[str, Job] = field(default_factory=dict)
    arrivals: Arrivals | None = None
    quotes: Quotes | None = None
    parallel: bool = False
    _waiting: dict[str, datetime] = field(default_factory=dict)
    _futures: dict[str, Future[None]] = field(default_factory=dict)
    _missed: dict[str, int] = field(default_factory=dict)
    _lost: bool = False

    def run(self, after: datetime) -> None:
        """Go on until nothing is due any more or someone says stop; what is at work is finished first."""
        self._reconcile()
        notify("READY=1")
        last = after
        with ThreadPoolExecutor(self.desk.settings.loop.workers, thread_name_prefix="cycle") as pool:
            while (due := self.schedule.next(last)) is not None and self._wait(due.at, pool):
                due = self._caught_up(due)
                last = due.at
                self._come_round(due, pool)
            for future in self._futures.values():
                future.result()
        notify("STOPPING=1")
        self._beat(force=True)

    def _wait(self, until: datetime, pool: ThreadPoolExecutor) -> bool:
        """Wait in slices: a halt, a late bar or an unsent order is not kept waiting for the next bar."""
        delay = timedelta(seconds=self.desk.settings.loop.delay_seconds if self.arrivals is not None else 0)
        end = until + delay
        while (now := self.clock.now()) < end:
            soon = self._soon(now, end)
            if not self.clock.wait(soon, self.stop.event):
                return False
            if soon < end:
                self._look_around(pool)
        return not self.stop.event.is_set()

    def _soon(self, now: datetime, end: datetime) -> datetime:
        """When to look around at the latest."""
        times = [end]
        if self.arrivals is not None:
            times.append(now + timedelta(seconds=self.desk.settings.loop.poll_seconds))
        if self.quotes is not None and (at := self.quotes.next(self._held(), now)) is not None:
            times.append(max(at, now))
        return min(times)

    def _held(self) -> tuple[str, ...]:
        return tuple(sorted(self.desk.broker.positions))

    def _watch(self) -> None:
        """Hold the quotes that came against what is open."""
        if self.quotes is None:
            return
        with self._told("quotes"):
            for outcome in watch(self.desk, self.quotes.take(self._held(), self.clock.now()), self._overdue):
                self.tell.closed(outcome)

    def _overdue(self, symbol: str) -> bool:
        """Whether a position's longest holding has passed, bars that never came counted in."""
        position = self.desk.broker.positions[symbol]
        missed = self._missed.get(symbol, 0)
        return missed > 0 and position.max_bars is not None and position.bars_held + missed >= position.max_bars

    def _caught_up(self, due: Due) -> Due:
        """Join what else has fallen due meanwhile: only the newest bar of a symbol is decided."""
        while (later := self.schedule.next(due.at)) is not None and later.at <= self.clock.now():
            due = due.joined(later)
        return due

    def _come_round(self, due: Due, pool: ThreadPoolExecutor) -> None:
        for symbol in [s for s, future in self._futures.items() if future.done()]:
            self._futures.pop(symbol).result()  # what ended a cycle for good ends the loop
        self._obey(due.at)
        for name in due.jobs:
            self._job(name, due.at, pool)
        symbols = due.symbols
        if symbols and self.arrivals is not None:
            self._waiting |= dict.fromkeys(symbols, due.at)
            self._arrive(pool)
        elif symbols:
            self._decide(symbols, due.at, pool)
        self._beat()

    def _look_around(self, pool: ThreadPoolExecutor) -> None:
        self._obey(self.clock.now())
        self._watch()
        self._arrive(pool)
        if self._lost and self.desk.broker.unreachable() is None:
            self._reconcile()
        for symbol in self.pulse.hung():
            self.tell.trouble("hung", f"{symbol}: a cycle takes too long", self.clock.now())
        self._beat()

    def _obey(self, at: datetime) -> None:
        """Halt when a file or a signal asks for it; once halted, asking again changes nothing."""
        reason = self.stop.halt_reason()
        journal = self.desk.memory.journal
        if reason is not None and not read_control(journal).halted:
            with self.desk.alone:
                halt(journal, reason=reason, at=at, principal="operator")
            self.tell.trouble("halt", f"trading is halted: {reason}", at)

    def _arrive(self, pool: ThreadPoolExecutor) -> None:
        """Decide on the bars that have come; give up on those that are too late, and say so."""
        if not self._waiting or self.arrivals is None:
            return
        now = self.clock.now()
        with self._told("feed"):
            self.arrivals.refresh(tuple(self._waiting), now)
        come: dict[datetime, list[str]] = {}
        for symbol, at in list(self._waiting.items()):
            newest = self.arrivals.newest(symbol)
            if newest is not None and newest >= at:
                come.setdefault(at, []).append(symbol)
                del self._waiting[symbol]
            elif now - at > timedelta(seconds=self.desk.settings.loop.late_seconds):
                del self._waiting[symbol]
                self._missing(symbol, at, newest)
        for at, symbols in sorted(come.items()):
            self._decide(tuple(sorted(symbols)), at, pool)

    def _missing(self, symbol: str, at: datetime, newest: datetime | None) -> None:
        self._missed[symbol] = self._missed.get(symbol, 0) + 1
        told = f"{symbol}: no bar known at {at.isoformat()} came; the newest is of {newest.isoformat() if newest else 'never'}"
        with self.desk.alone, self.desk.memory.write() as w:
            w.add(
                "missing_bar",
                {"symbol": symbol, "expected": at.isoformat(), "newest": newest.isoformat() if newest else None},
                key=f"missing:{self.desk.run}:{symbol}:{at.isoformat()}",
                symbol=symbol,
                happened_at=at,
                known_at=self.clock.now(),
            )
        self.tell.trouble("missing_bar", told, at)

    def _decide(self, symbols: tuple[str, ...], at: datetime, pool: ThreadPoolExecutor) -> None:
        for symbol in symbols:
            self._missed.pop(symbol, None)
        if not self.desk.apart:
            with self._told("cycle"):
                for record in run_bar(self.desk, symbols, at):
                    self.pulse.decisions += 1
                    self.tell.record(record)
            return
        opened: Opened | None = None
        with self._told("settle"):
            opened = settle_bar(self.desk, symbols, at)
        self._lost = self._lost or self.desk.broker.unreachable() is not None
        if opened is None:
            return
        for symbol in symbols:
            if self.pulse.busy(symbol):
                log.warning("cycle still at work; settled only", symbol=symbol)
                continue
            self.pulse.begin(symbol)
            if self.parallel and self.desk.mind is not None:
                self._futures[symbol] = pool.submit(self._one, opened, symbol)
            else:
                self._one(opened, symbol)

    def _one(self, opened: Opened, symbol: str) -> None:
        try:
            with self._told("cycle"):
                self.tell.record(decide_symbol(self.desk, opened, symbol))
        finally:
            self.pulse.end(symbol)

    def _job(self, name: str, at: datetime, pool: ThreadPoolExecutor) -> None:
        job = self.jobs.get(name)
        if job is None:
            return
        if self.parallel and name in THINKING:
            self._futures[f"job:{name}"] = pool.submit(self._work, name, job, at)
        else:
            self._work(name, job, at)

    def _work(self, name: str, job: Job, at: datetime) -> None:
        with self._told(name):
            job(at)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Tell what failed and go on; a journal or settings that cannot be trusted end the loop."""
        try:
            yield
        except (JournalError, ConfigError):
            raise
        except TradecraftError as err:
            log.error("failed", what=what, error=str(err))
            self.tell.trouble(err.kind, f"{what}: {err}", self.clock.now())
            self._lost = self._lost or isinstance(err, BrokerError)

    def _reconcile(self) -> None:
        if not self.desk.broker.away:
            return
        with self.desk.alone:
            differences = reconcile(self.desk, self.clock.now())
        self._lost = self.desk.broker.unreachable() is not None
        for difference in differences:
            self.tell.trouble("reconciled", f"{difference.symbol}: {difference.action}", self.clock.now())

    def _beat(self, *, force: bool = False) -> None:
        self.pulse.beat(self.clock.now(), self._standing, force=force)

    def _standing(self) -> dict[str, Any]:
        """What a sign of life says besides that there is life."""
        control = read_control(self.desk.memory.journal)
        return {
            "run": self.desk.run,
            "waiting": sorted(self._waiting),
            "open": list(self._held()),
            "venue": self.desk.broker.unreachable(),
            "halted": control.halted,
            "entries_stopped": control.entries_stopped,
            "reason": control.reason,
        }
