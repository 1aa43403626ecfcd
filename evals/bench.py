"""Speed, each figure beside a baseline taken in the same run, so that machines can be compared.

``consult`` asks every voter and a fitted forecast about one bar; ``prepare`` computes a year of 5-minute bars.
``cycle`` walks real daily bars as the settings stand (journal, memory, skills, learning) in one process, ``cycle-all``
with every analyst and the forecast too; the baseline is the same walk without memory and skills.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from agent.analysts.panel import Panel
from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress, Step, desk_for, walk
from agent.cycle import Desk
from agent.errors import ConfigError
from agent.forecast.forecaster import Forecaster
from agent.forecast.rows import labelled
from agent.forecast.store import ModelStore
from agent.forecast.train import candidate, parts
from agent.market.bars import Bars
from agent.market.feed import builtin
from agent.settings import Settings
from agent.wiring.arms import ARMS
from agent.wiring.recorded import RecordedFeed, prepared
from evals.memory import measure

Json = dict[str, Any]
Report = Callable[[Progress], None]


def cycle(report: Report) -> list[Json]:
    """Recorded decisions a second as the settings stand, learning included."""
    rates, count, _ = _rates(Settings(), report)
    return [_cycle_row("cycle", rates, count)]


def cycle_all(report: Report) -> list[Json]:
    """The same with every analyst and the forecast asked; their refits are a figure of their own."""
    settings = Settings()
    asked = settings.model_copy(
        update={
            "forecast": settings.forecast.model_copy(update={"enabled": True}),
            "consult": settings.consult.model_copy(update={"analysts": True}),
        }
    )
    rates, count, refits = _rates(asked, report)
    row = {
        "name": "refits",
        "value": refits,
        "unit": "s for a quarter's retraining, fits included (baseline: one decision)",
        "baseline": 1 / rates["full"],
        "ratio": refits * rates["full"],
        "n": 20,
    }
    return [_cycle_row("cycle-all", rates, count), row]


def _rates(settings: Settings, report: Report) -> tuple[dict[str, float], int, float]:
    """Decisions a second of the full and the base arm, how many each made, and seconds for each retraining."""
    series = prepared([builtin("SP500")], settings)
    rates: dict[str, float] = {}
    count, refits = 0, 0.0
    for arm in ("full", "base"):
        plan = Plan(ARMS[arm], series, TimeRange.parse("20140101-20181231"), "quarter", settings)
        steps = plan.steps()
        count = len(steps)
        with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
            desk = desk_for(Path(folder), plan, RecordedFeed(series), steps[0][0])
            if desk.forecaster is not None:
                refits = _refits(desk, desk.forecaster, steps)  # a walk finds its models made
            begun = time.perf_counter()
            walk(desk, plan, steps, report)
            rates[arm] = len(steps) / (time.perf_counter() - begun)
            desk.memory.close()
    return rates, count, refits


def _cycle_row(name: str, rates: dict[str, float], count: int) -> Json:
    return {
        "name": name,
        "value": rates["full"],
        "unit": "recorded decisions/s (baseline: without memory and skills)",
        "baseline": rates["base"],
        "ratio": rates["full"] / rates["base"],
        "n": count,
    }


def reason(report: Report) -> list[Json]:
    """Work around a model's call, the call itself left out: brief, request, checks, commit; see ``evals.bench_reason``."""
    from evals.bench_reason import measure

    return measure(report)


def memory(report: Report) -> list[Json]:
    """Recall, opening and indexing as memory grows."""
    return measure()


def skills(report: Report) -> list[Json]:
    """Matching and retrieval at 10,000 skills, and a discovery; see ``evals.bench_skills``."""
    from evals.bench_skills import measure as measured

    return measured()


def loop(report: Report) -> list[Json]:
    """The loop's decisions a second, its slowest, and its memory, over 5,000 decisions of fifty symbols."""
    from evals.bench_loop import measure as measured

    return measured(report, 100)


