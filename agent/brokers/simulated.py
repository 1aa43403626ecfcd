"""A simulated venue: the paper broker's market behind an adapter's calls, with a memory of its own on disk.

Promises: it outlives the program that trades on it (a file for each symbol, replaced as a whole); a client id is taken
once; executions are numbered and never change. ``taken`` counts the orders ever accepted and ``digest`` chains
their ids, so two histories can be told apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from agent.brokers.fills import Bar, sign
from agent.brokers.paper import PaperBroker, Settlement
from agent.brokers.venue import Cause, Execution, Holding, Refused
from agent.domain import Frozen, Order, Position, Quote, Utc
from agent.market.instrument import Instrument
from agent.settings import Costs

KEPT = 100  # ended orders and executions a venue still tells of
Pieces = Callable[[str, Decimal], list[Decimal]]


class Ledger(Frozen):
    """What the venue remembers of one symbol."""

    settled: Utc | None = None
    position: Position | None = None
    waiting: Order | None = None
    orders: dict[str, Order] = {}
    executions: list[Execution] = []
    number: int = 0
    taken: int = 0
    digest: str = ""
    price: float = 0.0


def one_piece(client_id: str, quantity: Decimal) -> list[Decimal]:
    """Executed whole."""
    return [quantity]


class SimulatedVenue:
    """Accepts orders over ``Venue`` and fills them as the paper broker does."""

    name = "simulated"

    def __init__(self, costs: Costs, folder: Path | None = None, pieces: Pieces = one_piece) -> None:
        """Keep ledgers in ``folder``; None keeps them in memory."""
        self._costs, self._folder, self._pieces = costs, folder, pieces
        self._ledgers: dict[str, Ledger] = {}

    def ledger(self, symbol: str) -> Ledger:
        """What is remembered of a symbol."""
        if symbol not in self._ledgers:
            path = self._path(symbol)
            there = path is not None and path.exists()
            self._ledgers[symbol] = Ledger.model_validate_json(path.read_bytes()) if there and path else Ledger()
        return self._ledgers[symbol]

    def _path(self, symbol: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{quote(symbol, safe='')}.json"

    def _keep(self, symbol: str, ledger: Ledger) -> None:
        self._ledgers[symbol] = ledger
        path = self._path(symbol)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = path.with_suffix(".tmp")
        scratch.write_text(ledger.model_dump_json(), encoding="utf-8")
        scratch.chmod(0o600)
        scratch.replace(path)

    def place(self, order: Order) -> Order:
        """Take an order for the next bar; one that is known is returned as it stands."""
        ledger = self.ledger(order.symbol)
        known = ledger.orders.get(order.client_id)
        if known is not None:
            return known
        if ledger.waiting is not None:
            raise Refused(f"an order for {order.symbol} is already waiting")
        if order.reduce_only and ledger.position is None:
            raise Refused(f"there is no position in {order.symbol} to reduce")
        if not order.reduce_only and ledger.position is not None:
            raise Refused(f"{order.symbol} already has a position")
        taken = order.model_copy(update={"status": "sent"})
        digest = hashlib.sha256(f"{ledger.digest}{order.client_id}".encode()).hexdigest()
        self._stand(ledger.model_copy(update={"waiting": taken, "taken": ledger.taken + 1, "digest": digest}), taken)
        return taken

    def _stand(self, ledger: Ledger, order: Order) -> None:
        orders = dict(list({**ledger.orders, order.client_id: order}.items())[-KEPT:])
        self._keep(order.symbol, ledger.model_copy(update={"orders": orders}))

    def cancel(self, symbol: str, client_id: str) -> Order:
        """Withdraw an order that waits; one that has ended stays as it is."""
        ledger = self.ledger(symbol)
        known = ledger.orders.get(client_id)
        if known is None:
            raise Refused(f"no order {client_id} is known")
        if ledger.waiting is None or ledger.waiting.client_id != client_id:
            return known
        ended = known.model_copy(update={"status": "cancelled"})
        self._stand(ledger.model_copy(update={"waiting": None}), ended)
        return ended

    def replace(self, symbol: str, client_id: str, quantity: Decimal) -> Order:
        """Change the quantity of an order that waits."""
        ledger = self.ledger(symbol)
        if ledger.waiting is None or ledger.waiting.client_id != client_id:
            raise Refused(f"no order {client_id} waits")
        if quantity <= 0:
            raise Refused(f"quantity {quantity} is not above zero; cancel the order instead")
        changed = ledger.waiting.model_copy(update={"quantity": quantity})
        self._stand(ledger.model_copy(update={"waiting": changed}), changed)
        return changed

    def order(self, symbol: str, client_id: str) -> Order | None:
        """The order as it stands."""
        return self.ledger(symbol).orders.get(client_id)

    def executions(self, symbol: str, after: int) -> list[Execution]:
        """Executions with higher numbers."""
        return [e for e in self.ledger(symbol).executions if e.number > after]

    def holding(self, symbol: str) -> Holding:
        """The position held."""
        ledger = self.ledger(symbol)
        held = sign(ledger.position.side) * ledger.position.quantity if ledger.position else Decimal(0)
        return Holding(symbol=symbol, quantity=held, price=ledger.price, through=ledger.number)

    def advance(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> None:
        """Live through the bars not yet seen; each changes the ledger once."""
        for bar in bars:
            ledger = self.ledger(symbol)
            if ledger.settled is None or bar.start > ledger.settled:
                self._live(symbol, instrument, bar, ledger)

    def quoted(self, instrument: Instrument, quote: Quote, overdue: bool) -> None:
        """Hold a quote against the position, as the paper broker does."""
        ledger = self.ledger(quote.symbol)
        if ledger.position is None or ledger.waiting is not None:
            return
        engine = self._engine(quote.symbol, ledger)
        done = engine.watch(instrument, quote, overdue=overdue)
        changed = ledger.model_copy(update={"position": engine.positions.get(quote.symbol)})
        if done.fills:
            self._keep(quote.symbol, self._with(changed, self._executed(done, ledger)))
        else:  # a best price reached within the bar is the bar's, too: it need not outlive this process
            self._ledgers[quote.symbol] = changed

    def _engine(self, symbol: str, ledger: Ledger) -> PaperBroker:
        """The market's arithmetic, where the ledger stands."""
        engine = PaperBroker(0.0, self._costs, 0.5)
        if ledger.position is not None:
            engine.positions[symbol] = ledger.position
        if ledger.waiting is not None:
            engine.pending[symbol] = ledger.waiting
        if ledger.settled is not None:
            engine.settled[symbol] = ledger.settled
        return engine

    @staticmethod
    def _with(ledger: Ledger, made: list[Execution]) -> Ledger:
        update = {"executions": [*ledger.executions, *made][-KEPT:], "number": ledger.number + len(made)}
        return ledger.model_copy(update=update)

    def _live(self, symbol: str, instrument: Instrument, bar: Bar, ledger: Ledger) -> None:
        if ledger.position is None and ledger.waiting is None:
            # nothing of ours met this bar: it need not be kept, only not lived through again in this process
            self._ledgers[symbol] = ledger.model_copy(update={"settled": bar.start, "price": bar.close})
            return
        engine = self._engine(symbol, ledger)
        done = engine.settle(symbol, instrument, [bar])
        orders = dict(ledger.orders)
        if ledger.waiting is not None:
            left = ledger.waiting.client_id
            filled = sum((f.quantity for f in done.fills if f.client_id == left), Decimal(0))
            whole = engine.pending.get(symbol) is None and filled > 0
            ended = ledger.waiting.model_copy(update={"status": "filled" if whole else "cancelled", "quantity": filled})
            orders[left] = ended if whole else ledger.waiting.model_copy(update={"status": "cancelled"})
        lived = ledger.model_copy(
            update={
                "settled": bar.start,
                "position": engine.positions.get(symbol),
                "waiting": engine.pending.get(symbol),
                "orders": orders,
                "price": bar.close,
            }
        )
        self._keep(symbol, self._with(lived, self._executed(done, ledger)))

    def _executed(self, done: Settlement, ledger: Ledger) -> list[Execution]:
        """The bar's fills as numbered executions."""
        made: list[Execution] = []
        reasons = iter(outcome.reason for outcome in done.outcomes)
        for fill in done.fills:
            own = fill.client_id.removesuffix(":exit")
            entry = ledger.waiting is not None and not ledger.waiting.reduce_only and fill.client_id == ledger.waiting.client_id
            cause: Cause = "entry" if entry else _cause(next(reasons))
            parts = self._pieces(fill.client_id, fill.quantity)
            for part in parts:
                made.append(
                    Execution(
                        number=ledger.number + len(made) + 1,
                        client_id=own,
                        symbol=fill.symbol,
                        side=fill.side,
                        quantity=part,
                        price=fill.price,
                        fee=fill.fee if len(parts) == 1 else fill.fee * float(part / fill.quantity),
                        at=fill.at,
                        cause=cause,
                    )
                )
        return made


def _cause(reason: str) -> Cause:
    causes: dict[str, Cause] = {"stop": "stop", "target": "target", "time": "time"}
    return causes.get(reason, "signal")
