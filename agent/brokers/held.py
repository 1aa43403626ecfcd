"""What becomes of a position: opened, carried through splits, dividends and bars, ended. Pure arithmetic.

Promises: exits hang on the price paid; a stop that follows never retreats; what a bar did after a stop or target, it did
without us.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from agent.brokers.fills import Bar, after_split, sign
from agent.domain import ExitReason, Grade, Order, Outcome, Position

LEVELS = ("entry_price", "stop", "target", "risk", "worst", "best", "last", "trail")
DISTANCES = ("stop_distance", "target_distance", "trail_distance")
UNKNOWN_RISK = 0.1  # of the price, where an order had no stop


def opened(order: Order, quantity: Decimal, price: float, fee: float, at: datetime) -> Position:
    """The position that an entry executed at ``price`` gives."""
    direction = sign(order.side)
    return Position(
        id=order.client_id,
        decision=order.decision,
        symbol=order.symbol,
        side=order.side,
        quantity=quantity,
        entry_price=price,
        entry_bar=at,
        stop=None if order.stop_distance is None else price - direction * order.stop_distance,
        target=None if order.target_distance is None else price + direction * order.target_distance,
        max_bars=order.max_bars,
        bars_held=0,
        risk=order.stop_distance if order.stop_distance is not None else price * UNKNOWN_RISK,
        fees=fee,
        worst=price,
        best=price,
        last=price,
        trail=order.trail_distance,
    )


def split(position: Position, by: float) -> Position:
    """The same position in other shares."""
    if by == 1.0:
        return position
    levels = {name: getattr(position, name) / by for name in LEVELS if getattr(position, name) is not None}
    return position.model_copy(update={**levels, "quantity": after_split(position.quantity, by)})


def split_order(order: Order, by: float) -> Order:
    """The same waiting order in other shares."""
    if by == 1.0:
        return order
    distances = {name: getattr(order, name) / by for name in DISTANCES if getattr(order, name) is not None}
    return order.model_copy(update={**distances, "quantity": after_split(order.quantity, by)})


def joined(position: Position, quantity: Decimal, price: float, fee: float) -> Position:
    """With a further piece of its entry: one average price, exits at the same distance from it."""
    whole = position.quantity + quantity
    average = (float(position.quantity) * position.entry_price + float(quantity) * price) / float(whole)
    shift = average - position.entry_price
    return position.model_copy(
        update={
            "quantity": whole,
            "entry_price": average,
            "fees": position.fees + fee,
            "stop": None if position.stop is None else position.stop + shift,
            "target": None if position.target is None else position.target + shift,
        }
    )


def trailed(position: Position) -> Position:
    """Let the stop follow the best price; it never retreats."""
    if position.trail is None:
        return position
    follows = position.best - sign(position.side) * position.trail
    if position.stop is not None:
        follows = max(position.stop, follows) if position.side == "buy" else min(position.stop, follows)
    return position.model_copy(update={"stop": follows})


def excursion(position: Position, bar: Bar, out: tuple[float, ExitReason] | None) -> dict[str, float]:
    """The extremes the position lived through.

    On a stop bar the favourable extreme is not counted, as the stop is taken to come first.
    """
    adverse, favourable = (bar.low, bar.high) if position.side == "buy" else (bar.high, bar.low)
    if out is not None:
        adverse, favourable = (out[0], out[0]) if out[1] == "stop" else (adverse, out[0])
    worse, better = (min, max) if position.side == "buy" else (max, min)
    return {"worst": worse(position.worst, adverse), "best": better(position.best, favourable)}


def ended(position: Position, leave: float, fee: float, reason: ExitReason, bar: Bar, success_r: float) -> Outcome:
    """What a position came to that is left at ``leave`` for ``fee``; ``success_r`` is the R from which it is a success."""
    direction, quantity, fees = sign(position.side), float(position.quantity), position.fees + fee
    pnl = direction * quantity * (leave - position.entry_price) - fees + position.income
    r = pnl / (quantity * position.risk)
    return Outcome(
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
        grade=_grade(r, success_r),
        reason=reason,
    )


def _grade(r: float, success_r: float) -> Grade:
    if r >= success_r:
        return "success"
    return "partial" if r > 0 else "failure"
