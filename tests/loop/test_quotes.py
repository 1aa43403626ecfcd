"""The loop between bars: what a quote ends is ended, told and learned from at once, and survives a crash."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.cycle import Desk, read_control, run_bar, watch
from agent.cycle.history import closed_trades
from agent.domain import Outcome, Quote
from agent.errors import MarketDataError
from agent.loop.schedule import Due
from agent.settings import Limits
from tests.cycle.build import READY, SETTINGS, desk_at, feed_of, known
from tests.loop.build import Dues, FakeClock, loop_of
from tests.loop.test_runner import SIMULATED, days


class Written:
    """Quotes written down."""

    def __init__(self, *quotes: Quote, fails: int = 0) -> None:
        self.quotes, self.fails = list(quotes), fails

    def next(self, symbols: tuple[str, ...], now: datetime) -> datetime | None:
        return min((q.at for q in self.quotes if q.symbol in symbols), default=None)

    def take(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        if self.fails:
            self.fails -= 1
            raise MarketDataError("the source of quotes is down")
        found = [q for q in self.quotes if q.at <= now]
        self.quotes = [q for q in self.quotes if q.at > now]
        return [q for q in found if q.symbol in symbols]

    def close(self) -> None:
        """Nothing is open."""


def never(symbol: str) -> bool:
    return False


def until_held(desk: Desk) -> int:
    """Decide until there is a position; returns the next bar."""
    i = READY
    while not desk.broker.positions:
        run_bar(desk, ("SP500",), known(i))
        i += 1
    return i


def beyond(desk: Desk, i: int, hours: float, share: float = 1.01) -> Quote:
    """A quote a little beyond the stop of what is held, inside bar i."""
    position = desk.broker.positions["SP500"]
    assert position.stop is not None
    down = position.side == "buy"
    price = position.stop / share if down else position.stop * share
    return Quote(symbol="SP500", at=known(i - 1) + timedelta(hours=hours), bid=price, ask=price)


def looped(desk: Desk, home: Path, i: int, quotes: Written, bars: int = 1) -> tuple[list[Outcome], list[Outcome], list[str]]:
    """Live through bars with quotes; what was told at once, what the records told, and troubles."""
    with loop_of(desk, home, days(i, i + bars, "SP500"), FakeClock(known(i - 1)), quotes=quotes) as (loop, heard):
        loop.run(known(i - 1))
    return heard.ended, [o for r in heard.records for o in r.outcomes], [kind for kind, _ in heard.troubles]


@pytest.mark.parametrize("how", ["paper", "each", "simulated"])
def test_a_quote_beyond_the_stop_ends_the_trade_within_the_bar_and_the_next_record_tells_it_once(home: Path, how: str) -> None:
    with desk_at(home, feed_of("SP500"), settings=SIMULATED if how == "simulated" else SETTINGS) as desk:
        i = until_held(desk)
        quotes = Written(beyond(desk, i, 5), beyond(desk, i, 6))
        desk = replace(desk, each=how == "each")
        at_once, recorded, _ = looped(desk, home, i, quotes, bars=3)
        (kept, *_), journal = closed_trades(desk.memory.journal)[-1:], desk.memory.journal
        assert journal.verify() == []
    assert [o.reason for o in at_once] == ["stop"]
    assert at_once[0].closed_at == known(i - 1) + timedelta(hours=5)
    assert recorded[0] == at_once[0]
    assert [o.position for o in recorded].count(at_once[0].position) == 1
    assert kept.closed_at >= at_once[0].closed_at


def test_a_trade_ended_by_a_quote_is_told_after_a_crash_and_its_lesson_is_kept(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        i = until_held(desk)
        (ended,) = watch(desk, [beyond(desk, i, 5)], never)
        seen = desk.monitor.state.seen
    with desk_at(home, feed_of("SP500")) as desk:
        assert desk.broker.positions == {}
        assert desk.monitor.state.seen == seen > 0
        (record,) = run_bar(desk, ("SP500",), known(i))
        (after,) = run_bar(desk, ("SP500",), known(i + 1))
    assert record.outcomes == [ended]
    assert after.outcomes == []


def test_a_quote_far_from_the_last_price_is_not_believed(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        i = until_held(desk)
        assert watch(desk, [beyond(desk, i, 5, share=2.0)], never) == []
        assert "SP500" in desk.broker.positions


def test_a_source_of_quotes_that_is_down_is_told_and_bars_go_on(home: Path) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        i = until_held(desk)
        inside = desk.broker.positions["SP500"].last
        quote = Quote(symbol="SP500", at=known(i - 1) + timedelta(hours=1), bid=inside, ask=inside)
        _, _, troubles = looped(desk, home, i, Written(quote, fails=1), bars=2)
        assert desk.broker.settled["SP500"] == known(i)
    assert "market_data" in troubles


def test_a_loss_as_deep_as_the_limit_halts_between_bars_once(home: Path) -> None:
    strict = SETTINGS.model_copy(update={"limits": Limits(max_drawdown=0.0001, drawdown_throttle=0.0001)})
    with desk_at(home, feed_of("SP500"), settings=strict) as desk:
        i = until_held(desk)
        position = desk.broker.positions["SP500"]
        lost = position.entry_price * (0.995 if position.side == "buy" else 1.005)
        quotes = [Quote(symbol="SP500", at=known(i - 1) + timedelta(hours=h), bid=lost, ask=lost) for h in (1, 2, 3)]
        watch(desk, quotes, never)
        control = read_control(desk.memory.journal)
        told = list(desk.memory.journal.facts(kinds=("control",)))
    assert control.halted
    assert "drawdown" in str(control.reason)
    assert len(told) == 1


class Silent:
    """Bars that no longer come."""

    def __init__(self, whole: object) -> None:
        self.whole = whole

    def refresh(self, symbols: tuple[str, ...], now: datetime) -> None:
        """Nothing new."""

    def newest(self, symbol: str) -> datetime | None:
        return None


def test_bars_that_stop_coming_do_not_keep_a_trade_open_beyond_its_time(home: Path) -> None:
    def later(at: datetime, hours: Iterable[float]) -> list[Quote]:
        return [Quote(symbol="SP500", at=at + timedelta(hours=h), bid=last, ask=last) for h in hours]

    with desk_at(home, feed_of("SP500")) as desk:
        i = until_held(desk)
        position = desk.broker.positions["SP500"]
        assert position.max_bars is not None
        last, left = position.last, position.max_bars - position.bars_held
        quotes = Written(*(q for j in range(left + 2) for q in later(known(i - 1 + j), (1, 12))))
        dues = Dues(*(Due(known(i + j), ("SP500",)) for j in range(left + 2)))
        silent = Silent(desk.feed)
        with loop_of(desk, home, dues, FakeClock(known(i - 1)), quotes=quotes, arrivals=silent) as (loop, heard):
            loop.run(known(i - 1))
    assert [o.reason for o in heard.ended] == ["time"]
    assert heard.ended[0].closed_at > known(i - 1 + left)
    assert heard.ended[0].closed_at < known(i + left)
