"""Bars, orders and brokers by hand, and random ones for properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st

from agent.brokers.fills import Bar
from agent.brokers.paper import PaperBroker
from agent.domain import Order, Quote
from agent.market.instrument import Instrument, instrument
from agent.settings import Costs

FIRST = datetime(2020, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
FREE = Costs(fee_bps=0, slippage_bps=0, borrow_annual=0)
INDEX = instrument("SP500", "1d")
CASH = 100_000.0
SIDES = st.sampled_from(["buy", "sell"])


def bar(i: int, open_: float, high: float, low: float, close: float, **more: Any) -> Bar:
    """Bar i of a daily series; volume is unknown unless given."""
    start = FIRST + i * DAY
    return Bar(start, start + DAY, open_, high, low, close, more.pop("volume", float("nan")), **more)


def flat(i: int, price: float, **more: Any) -> Bar:
    """A bar that does not move."""
    return bar(i, price, price, price, price, **more)


def quote(i: int, hour: float, bid: float, spread: float = 0.0) -> Quote:
    """A quote of so many hours into bar i."""
    return Quote(symbol="SP500", at=FIRST + i * DAY + timedelta(hours=hour), bid=bid, ask=bid + spread)


def entry(symbol: str = "SP500", side: Any = "buy", quantity: str = "10", **more: Any) -> Order:
    """An entry placed before the first bar."""
    fields = {"client_id": f"in-{symbol}", "decision": f"in-{symbol}", "placed_at": FIRST, "fraction": 0.1}
    return Order.model_validate({**fields, "symbol": symbol, "side": side, "quantity": Decimal(quantity), **more})


def leaving(symbol: str = "SP500", side: Any = "sell", quantity: str = "10") -> Order:
    """An order that closes the position."""
    return entry(symbol, side, quantity, client_id=f"out-{symbol}", decision=f"out-{symbol}", reduce_only=True, fraction=0.0)


def broker(costs: Costs = FREE) -> PaperBroker:
    """A fresh broker that calls 0.5 R a success."""
    return PaperBroker(CASH, costs, 0.5)


def spaces(*brokers_changes: list[tuple[str, str, Any]]) -> dict[str, dict[str, Any]]:
    """Snapshots as the journal would hold them."""
    out: dict[str, dict[str, Any]] = {"account": {}, "positions": {}, "orders": {}, "settled": {}}
    for changes in brokers_changes:
        for space, key, value in changes:
            out[space].pop(key, None)
            if value is not None:
                out[space][key] = value
    return out


def priced(kind: Instrument, **more: Any) -> Instrument:
    """The instrument with other terms."""
    return replace(kind, **more)


@st.composite
def paths(draw: st.DrawFn, most: int = 12) -> list[Bar]:
    """A random walk of bars around 100, gaps included."""
    seed, n = draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, most))
    rng = np.random.default_rng(seed)
    price, out = 100.0, []
    for i in range(n):
        opened = price * float(np.exp(rng.normal(0, 0.01)))
        price = opened * float(np.exp(rng.normal(0, 0.02)))
        high = max(opened, price) * float(np.exp(abs(rng.normal(0, 0.01))))
        low = min(opened, price) * float(np.exp(-abs(rng.normal(0, 0.01))))
        out.append(bar(i, opened, high, low, price))
    return out
