"""The book of a venue that is away: equal to paper when nothing fails, and right again after everything did."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.brokers.faulty import Faulty, in_pieces
from agent.brokers.fills import Bar
from agent.brokers.linked import LinkedBroker
from agent.brokers.simulated import SimulatedVenue
from agent.brokers.venue import Refused
from agent.domain import Order
from agent.settings import Faults
from tests.brokers.build import CASH, DAY, FREE, INDEX, bar, broker, entry, flat, paths, quote, spaces

NONE = Faults()
ROUGH = Faults(reject=0.05, lost=0.15, silent=0.15, partial=0.5, duplicate=0.3, late=0.3, outage=0.03)


def linked(faults: Faults = NONE) -> tuple[LinkedBroker, Faulty]:
    venue = Faulty(SimulatedVenue(FREE, pieces=in_pieces(faults)), faults)
    return LinkedBroker(venue, CASH, FREE, 0.5), venue


def turn(book: LinkedBroker, bars: list[Bar]) -> Any:
    """One bar as the cycle lives it: send what waits, hear, settle, send what settling asked for."""
    now = bars[-1].known_at
    book.deliver("SP500", INDEX, now)
    book.listen("SP500", INDEX, bars)
    done = book.settle("SP500", INDEX, bars)
    book.deliver("SP500", INDEX, now)
    return done


def asked(i: int, side: Any = "buy", **more: Any) -> Order:
    placed = flat(i, 1.0).known_at
    return entry(side=side, client_id=f"in-{i}", decision=f"in-{i}", placed_at=placed, **more)


@given(bars=paths(), side=st.sampled_from(["buy", "sell"]), stop=st.floats(0.5, 15), target=st.floats(0.5, 15))
def test_without_faults_the_book_is_the_paper_brokers_to_the_last_bit(
    bars: list[Bar], side: Any, stop: float, target: float
) -> None:
    paper, (book, _) = broker(), linked()
    order = entry(side=side, stop_distance=stop, target_distance=target, max_bars=4)
    assert paper.submit(order) is None
    assert book.submit(order) is None
    book.deliver("SP500", INDEX, order.placed_at)
    for one in bars:
        expected, found = paper.settle("SP500", INDEX, [one]), turn(book, [one])
        assert found.outcomes == expected.outcomes
        assert found.fills == expected.fills
        assert (book.account, book.positions, set(book.pending)) == (paper.account, paper.positions, set(paper.pending))


def test_a_lost_answer_is_cleared_by_asking_and_nothing_is_sent_twice() -> None:
    book, venue = linked(Faults(silent=1.0))
    book.submit(entry())
    events = book.deliver("SP500", INDEX, flat(0, 1).start)
    assert [e.to for e in events] == ["unknown"]
    assert book.submit(entry(client_id="second")) is not None  # nothing else while one is in doubt
    venue._faults = Faults()
    events = book.deliver("SP500", INDEX, flat(0, 1).start)
    assert [(e.from_, e.to) for e in events] == [("unknown", "sent")]
    turn(book, [flat(0, 100.0)])
    assert book.positions["SP500"].quantity == Decimal(10)
    assert venue.venue.ledger("SP500").taken == 1


def test_an_entry_that_cannot_be_sent_within_a_bar_is_given_up_and_an_exit_is_not() -> None:
    book, venue = linked(Faults(lost=1.0))
    book.submit(entry())
    assert book.deliver("SP500", INDEX, entry().placed_at) == []
    events = book.deliver("SP500", INDEX, entry().placed_at + 2 * DAY)
    assert [e.to for e in events] == ["cancelled"]
    venue._faults = Faults()
    book.submit(entry(client_id="b"))
    book.deliver("SP500", INDEX, entry().placed_at)
    turn(book, [flat(0, 100.0)])
    venue._faults = Faults(lost=1.0)
    book.submit(entry(side="sell", client_id="out", decision="out", reduce_only=True))
    book.deliver("SP500", INDEX, entry().placed_at + 5 * DAY)
    assert book.unreachable() is not None
    venue._faults = Faults()
    turn(book, [flat(i, 100.0) for i in range(1, 7)])
    turn(book, [flat(7, 100.0)])
    assert book.positions == {}


def test_after_a_restart_an_order_that_was_about_to_be_sent_is_asked_for_first() -> None:
    book, venue = linked()
    book.submit(entry())
    before = spaces(*[[c for c in book.snapshot("SP500") if c[0] != "venue"]])
    venue.place(entry())  # it was sent, and the program died before it heard
    again = LinkedBroker(venue, CASH, FREE, 0.5)
    again.restore(before)
    assert again.pending["SP500"].status == "unknown"
    assert [e.to for e in again.deliver("SP500", INDEX, entry().placed_at)] == ["sent"]
    assert venue.venue.ledger("SP500").taken == 1


def test_a_withdrawn_entry_is_gone_here_and_there() -> None:
    book, venue = linked()
    book.submit(entry())
    book.deliver("SP500", INDEX, entry().placed_at)
    assert book.cancel_entry("SP500") is not None
    assert [e.to for e in book.deliver("SP500", INDEX, entry().placed_at)] == ["cancelled"]
    assert not turn(book, [flat(0, 100.0)]).fills


def test_a_changed_quantity_reaches_the_venue_and_nothing_waiting_cannot_be_changed() -> None:
    book, _ = linked()
    with pytest.raises(Refused):
        book.replace("SP500", Decimal(3))
    book.submit(entry())
    book.deliver("SP500", INDEX, entry().placed_at)
    book.replace("SP500", Decimal(3))
    turn(book, [flat(0, 100.0)])
    assert book.positions["SP500"].quantity == Decimal(3)


@pytest.mark.parametrize(("theirs", "action"), [(0, "dropped"), (7, "took over"), (-3, "adopted")])
def test_what_the_venue_says_wins_and_equity_is_not_invented(theirs: int, action: str) -> None:
    book, venue = linked()
    book.submit(entry())
    book.deliver("SP500", INDEX, entry().placed_at)
    turn(book, [flat(0, 100.0)])
    ledger = venue.venue.ledger("SP500")
    assert ledger.position is not None
    side = "buy" if theirs > 0 else "sell"
    changed = ledger.position.model_copy(update={"quantity": Decimal(abs(theirs)), "side": side}) if theirs else None
    venue.venue._ledgers["SP500"] = ledger.model_copy(update={"position": changed})
    (difference,) = book.reconcile("SP500")
    assert difference.action.startswith(action)
    assert book.reconcile("SP500") == []
    book.listen("SP500", INDEX, [])
    book.settle("SP500", INDEX, [flat(1, 100.0)])
    assert book.account.equity == pytest.approx(CASH)


def storm(seed: int, calls: int) -> tuple[LinkedBroker, Faulty, list[str], set[str]]:
    """Trade over a failing line until so many calls were made, then let the line heal; returns what was sent and ended."""
    book, venue = linked(ROUGH.model_copy(update={"seed": seed}))
    rng = np.random.default_rng(seed)
    sent: list[str] = []
    closed: set[str] = set()
    price, i = 100.0, 0
    while venue.calls < calls:
        opened = price
        price = opened * float(np.exp(rng.normal(0, 0.01)))
        one = bar(i, opened, max(opened, price) * 1.003, min(opened, price) * 0.997, price)
        quotes = [quote(i, hour, float(rng.uniform(one.low, one.high))) for hour in sorted(rng.uniform(0, 24, 3))]
        quoted = [outcome for q in quotes for outcome in book.watch(INDEX, q).outcomes]
        done = turn(book, [one])
        for outcome in [*quoted, *done.outcomes]:
            assert outcome.position not in closed
            closed.add(outcome.position)
        if rng.random() < 0.1:
            book.cancel_entry("SP500")
        order = asked(i, stop_distance=2.0, target_distance=3.0, max_bars=5)
        if "SP500" in book.positions and rng.random() < 0.2:
            held = book.positions["SP500"]
            order = order.model_copy(update={"side": "sell", "reduce_only": True, "quantity": held.quantity})
        if "SP500" not in book.pending and (order.reduce_only or "SP500" not in book.positions):
            book.submit(order)
            sent.append(order.client_id)
            book.deliver("SP500", INDEX, one.known_at)
        i += 1
    venue._faults, venue._out = Faults(partial=ROUGH.partial, seed=seed), 0
    for j in range(i, i + 20):
        turn(book, [flat(j, price)])
    return book, venue, sent, closed


def check_storm(seed: int, calls: int) -> None:
    book, venue, sent, closed = storm(seed, calls)
    ledger = venue.venue.ledger("SP500")
    assert ledger.taken <= len(sent) == len(set(sent))
    assert book.reconcile("SP500") == []
    assert ("venue", "SP500", ledger.number) in book.snapshot("SP500")
    assert (book.positions, book.pending) == ({}, {})
    assert len(closed) > calls / 200  # the line was bad, not dead


@pytest.mark.parametrize("seed", range(3))
def test_calls_that_fail_at_random_duplicate_nothing_and_end_reconciled(seed: int) -> None:
    check_storm(seed, 1_000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 15))
def test_ten_thousand_calls_that_fail_at_random_duplicate_nothing_and_end_reconciled(seed: int) -> None:
    check_storm(seed, 10_000)


def test_a_bar_is_lived_through_once_however_often_it_is_told() -> None:
    book, venue = linked()
    book.submit(entry(max_bars=2))
    book.deliver("SP500", INDEX, entry().placed_at)
    for _ in range(3):
        venue.advance("SP500", INDEX, [flat(0, 100.0)])
    position = venue.venue.ledger("SP500").position
    assert position is not None
    assert position.bars_held == 1
    assert timedelta(0) < flat(0, 100.0).known_at - flat(0, 100.0).start
