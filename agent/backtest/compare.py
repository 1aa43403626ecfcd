"""One arm beside another over the same days: mean daily difference with interval and detectable effect."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from agent.market.bars import to_stamp
from agent.statistics.bootstrap import mean_difference
from agent.statistics.equity import daily_returns

Json = dict[str, Any]


def compared(document: Json, others: list[Json], days: float, seed: int) -> Json:
    """``document`` with a ``comparisons`` row for each other arm."""
    rows = [row for other in others if (row := _compare(document, other, days, seed)) is not None]
    return {**document, "comparisons": rows}


def _compare(document: Json, other: Json, days: float, seed: int) -> Json | None:
    mine, theirs = dict(document["equity"]), dict(other["equity"])
    shared = sorted(mine.keys() & theirs.keys())
    if len(shared) < 3:
        return None
    stamps = np.array([to_stamp(datetime.fromisoformat(s)) for s in shared])
    left = daily_returns(np.array([mine[s] for s in shared]), stamps)
    right = daily_returns(np.array([theirs[s] for s in shared]), stamps)
    found = mean_difference(left, right, days, seed=seed)
    return found.row(other["arm"]) if found else None
