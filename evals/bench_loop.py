"""The loop's speed: fifty symbols of made-up 5-minute bars, one process, no model, every decision durable by itself.

Each symbol's decision is timed from its first thought to its durable commit; the rate counts everything, settling and commits
included. The baseline is the same bars with one commit a bar and no power-cut safety, as a backtest writes. Memory is what
the process holds at the end over what it held at half way; the growth beside it is the slope of a line through what it held
at every hundredth of the run's second half, scaled to 100,000 decisions. Whether decisions get slower the more is remembered is
shown by the last tenth of them beside the second.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress
from agent.cycle import decide_symbol, run_bar, settle_bar
from agent.market.bars import Bars
from agent.settings import Settings
from agent.wiring.arms import ARMS
from agent.wiring.desks import open_desk
from agent.wiring.recorded import RecordedFeed, prepared

Json = dict[str, Any]
Report = Callable[[Progress], None]
SYMBOLS = 50


def made_up(symbol: str, seed: int, count: int) -> Bars:
    """A random walk of 5-minute bars."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, count)))
    opened = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opened, close) * (1 + rng.random(count) * 0.001), np.minimum(opened, close) * 0.999
    start = np.datetime64("2024-01-01", "ns") + np.arange(count) * np.timedelta64(5, "m")
    ones = np.ones(count)
    return Bars(symbol, "5m", start, opened, high, low, close, ones * 1e7, ones, ones, np.zeros(count))


def measure(report: Report, bars: int) -> list[Json]:
    """Decisions a second, the slowest hundredth's time, how decisions slow down and how memory grows."""
    settings = Settings()
    names = [f"S{i:02d}USDT" for i in range(SYMBOLS)]
    warm = max(settings.market.warmup, settings.market.regime_window) + 10
    series = prepared([made_up(name, i, warm + bars) for i, name in enumerate(names)], settings)
    steps = Plan(ARMS["full"], series, TimeRange(), "none", settings).steps()[-bars:]
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
        baseline = _together(Path(folder) / "a", RecordedFeed(series), settings, steps)
        rate, times, held = _apart(Path(folder) / "b", RecordedFeed(series), settings, steps, report)
    n, half = len(times), held[len(held) // 2]
    p99 = float(np.percentile(times, 99)) * 1000
    p50 = float(np.median(times)) * 1000
    tenth = n // 10
    early, late = (float(np.median(part)) * 1000 for part in (times[tenth : 2 * tenth], times[-tenth:]))
    return [
        _row("loop", rate, "durable decisions/s of 50 symbols (baseline: one commit a bar)", baseline, n),
        _row("loop-p99", p99, "ms p99 of a decision, durable (baseline: its median)", p50, n),
        _row("loop-late", late, "ms median of the last tenth of decisions (baseline: of the second tenth)", early, n),
        _row("loop-memory", held[-1], "MB held at the end (baseline: half way)", half, n),
        _row("loop-growth", _slope(held, n), "MB for every 100,000 decisions (baseline: MB held half way)", half, n),
    ]


def _held() -> float:
    """MB this process holds now; where the system does not say, the most it ever held."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _slope(held: list[float], decisions: int) -> float:
    """Growth over 100,000 decisions by the least-squares line through the second half of the run."""
    later = np.array(held[len(held) // 2 :])
    return float(np.polyfit(np.arange(len(later)), later, 1)[0]) * len(held) * 100_000 / decisions


def _row(name: str, value: float, unit: str, baseline: float, n: int) -> Json:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline, "n": n}


def _together(home: Path, feed: RecordedFeed, settings: Settings, steps: list[tuple[datetime, list[str]]]) -> float:
    desk = open_desk(home, "paper", feed, settings, started=steps[0][0], durable=False)
    begun = time.perf_counter()
    for at, symbols in steps:
        run_bar(desk, tuple(symbols), at)
    rate = len(steps) * SYMBOLS / (time.perf_counter() - begun)
    desk.memory.close()
    return rate


def _apart(
    home: Path, feed: RecordedFeed, settings: Settings, steps: list[tuple[datetime, list[str]]], report: Report
) -> tuple[float, list[float], list[float]]:
    desk = open_desk(home, "paper", feed, settings, started=steps[0][0], durable=True, each=True)
    times: list[float] = []
    held: list[float] = []
    begun = time.perf_counter()
    for done, (at, symbols) in enumerate(steps, start=1):
        opened = settle_bar(desk, tuple(symbols), at)
        for symbol in symbols:
            since = time.perf_counter()
            decide_symbol(desk, opened, symbol)
            times.append(time.perf_counter() - since)
        if done * 100 // len(steps) > len(held):
            held.append(_held())
        report(Progress(done, len(steps), "loop", desk.broker.account.equity))
    rate = len(times) / (time.perf_counter() - begun)
    desk.memory.close()
    return rate, times, held