def loop_long(report: Report) -> list[Json]:
    """The same over 100,000 decisions, to see whether memory stays flat."""
    from evals.bench_loop import measure as measured

    return [{**row, "name": row["name"].replace("loop", "loop-long", 1)} for row in measured(report, 2000)]


def _refits(desk: Desk, forecaster: Forecaster, steps: list[Step]) -> float:
    """Make every model the walk will ask for, and put the forecast back as it was; seconds for each."""
    made, begun = 0, time.perf_counter()
    for as_of, symbols in steps:
        for symbol in symbols:
            view = desk.feed.view(symbol, as_of)
            assert view is not None
            made += forecaster.renew(view, as_of)[0] is not None
    forecaster.restore({})
    return (time.perf_counter() - begun) / made


def consult(report: Report) -> list[Json]:
    """One full consult: every analyst and a fitted forecast, on a prepared series."""
    series = prepared([builtin("SP500")], Settings())["SP500"]
    settings = Settings().forecast
    store = ModelStore(None)
    rows = labelled(series.head(4000), settings.horizon, settings.reversal_atr)
    model = candidate(series, *parts(rows, settings), store, settings)
    forecaster = Forecaster(settings, store, "once")
    forecaster.restore({"SP500": {"model": model.papers.id, "stamp": "1970-01-01T00:00:00+00:00"}})
    panel, took, base = Panel(), [], []
    for n in range(4200, 4700):
        view = series.head(n)
        as_of = view.bars.timestamp(-1) + series.instrument.step
        begun = time.perf_counter()
        state = view.state(as_of)
        read = time.perf_counter()
        panel(view, state, {})
        forecaster.predict(view)
        took.append(time.perf_counter() - begun)
        base.append(read - begun)
        report(Progress(n - 4199, 500, "consult", 0.0))
    value, baseline = (1000 * median(seconds) for seconds in (took, base))
    unit = "ms, p50 of a consult with a forecast in force (baseline: reading the state)"
    return [{"name": "consult", "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline, "n": len(took)}]


def chat(report: Report) -> list[Json]:
    """Plain questions over ten thousand decisions, and the time to a model's first word; see ``evals.bench_chat``."""
    from evals.bench_chat import measure

    return measure(report)


def prepare_year(report: Report) -> list[Json]:
    """A year of 5-minute bars, prepared: every feature, regime and situation."""
    n = 105_000
    draw = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.001, n)))
    spread = np.exp(np.abs(draw.normal(0, 0.0005, n)))
    opening = np.concatenate([close[:1], close[:-1]])
    start = np.datetime64("2023-01-01", "ns") + np.arange(n) * np.timedelta64(5, "m")
    high, low = np.maximum(opening, close) * spread, np.minimum(opening, close) / spread
    bars = Bars("BTCUSDT", "5m", start, opening, high, low, close, draw.lognormal(5, 1, n), np.ones(n), np.ones(n), np.zeros(n))
    begun = time.perf_counter()
    prepared([bars.head(n // 10)], Settings())
    tenth = time.perf_counter()
    prepared([bars], Settings())
    took, small = time.perf_counter() - tenth, tenth - begun
    report(Progress(1, 1, "prepare", 0.0))
    unit = "s for 105,000 5-minute bars (baseline: a tenth of them)"
    return [{"name": "prepare", "value": took, "unit": unit, "baseline": small, "ratio": took / small, "n": n}]


BENCHES: dict[str, Callable[[Report], list[Json]]] = {
    "cycle": cycle,
    "cycle-all": cycle_all,
    "consult": consult,
    "prepare": prepare_year,
    "reason": reason,
    "memory": memory,
    "skills": skills,
    "loop": loop,
    "loop-long": loop_long,
    "chat": chat,
}
LONG = ("loop-long",)  # minutes long: measured when named


def run(names: list[str], report: Report) -> Json:
    """Run the named benchmarks; ConfigError for a name that is none."""
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        raise ConfigError(f"bench {unknown[0]!r} is unknown; choose from {', '.join(BENCHES)}")
    results = [row for name in names for row in BENCHES[name](report)]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    return {"machine": machine, "results": results}
