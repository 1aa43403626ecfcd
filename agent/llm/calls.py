"""Calls as they are kept: by the hash of what was asked, so that nothing is paid for twice.

``CallLog`` is what wiring gives: over a run's journal, over the recordings of a home, or in memory for tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from agent.domain import Frozen, Usage, Utc

Json = dict[str, Any]


class Call(Frozen):
    """One reply and what it cost. ``content`` holds the blocks exactly as they came; ``paid`` is False for a replayed one.

    ``as_of`` is the decision's time, ``spent_at`` when the money was spent, ``seconds`` how long it took.
    """

    hash: str
    task: str
    model: str
    prompt: str
    decision: str | None
    symbol: str | None
    as_of: Utc
    content: list[Json]
    stop_reason: str | None
    answered_by: str
    usage: Usage
    cost_usd: float
    paid: bool
    spent_at: Utc
    seconds: float


class Miss(Frozen):
    """Why a recording does not hold a request: what it holds instead for that decision."""

    reason: str


class CallLog(Protocol):
    """Where replies are kept."""

    def get(self, request_hash: str) -> Call | None:
        """The reply to a request, if it was ever given here."""
        ...

    def put(self, call: Call) -> None:
        """Keep a reply, at once and for good; the same hash twice is one reply."""
        ...

    def near(self, symbol: str | None, as_of: datetime, task: str) -> list[Call]:
        """Replies to other requests for the same decision: they tell what changed."""
        ...


class MemoryCalls:
    """A log in memory."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        """Begin with some calls."""
        self.calls = {call.hash: call for call in calls}

    def get(self, request_hash: str) -> Call | None:
        """The reply to a request."""
        return self.calls.get(request_hash)

    def put(self, call: Call) -> None:
        """Keep a reply."""
        self.calls.setdefault(call.hash, call)

    def near(self, symbol: str | None, as_of: datetime, task: str) -> list[Call]:
        """Replies for the same symbol, time and task."""
        return [c for c in self.calls.values() if (c.symbol, c.as_of, c.task) == (symbol, as_of, task)]


def why_missing(near: list[Call], model: str, prompt: str) -> Miss:
    """What changed since the recording, as far as it can be told."""
    if not near:
        return Miss(reason="nothing is recorded for this decision; record it with --llm record")
    if all(call.model != model for call in near):
        return Miss(reason=f"it was recorded with the model {near[0].model} and {model} is asked for")
    if all(call.prompt != prompt for call in near):
        return Miss(reason=f"it was recorded with the prompt {near[0].prompt[:12]} and this is {prompt[:12]}")
    return Miss(reason="the context differs from the one that was recorded")
