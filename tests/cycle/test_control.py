"""The brakes: what a person stops stays stopped, and a deep loss stops trading by itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from agent.cycle import Desk, halt, read_control, resume, run_bar
from agent.errors import JournalError, MarketDataError
from agent.market.series import Series
from tests.cycle.build import READY, SETTINGS, desk_at, feed_of, known, market


def _until_waiting(desk: Desk) -> int:
    """Decide until an entry waits for the next bar; returns that next bar."""
    for i in range(READY, READY + 300):
        record = run_bar(desk, ("SP500",), known(i))[0]
        if record.order is not None and not record.order.reduce_only and record.refusal is None:
            return i + 1
    raise AssertionError("no entry in 300 bars")


def test_halt_withdraws_an_entry_that_has_not_filled(home: Path) -> None:
    with desk_at(home) as desk:
        i = _until_waiting(desk)
        halt(desk.memory.journal, reason="the news is wild", at=known(i - 1), principal="operator")
        record = run_bar(desk, ("SP500",), known(i))[0]
        assert record.book.positions == []
        assert record.refusal is not None
        assert "withdrawn" in record.refusal.reason
        assert "the news is wild" in record.refusal.reason


def test_drawdown_limit_halts_until_a_person_resumes_and_then_counts_anew(home: Path) -> None:
    limits = SETTINGS.limits.model_copy(update={"max_drawdown": 0.004, "max_daily_loss": 1.0})
    settings = SETTINGS.model_copy(update={"limits": limits})
    with desk_at(home, settings=settings) as desk:
        i = READY
        while not read_control(desk.memory.journal).halted:
            run_bar(desk, ("SP500",), known(i))
            i += 1
        control = read_control(desk.memory.journal)
        assert control.principal == "limits"
        assert "drawdown" in str(control.reason)
        resume(desk.memory.journal, reason="looked at it", at=known(i - 1), principal="operator")
        record = run_bar(desk, ("SP500",), known(i))[0]
        assert not read_control(desk.memory.journal).halted
        assert record.book.drawdown < limits.max_drawdown


def test_resume_keeps_the_new_peak_across_a_restart(home: Path) -> None:
    with desk_at(home) as desk:
        run_bar(desk, ("SP500",), known(READY))
        resume(desk.memory.journal, reason="start anew", at=known(READY), principal="operator")
        run_bar(desk, ("SP500",), known(READY + 1))
        rebased = desk.broker.account.rebased_at
    with desk_at(home) as desk:
        assert desk.broker.account.rebased_at == rebased == known(READY)


class _Leaking:
    """A feed that breaks its promise: it shows one bar more than was known."""

    symbols = ("SP500",)

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        cut = market(symbol).until(as_of)
        return market(symbol).head(len(cut) + 1) if cut is not None else None


def test_feed_that_breaks_its_promise_leaves_the_book_where_the_journal_has_it(home: Path) -> None:
    with desk_at(home) as desk:
        run_bar(desk, ("SP500",), known(READY))
        before = dict(desk.broker.settled)
    with desk_at(home, _Leaking()) as desk:
        with pytest.raises(MarketDataError):
            run_bar(desk, ("SP500",), known(READY + 1))
        assert desk.broker.settled == before


def test_memory_that_cannot_be_trusted_stops_the_cycle_instead_of_being_recorded(home: Path) -> None:
    def broken(series: Series, as_of: datetime) -> None:
        raise JournalError("the journal's chain is broken at fact 7; restore a backup")

    with desk_at(home, feed_of("SP500"), recall=broken) as desk:
        with pytest.raises(JournalError):
            run_bar(desk, ("SP500",), known(READY))
        assert desk.memory.journal.get("anything") is None
        assert list(desk.memory.journal.facts(kinds=("cycle",))) == []
