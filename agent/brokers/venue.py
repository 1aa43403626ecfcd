"""What an adapter to a venue must do, and the words it reports in.

A venue keeps orders by our client id: placing the same id twice is one order. Executions of a symbol are numbered
from 1 upward without gaps and never change. Every call may fail in exactly three ways: ``Refused`` (the venue said no: final),
``Away`` (nothing arrived: safe to try again) and ``Silent`` (it may have arrived: ask by client id before
anything else). ``tests/brokers/contract.py`` is the suite every adapter passes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Protocol

from agent.domain import Frozen, Order, OrderStatus, Side, Utc
from agent.errors import BrokerError

Cause = Literal["entry", "signal", "stop", "target", "time"]


class Refused(BrokerError):
    """The venue will not take the order; trying again changes nothing."""


class Away(BrokerError):
    """The venue was not reached; nothing arrived."""


class Silent(BrokerError):
    """No answer came; whether the request arrived is unknown."""


class Execution(Frozen):
    """A piece of an order that was carried out; ``number`` counts a symbol's executions from 1.

    ``client_id`` is the order's, or the entry's where the venue's own stop, target or time exit ended its position.
    """

    number: int
    client_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: float
    fee: float
    at: Utc
    cause: Cause


class Holding(Frozen):
    """What the venue holds for us of a symbol: signed quantity after its execution ``through``, at its last price."""

    symbol: str
    quantity: Decimal
    price: float
    through: int


class OrderEvent(Frozen):
    """A change of an order's state, with what brought it about."""

    client_id: str
    symbol: str
    from_: OrderStatus
    to: OrderStatus
    reason: str


class Difference(Frozen):
    """Where our book and the venue's did not agree; the venue's won."""

    symbol: str
    ours: Decimal
    theirs: Decimal
    action: str


class Venue(Protocol):
    """An adapter to one account at one venue. All of it may be called again after any failure."""

    name: str

    def place(self, order: Order) -> Order:
        """Send an order with its exits; returns it as acknowledged. Idempotent by client id."""
        ...

    def cancel(self, symbol: str, client_id: str) -> Order:
        """Withdraw what has not been executed; returns the order as it then stands. Refused when it is unknown."""
        ...

    def replace(self, symbol: str, client_id: str, quantity: Decimal) -> Order:
        """Change the quantity of an order that has not been executed; Refused when it has."""
        ...

    def order(self, symbol: str, client_id: str) -> Order | None:
        """The order with this client id as it stands; None when the venue never had it."""
        ...

    def executions(self, symbol: str, after: int) -> list[Execution]:
        """What was carried out since execution number ``after``, oldest first."""
        ...

    def holding(self, symbol: str) -> Holding:
        """What is held of the symbol now."""
        ...
