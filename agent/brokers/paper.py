"""The paper broker: one capital pool, fills at the next bar's open, costs always on.

Promises: nothing is filled on the bar it was decided on; restored from its own snapshot it goes
on exactly where it stood; what it cannot do it refuses with a reason. Splits change quantity and
levels, dividends arrive as cash. An entry takes at most a share of the bar's volume; an exit is never
held back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from agent.brokers.fills import Bar, after_split, capped, exit_price, paid, sign, to_lots
from agent.brokers.venue import Difference, OrderEvent
from agent.domain import Book, ExitReason, Fill, Frozen, Grade, Order, Outcome, Position, Refusal, Side, Utc
from agent.market.instrument import Instrument
from agent.settings import Costs


class Account(Frozen):
    """The money: cash, equity at the last closes, and the equity the UTC day began with.

    ``peak`` is the highest equity at the end of any earlier bar: between two symbols of one bar the book is half
    old and half new, and its value then is nobody's equity. ``marked`` is the start of the latest bar valued,
    ``rebased_at`` when the peak was last set back by a person's resume.
    """

    cash: float
    equity: float
    peak: float
    day: str
    day_equity: float
    marked: Utc | None = None
    rebased_at: Utc | None = None


@dataclass
class Settlement:
    """What a stretch of bars did: executions, closed positions, refusals."""

    fills: list[Fill] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def _grade(r: float, success_r: float) -> Grade:
    if r >= success_r:
        return "success"
    return "partial" if r > 0 else "failure"


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
        """The account as it stands at the last closes known."""
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
        if self.account.rebased_at != at:
            self.account = self.account.model_copy(update={"peak": self.account.equity, "rebased_at": at})

    def submit(self, order: Order) -> Refusal | None:
        """Take an order for the next bar; the same client id twice is one order."""
        held = self.pending.get(order.symbol)
        if held is not None and held.client_id != order.client_id:
            return Refusal(by="paper", reason=f"an order for {order.symbol} is already waiting")
        self.pending[order.symbol] = order
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
            self._mark(bar)
        return done

    def _corporate_actions(self, symbol: str, bar: Bar) -> None:
        position, order = self.positions.get(symbol), self.pending.get(symbol)
        if position is not None and (bar.split != 1.0 or bar.dividend != 0.0):
            position = self._scaled(position, bar.split)
            income = sign(position.side) * float(position.quantity) * bar.dividend
            self._cash(income)
            self.positions[symbol] = position.model_copy(update={"income": position.income + income})
        if order is not None and bar.split != 1.0:
            self.pending[symbol] = order.model_copy(
                update={
                    "quantity": after_split(order.quantity, bar.split),
                    "stop_distance": None if order.stop_distance is None else order.stop_distance / bar.split,
                    "target_distance": None if order.target_distance is None else order.target_distance / bar.split,
                }
            )

    @staticmethod
    def _scaled(position: Position, split: float) -> Position:
        if split == 1.0:
            return position
        levels = ("entry_price", "stop", "target", "risk", "worst", "best", "last")
        scaled = {name: getattr(position, name) / split for name in levels if getattr(position, name) is not None}
        return position.model_copy(update={**scaled, "quantity": after_split(position.quantity, split)})

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
        """Book an entry as it was executed; its exits hang on the price paid."""
        direction = sign(order.side)
        self._cash(-direction * float(quantity) * price - fee)
        distance = order.stop_distance if order.stop_distance is not None else price * 0.1
        self.positions[order.symbol] = Position(
            id=order.client_id,
            decision=order.decision,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            entry_price=price,
            entry_bar=bar.start,
            stop=None if order.stop_distance is None else price - direction * order.stop_distance,
            target=None if order.target_distance is None else price + direction * order.target_distance,
            max_bars=order.max_bars,
            bars_held=0,
            risk=distance,
            fees=fee,
            worst=price,
            best=price,
            last=price,
        )
        done.fills.append(self._fill(order.client_id, order.decision, order.symbol, order.side, quantity, price, fee, bar.start))

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
                **_excursion(position, bar, out),
                "last": bar.close,
                "fees": position.fees + borrow,
            }
        )
        self.positions[symbol] = position
        if out is None and position.max_bars is not None and position.bars_held >= position.max_bars:
            out = (bar.close, "time")
        if out is not None:
            self._leave(position, instrument, bar, out, done)

    def _taken_out(self, position: Position, bar: Bar) -> tuple[float, ExitReason] | None:
        """Where the bar takes the position out, before slippage."""
        return exit_price(position.side, position.stop, position.target, bar)

    def _leave(
        self, position: Position, instrument: Instrument, bar: Bar, out: tuple[float, ExitReason], done: Settlement
    ) -> None:
        """Carry out a position's own exit."""
        self._close(position, instrument, bar, out, done)

    def _close(
        self,
        position: Position,
        instrument: Instrument,
        bar: Bar,
        out: tuple[float, ExitReason],
        done: Settlement,
        order: Order | None = None,
    ) -> None:
        """Leave a position at a price; ``order`` is the one that asked for it, None where the position's own exits did."""
        side: Side = "sell" if position.side == "buy" else "buy"
        leave = paid(out[0], side, self.slippage_bps(instrument))
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
        direction, quantity = sign(position.side), float(position.quantity)
        side: Side = "sell" if position.side == "buy" else "buy"
        self._cash(direction * quantity * leave - fee)
        del self.positions[position.symbol]
        fees = position.fees + fee
        pnl = direction * quantity * (leave - position.entry_price) - fees + position.income
        r = pnl / (quantity * position.risk)
        client, decision = (order.client_id, order.decision) if order else (position.id + ":exit", position.decision)
        done.fills.append(self._fill(client, decision, position.symbol, side, position.quantity, leave, fee, bar.start))
        done.outcomes.append(
            Outcome(
                position=position.id,
                decision=position.decision,
                symbol=position.symbol,
                side=position.side,
                quantity=position.quantity,
                entry_bar=position.entry_bar,
                entry_price=position.entry_price,
                exit_bar=bar.start,
                exit_price=leave,
                closed_at=bar.known_at,
                bars_held=position.bars_held,
                pnl=pnl,
                fees=fees,
                income=position.income,
                r=r,
                mae=direction * (position.worst - position.entry_price) / position.risk,
                mfe=direction * (position.best - position.entry_price) / position.risk,
                grade=_grade(r, self._success_r),
                reason=reason,
            )
        )

    @staticmethod
    def _fill(client_id: str, decision: str, symbol: str, side: Any, quantity: Any, price: float, fee: float, at: Utc) -> Fill:
        return Fill(
            client_id=client_id, decision=decision, symbol=symbol, side=side, quantity=quantity, price=price, fee=fee, at=at
        )

    def _cash(self, change: float) -> None:
        self.account = self.account.model_copy(update={"cash": self.account.cash + change})

    def _mark(self, bar: Bar) -> None:
        """Value the book at the last closes; the day's opening equity is what the day before ended with.

        A symbol that catches up on older bars moves neither the day nor the peak.
        """
        account = self.account
        value = sum(sign(p.side) * float(p.quantity) * p.last for _, p in sorted(self.positions.items()))
        equity = account.cash + value
        day = bar.start.date().isoformat()
        update: dict[str, Any] = {"equity": equity}
        if account.marked is None or bar.start > account.marked:
            update |= {"peak": max(account.peak, account.equity), "marked": bar.start}
        if day > account.day:
            update |= {"day": day, "day_equity": account.equity}
        self.account = account.model_copy(update=update)


def _excursion(position: Position, bar: Bar, out: tuple[float, ExitReason] | None) -> dict[str, float]:
    """The extremes the position lived through: what a bar did after a stop or target, it did without us.

    On a stop bar the favourable extreme is not counted, as the stop is taken to come first.
    """
    adverse, favourable = (bar.low, bar.high) if position.side == "buy" else (bar.high, bar.low)
    if out is not None:
        adverse, favourable = (out[0], out[0]) if out[1] == "stop" else (adverse, out[0])
    worse, better = (min, max) if position.side == "buy" else (max, min)
    return {"worst": worse(position.worst, adverse), "best": better(position.best, favourable)}
