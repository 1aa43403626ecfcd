"""``tradecraft demo``: the main job on installed real data, from nothing to a report."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from agent.cli.backtest import write_report
from agent.cli.globals import GLOBALS
from agent.cli.output import console, lines, logs_to_stderr, walking

if TYPE_CHECKING:
    from agent.backtest.plan import Plan

RANGE = "20140101-20181231"
ARMS = ("full", "no-memory", "random", "buy-and-hold")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo() -> int:
    """Walk S&P 500 and NASDAQ daily bars of 2014-2018 quarter by quarter; resumes, and shows a finished run again."""
    from agent.backtest.arms import run_one
    from agent.backtest.compare import compared
    from agent.backtest.document import trading_days
    from agent.wiring.arms import ARMS as KNOWN

    logs_to_stderr()
    plan = _plan()
    documents: list[dict[str, Any]] = []
    for name in ARMS:
        documents.append(run_one(GLOBALS.home, replace(plan, arm=KNOWN[name]), resume=True, watch=walking))
        GLOBALS.wrote(documents[0]["run"])
    documents[0] = compared(documents[0], documents[1:], trading_days(plan), plan.settings.seed)
    path = GLOBALS.home / "report.html"
    write_report(plan, documents, path)
    if GLOBALS.json:
        lines(documents)
    else:
        from agent.report.terminal import summary

        console().print(summary(documents))
    _next_steps(documents[0], str(path))
    return 1 if any(document.get("errors") for document in documents) else 0


def _plan() -> Plan:
    from agent.backtest.plan import Plan, TimeRange
    from agent.market.feed import BUILTIN, builtin
    from agent.wiring.arms import ARMS as KNOWN
    from agent.wiring.recorded import prepared

    settings = GLOBALS.settings({"llm": "none"})  # thousands of decisions: a model is asked only by --llm
    series = prepared([builtin(name) for name in BUILTIN], settings)
    return Plan(KNOWN["full"], series, TimeRange.parse(RANGE), "quarter", settings)


def _next_steps(full: dict[str, Any], report: str) -> None:
    acted = [d["id"] for d in full["decisions"] if d["action"] in ("buy", "sell")]
    steps = [
        ("the report", report),
        ("why it bought", f"tradecraft why {acted[-1][:8]}") if acted else None,
        ("what its skills have earned", "tradecraft skills list"),
        ("whom it believes", "tradecraft performance voters"),
        ("what it remembers", 'tradecraft memory search --query "volatility rose"'),
        ("your own bars", "tradecraft backtest --data SPY-1d.parquet --report report.html"),
    ]
    sys.stderr.write("\nNext:\n")
    for step in steps:
        if step:
            sys.stderr.write(f"  {step[0]:<28} {step[1]}\n")
