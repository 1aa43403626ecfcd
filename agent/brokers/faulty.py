"""A venue that misbehaves by settings: refusals, lost requests and answers, pieces, duplicates, late news, outages.

Promises: the same seed and the same calls misbehave the same way; what it raises is only what any adapter may raise;
the venue behind it is never told anything it was not asked to tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

import numpy as np

from agent.brokers.fills import Bar
from agent.brokers.simulated import Pieces, SimulatedVenue
from agent.brokers.venue import Away, Execution, Holding, Refused, Silent
from agent.domain import Order, Quote
from agent.market.instrument import Instrument
from agent.settings import Faults

T = TypeVar("T")


def in_pieces(faults: Faults) -> Pieces:
    """How an order is cut: the same order always the same way."""

    def cut(client_id: str, quantity: Decimal) -> list[Decimal]:
        drawn = hashlib.sha256(f"{faults.seed}|{client_id}".encode()).digest()[0] / 256
        half = (quantity / 2).quantize(quantity)
        return [half, quantity - half] if drawn < faults.partial and 0 < half < quantity else [quantity]

    return cut


class Faulty:
    """Stands between a broker and a simulated venue."""

    def __init__(self, venue: SimulatedVenue, faults: Faults) -> None:
        """Misbehave as ``faults`` says."""
        self.venue, self.name = venue, venue.name
        self.calls = 0
        self._faults = faults
        self._rng = np.random.default_rng(faults.seed)
        self._out = 0

    def _happens(self, chance: float) -> bool:
        return chance > 0 and float(self._rng.random()) < chance

    def _call(self, what: str, ask: Callable[[], T]) -> T:
        self.calls += 1
        if self._out == 0 and self._happens(self._faults.outage):
            self._out = self._faults.outage_calls
        if self._out > 0:
            self._out -= 1
            raise Away(f"{what}: the venue cannot be reached; it is tried again")
        if self._happens(self._faults.lost):
            raise Away(f"{what}: the request did not arrive; it is tried again")
        answer = ask()
        if self._happens(self._faults.silent):
            raise Silent(f"{what}: no answer came; the order is asked for by its id")
        return answer

    def place(self, order: Order) -> Order:
        """Send an order, perhaps in vain."""
        if self._happens(self._faults.reject) and self.venue.order(order.symbol, order.client_id) is None:
            self.calls += 1
            raise Refused(f"order {order.client_id}: refused by the venue's fault settings")
        return self._call("place", lambda: self.venue.place(order))

    def cancel(self, symbol: str, client_id: str) -> Order:
        """Withdraw an order, perhaps in vain."""
        return self._call("cancel", lambda: self.venue.cancel(symbol, client_id))

    def replace(self, symbol: str, client_id: str, quantity: Decimal) -> Order:
        """Change an order, perhaps in vain."""
        return self._call("replace", lambda: self.venue.replace(symbol, client_id, quantity))

    def order(self, symbol: str, client_id: str) -> Order | None:
        """Ask for an order, perhaps in vain."""
        return self._call("order", lambda: self.venue.order(symbol, client_id))

    def holding(self, symbol: str) -> Holding:
        """Ask for the holding, perhaps in vain."""
        return self._call("holding", lambda: self.venue.holding(symbol))

    def executions(self, symbol: str, after: int) -> list[Execution]:
        """Executions, some told again, the newest perhaps held back."""
        told = self._call("executions", lambda: self.venue.executions(symbol, after))
        if told and self._happens(self._faults.late):
            told = told[:-1]
        if self._happens(self._faults.duplicate):
            told = [*self.venue.executions(symbol, max(0, after - 2)), *told]
            told = [e for e in told if e.number <= after] + [e for e in told if e.number > after]
        return told

    def advance(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> None:
        """The market goes on, whoever can be reached."""
        self.venue.advance(symbol, instrument, bars)

    def quoted(self, instrument: Instrument, quote: Quote, overdue: bool) -> None:
        """The market goes on between bars, too."""
        self.venue.quoted(instrument, quote, overdue)
