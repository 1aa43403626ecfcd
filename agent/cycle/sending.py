"""Talking to a venue that is away: hearing before a bar is settled, sending after a decision is committed.

Promises: an order is on record before it is sent; what is heard of it is a fact of its own; nothing here runs inside
a transaction, so a slow venue holds up no other writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog

from agent.brokers.venue import Difference, OrderEvent
from agent.cycle.control import read_control
from agent.cycle.desk import Desk
from agent.cycle.settle import unsettled
from agent.market.series import Series

log = structlog.get_logger()


def hear(desk: Desk, views: Mapping[str, Series], as_of: datetime) -> None:
    """Bring what the venue knows here: doubts about orders first, then what it executed over the bars to be settled.

    Entries that a person stopped are taken back before the venue sees another bar.
    """
    if not desk.broker.away:
        return
    stopped = read_control(desk.memory.journal).entries_stopped
    for symbol, series in views.items():
        if stopped:
            desk.broker.cancel_entry(symbol)
        send(desk, series, as_of)
        desk.broker.listen(symbol, series.instrument, unsettled(desk, symbol, series))


def send(desk: Desk, series: Series, now: datetime) -> None:
    """Send what waits to be sent and commit what became of it."""
    if not desk.broker.away:
        return
    events = desk.broker.deliver(series.bars.symbol, series.instrument, now)
    if events:
        _record(desk, series.bars.symbol, events, now)


def reconcile(desk: Desk, now: datetime) -> list[Difference]:
    """Compare every symbol's book with the venue's; differences are facts, and what the venue says wins."""
    found: list[Difference] = []
    for symbol in desk.feed.symbols:
        differences = desk.broker.reconcile(symbol)
        for difference in differences:
            log.warning("book differed from the venue", symbol=symbol, action=difference.action)
        if differences:
            with desk.memory.write() as w:
                for difference in differences:
                    w.add(
                        "reconciled",
                        difference.model_dump(mode="json"),
                        key=f"reconciled:{desk.run}:{w.head.seq + 1}",
                        symbol=symbol,
                        happened_at=now,
                        known_at=now,
                        sets=desk.broker.snapshot(symbol),
                    )
        found += differences
    return found


def _record(desk: Desk, symbol: str, events: list[OrderEvent], now: datetime) -> None:
    with desk.memory.write() as w:
        for event in events:
            w.add(
                "order",
                event.model_dump(mode="json"),
                key=f"order:{event.client_id}:{event.to}:{w.head.seq + 1}",
                symbol=symbol,
                happened_at=now,
                known_at=now,
                sets=desk.broker.snapshot(symbol),
            )
