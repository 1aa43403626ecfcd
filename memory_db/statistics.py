"""Counts of what is remembered: by kind, symbol, age and importance, over all time or since a moment."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select

from memory_db.journal import Journal
from memory_db.lexical import Listing
from memory_db.schema import facts, from_micros, to_micros

_HOUR = 3_600_000_000
AGES = (("hour", _HOUR), ("day", 24 * _HOUR), ("week", 168 * _HOUR), ("month", 730 * _HOUR), ("year", 8766 * _HOUR))
IMPORTANCES = (("low", 0.75), ("normal", 1.25), ("high", 1.75))


def counted(journal: Journal, now: datetime, symbol: str | None, since: datetime | None) -> dict[str, Any]:
    """Return how many facts there are, by kind and symbol, and when the first and the last became known."""
    query = select(facts.c.kind, facts.c.symbol, func.count(), func.min(facts.c.known_at), func.max(facts.c.known_at))
    query = query.where(facts.c.known_at <= to_micros("now", now)).group_by(facts.c.kind, facts.c.symbol)
    if symbol is not None:
        query = query.where(facts.c.symbol == symbol)
    if since is not None:
        query = query.where(facts.c.known_at >= to_micros("since", since))
    rows = journal.read(query)
    kinds, symbols = Counter[str](), Counter[str]()
    for kind, name, count, *_ in rows:
        kinds[kind] += count
        if name is not None:
            symbols[name] += count
    return {
        "facts": sum(kinds.values()),
        "by_kind": dict(sorted(kinds.items())),
        "by_symbol": dict(sorted(symbols.items())),
        "oldest": from_micros(min(row[3] for row in rows)).isoformat() if rows else None,
        "newest": from_micros(max(row[4] for row in rows)).isoformat() if rows else None,
    }


def of_texts(
    listing: Listing | None, archived: set[int], now: datetime, symbol: str | None, since: datetime | None
) -> dict[str, Any]:
    """Return how many text memories there are, by kind, age since they happened and importance, and its mean."""
    empty: dict[str, Any] = {"memories": 0, "archived": 0, "memories_by_kind": {}, "by_age": {}, "by_importance": {}}
    if listing is None:
        return {**empty, "mean_importance": None}
    at = to_micros("now", now)
    chosen = listing.known <= at
    chosen &= (listing.symbol == symbol) if symbol is not None else True
    chosen &= (listing.known >= to_micros("since", since)) if since is not None else True
    gone = chosen & np.isin(listing.seq, sorted(archived))
    rows = np.flatnonzero(chosen & ~gone)
    kinds, counts = np.unique(listing.kind[rows], return_counts=True)
    return {
        "memories": len(rows),
        "archived": int(gone.sum()),
        "memories_by_kind": {str(kind): int(count) for kind, count in zip(kinds, counts, strict=True)},
        "by_age": _binned((at - listing.happened[rows]).astype(float), AGES, "older"),
        "by_importance": _binned(listing.importance[rows], IMPORTANCES, "critical"),
        "mean_importance": float(listing.importance[rows].mean()) if len(rows) else None,
    }


def _binned(values: Any, bounds: tuple[tuple[str, float], ...], above: str) -> dict[str, int]:
    """Return how many values lie below each bound and above the last; a value on a bound lies above it."""
    at = np.searchsorted([bound for _, bound in bounds], values, side="right")
    counts = np.bincount(at, minlength=len(bounds) + 1)
    return dict(zip([*(name for name, _ in bounds), above], counts.tolist(), strict=True))
