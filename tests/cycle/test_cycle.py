"""One cycle: decided once, honest about errors, obedient to a halt, and blind to what comes later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.analysts.memory import Past
from agent.brokers.paper import PaperBroker
from agent.cycle import Desk, halt, resume, run_bar, run_cycle
from agent.cycle.settle import bar_at
from agent.domain import CycleRecord, MarketState, Vote
from agent.errors import MarketDataError, ModelError
from agent.market.bars import Bars
from agent.market.series import Series, prepare
from agent.settings import Limits
from agent.wiring.recorded import RecordedFeed
from tests.cycle.build import BOTH, READY, SETTINGS, day, desk_at, feed_of, known, market, run, tell


def _until_entered(desk: Desk, first: int = READY) -> int:
    """Decide until an entry is ordered; returns the next bar."""
    for i in range(first, 700):
        if run_cycle(desk, "SP500", known(i)).order is not None:
            return i + 1
    raise AssertionError("the made-up market never asks for an entry")


def _failing(series: Series, state: MarketState, pasts: object) -> list[Vote]:
    raise ModelError("the voter did not answer; try again")


def test_deciding_twice_returns_the_first_record_and_writes_nothing(home: Path) -> None:
    with desk_at(home) as desk:
        first = run_cycle(desk, "SP500", known(READY))
        facts, book = desk.memory.journal.last_seq, desk.broker.book()
        again = run_cycle(desk, "SP500", known(READY) + timedelta(hours=7))
        assert again == first
        assert (desk.memory.journal.last_seq, desk.broker.book()) == (facts, book)


def test_deciding_twice_after_a_restart_returns_the_first_record(home: Path) -> None:
    with desk_at(home) as desk:
        first = run(desk, READY, READY + 5)
    with desk_at(home, consult=_failing) as desk:
        assert tell(run(desk, READY, READY + 5)) == tell(first)


def test_error_in_a_voter_is_an_error_on_record_and_never_a_hold(home: Path) -> None:
    with desk_at(home, consult=_failing) as desk:
        record = run_cycle(desk, "SP500", known(READY))
    assert (record.status, record.decision.action, record.signal) == ("error", "none", None)
    assert record.status_reason == "the voter did not answer; try again"
    assert record.order is None


def test_error_does_not_keep_an_open_position_from_its_exit(home: Path) -> None:
    with desk_at(home) as desk:
        i = _until_entered(desk)
        records = run(replace(desk, consult=_failing), i, i + 8)
        assert sum(len(record.outcomes) for record in records) == 1
        assert not desk.broker.positions


def test_warm_up_abstains_with_its_reason(home: Path) -> None:
    with desk_at(home) as desk:
        early, ready = run(desk, READY - 1, READY + 1)
    assert (early.status, early.decision.action) == ("abstained", "none")
    assert "warm-up" in (early.status_reason or "")
    assert "warm-up" not in (ready.status_reason or "")


def test_symbol_without_a_bar_yet_is_refused_in_one_line(home: Path) -> None:
    with desk_at(home) as desk, pytest.raises(MarketDataError, match="no bar of SP500 is known by 2009"):
        run_cycle(desk, "SP500", day(-30))


def test_missed_bars_are_settled_one_after_the_other(home: Path) -> None:
    with desk_at(home) as desk:
        i = _until_entered(desk)
        order = desk.broker.snapshot("SP500")[2][2]
        reference = PaperBroker(SETTINGS.cash, SETTINGS.costs, SETTINGS.skills.success_r)
        reference.restore({"account": {}, "positions": {}, "orders": {"SP500": order}, "settled": {}})
        series = market("SP500")
        expected = reference.settle("SP500", series.instrument, [bar_at(series, j) for j in range(i, i + 9)])
        record = run_cycle(desk, "SP500", known(i + 8))
        assert len(expected.outcomes) == 1
        assert record.outcomes == expected.outcomes
        assert desk.broker.account.cash == pytest.approx(reference.account.cash)
        assert [item.bar_time for item in desk.awaiting["SP500"]] == [record.bar_time]
        assert desk.memory.situations.settled() == i - READY


def test_halt_stops_entries_and_keeps_exits(home: Path) -> None:
    with desk_at(home) as desk:
        i = _until_entered(desk)
        run(desk, i, i + 1)
        assert desk.broker.positions
        halt(desk.memory.journal, reason="I want to look first", at=known(i), principal="operator")
        halted = run(desk, i + 1, i + 120)
        resume(desk.memory.journal, reason="looked", at=known(i + 120), principal="operator")
        resumed = run(desk, i + 120, i + 240)
    assert not any(record.order for record in halted if record.decision.action != "close")
    assert sum(len(record.outcomes) for record in halted) == 1
    stopped = [clamp for record in halted for clamp in record.clamps if clamp.limit == "halt"]
    assert stopped
    assert {clamp.reason for clamp in stopped} == {"I want to look first"}
    assert any(record.order for record in resumed)


def test_halt_outlives_a_restart(home: Path) -> None:
    with desk_at(home) as desk:
        halt(desk.memory.journal, reason="overnight", at=known(READY), principal="operator")
    with desk_at(home) as desk:
        assert not any(record.order for record in run(desk, READY, READY + 120))


def test_stopped_entries_say_so_and_are_no_halt(home: Path) -> None:
    with desk_at(home) as desk:
        halt(desk.memory.journal, reason="enough for today", at=known(READY), principal="operator", entries_only=True)
        records = run(desk, READY, READY + 120)
    assert {clamp.limit for record in records for clamp in record.clamps} >= {"stop_entry"}
    assert not any(record.order for record in records)


def test_two_symbols_both_settle_before_either_decides(home: Path) -> None:
    seen: list[tuple[datetime | None, ...]] = []
    with desk_at(home, feed_of(*BOTH)) as desk:
        real = desk.consult

        def watching(series: Series, state: MarketState, pasts: Mapping[str, Past]) -> list[Vote]:
            seen.append(tuple(desk.broker.settled.get(symbol) for symbol in BOTH))
            return real(series, state, pasts)

        watched = replace(desk, consult=watching)
        for i in range(READY, READY + 5):
            run_bar(watched, BOTH, known(i))
            assert seen == [(day(i), day(i))] * 2
            seen.clear()


def test_two_symbols_share_one_exposure_with_what_still_waits(home: Path) -> None:
    tight = SETTINGS.model_copy(update={"limits": Limits(max_exposure=0.2)})
    with desk_at(home, feed_of(*BOTH), settings=tight) as desk:
        for i in range(READY, READY + 150):
            run_bar(desk, BOTH, known(i))
            assert desk.broker.waiting_exposure() + desk.broker.book().exposure <= 0.22


def test_skills_are_credited_once_for_each_trade_they_agreed_to(home: Path) -> None:
    with desk_at(home) as desk:
        records = run(desk, READY, 500)
        closed = {outcome.decision for record in records for outcome in record.outcomes}
        agreed = [match for record in records if record.id in closed for match in record.skills if match.agreed]
        booked = sum(desk.skills.counts(skill).total for skill in desk.skills.versions())
    assert closed
    assert booked == len(agreed) > 0


def test_entry_of_a_skill_follows_the_plan_of_the_one_that_supplied_it(home: Path) -> None:
    with desk_at(home) as desk:
        entries = [record for record in run(desk, READY, 500) if record.order is not None]
    for record in entries:
        suppliers = [match for match in record.skills if match.supplied_plan]
        assert len(suppliers) == (1 if any(match.agreed for match in record.skills) else 0)
        if suppliers:
            assert suppliers[0].name in (record.signal.thesis if record.signal else "")


class _Leaking(RecordedFeed):
    """A feed that shows one bar too many."""

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        return super().view(symbol, as_of + timedelta(days=1))


def test_feed_that_shows_a_bar_too_early_is_refused_and_nothing_is_recorded(home: Path) -> None:
    with desk_at(home, _Leaking({"SP500": market("SP500")})) as desk:
        before = desk.memory.journal.last_seq
        with pytest.raises(MarketDataError, match="not known"):
            run_cycle(desk, "SP500", known(READY))
        assert desk.memory.journal.last_seq == before


def _peeking(series: Series) -> Series:
    """The series with every close replaced by the next one."""
    bars = series.bars
    close = np.append(bars.close[1:], bars.close[-1])
    high, low = np.maximum(bars.high, close), np.minimum(bars.low, close)
    ahead = Bars(
        bars.symbol, bars.interval, bars.start, bars.open, high, low, close, bars.volume, bars.growth, bars.split, bars.dividend
    )
    return prepare(ahead, series.instrument, SETTINGS.market)


def test_future_planted_in_the_bars_shows_in_the_context_hash(tmp_path: Path) -> None:
    def hashes(name: str, series: Series) -> list[str]:
        with desk_at(tmp_path / name, RecordedFeed({"SP500": series})) as desk:
            return [record.context_hash for record in run(desk, 320, 325)]

    honest = hashes("honest", market("SP500"))
    assert honest == hashes("again", market("SP500"))
    assert not set(honest) & set(hashes("planted", _peeking(market("SP500"))))


def test_record_reads_back_from_the_journal_as_it_was_returned(home: Path) -> None:
    with desk_at(home) as desk:
        record = run_cycle(desk, "SP500", known(READY))
        fact = desk.memory.journal.get(record.id)
    assert fact is not None
    assert CycleRecord.model_validate_json(fact.payload or "") == record
