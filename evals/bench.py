"""Speed, each figure beside a baseline taken in the same run, so that machines can be compared.

``cycle`` walks real daily bars with everything on (journal, memory, skills, learning) in one
process; its baseline is the same walk without memory and skills.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress, desk_for, walk
from agent.errors import ConfigError
from agent.market.feed import builtin
from agent.settings import Settings
from agent.wiring import ARMS, RecordedFeed, prepared
from evals.memory import measure

Json = dict[str, Any]
Report = Callable[[Progress], None]


def cycle(report: Report) -> list[Json]:
    """Recorded decisions a second, learning included."""
    settings = Settings()
    series = prepared([builtin("SP500")], settings)
    rates = {}
    count = 0
    for arm in ("full", "base"):
        plan = Plan(ARMS[arm], series, TimeRange.parse("20140101-20181231"), "quarter", settings)
        steps = plan.steps()
        count = len(steps)
        with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
            desk = desk_for(Path(folder), plan, RecordedFeed(series), steps[0][0])
            begun = time.perf_counter()
            walk(desk, plan, steps, report)
            rates[arm] = len(steps) / (time.perf_counter() - begun)
            desk.memory.close()
    return [
        {
            "name": "cycle",
            "value": rates["full"],
            "unit": "recorded decisions/s (baseline: without memory and skills)",
            "baseline": rates["base"],
            "ratio": rates["full"] / rates["base"],
            "n": count,
        }
    ]


def reason(report: Report) -> list[Json]:
    """Work around a model's call, the call itself left out: brief, request, checks, commit; see ``evals.bench_reason``."""
    from evals.bench_reason import measure

    return measure(report)


def memory(report: Report) -> list[Json]:
    """Recall, opening and indexing as memory grows."""
    return measure()


BENCHES: dict[str, Callable[[Report], list[Json]]] = {"cycle": cycle, "reason": reason, "memory": memory}


def run(names: list[str], report: Report) -> Json:
    """Run the named benchmarks; ConfigError for a name that is none."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        raise ConfigError(f"bench {unknown[0]!r} is unknown; choose from {', '.join(BENCHES)}")
    results = [row for name in names for row in BENCHES[name](report)]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    return {"machine": machine, "results": results}
