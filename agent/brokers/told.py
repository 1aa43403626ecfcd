"""What a venue told of its executions and is not yet in the book.

Promises: an execution is booked once and in order, however often and however late it is told; a piece of an exit is booked
only with all the others, for half of a position has no outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from agent.brokers.fills import Bar
from agent.brokers.venue import Execution
from agent.domain import Position


class Told:
    """The executions of every symbol that follow what is ``booked``, the number of the last one in the book."""

    def __init__(self) -> None:
        """Nothing was told and nothing is booked."""
        self.booked: dict[str, int] = {}
        self._waiting: dict[str, list[Execution]] = {}

    def hear(self, symbol: str, executions: Iterable[Execution]) -> None:
        """Take what was told, from the first that is not booked up to the first that is missing."""
        told, after = {e.number: e for e in executions}, self.booked.get(symbol, 0)
        following: list[Execution] = []
        while (number := after + len(following) + 1) in told:
            following.append(told[number])
        self._waiting[symbol] = following

    def next(self, symbol: str, bar: Bar) -> Execution | None:
        """The next execution to book, if it happened by the end of the bar."""
        waiting = self._waiting.get(symbol, [])
        return waiting[0] if waiting and bar.told_by(waiting[0].at) else None

    def whole(self, position: Position, cause: str) -> list[Execution]:
        """The pieces that end a position, once all of them have been told."""
        pieces: list[Execution] = []
        for piece in self._waiting.get(position.symbol, []):
            if piece.cause != cause:
                break
            pieces.append(piece)
            if sum((p.quantity for p in pieces), Decimal(0)) >= position.quantity:
                return pieces
        return []

    def take(self, symbol: str, count: int = 1) -> list[Execution]:
        """The next executions, which count as booked from now on."""
        waiting = self._waiting[symbol]
        taken, self._waiting[symbol] = waiting[:count], waiting[count:]
        self.booked[symbol] = taken[-1].number
        return taken
