"""The paper broker: one capital pool, fills at the next bar's open, costs always on.

Promises: nothing is filled on the bar it was decided on; restored from its own snapshot it goes
on exactly where it stood; what it cannot do it refuses with a reason. Splits change quantity and
levels, dividends arrive as cash. An entry takes at most a share of the bar's volume; an exit is never
held back. A quote may end a position within the bar at work, never before the last bar settled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from agent.brokers import held
from agent.brokers.account import Account
from agent.brokers.fills import Bar, capped, exit_price, paid, quoted_bar, sign, to_lots
from agent.brokers.venue import Difference, OrderEvent
from agent.domain import Book, ExitReason, Fill, Order, Outcome, Position, Quote, Refusal, Side
from agent.market.instrument import Instrument
from agent.settings import Costs

Out = tuple[float, ExitReason]  # where a position ends, before slippage, and why


@dataclass
class Settlement:
    """What a stretch of bars, or a quote, did: executions, closed positions, refusals."""

    fills: list[Fill] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


class PaperBroker:
    """Simulates a venue over recorded or live bars."""

    name = "paper"
    away = False

    def __init__(self, cash: float, costs: Costs, success_r: float) -> None:
        """Start with ``cash`` and no position; ``success_r`` grades outcomes."""
        self.account = Account(cash=cash, equity=cash, peak=cash, day="", day_equity=cash)
        self.positions: dict[str, Position] = {}
        self.pending: dict[str, Order] = {}
        self.settled: dict[str, datetime] = {}
        self._costs = costs
        self._success_r = success_r

    def restore(self, spaces: dict[str, dict[str, Any]]) -> None:
        """Take up the state that ``snapshot`` left in the journal."""
        if "paper" in spaces["account"]:
            self.account = Account.model_validate(spaces["account"]["paper"])
        self.positions = {k: Position.model_validate(v) for k, v in spaces["positions"].items()}
        self.pending = {k: Order.model_validate(v) for k, v in spaces["orders"].items()}
        self.settled = {k: datetime.fromisoformat(v) for k, v in spaces["settled"].items()}

    def snapshot(self, symbol: str) -> list[tuple[str, str, Any]]:
        """The state after this symbol's turn, as journal state changes."""
        position, order = self.positions.get(symbol), self.pending.get(symbol)
        changes: list[tuple[str, str, Any]] = [
            ("account", "paper", self.account.model_dump(mode="json")),
            ("positions", symbol, position.model_dump(mode="json") if position else None),
            ("orders", symbol, order.model_dump(mode="json") if order else None),
        ]
        if symbol in self.settled:
            changes.append(("settled", symbol, self.settled[symbol].isoformat()))
        return changes

    def fee_bps(self, instrument: Instrument) -> float:
        """Fee per side in basis points."""
        return instrument.fee_bps if self._costs.fee_bps is None else self._costs.fee_bps

    def slippage_bps(self, instrument: Instrument) -> float:
        """Slippage per side in basis points."""
        return instrument.slippage_bps if self._costs.slippage_bps is None else self._costs.slippage_bps

    def book(self) -> Book:
        """The account as it stands at the last prices known."""
        gross = sum(float(p.quantity) * p.last for p in self.positions.values())
        equity = self.account.equity
        return Book(
            cash=self.account.cash,
            equity=equity,
            exposure=gross / equity if equity > 0 else 0.0,
            drawdown=max(0.0, 1 - equity / self.account.peak),
            positions=[self.positions[s] for s in sorted(self.positions)],
        )

    def waiting_exposure(self) -> float:
        """Entries that wait for the next bar, as a fraction of equity."""
        return sum(order.fraction for _, order in sorted(self.pending.items()) if not order.reduce_only)

    def cancel_entry(self, symbol: str) -> Order | None:
        """Withdraw the entry that waits for the next bar, if there is one; an exit stays."""
        order = self.pending.get(symbol)
        if order is None or order.reduce_only:
            return None
        return self.pending.pop(symbol)

    def rebase(self, at: datetime) -> None:
        """Count the drawdown anew from here, once for each ``at``."""
        self.account = self.account.rebased(at)

    def submit(self, order: Order) -> Refusal | None:
        """Take an order for the next bar; the same client id twice is one order."""
        waits = self.pending.get(order.symbol)
        if waits is not None and waits.client_id != order.client_id:
            return Refusal(by="paper", reason=f"an order for {order.symbol} is already waiting")
        self.pending[order.symbol] = order
        self.account = self.account.placed(order.placed_at)
        return None

    def listen(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> None:
        """Nothing: this venue is in the house."""

    def deliver(self, symbol: str, instrument: Instrument, now: datetime) -> list[OrderEvent]:
        """Nothing waits: an order is taken as it is submitted."""
        return []

    def reconcile(self, symbol: str) -> list[Difference]:
        """Nothing: the book is the venue's."""
        return []

    def unreachable(self) -> str | None:
        """Never."""
        return None

    def settle(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> Settlement:
        """Run ``bars`` (not yet settled, oldest first) over the order and position of ``symbol``."""
        done = Settlement()
        for bar in bars:
            self._corporate_actions(symbol, bar)
            self._fill_order(symbol, instrument, bar, done)
            self._hold(symbol, instrument, bar, done)
            self.settled[symbol] = bar.start
            self.account = self.account.closed(bar, self.positions)
        return done

    def watch(self, instrument: Instrument, quote: Quote, *, overdue: bool = False) -> Settlement:
        """Hold a quote against the symbol's position: its stop, which follows the best price, and its target.

        ``overdue`` says that its longest holding has passed in bars that never came: then it ends at the quote. A position
        is let be whose own exit order waits, for that fills at the open of the bar at work, and a quote from before
        the last bar settled tells nothing that the bar did not.
        """
        done, symbol = Settlement(), quote.symbol
        position, settled = self.positions.get(symbol), self.settled.get(symbol)
        if position is None or symbol in self.pending or settled is None or quote.at < settled + instrument.step:
            return done
        bar = quoted_bar(quote, position.side, instrument)
        out = self._taken_out(held.trailed(position), bar)
        if out is not None and out[1] == "target" and position.target is not None:
            out = (position.target, "target")  # it rested there: a quote beyond it is no better a price
        out = (bar.close, "time") if out is None and overdue else out
        position = position.model_copy(update={**held.excursion(position, bar, out), "last": bar.close})
        self.positions[symbol] = position
        if out is not None:
            self._leave(position.model_copy(update={"bars_held": position.bars_held + 1}), instrument, bar, out, done)
        self.account = self.account.valued(self.positions)
        return done

    def _corporate_actions(self, symbol: str, bar: Bar) -> None:
        position, order = self.positions.get(symbol), self.pending.get(symbol)
        if position is not None and (bar.split != 1.0 or bar.dividend != 0.0):
            position = held.split(position, bar.split)
            income = sign(position.side) * float(position.quantity) * bar.dividend
            self._cash(income)
            self.positions[symbol] = position.model_copy(update={"income": position.income + income})
        if order is not None:
            self.pending[symbol] = held.split_order(order, bar.split)

    def _fill_order(self, symbol: str, instrument: Instrument, bar: Bar, done: Settlement) -> None:
        order = self.pending.pop(symbol, None)
        if order is None:
            return
        position = self.positions.get(symbol)
        if order.reduce_only:
            if position is not None:
                self._close(position, instrument, bar, (bar.open, "signal"), done, order)
            return
        if position is not None:
            done.refusals.append(Refusal(by="paper", reason=f"{symbol} already has a position"))
            return
        self._open(order, instrument, bar, done)

    def _open(self, order: Order, instrument: Instrument, bar: Bar, done: Settlement) -> None:
        quantity = to_lots(capped(float(order.quantity), bar.volume, self._costs.max_volume_share), instrument.lot)
        if quantity <= 0:
            done.refusals.append(Refusal(by="paper", reason=f"no volume to fill {order.symbol} on {bar.start.date()}"))
            return
        price = paid(bar.open, order.side, self.slippage_bps(instrument))
        self._enter(order, quantity, price, float(quantity) * price * self.fee_bps(instrument) / 1e4, bar, done)

    def _enter(self, order: Order, quantity: Decimal, price: float, fee: float, bar: Bar, done: Settlement) -> None:
        """Book an entry as it was executed."""
        self._cash(-sign(order.side) * float(quantity) * price - fee)
        self.positions[order.symbol] = held.opened(order, quantity, price, fee, bar.start)
        done.fills.append(fill_of(order.client_id, order.decision, order.symbol, order.side, quantity, price, fee, bar.start))

    def _hold(self, symbol: str, instrument: Instrument, bar: Bar, done: Settlement) -> None:
        position = self.positions.get(symbol)
        if position is None:
            return
        out = self._taken_out(position, bar)
        borrow = 0.0
        if position.side == "sell":
            borrow = float(position.quantity) * bar.close * self._costs.borrow_annual / instrument.bars_per_year
            self._cash(-borrow)
        position = position.model_copy(
            update={
                "bars_held": position.bars_held + 1,
                **held.excursion(position, bar, out),
                "last": bar.close,
                "fees": position.fees + borrow,
            }
        )
        self.positions[symbol] = position = held.trailed(position) if out is None else position
        if out is None and position.max_bars is not None and position.bars_held >= position.max_bars:
            out = (bar.close, "time")
        if out is not None:
            self._leave(position, instrument, bar, out, done)

    def _taken_out(self, position: Position, bar: Bar) -> Out | None:
        """Where the bar takes the position out, before slippage."""
        return exit_price(position.side, position.stop, position.target, bar)

    def _leave(self, position: Position, instrument: Instrument, bar: Bar, out: Out, done: Settlement) -> None:
        """Carry out a position's own exit."""
        self._close(position, instrument, bar, out, done)

    def _close(
        self, position: Position, instrument: Instrument, bar: Bar, out: Out, done: Settlement, order: Order | None = None
    ) -> None:
        """Leave a position at a price; ``order`` is the one that asked for it, None where the position's own exits did."""
        leave = paid(out[0], _opposite(position.side), self.slippage_bps(instrument))
        fee = float(position.quantity) * leave * self.fee_bps(instrument) / 1e4
        self._left(position, leave, fee, out[1], bar, done, order)

    def _left(
        self,
        position: Position,
        leave: float,
        fee: float,
        reason: ExitReason,
        bar: Bar,
        done: Settlement,
        order: Order | None = None,
    ) -> None:
        """Book the end of a position as it was executed."""
        self._cash(sign(position.side) * float(position.quantity) * leave - fee)
        del self.positions[position.symbol]
        client, decision = (order.client_id, order.decision) if order else (position.id + ":exit", position.decision)
        side = _opposite(position.side)
        done.fills.append(fill_of(client, decision, position.symbol, side, position.quantity, leave, fee, bar.filled_at))
        done.outcomes.append(held.ended(position, leave, fee, reason, bar, self._success_r))

    def _cash(self, change: float) -> None:
        self.account = self.account.paid(change)


def _opposite(side: Side) -> Side:
    return "sell" if side == "buy" else "buy"


def fill_of(
    client_id: str, decision: str, symbol: str, side: Side, quantity: Decimal, price: float, fee: float, at: datetime
) -> Fill:
    """An execution as a fact of the book."""
    return Fill(client_id=client_id, decision=decision, symbol=symbol, side=side, quantity=quantity, price=price, fee=fee, at=at)
