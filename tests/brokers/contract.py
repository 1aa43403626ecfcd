"""What every adapter to a venue must keep: subclass ``Contract``, give it a way to make a venue and to let its market move.

An adapter that passes can be put behind the book: nothing is sent twice, nothing told is forgotten.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from agent.brokers.venue import Refused, Venue
from tests.brokers.build import entry, leaving


class Contract:
    """The suite. ``make`` returns a venue without orders; ``move`` lets its market trade once at about ``price``."""

    def make(self) -> Venue:
        raise NotImplementedError

    def move(self, venue: Venue, price: float) -> None:
        raise NotImplementedError

    def opened(self, **more: Any) -> Venue:
        venue = self.make()
        venue.place(entry(**more))
        self.move(venue, 100.0)
        return venue

    def test_the_same_client_id_twice_is_one_order(self) -> None:
        venue = self.make()
        first = venue.place(entry())
        assert venue.place(entry()) == first
        self.move(venue, 100.0)
        assert venue.holding("SP500").quantity == Decimal(10)
        assert venue.place(entry()).status == "filled"
        self.move(venue, 100.0)
        assert venue.holding("SP500").quantity == Decimal(10)

    def test_an_order_is_found_by_its_client_id_and_an_unknown_one_is_none(self) -> None:
        venue = self.make()
        venue.place(entry())
        found = venue.order("SP500", "in-SP500")
        assert found is not None
        assert found.status == "sent"
        assert venue.order("SP500", "never-sent") is None

    def test_nothing_is_executed_before_the_market_moves(self) -> None:
        venue = self.make()
        venue.place(entry())
        assert venue.executions("SP500", 0) == []
        assert venue.holding("SP500").quantity == 0

    def test_executions_are_numbered_without_gaps_and_add_up_to_the_holding(self) -> None:
        venue = self.opened()
        venue.place(leaving())
        self.move(venue, 101.0)
        told = venue.executions("SP500", 0)
        assert [e.number for e in told] == list(range(1, len(told) + 1))
        signed = sum((e.quantity if e.side == "buy" else -e.quantity for e in told), Decimal(0))
        assert signed == venue.holding("SP500").quantity == 0
        assert venue.holding("SP500").through == told[-1].number
        assert venue.executions("SP500", told[-1].number) == []
        assert {e.cause for e in told} == {"entry", "signal"}

    def test_what_was_told_is_told_the_same_again(self) -> None:
        venue = self.opened()
        assert venue.executions("SP500", 0) == venue.executions("SP500", 0) != []

    def test_a_cancelled_order_is_never_executed(self) -> None:
        venue = self.make()
        venue.place(entry())
        assert venue.cancel("SP500", "in-SP500").status == "cancelled"
        assert venue.cancel("SP500", "in-SP500").status == "cancelled"
        self.move(venue, 100.0)
        assert venue.executions("SP500", 0) == []

    def test_cancelling_what_was_executed_says_so(self) -> None:
        venue = self.opened()
        assert venue.cancel("SP500", "in-SP500").status == "filled"
        assert venue.holding("SP500").quantity == Decimal(10)

    def test_cancelling_and_changing_what_is_unknown_is_refused(self) -> None:
        venue = self.make()
        with pytest.raises(Refused):
            venue.cancel("SP500", "never-sent")
        with pytest.raises(Refused):
            venue.replace("SP500", "never-sent", Decimal(1))

    def test_a_changed_quantity_is_what_is_executed(self) -> None:
        venue = self.make()
        venue.place(entry())
        assert venue.replace("SP500", "in-SP500", Decimal(4)).quantity == Decimal(4)
        self.move(venue, 100.0)
        assert venue.holding("SP500").quantity == Decimal(4)
        with pytest.raises(Refused):
            venue.replace("SP500", "in-SP500", Decimal(5))

    def test_reducing_what_is_not_held_is_refused(self) -> None:
        with pytest.raises(Refused):
            self.make().place(leaving())

    def test_a_second_entry_on_a_position_is_refused(self) -> None:
        venue = self.opened()
        with pytest.raises(Refused):
            venue.place(entry(client_id="other", decision="other"))

    def test_the_stop_that_came_with_an_entry_ends_it(self) -> None:
        venue = self.opened(stop_distance=5.0, target_distance=50.0)
        self.move(venue, 90.0)
        assert venue.holding("SP500").quantity == 0
        last = venue.executions("SP500", 0)[-1]
        assert (last.cause, last.client_id) == ("stop", "in-SP500")
