"""What a bar does to an order or a position, as pure arithmetic.

Promises: an order fills at the bar's open; a bar may stop out what it opened; the stop comes
before the target when both are touched; a gap fills at the open; every side pays fee and slippage.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt

from agent.domain import ExitReason, Quote, Side
from agent.market.instrument import Instrument

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bar:
    """One raw bar with the corporate actions that take effect at its open; a quote is one without extent, ``instant``."""

    start: datetime
    known_at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float
    split: float = 1.0
    dividend: float = 0.0
    instant: bool = False

    @property
    def filled_at(self) -> datetime:
        """The time of an execution on it: a bar's start, a quote's own."""
        return self.known_at if self.instant else self.start

    def told_by(self, at: datetime) -> bool:
        """Whether what was executed then is known with it."""
        return at <= self.known_at if self.instant else at < self.known_at


def quoted_bar(quote: Quote, side: Side, instrument: Instrument) -> Bar:
    """A quote as a bar without extent, at the price that ends a position of ``side``, in the bar at work."""
    price = quote.bid if side == "buy" else quote.ask
    return Bar(instrument.bar_of(quote.at), quote.at, price, price, price, price, math.nan, instant=True)


def sign(side: Side) -> int:
    """+1 for buy, -1 for sell."""
    return 1 if side == "buy" else -1


def paid(price: float, side: Side, slippage_bps: float) -> float:
    """The price after slippage: a buyer pays more, a seller gets less."""
    return price * (1 + sign(side) * slippage_bps / 1e4)


def to_lots(quantity: float, lot: Decimal) -> Decimal:
    """Round a quantity down to whole lots, never below zero."""
    lots = (Decimal(repr(max(quantity, 0.0))) / lot).to_integral_value(rounding=ROUND_DOWN)
    return lots * lot


def capped(quantity: float, volume: float, share: float) -> float:
    """At most ``share`` of the bar's volume; without volume (NaN) the cap is off."""
    return quantity if np.isnan(volume) else min(quantity, share * volume)


def after_split(quantity: Decimal, split: float) -> Decimal:
    """Shares held after a split, to the nearest 1e-8: 49 shares at 1 for 49 are one share, not a hair less."""
    return (quantity * Decimal(repr(split))).quantize(Decimal("0.00000001"), rounding=ROUND_HALF_EVEN)


def exit_price(side: Side, stop: float | None, target: float | None, bar: Bar) -> tuple[float, ExitReason] | None:
    """Price and reason at which the bar takes a position out, before slippage; None if it does not."""
    if side == "buy":
        if stop is not None and bar.low <= stop:
            return min(bar.open, stop), "stop"
        if target is not None and bar.high >= target:
            return max(bar.open, target), "target"
        return None
    if stop is not None and bar.high >= stop:
        return max(bar.open, stop), "stop"
    if target is not None and bar.low <= target:
        return min(bar.open, target), "target"
    return None


def shadow_r(
    path: tuple[Floats, Floats, Floats, Floats], side: Side, stop_distance: float, target_distance: float, cost_bps: float
) -> float:
    """Net R of a trade nobody made: in at the first open of ``path`` (open, high, low, close), out at stop,
    target or the last close. ``cost_bps`` is fee and slippage of one side; both sides pay it.

    Without slippage and borrow this is the paper broker's R exactly. Slippage is a cost here, while the broker
    hangs stop and target on the price paid: its levels lie slippage times the open further in the trade's direction, so
    that a stop or target pays about that much more and is met a little sooner or later. A trade that ends by time pays
    the same but for fee times slippage of the move.
    """
    opens, highs, lows, closes = (column.tolist() for column in path)
    entry, direction = opens[0], sign(side)
    stop, target = entry - direction * stop_distance, entry + direction * target_distance
    leave = closes[-1]
    for first, high, low in zip(opens, highs, lows, strict=True):
        if (low <= stop) if direction > 0 else (high >= stop):
            leave = min(first, stop) if direction > 0 else max(first, stop)
            break
        if (high >= target) if direction > 0 else (low <= target):
            leave = max(first, target) if direction > 0 else min(first, target)
            break
    cost = (entry + leave) * cost_bps / 1e4
    return float((direction * (leave - entry) - cost) / stop_distance)
