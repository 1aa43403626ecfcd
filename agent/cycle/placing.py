"""From a decision to an order: where the book stands before it, and what is sent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import numpy as np

from agent.brokers.account import MINUTE
from agent.brokers.fills import to_lots
from agent.cycle.control import Control
from agent.cycle.desk import Desk
from agent.domain import Book, Decision, MarketState, Order, Refusal
from agent.market.series import Series
from agent.risk.limits import Standing
from agent.risk.sizing import Exits

CORRELATED_BARS, LIQUID_BARS = 60, 20


def standing_of(desk: Desk, series: Series, control: Control, as_of: datetime) -> Standing:
    """What the limits must know: equity, exposures, losses, the market's state, a pause, and a person's halt."""
    account, book = desk.broker.account, desk.broker.book()
    symbol = series.bars.symbol
    return Standing(
        equity=book.equity,
        exposure=_committed(desk, book),
        drawdown=book.drawdown,
        daily_loss=_lost(book, account.day_equity),
        weekly_loss=_lost(book, account.week_equity) if account.week else 0.0,
        position=desk.broker.positions.get(symbol),
        cooldown=desk.monitor.cooldown(symbol),
        halted=control.reason if control.halted else None,
        entries_stopped=control.reason if control.entries_stopped else None,
        can_short=series.instrument.can_short,
        symbol=symbol,
        at=as_of,
        symbol_exposure=_held(desk, book, symbol),
        correlated=_correlated(desk, book, series, as_of),
        liquid=_liquid(series, book),
        jump=_jump(series),
        price=float(series.bars.close[-1]),
        orders_minute=sum(as_of - at < MINUTE for at in account.sent),
        venue=desk.broker.unreachable(),
    )


def _lost(book: Book, before: float) -> float:
    """The loss since then as a fraction; the whole where nothing was there."""
    return max(0.0, 1 - book.equity / before) if before > 0 else 1.0


def _held(desk: Desk, book: Book, symbol: str) -> float:
    """A symbol's exposure with the entry that waits, as a fraction of equity."""
    position, order = desk.broker.positions.get(symbol), desk.broker.pending.get(symbol)
    held = float(position.quantity) * position.last / book.equity if position is not None and book.equity > 0 else 0.0
    return held + (order.fraction if order is not None and not order.reduce_only else 0.0)


def _correlated(desk: Desk, book: Book, series: Series, as_of: datetime) -> float:
    """Exposure in symbols whose last bars moved with this one's, itself included; not looked at while it cannot bind."""
    limits, own = desk.settings.limits, series.bars.symbol
    others = {*desk.broker.positions, *desk.broker.pending} - {own}
    total = _held(desk, book, own)
    if limits.max_correlated >= limits.max_exposure or not others:
        return total
    moves = _moves(series)
    for symbol in sorted(others):
        other = desk.feed.view(symbol, as_of)
        if other is None or _together(moves, _moves(other)) >= limits.correlated_from:
            total += _held(desk, book, symbol)
    return total


def _moves(series: Series) -> dict[int, float]:
    """Log returns of the last bars by their start."""
    last = slice(-CORRELATED_BARS - 1, None)
    prices = np.log(series.bars.close[last] * series.bars.growth[last])
    starts = series.bars.start[last].astype("int64").tolist()
    return dict(zip(starts[1:], np.diff(prices).tolist(), strict=True))


def _together(a: dict[int, float], b: dict[int, float]) -> float:
    """Correlation over the bars both have; what cannot be told is taken for full."""
    both = sorted(a.keys() & b.keys())
    x, y = np.array([a[t] for t in both]), np.array([b[t] for t in both])
    if len(both) < CORRELATED_BARS // 2 or x.std() == 0 or y.std() == 0:
        return 1.0
    return float(np.corrcoef(x, y)[0, 1])


def _liquid(series: Series, book: Book) -> float | None:
    """Mean traded value of the last bars as a fraction of equity; None where volume is unknown."""
    volume, close = series.bars.volume[-LIQUID_BARS:], series.bars.close[-LIQUID_BARS:]
    if book.equity <= 0 or np.isnan(volume).any():
        return None
    return float((volume * close).mean()) / book.equity


def _jump(series: Series) -> float:
    """How far the last bar's close lies from the one before, corporate actions left out."""
    if len(series) < 2:
        return 0.0
    bars = series.bars
    return abs(float(bars.close[-1] * bars.growth[-1] / (bars.close[-2] * bars.growth[-2])) - 1)


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
        trail_distance=exits.trail_distance,
        fraction=abs(decision.size),
        placed_at=state.as_of,
    ), None
