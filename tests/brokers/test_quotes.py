"""Quotes between bars: they end what a bar would have ended, at once, and nothing that is not theirs to end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.brokers.fills import Bar
from agent.brokers.paper import PaperBroker, Settlement
from agent.domain import Quote
from agent.settings import Costs
from tests.brokers.build import CASH, DAY, FIRST, FREE, INDEX, bar, broker, entry, flat, leaving, paths, quote
from tests.brokers.test_linked import linked, turn


def held(side: Any = "buy", costs: Costs = FREE, **more: Any) -> PaperBroker:
    account = broker(costs)
    account.submit(entry(side=side, **{"stop_distance": 5, "target_distance": 10, **more}))
    account.settle("SP500", INDEX, [flat(0, 100)])
    return account


@pytest.mark.parametrize(
    ("side", "bid", "price", "reason"),
    [
        ("buy", 94.0, 94.0, "stop"),
        ("buy", 112.0, 110.0, "target"),
        ("sell", 104.5, 105.0, "stop"),
        ("sell", 88.0, 90.0, "target"),
    ],
)
def test_a_stop_ends_at_the_quote_and_a_target_at_the_target_within_the_bar(
    side: Any, bid: float, price: float, reason: str
) -> None:
    account, told = held(side), quote(1, 3, bid, spread=0.5)
    (outcome,) = account.watch(INDEX, told).outcomes
    assert (outcome.exit_price, outcome.reason, outcome.closed_at) == (price, reason, told.at)
    assert (outcome.exit_bar, outcome.bars_held) == (FIRST + DAY, 2)
    assert account.positions == {}
    assert account.account.equity == account.account.cash != CASH
    assert account.settle("SP500", INDEX, [bar(1, 100, 120, 80, 100)]) == Settlement()


def test_a_quote_between_stop_and_target_only_values_the_book() -> None:
    account = held()
    assert account.watch(INDEX, quote(1, 3, 97.0)) == Settlement()
    assert account.account.equity == pytest.approx(CASH - 30)
    assert account.positions["SP500"].bars_held == 1
    account.settle("SP500", INDEX, [flat(1, 100)])
    assert account.account.peak == CASH  # what a quote made of the book for a moment is no peak


def test_a_stop_that_follows_follows_quotes_too_and_the_bar_is_held_against_the_stop_it_began_with() -> None:
    account = held(trail_distance=5.0)
    account.watch(INDEX, quote(1, 3, 108.0))
    assert account.positions["SP500"].stop == 95.0
    assert account.watch(INDEX, quote(1, 4, 104.0)).outcomes == []
    account.settle("SP500", INDEX, [bar(1, 100, 108, 96, 106)])  # its low came before its high
    assert account.positions["SP500"].stop == 103.0
    account.watch(INDEX, quote(2, 1, 109.0))
    (outcome,) = account.watch(INDEX, quote(2, 2, 103.5)).outcomes
    assert (outcome.exit_price, outcome.reason) == (103.5, "stop")
    assert outcome.mfe == pytest.approx(9 / 5)


def test_a_quote_from_before_the_last_bar_or_while_an_exit_waits_ends_nothing() -> None:
    account = held()
    assert account.watch(INDEX, quote(0, 23, 50.0)) == Settlement()
    account.submit(leaving())
    assert account.watch(INDEX, quote(1, 3, 50.0)) == Settlement()
    (outcome,) = account.settle("SP500", INDEX, [bar(1, 99, 99, 40, 60)]).outcomes
    assert (outcome.exit_price, outcome.reason) == (99.0, "signal")


def test_an_entry_that_waits_and_a_symbol_without_a_position_are_not_touched() -> None:
    account = broker()
    account.submit(entry(stop_distance=5))
    assert account.watch(INDEX, quote(0, 3, 50.0)) == Settlement()
    account.settle("SP500", INDEX, [flat(0, 100)])
    assert account.positions["SP500"].entry_price == 100


def test_when_the_bars_stopped_coming_the_longest_holding_ends_at_a_quote() -> None:
    account = held(max_bars=2)
    (outcome,) = account.watch(INDEX, quote(2, 1, 101.0), overdue=True).outcomes
    assert (outcome.exit_price, outcome.reason) == (101.0, "time")


def test_quotes_pay_fee_and_slippage_like_bars() -> None:
    account = held(costs=Costs(fee_bps=10, slippage_bps=10))
    (outcome,) = account.watch(INDEX, quote(1, 3, 94.0)).outcomes
    assert outcome.exit_price == pytest.approx(94.0 * 0.999)
    assert outcome.fees == pytest.approx(10 * (100.1 + 94 * 0.999) * 1e-3)


def within(bars: list[Bar], seed: int) -> list[list[Quote]]:
    """Three quotes inside each bar's range."""
    rng = np.random.default_rng(seed)
    return [
        [quote(i, h, float(rng.uniform(one.low, one.high))) for h in sorted(rng.uniform(0, 24, 3))] for i, one in enumerate(bars)
    ]


@given(bars=paths(), side=st.sampled_from(["buy", "sell"]), stop=st.floats(0.5, 15), trail=st.none() | st.floats(0.5, 10))
def test_the_book_of_a_simulated_venue_is_the_paper_brokers_with_quotes_too(
    bars: list[Bar], side: Any, stop: float, trail: float | None
) -> None:
    paper, (book, _) = broker(), linked()
    order = entry(side=side, stop_distance=stop, target_distance=2 * stop, trail_distance=trail, max_bars=4)
    for account in (paper, book):
        assert account.submit(order) is None
    book.deliver("SP500", INDEX, order.placed_at)
    for one, quotes in zip(bars, within(bars, len(bars)), strict=True):
        for told in quotes:
            assert book.watch(INDEX, told) == paper.watch(INDEX, told)
        assert turn(book, [one]).outcomes == paper.settle("SP500", INDEX, [one]).outcomes
        assert (book.account, book.positions, set(book.pending)) == (paper.account, paper.positions, set(paper.pending))


@given(bars=paths(), side=st.sampled_from(["buy", "sell"]), stop=st.floats(0.5, 15))
def test_quotes_inside_a_bar_end_nothing_that_the_bar_would_have_let_live(bars: list[Bar], side: Any, stop: float) -> None:
    plain, quoted = broker(), broker()
    order = entry(side=side, stop_distance=stop, target_distance=2 * stop)
    for account in (plain, quoted):
        account.submit(order)
    for one, quotes in zip(bars, within(bars, len(bars)), strict=True):
        early = [o for told in quotes for o in quoted.watch(INDEX, told).outcomes]
        late = quoted.settle("SP500", INDEX, [one]).outcomes
        expected = plain.settle("SP500", INDEX, [one]).outcomes
        assert len(early) + len(late) == len(expected)
        assert [o.exit_bar for o in (*early, *late)] == [o.exit_bar for o in expected]
