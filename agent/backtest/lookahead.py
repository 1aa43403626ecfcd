"""Does any decision depend on what was not yet known? Decide again on data cut at the moment.

The range is walked twice, each time into a scratch run: once over series prepared from all bars,
once with the series prepared anew, at each sampled time, from a file that ends there. Contexts and
decisions must be equal to the byte everywhere. Entries are sampled first: a walk without them shows
little.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.backtest.plan import Plan
from agent.backtest.walk import Progress, desk_for, walk
from agent.cycle import Feed
from agent.cycle.history import record_documents
from agent.errors import ConfigError
from agent.market.bars import Bars
from agent.market.instrument import instrument
from agent.market.series import Series, prepare
from agent.settings import Market
from agent.wiring.recorded import RecordedFeed

Json = dict[str, Any]


class CutFeed:
    """A feed that, at the sampled times, prepares its series from bars that end there."""

    def __init__(self, whole: Feed, bars: dict[str, Bars], sampled: set[datetime], market: Market) -> None:
        """Fall back to ``whole`` at every other time."""
        self._whole, self._bars, self._sampled, self._market = whole, bars, sampled, market

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols on offer."""
        return self._whole.symbols

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        """The series up to ``as_of``, prepared from nothing later at a sampled time."""
        if as_of not in self._sampled:
            return self._whole.view(symbol, as_of)
        cut = self._bars[symbol].until(as_of)
        return prepare(cut, instrument(cut.symbol, cut.interval), self._market) if len(cut) else None


def check(plan: Plan, samples: int, report: Callable[[Progress], None]) -> Json:
    """Walk twice and compare; returns ``checked``, ``entries`` and every difference.

    ``entries`` counts the entries of the whole walk, ``entries_checked`` those decided anew.
    """
    steps = plan.steps()
    if not steps:
        raise ConfigError(
            f"--timerange {plan.timerange} holds no bar with every feature ready; give earlier bars or a later range"
        )
    feed = RecordedFeed(plan.series)
    first = _records(plan, feed, report)
    sampled = _sample(first, samples, plan.settings.seed)
    bars = {symbol: series.bars for symbol, series in plan.series.items()}
    again = _records(plan, CutFeed(feed, bars, sampled, plan.settings.market), report)
    chosen = [r for r in first if _when(r) in sampled]
    return {
        "checked": len(chosen),
        "entries": sum(_entry(r) for r in first),
        "entries_checked": sum(_entry(r) for r in chosen),
        "decisions": len(first),
        "differences": _differences(first, again),
    }


def _records(plan: Plan, feed: Feed, report: Callable[[Progress], None]) -> list[Json]:
    steps = plan.steps()
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
        desk = desk_for(Path(folder), plan, feed, steps[0][0])
        try:
            walk(desk, plan, steps, report)
            return record_documents(desk.memory.journal)
        finally:
            desk.memory.close()


def _when(record: Json) -> datetime:
    return datetime.fromisoformat(record["as_of"])


def _entry(record: Json) -> bool:
    return record["order"] is not None and record["decision"]["action"] in ("buy", "sell")


def _sample(records: list[Json], samples: int, seed: int) -> set[datetime]:
    """Half of the sampled times are entries where there are enough, the rest any decision."""
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    entries = sorted({_when(r) for r in records if _entry(r)})
    chosen = set(rng.sample(entries, min(len(entries), max(1, samples // 2))))
    others = sorted({_when(r) for r in records} - chosen)
    return chosen | set(rng.sample(others, min(len(others), max(0, samples - len(chosen)))))


def _differences(first: list[Json], again: list[Json]) -> list[Json]:
    found: list[Json] = []
    seen = {record["id"]: record for record in again}
    for record in first:
        other = seen.get(record["id"])
        if other is None:
            found.append({"id": record["id"], "as_of": record["as_of"], "symbol": record["symbol"], "what": "missing"})
            continue
        what = [
            name for name in ("context_hash", "status", "decision", "signal", "order", "outcomes") if record[name] != other[name]
        ]
        if what:
            found.append({"id": record["id"], "as_of": record["as_of"], "symbol": record["symbol"], "what": ", ".join(what)})
    return found
