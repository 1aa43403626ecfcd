"""One walk in a scratch home: what was decided, traded and learned, as plain data.

Nothing is embedded or indexed and nothing stays on disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.backtest.document import document
from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress, desk_for, walk
from agent.cycle import Desk, Feed
from agent.market.bars import Bars, Floats
from agent.market.series import Series
from agent.settings import Settings
from agent.statistics import daily_returns
from agent.wiring.arms import ARMS
from agent.wiring.recorded import RecordedFeed, prepared

Json = dict[str, Any]
Alter = Callable[[Desk], Desk]
Walk = Callable[[Desk, Plan, list[Any], Callable[[Progress], None]], None]


@dataclass(frozen=True)
class Walked:
    """A finished walk: every fact in the order it was committed, the run's document, and the series it walked."""

    facts: list[Json]
    document: Json
    series: dict[str, Series]
    settings: Settings
    regimes: Json

    def of(self, kind: str) -> list[Json]:
        """The payloads of one kind of fact, in order."""
        return [fact["data"] for fact in self.facts if fact["kind"] == kind]


def plan_of(bars: list[Bars], settings: Settings, arm: str = "full", timerange: str | None = None) -> Plan:
    """One arm over some bars, in one chunk."""
    return Plan(ARMS[arm], prepared(bars, settings), TimeRange.parse(timerange), "none", settings)


def walked(
    plan: Plan, *, feed: Feed | None = None, alter: Alter | None = None, walk_with: Walk = walk, entry_probability: float = 0.0
) -> Walked:
    """Walk a plan in a scratch home. ``alter`` may exchange parts of the desk before the first step."""
    steps = plan.steps()
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
        desk = desk_for(Path(folder), plan, feed or RecordedFeed(plan.series), steps[0][0], entry_probability)
        try:
            used = alter(desk) if alter else desk
            walk_with(used, plan, steps, _silent)
            journal = desk.memory.journal
            facts = [
                {"kind": f.kind, "known_at": f.known_at, "happened_at": f.happened_at, "data": f.data} for f in journal.facts()
            ]
            return Walked(facts, document(used, plan), plan.series, plan.settings, journal.state("regimes"))
        finally:
            desk.memory.close()


def returns_of(equity: list[list[Any]]) -> Floats:
    """Daily returns of a document's equity."""
    stamps = np.array([np.datetime64(start.replace("Z", "")) for start, _ in equity])
    return daily_returns(np.array([value for _, value in equity]), stamps)


def _silent(progress: Progress) -> None:
    """A task says when it is done; its single steps are of no interest."""
