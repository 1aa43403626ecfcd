"""Reading decisions and trades back from a journal; what was forgotten is left out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.domain import CycleRecord, Outcome
from memory_db.journal import Journal


def record_of(journal: Journal, ident: str) -> CycleRecord | None:
    """One decision's record; None when there is none or it was forgotten."""
    fact = journal.get(ident)
    return CycleRecord.model_validate_json(fact.payload) if fact is not None and fact.payload is not None else None


def newest_records(journal: Journal, symbol: str, limit: int) -> list[CycleRecord]:
    """The last decisions on a symbol, oldest first."""
    found = journal.facts(kinds=("cycle",), symbol=symbol, newest_first=True, limit=limit)
    return [CycleRecord.model_validate_json(fact.payload) for fact in found if fact.payload is not None][::-1]


def record_documents(journal: Journal) -> list[dict[str, Any]]:
    """Every decision as its JSON data, in the order it was made."""
    return [fact.data for fact in journal.facts(kinds=("cycle",)) if fact.payload is not None]


def closed_since_decision(journal: Journal, symbol: str) -> list[Outcome]:
    """Trades of a symbol that closed after its last decision was recorded, in the order they closed."""
    found = []
    for fact in journal.facts(kinds=("cycle", "closed_trade"), symbol=symbol, newest_first=True, limit=50):
        if fact.kind == "cycle":
            break
        if fact.payload is not None:
            found.append(Outcome.model_validate_json(fact.payload))
    return found[::-1]


def closed_trades(journal: Journal, first: datetime | None = None, last: datetime | None = None) -> list[Outcome]:
    """Trades closed from ``first`` to ``last`` (both included), in the order they closed."""
    found = journal.facts(kinds=("closed_trade",), known_by=last)
    return [
        Outcome.model_validate_json(fact.payload)
        for fact in found
        if fact.payload is not None and (first is None or fact.known_at >= first)
    ]
