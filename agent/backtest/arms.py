"""Running arms: the one asked for, and what it needs beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.backtest.plan import Plan
from agent.backtest.walk import Report, run_arm
from agent.cycle.history import record_documents
from agent.wiring.arms import ARMS
from agent.wiring.homes import open_journal

Json = dict[str, Any]
Watch = Callable[[str], AbstractContextManager[Report]]


def run_one(home: Path, plan: Plan, *, resume: bool, watch: Watch) -> Json:
    """Run an arm; random entries take the full arm's rate of entries and a matched holding its volatility,
    so it is run first if it has not been.
    """
    full: Json | None = None
    if plan.arm.random or plan.arm.matched:
        with watch("full") as report:
            full = run_arm(home, replace(plan, arm=ARMS["full"]), resume=True, report=report)
    probability = entry_rate(full) if full and plan.arm.random else 0.0
    with watch(plan.arm.name) as report:
        return run_arm(home, plan, resume=resume, report=report, entry_probability=probability, like=full)


def entry_rate(document: Json) -> float:
    """Entries for each decision that could have been one: no position was open and none was waited for."""
    entries = sum(d["action"] in ("buy", "sell") for d in document["decisions"])
    held = sum(trade["bars_held"] for trade in document["trades"])
    free = len(document["decisions"]) - held
    return min(1.0, entries / free) if free > 0 else 0.0


def prices(plan: Plan) -> dict[str, Json]:
    """Closes in the range, for the report's price charts."""
    out: dict[str, Json] = {}
    for symbol in plan.symbols:
        bars = plan.series[symbol].bars
        rows = [i for i in range(len(bars)) if bars.timestamp(i) in plan.timerange]
        out[symbol] = {
            "timestamps": [bars.timestamp(i).isoformat() for i in rows],
            "close": [float(bars.close[i]) for i in rows],
        }
    return out


def records_of(home: Path, document: Json) -> list[Json]:
    """The cycle records of a run, for explanations."""
    if not document["decisions"]:
        return []
    with open_journal(home, document["run"]) as journal:
        return record_documents(journal)
