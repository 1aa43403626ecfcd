"""Telling people: trades, halts, trouble and the day's summary, over whatever apprise speaks.

Promises: a message holds symbols, sides, sizes and reasons, never a credential; the addresses are credentials themselves
(``TRADECRAFT_NOTIFY``), read anew for each message; a message that cannot be sent is logged and stops nothing; the loop
never waits for one, and the same trouble is told once an hour at most.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Thread

import structlog

from agent.domain import CycleRecord, Outcome
from agent.guard.credentials import Credentials

log = structlog.get_logger()
ADDRESSES = "TRADECRAFT_NOTIFY"
AGAIN = timedelta(hours=1)
Send = Callable[[str, str], None]


class Apprise:
    """Sends over the addresses in force."""

    def __init__(self, credentials: Credentials) -> None:
        """Look the addresses up at each message."""
        self._credentials = credentials

    def __call__(self, title: str, body: str) -> None:
        """Send one message; without addresses it is nobody's."""
        addresses = self._credentials.find(ADDRESSES, "notifications")
        if addresses is None:
            return
        import apprise

        out = apprise.Apprise()
        if not all(out.add(address) for address in addresses.split()) or not out.notify(title=title, body=body):
            log.warning("a message was not delivered", title=title)


class People:
    """The loop's Tell: prints every record, and sends messages from a thread of its own."""

    def __init__(self, show: Callable[[CycleRecord], None], send: Send) -> None:
        """``show`` gets every record; ``send`` gets title and body of what a person should know."""
        self._show, self._send = show, send
        self._ended: set[str] = set()
        self._told: dict[tuple[str, str], datetime] = {}
        self._queue: queue.Queue[tuple[str, str] | None] = queue.Queue(maxsize=1000)
        self._thread = Thread(target=self._deliver, name="people", daemon=True)
        self._thread.start()

    def record(self, record: CycleRecord) -> None:
        """Show a decision; tell entries, exits and errors."""
        self._show(record)
        for outcome in record.outcomes:
            if outcome.position in self._ended:
                self._ended.discard(outcome.position)
            else:
                self._closed(outcome)
        if record.order is not None and record.refusal is None:
            order = record.order
            self.say(f"{record.symbol} order", f"{order.side} {order.quantity} {order.symbol}, {record.decision.action}")
        if record.status == "error":
            self.trouble("error", f"{record.symbol}: {record.status_reason}", record.as_of)

    def closed(self, outcome: Outcome) -> None:
        """Tell at once that a trade ended; its record does not tell it again."""
        self._ended.add(outcome.position)
        self._closed(outcome)

    def _closed(self, outcome: Outcome) -> None:
        words = f"{outcome.side} {outcome.quantity} ended at {outcome.reason}: {outcome.r:+.2f} R"
        self.say(f"{outcome.symbol} closed", words)

    def trouble(self, kind: str, message: str, at: datetime) -> None:
        """Tell of trouble, the same trouble once an hour."""
        before = self._told.get((kind, message))
        if before is None or at - before >= AGAIN:
            self._told = {k: v for k, v in self._told.items() if at - v < AGAIN} | {(kind, message): at}
            self.say(f"tradecraft: {kind}", message)

    def say(self, title: str, body: str) -> None:
        """Queue a message; where too many wait it is dropped, and said so."""
        try:
            self._queue.put_nowait((title, body))
        except queue.Full:
            log.warning("too many messages wait; one is dropped", title=title)

    def close(self) -> None:
        """Deliver what is queued and end."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    def _deliver(self) -> None:
        while (message := self._queue.get()) is not None:
            try:
                self._send(*message)
            except Exception as err:  # noqa: BLE001 - whatever a service throws, trading goes on
                log.warning("a message was not delivered", title=message[0], error=type(err).__name__)
