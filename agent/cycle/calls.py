"""A model's calls in a journal: each reply is one fact, committed when it arrives, found again by the hash of its request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime

from agent.cycle.minds import SPACE
from agent.llm import Call, MemoryCalls, Spent
from memory_db.journal import Journal

KIND = "model_call"


def _key(request_hash: str) -> str:
    return f"call:{request_hash}"


class JournalCalls:
    """A CallLog over a journal; with ``run_spent`` each call also carries what the run has spent so far."""

    def __init__(self, journal: Journal, run_spent: Spent | None = None) -> None:
        """Read nothing yet."""
        self._journal, self._spent = journal, run_spent

    def get(self, request_hash: str) -> Call | None:
        """The reply to a request; None when there is none or it was forgotten."""
        fact = self._journal.get(_key(request_hash))
        return Call.model_validate_json(fact.payload) if fact is not None and fact.payload is not None else None

    def put(self, call: Call) -> None:
        """Commit a reply."""
        day = call.spent_at.date().isoformat()
        sets = []
        if self._spent is not None and call.paid:
            sets = [
                (SPACE, "spent", self._spent.total),
                (SPACE, f"spent:{day}", self._spent.by_day.get(call.spent_at.date(), 0.0)),
            ]
        with self._journal.write() as w:
            w.add(
                KIND,
                call.model_dump_json(),
                key=_key(call.hash),
                symbol=call.symbol,
                happened_at=call.as_of,
                known_at=call.as_of,
                trust="model",
                sets=sets,
            )

    def near(self, symbol: str | None, as_of: datetime, task: str) -> list[Call]:
        """Replies for the same symbol, time and task."""
        found = self._journal.facts(kinds=(KIND,), symbol=symbol, known_by=as_of, newest_first=True, limit=200)
        calls = (Call.model_validate_json(fact.payload) for fact in found if fact.payload is not None and fact.known_at == as_of)
        return [call for call in calls if call.task == task]


class Recordings:
    """A home's recordings: read once, each new one appended; opened only for that, so that runs may share them."""

    def __init__(self, opened: Callable[[], Journal]) -> None:
        """``opened`` opens the journal of recordings."""
        self._open = opened
        self._held: MemoryCalls | None = None

    def _calls(self) -> MemoryCalls:
        if self._held is None:
            with self._open() as journal:
                self._held = MemoryCalls(calls_of(journal))
        return self._held

    def get(self, request_hash: str) -> Call | None:
        """The recorded reply to a request."""
        return self._calls().get(request_hash)

    def put(self, call: Call) -> None:
        """Record a reply."""
        self._calls().put(call)
        with self._open() as journal:
            JournalCalls(journal).put(call)

    def near(self, symbol: str | None, as_of: datetime, task: str) -> list[Call]:
        """What was recorded for the same symbol, time and task."""
        return self._calls().near(symbol, as_of, task)


def calls_of(journal: Journal) -> Iterator[Call]:
    """Every call of a run, in the order they were made."""
    for fact in journal.facts(kinds=(KIND,)):
        if fact.payload is not None:
            yield Call.model_validate_json(fact.payload)


def restored(journal: Journal, today: Callable[[], datetime]) -> Spent:
    """What a run had spent when it stopped; what may have been spent besides counts for today."""
    state = journal.state(SPACE)
    at_risk = sum(float(value) for key, value in state.items() if key.startswith("at_risk:"))
    days = {date.fromisoformat(key[6:]): float(value) for key, value in state.items() if key.startswith("spent:")}
    spent = Spent(total=float(state.get("spent", 0.0)), at_risk=at_risk, by_day=days)
    if at_risk:
        day = today().date()
        spent.by_day[day] = spent.by_day.get(day, 0.0) + at_risk
    return spent
