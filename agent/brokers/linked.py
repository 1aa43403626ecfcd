"""Our book of an account at a venue that is away: what was executed is the venue's to say, what it means is ours.

Promises: an order whose fate is unknown is asked for by its client id before anything else is sent for its symbol; an execution
is booked once, however often it is told, and in order; an entry that could not be sent within a bar is given up, an exit
never. On a venue without faults the book equals the paper broker's to the last bit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from agent.brokers import held
from agent.brokers.fills import Bar, sign
from agent.brokers.paper import Out, PaperBroker, Settlement, fill_of
from agent.brokers.told import Told
from agent.brokers.venue import Away, Difference, Execution, OrderEvent, Refused, Silent, Venue
from agent.domain import ExitReason, Order, OrderStatus, Position, Quote, Refusal, Side
from agent.market.instrument import Instrument
from agent.settings import Costs

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CLOSED: frozenset[OrderStatus] = frozenset({"filled", "cancelled", "rejected"})


@runtime_checkable
class Simulated(Protocol):
    """A venue whose market is played to it; it ends positions by time itself."""

    def advance(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> None:
        """Let the venue live through these bars."""
        ...

    def quoted(self, instrument: Instrument, quote: Quote, overdue: bool) -> None:
        """Let the venue live through a quote."""
        ...


class LinkedBroker(PaperBroker):
    """Books what a venue executed, and keeps orders until their end is known."""

    away = True

    def __init__(self, venue: Venue, cash: float, costs: Costs, success_r: float) -> None:
        """Start with ``cash`` and nothing executed."""
        super().__init__(cash, costs, success_r)
        self.venue = venue
        self.name = venue.name
        self._told = Told()
        self._ended: dict[str, Order] = {}
        self._cancelling: set[str] = set()
        self._down: str | None = None

    def restore(self, spaces: dict[str, dict[str, Any]]) -> None:
        """Take up the journal's state; what was about to be sent may have been sent."""
        super().restore(spaces)
        self._told.booked = {symbol: int(number) for symbol, number in spaces.get("venue", {}).items()}
        for symbol, order in self.pending.items():
            if order.status == "pending":
                self.pending[symbol] = order.model_copy(update={"status": "unknown"})

    def snapshot(self, symbol: str) -> list[tuple[str, str, Any]]:
        """The book's state and how far the venue's executions are booked."""
        number = self._told.booked.get(symbol)
        return [*super().snapshot(symbol), *([] if number is None else [("venue", symbol, number)])]

    def unreachable(self) -> str | None:
        """Why the last call did not reach the venue."""
        return self._down

    def cancel_entry(self, symbol: str) -> Order | None:
        """Withdraw an entry: at once if it was never sent, else with the next delivery."""
        order = self.pending.get(symbol)
        if order is None or order.reduce_only or symbol in self._cancelling:
            return None
        if order.status == "pending":
            return self.pending.pop(symbol)
        self._cancelling.add(symbol)
        return order

    def deliver(self, symbol: str, instrument: Instrument, now: datetime) -> list[OrderEvent]:
        """Clear doubts, send or withdraw the symbol's order; each change of its state is returned."""
        events: list[OrderEvent] = []
        if symbol in self._cancelling:
            self._withdraw(symbol, events)
        order = self.pending.get(symbol)
        if order is not None and order.status == "unknown":
            self._ask(order, events)
        order = self.pending.get(symbol)
        if order is not None and order.status == "pending":
            if not order.reduce_only and now - order.placed_at > instrument.step:
                self._end(order, "cancelled", f"not sent within a bar: {self._down or 'the program was away'}", events)
            else:
                self._send(order, events)
        return events

    def _send(self, order: Order, events: list[OrderEvent]) -> None:
        try:
            taken = self.venue.place(order)
        except Refused as err:
            self._end(order, "rejected", str(err), events)
        except Away as err:
            self._down = str(err)
        except Silent as err:
            self._down = str(err)
            self._now(order, "unknown", str(err), events)
            self._ask(self.pending[order.symbol], events)
        else:
            self._down = None
            self._now(order, taken.status if taken.status != "pending" else "sent", "acknowledged", events)

    def _ask(self, order: Order, events: list[OrderEvent]) -> None:
        """Find out what became of an order nobody answered for."""
        try:
            found = self.venue.order(order.symbol, order.client_id)
        except (Away, Silent) as err:
            self._down = str(err)
            return
        self._down = None
        if found is None:
            self._now(order, "pending", "the venue never had it", events)
        else:
            self._now(order, found.status if found.status != "pending" else "sent", "found at the venue", events)

    def _withdraw(self, symbol: str, events: list[OrderEvent]) -> None:
        order = self.pending.get(symbol)
        if order is None:
            self._cancelling.discard(symbol)
            return
        try:
            stands = self.venue.cancel(symbol, order.client_id)
        except (Away, Silent) as err:
            self._down = str(err)
            return
        except Refused:  # it never arrived: nothing is there to withdraw
            self._end(order, "cancelled", "withdrawn; the venue never had it", events)
        else:
            if stands.status == "cancelled" and self._executed(order) == 0:
                self._end(order, "cancelled", "withdrawn", events)
        self._cancelling.discard(symbol)

    def _executed(self, order: Order) -> Decimal:
        """How much of an order is booked."""
        position = self.positions.get(order.symbol)
        return position.quantity if position is not None and position.id == order.client_id else Decimal(0)

    def replace(self, symbol: str, quantity: Decimal) -> list[OrderEvent]:
        """Change the quantity of the order that waits; Refused when none does or the venue will not."""
        order = self.pending.get(symbol)
        if order is None:
            raise Refused(f"{symbol} has no order to change")
        if order.status != "pending":
            self.venue.replace(symbol, order.client_id, quantity)
        self.pending[symbol] = order.model_copy(update={"quantity": quantity})
        reason = f"quantity {order.quantity} became {quantity}"
        return [OrderEvent(client_id=order.client_id, symbol=symbol, from_=order.status, to=order.status, reason=reason)]

    def _now(self, order: Order, status: OrderStatus, reason: str, events: list[OrderEvent]) -> None:
        if status != order.status:
            events.append(
                OrderEvent(client_id=order.client_id, symbol=order.symbol, from_=order.status, to=status, reason=reason)
            )
        self.pending[order.symbol] = order.model_copy(update={"status": status})

    def _end(self, order: Order, status: OrderStatus, reason: str, events: list[OrderEvent]) -> None:
        self._now(order, status, reason, events)
        del self.pending[order.symbol]

    def listen(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> None:
        """Hear what the venue executed and how the waiting order stands; silence leaves both for the next time."""
        if isinstance(self.venue, Simulated):
            self.venue.advance(symbol, instrument, bars)
        self._ended.pop(symbol, None)
        try:
            order = self.pending.get(symbol)
            # first the order, then its executions: one that has ended has all of them by then
            stands = self.venue.order(symbol, order.client_id) if order is not None else None
            self._told.hear(symbol, self.venue.executions(symbol, self._told.booked.get(symbol, 0)))
        except (Away, Silent) as err:
            self._down = str(err)
            self._told.hear(symbol, [])
            return
        self._down = None
        if stands is not None and stands.status in CLOSED:
            self._ended[symbol] = stands

    def settle(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> Settlement:
        """Book what was heard over these bars, oldest first, and let go of an order that has ended."""
        done = super().settle(symbol, instrument, bars)
        self._release(symbol, done)
        return done

    def _release(self, symbol: str, done: Settlement) -> None:
        """Forget the waiting order when it has ended and every piece of it is booked."""
        order, ended = self.pending.get(symbol), self._ended.get(symbol)
        if order is None or ended is None or ended.client_id != order.client_id:
            return
        entered = self._executed(order) > 0 or any(f.decision == order.decision for f in done.fills)
        if ended.status == "filled" and not order.reduce_only and self._executed(order) < ended.quantity and not done.outcomes:
            return  # a piece is still to be told
        if ended.status == "filled" and order.reduce_only and symbol in self.positions:
            return
        if ended.status != "filled" and not entered:
            done.refusals.append(Refusal(by=self.name, reason=f"{symbol}: the venue ended the order as {ended.status}"))
        del self.pending[symbol]

    def watch(self, instrument: Instrument, quote: Quote, *, overdue: bool = False) -> Settlement:
        """Ask whether the venue ended the position meanwhile; a venue whose market is played to it sees the quote first."""
        if quote.symbol not in self.positions:
            return Settlement()
        if isinstance(self.venue, Simulated):
            self.venue.quoted(instrument, quote, overdue)
        self.listen(quote.symbol, instrument, [])
        return super().watch(instrument, quote, overdue=overdue)

    def _fill_order(self, symbol: str, instrument: Instrument, bar: Bar, done: Settlement) -> None:
        while (due := self._told.next(symbol, bar)) is not None:
            position = self.positions.get(symbol)
            if due.cause == "entry":
                self._entered(self._told.take(symbol)[0], bar, done)
            elif position is None:
                self._told.take(symbol)  # the end of something this book does not hold: reconciled already
            elif due.cause == "signal" and (pieces := self._told.whole(position, "signal")):
                self._exited(position, pieces, "signal", bar, done)
            else:
                return

    def _entered(self, piece: Execution, bar: Bar, done: Settlement) -> None:
        order, position = self.pending.get(piece.symbol), self.positions.get(piece.symbol)
        if position is not None and position.id == piece.client_id:
            self._cash(-sign(position.side) * float(piece.quantity) * piece.price - piece.fee)
            self.positions[position.symbol] = held.joined(position, piece.quantity, piece.price, piece.fee)
        elif order is not None and order.client_id == piece.client_id and position is None:
            self._enter(order, piece.quantity, piece.price, piece.fee, bar, done)
            return
        else:
            return  # not ours: reconciling takes it up
        client = f"{piece.client_id}:{piece.number}"
        fill = fill_of(client, piece.client_id, piece.symbol, piece.side, piece.quantity, piece.price, piece.fee, bar.start)
        done.fills.append(fill)

    def _exited(self, position: Position, pieces: list[Execution], cause: ExitReason, bar: Bar, done: Settlement) -> None:
        self._told.take(position.symbol, len(pieces))
        quantity = sum((p.quantity for p in pieces), Decimal(0))
        price = sum(float(p.quantity) * p.price for p in pieces) / float(quantity) if len(pieces) > 1 else pieces[0].price
        order = self.pending.get(position.symbol)
        asked = order if order is not None and order.reduce_only and order.client_id == pieces[0].client_id else None
        self._left(position, price, sum(p.fee for p in pieces), cause, bar, done, asked)

    def _taken_out(self, position: Position, bar: Bar) -> Out | None:
        due = self._told.next(position.symbol, bar)
        if due is None or due.cause not in ("stop", "target") or not self._told.whole(position, due.cause):
            return None
        level = super()._taken_out(position, bar)  # the level itself, where the bar shows it; the price paid has slippage in it
        if level is not None and level[1] == due.cause:
            return level
        return due.price, "stop" if due.cause == "stop" else "target"

    def _leave(self, position: Position, instrument: Instrument, bar: Bar, out: Out, done: Settlement) -> None:
        pieces = self._told.whole(position, out[1])
        if pieces:
            self._exited(position, pieces, out[1], bar, done)
        elif out[1] == "time" and not isinstance(self.venue, Simulated) and position.symbol not in self.pending:
            side: Side = "sell" if position.side == "buy" else "buy"
            self.pending[position.symbol] = Order(
                client_id=f"{position.id}:time",
                decision=position.decision,
                symbol=position.symbol,
                side=side,
                quantity=position.quantity,
                reduce_only=True,
                placed_at=bar.known_at,
            )

    def reconcile(self, symbol: str) -> list[Difference]:
        """Take over what the venue holds where nothing still to be booked explains the difference."""
        try:
            theirs = self.venue.holding(symbol)
        except (Away, Silent) as err:
            self._down = str(err)
            return []
        position = self.positions.get(symbol)
        ours = sign(position.side) * position.quantity if position is not None else Decimal(0)
        if theirs.through > self._told.booked.get(symbol, 0) or theirs.quantity == ours:
            return []
        action = self._yield_to(symbol, theirs.quantity, theirs.price)
        return [Difference(symbol=symbol, ours=ours, theirs=theirs.quantity, action=action)]

    def _yield_to(self, symbol: str, theirs: Decimal, price: float) -> str:
        """Make the book hold what the venue holds; equity stays what it was, for no fill tells otherwise."""
        position = self.positions.pop(symbol, None)
        if position is not None:
            self._cash(sign(position.side) * float(position.quantity) * position.last)
        if theirs == 0:
            return "dropped a position that the venue does not hold"
        side: Side = "buy" if theirs > 0 else "sell"
        last = position.last if position is not None else price
        self._cash(-float(theirs) * last)
        if position is not None and position.side == side:
            self.positions[symbol] = position.model_copy(update={"quantity": abs(theirs)})
            return "took over the venue's quantity"
        ident = f"adopted:{symbol}:{self._told.booked.get(symbol, 0)}"
        self.positions[symbol] = Position(
            id=ident, decision=ident, symbol=symbol, side=side, quantity=abs(theirs), entry_price=last,
            entry_bar=self.settled.get(symbol, EPOCH), stop=None, target=None, max_bars=None, bars_held=0,
            risk=last * 0.1, fees=0.0, worst=last, best=last, last=last,
        )  # fmt: skip
        return "adopted a position that the venue holds; it has no stop until a person sees to it"
