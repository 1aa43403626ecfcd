"""Small skills, frames and catalogues for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import Grade, RegimeLabel
from agent.guard.signing import Signer
from agent.market.features import FEATURES, FeatureFrame
from agent.settings import SkillRules
from memory_db.journal import Journal
from skills.catalogue import Catalogue
from skills.ledger import Execution, book
from skills.lifecycle import Mode
from skills.maintain import Change, maintain

START = datetime(2014, 1, 2, tzinfo=UTC)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def frame_of(values: NDArray[np.float64], regimes: NDArray[np.int8] | None = None) -> FeatureFrame:
    n = len(values)
    codes = np.zeros(n, dtype=np.int8) if regimes is None else regimes
    stamps = np.datetime64("2014-01-02", "ns") + np.arange(n) * np.timedelta64(1, "D")
    return FeatureFrame(stamps, FEATURES, values, codes, np.full((n, 3), 1 / 3))


def frame_with(**columns: list[float]) -> FeatureFrame:
    """A frame of nulls but for the columns given."""
    n = len(next(iter(columns.values())))
    values = np.full((n, len(FEATURES)), np.nan)
    for name, column in columns.items():
        values[:, FEATURES.index(name)] = column
    return frame_of(values)


def draft(name: str = "weak-rsi", **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": name,
        "description": "Buys when the RSI is weak.",
        "category": "mean-reversion",
        "when": {"feature": "rsi_14", "op": "<", "value": 30},
        "plan": {"side": "buy", "stop_atr": 2, "target_atr": 3, "max_bars": 5},
        "steps": [
            {"stage": "entry", "text": "Buy at the next open"},
            {"stage": "management", "text": "Keep the stop {stop_atr} ATR below"},
            {"stage": "exit", "text": "Close after {max_bars} bars"},
        ],
    }
    return {**document, **changes}


def procedure(**changes: Any) -> dict[str, Any]:
    steps = [{"text": "Stop entries"}, {"text": "Reconcile the book"}, {"text": "Resume"}]
    return {
        "name": "reconnect",
        "kind": "procedure",
        "description": "After a lost line.",
        "category": "operations",
        "steps": steps,
    } | changes


@contextmanager
def opened(folder: Path, *, shipped: bool = True) -> Iterator[tuple[Journal, Catalogue]]:
    with Journal.open(folder / "journal.sqlite", Signer.load_or_create(folder, "agent"), durable=False) as journal:
        yield journal, Catalogue.open(journal, SkillRules(), started=START, shipped=shipped)


def execution(
    name: str, decision: str, r: float, *, catalogue: Catalogue, day: float = 0, regime: RegimeLabel | None = None
) -> Execution:
    skill = catalogue.get(name)
    outcome: Grade = catalogue.grade(r)
    return Execution(skill=skill.id, version=skill.version, decision=decision, outcome=outcome, r=r, at=at(day), regime=regime)


def live(
    journal: Journal, catalogue: Catalogue, name: str, outcomes: list[float], *, first_day: int = 0, mode: Mode = "book"
) -> list[Change]:
    """Book one outcome a day and let maintenance look after each."""
    changes = []
    for day, r in enumerate(outcomes, start=first_day):
        with journal.write() as w:
            book(w, catalogue, execution(name, f"{mode}-{day}", r, catalogue=catalogue, day=day), mode=mode)
            changes += maintain(w, catalogue, at(day))
    return changes
