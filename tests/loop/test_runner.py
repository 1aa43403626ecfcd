"""The loop: settles everyone whoever thinks, obeys a halt, says what is missing, and stops when asked."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, get_ident
from typing import Any

import numpy as np
import pytest

from agent.cycle import read_control, run_bar
from agent.errors import JournalError, MarketDataError, ModelError
from agent.loop.schedule import Due
from agent.loop.stop import HALT_FILE, Stop
from agent.market.series import Series
from agent.reason.model import Asked
from agent.settings import Brokering, Looping
from tests.cycle.build import BOTH, READY, SETTINGS, desk_at, feed_of, known, market, tell
from tests.loop.build import Dues, FakeClock, loop_of

SIMULATED = SETTINGS.model_copy(update={"broker": Brokering(venue="simulated")})


def days(first: int, last: int, *symbols: str) -> Dues:
    return Dues(*(Due(known(i), symbols or BOTH) for i in range(first, last)))


def told(records: list[Any]) -> list[tuple[Any, ...]]:
    """What a decision came to, whichever way it was committed."""
    return [(r.id, r.decision, r.signal, r.book.equity, [o.model_dump() for o in r.outcomes]) for r in records]


@pytest.mark.parametrize("how", ["paper", "each", "simulated"])
def test_the_loop_decides_as_bar_after_bar_does_however_it_commits(tmp_path: Path, how: str) -> None:
    with desk_at(tmp_path / "plain", feed_of(*BOTH)) as desk:
        expected = [record for i in range(READY, READY + 70) for record in run_bar(desk, BOTH, known(i))]
        closed = sum(len(r.outcomes) for r in expected)
    home = tmp_path / how
    with desk_at(home, feed_of(*BOTH), settings=SIMULATED if how == "simulated" else SETTINGS) as desk:
        with loop_of(replace(desk, each=how == "each"), home, days(READY, READY + 70), FakeClock(known(READY - 1))) as (
            loop,
            heard,
        ):
            loop.run(known(READY - 1))
        assert desk.memory.journal.verify() == []
    assert closed > 1
    assert told(heard.records) == told(expected)


def test_bars_missed_are_settled_one_by_one_and_only_the_newest_is_decided(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        clock = FakeClock(known(READY + 6))
        with loop_of(desk, home, days(READY, READY + 8, "SP500"), clock) as (loop, heard):
            loop.run(known(READY - 1))
    assert [r.bar_time for r in heard.records] == [known(READY + 5), known(READY + 6)]


def test_a_clock_that_jumps_back_decides_nothing_twice(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        clock = FakeClock(known(READY - 1))
        with loop_of(desk, home, days(READY, READY + 6, "SP500"), clock) as (loop, heard):
            clock.at = [(known(READY + 2), lambda: setattr(clock, "time", known(READY - 20)))]
            loop.run(known(READY - 1))
    assert len(heard.records) == len({r.id for r in heard.records}) == 6


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_clock_does_each_bar_is_settled_once_in_order_and_none_is_decided_twice(home: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    jumps = [(known(READY + int(i)), int(days)) for i, days in zip(rng.integers(1, 14, 4), rng.integers(-9, 5, 4), strict=True)]
    with desk_at(home, feed_of("SP500")) as desk:
        clock = FakeClock(known(READY - 1))

        def jump(days: int) -> None:
            clock.time += timedelta(days=days)

        with loop_of(desk, home, days(READY, READY + 16, "SP500"), clock) as (loop, heard):
            clock.at = [(at, partial(jump, by)) for at, by in jumps]
            loop.run(known(READY - 1))
        settled = desk.broker.settled["SP500"]
        problems = desk.memory.journal.verify()
    times = [r.bar_time for r in heard.records]
    assert times == sorted(set(times))
    assert times[-1] == settled == known(READY + 14)  # the newest bar that is due is decided, whatever came before
    assert problems == []


def test_a_halt_file_halts_and_stays_on_record_when_it_is_gone(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        (home / HALT_FILE).write_text("going on holiday")
        with loop_of(desk, home, days(READY, READY + 120, "SP500"), FakeClock(known(READY - 1))) as (loop, heard):
            loop.run(known(READY - 1))
        (home / HALT_FILE).unlink()
        control = read_control(desk.memory.journal)
    assert control.halted
    assert "going on holiday" in str(control.reason)
    assert [kind for kind, _ in heard.troubles] == ["halt"]
    assert not any(r.order for r in heard.records)


def test_the_kill_signal_halts_trading_and_a_polite_one_ends_the_loop(home: Path) -> None:
    stop = Stop(home)
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    try:
        stop.install()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert stop.halt_reason() == "signal SIGUSR1"
        assert stop.halt_reason() is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.event.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_asked_to_stop_the_loop_finishes_and_ends(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        clock = FakeClock(known(READY - 1))
        with loop_of(desk, home, days(READY, READY + 50, "SP500"), clock) as (loop, heard):
            clock.at = [(known(READY + 3), loop.stop.event.set)]
            loop.run(known(READY - 1))
    assert len(heard.records) == 3
    assert (home / "runs" / "paper" / "heartbeat.json").exists()


class SlowMind:
    """A model that thinks about one symbol until it is let go."""

    name = "slow"

    def __init__(self, slow: str) -> None:
        self.slow, self.let_go, self.asked = slow, Event(), Event()
        self.threads: set[int] = set()

    def __call__(self, context: Any, arithmetic: Any, track: Any, decision: str) -> Asked:
        self.threads.add(get_ident())
        if context.state.symbol == self.slow:
            self.asked.set()
            assert self.let_go.wait(60)
        return Asked(model=self.name, fault="it did not answer")


def test_one_slow_model_delays_neither_another_symbol_nor_its_own_exit(home: Path) -> None:
    mind = SlowMind("NASDAQ")
    with desk_at(home, feed_of(*BOTH), mind=mind) as desk:
        clock = FakeClock(known(READY - 1))
        with loop_of(desk, home, days(READY, READY + 4), clock, parallel=True) as (loop, heard):

            def others() -> None:
                """Before each later bar the quick symbol has decided and both have settled."""
                for future in [f for s, f in loop._futures.items() if s != mind.slow]:
                    future.result(60)
                assert mind.asked.wait(60)

            clock.at = [(known(READY + i), others) for i in range(1, 4)]
            settled: list[datetime] = []
            clock.at.append((known(READY + 3), lambda: settled.append(desk.broker.settled["NASDAQ"])))
            clock.at.append((known(READY + 3), mind.let_go.set))
            loop.run(known(READY - 1))
    quick = [r for r in heard.records if r.symbol == "SP500"]
    slow = [r for r in heard.records if r.symbol == "NASDAQ"]
    assert len(quick) == 4
    assert settled == [known(READY + 1)]
    assert 1 <= len(slow) < 4
    assert slow[0].fallback_reason == "it did not answer"


def test_an_error_of_one_symbol_is_told_and_the_others_go_on(home: Path) -> None:
    def failing(series: Series, state: Any, pasts: Mapping[str, Any]) -> list[Any]:
        if series.bars.symbol == "NASDAQ":
            raise ModelError("no answer")
        return []

    with (
        desk_at(home, feed_of(*BOTH), consult=failing) as desk,
        loop_of(desk, home, days(READY, READY + 2), FakeClock(known(READY - 1))) as (loop, heard),
    ):
        loop.run(known(READY - 1))
    assert [r.status for r in heard.records if r.symbol == "NASDAQ"] == ["error", "error"]
    assert len(heard.records) == 4


def test_a_journal_that_cannot_be_trusted_ends_the_loop(home: Path) -> None:
    def broken(series: Series, as_of: datetime) -> Any:
        raise JournalError("the chain is broken")

    with (
        desk_at(home, feed_of("SP500"), recall=broken) as desk,
        loop_of(desk, home, days(READY, READY + 5, "SP500"), FakeClock(known(READY - 1))) as (loop, _),
        pytest.raises(JournalError),
    ):
        loop.run(known(READY - 1))


class Late:
    """Bars that come when they come: symbol to the delay of each of its bars; None never comes."""

    def __init__(self, clock: FakeClock, delays: dict[str, timedelta | None]) -> None:
        self.clock, self.delays = clock, delays
        self.series = {symbol: market(symbol, seed) for seed, symbol in enumerate(sorted(delays), start=1)}

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self.series)

    def refresh(self, symbols: tuple[str, ...], now: datetime) -> None:
        gone = [s for s in symbols if self.delays[s] is None]
        if gone:
            raise MarketDataError(f"{gone[0]}: the source is down")

    def newest(self, symbol: str) -> datetime | None:
        delay = self.delays[symbol]
        if delay is None:
            return None
        found = self.view(symbol, self.clock.now() - delay)
        return None if found is None else found.bars.timestamp(-1) + found.instrument.step

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        return self.series[symbol].until(as_of)


def test_a_late_bar_is_waited_for_and_a_missing_one_is_a_fact_and_no_decision(home: Path) -> None:
    clock = FakeClock(known(READY - 1))
    feed = Late(clock, {"NASDAQ": timedelta(seconds=20), "SP500": None})
    settings = SETTINGS.model_copy(update={"loop": Looping(late_seconds=60)})
    with desk_at(home, feed, settings=settings) as desk:
        dues = Dues(Due(known(READY), BOTH), Due(known(READY + 1), BOTH))
        with loop_of(desk, home, dues, clock, arrivals=feed) as (loop, heard):
            loop.run(known(READY - 1))
        missing = [f.data for f in desk.memory.journal.facts(kinds=("missing_bar",))]
    assert [r.symbol for r in heard.records] == ["NASDAQ"]
    assert heard.records[0].as_of == known(READY)
    assert [m["symbol"] for m in missing] == ["SP500"]
    assert {kind for kind, _ in heard.troubles} >= {"missing_bar", "market_data"}


def test_a_position_the_venue_no_longer_holds_is_dropped_before_the_first_decision(home: Path) -> None:
    with desk_at(home, feed_of("SP500"), settings=SIMULATED) as desk:
        i = READY
        while not desk.broker.positions:
            run_bar(desk, ("SP500",), known(i))
            i += 1
        venue = desk.broker.venue.venue  # type: ignore[attr-defined]
        venue._keep("SP500", venue.ledger("SP500").model_copy(update={"position": None}))
    with desk_at(home, feed_of("SP500"), settings=SIMULATED) as desk:
        with loop_of(desk, home, days(i, i + 1, "SP500"), FakeClock(known(i - 1))) as (loop, heard):
            loop.run(known(i - 1))
        facts = [f.data for f in desk.memory.journal.facts(kinds=("reconciled",))]
    assert heard.troubles[0][0] == "reconciled"
    assert [f["theirs"] for f in facts] == ["0"]
    assert tell(heard.records)[0].count('"positions":[]') == 1


def test_the_sign_of_life_says_what_is_open_and_that_trading_is_halted(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        (home / HALT_FILE).write_text("looking into it")
        with loop_of(desk, home, days(READY, READY + 2, "SP500"), FakeClock(known(READY - 1))) as (loop, _):
            loop.run(known(READY - 1))
    said = json.loads((home / "runs" / "paper" / "heartbeat.json").read_text())
    assert (said["halted"], said["open"], said["run"]) == (True, [], "paper")
    assert "looking into it" in said["reason"]
