"""From a decision to an order: where the book stands before it, and what is sent."""

from __future__ import annotations

from decimal import Decimal

from agent.brokers.fills import to_lots
from agent.cycle.control import Control
from agent.cycle.desk import Desk
from agent.domain import Book, Decision, MarketState, Order, Refusal
from agent.market.series import Series
from agent.risk.limits import Standing
from agent.risk.sizing import Exits


def standing_of(desk: Desk, series: Series, control: Control) -> Standing:
    """What the limits must know: equity, exposure, losses of the day, a pause, and a person's halt."""
    account, book = desk.broker.account, desk.broker.book()
    symbol = series.bars.symbol
    opened = account.day_equity
    return Standing(
        equity=book.equity,
        exposure=_committed(desk, book),
        drawdown=book.drawdown,
        daily_loss=max(0.0, 1 - book.equity / opened) if opened > 0 else 1.0,
        position=desk.broker.positions.get(symbol),
        cooldown=desk.monitor.cooldown(symbol),
        halted=control.reason if control.halted else None,
        entries_stopped=control.reason if control.entries_stopped else None,
        can_short=series.instrument.can_short,
    )


def _committed(desk: Desk, book: Book) -> float:
    """Gross exposure with the entries that wait for the next bar, as a fraction of equity."""
    return book.exposure + desk.broker.waiting_exposure() if book.equity > 0 else 0.0


def order_for(
    desk: Desk, series: Series, ident: str, state: MarketState, decision: Decision, exits: Exits
) -> tuple[Order | None, Refusal | None]:
    """The order that carries a decision out, or why none is sent; both are None where nothing is to be done."""
    if decision.action not in ("buy", "sell", "close"):
        return None, None
    settled = desk.broker.settled.get(state.symbol)
    if settled is not None and settled > state.bar_time:
        return None, Refusal(by="desk", reason=f"the book has moved on to {settled.isoformat()}; nothing is placed in its past")
    if decision.action == "close":
        position = desk.broker.positions[state.symbol]
        side = "sell" if position.side == "buy" else "buy"
        return Order(
            client_id=ident,
            decision=ident,
            symbol=state.symbol,
            side=side,
            quantity=position.quantity,
            reduce_only=True,
            placed_at=state.as_of,
        ), None
    quantity = to_lots(abs(decision.size) * desk.broker.account.equity / state.close, series.instrument.lot)
    if quantity <= Decimal(0):
        return None, Refusal(by="desk", reason=f"{abs(decision.size):.2%} of equity is less than one lot of {state.symbol}")
    return Order(
        client_id=ident,
        decision=ident,
        symbol=state.symbol,
        side=decision.action,
        quantity=quantity,
        stop_distance=exits.stop_distance,
        target_distance=exits.target_distance,
        max_bars=exits.max_bars,
        fraction=abs(decision.size),
        placed_at=state.as_of,
    ), None
