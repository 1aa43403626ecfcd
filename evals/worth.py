"""What is memory worth on real bars? Full against no-memory and the controls, beside what others claim for theirs.

The bars are the two price indexes that come with the installation, 2014-2018; their fills at the open
are real. Nothing here is a pass or a fail: it is what it is, with its interval and what could have been seen.
"""

from __future__ import annotations

from typing import Any

from agent.market.feed import builtin
from agent.settings import Settings
from agent.statistics import mean_difference, paired_permutation, sharpe_difference
from evals.runs import plan_of, returns_of, walked

Json = dict[str, Any]
YEAR = 252.0
CLAIMED = {
    "win rate, points": "+5 to +10",
    "Sharpe": "+0.2 to +0.3",
    "drawdown, per cent less": "10 to 15",
    "false signals, per cent fewer": "15 to 20",
}


def task(arm: str, timerange: str, seed: int) -> Json:
    """One arm over the range: its figures and daily returns."""
    bars = [builtin(name) for name in ("SP500", "NASDAQ")]
    run = walked(plan_of(bars, Settings(seed=seed), arm, timerange))
    trades = run.document["trades"]
    return {
        "returns": returns_of(run.document["equity"]).tolist(),
        "win_rate": run.document["metrics"]["Win Rate [%]"],
        "drawdown": run.document["metrics"]["Max. Drawdown [%]"],
        "false": sum(trade["r"] <= 0 for trade in trades),
        "trades": len(trades),
    }


def compare(full: Json, other: Json, seed: int) -> Json:
    """The worth of what ``other`` lacks, in the terms in which others state theirs."""
    mean = mean_difference(full["returns"], other["returns"], YEAR, seed=seed)
    sharpe = sharpe_difference(full["returns"], other["returns"], YEAR, seed=seed)
    tested = paired_permutation(full["returns"], other["returns"], seed=seed)
    return {
        "win rate, points": _gap(full["win_rate"], other["win_rate"]),
        "Sharpe": sharpe.value if sharpe else None,
        "Sharpe interval": [sharpe.low, sharpe.high] if sharpe else None,
        "drawdown, per cent less": _less(abs(full["drawdown"] or 0.0), abs(other["drawdown"] or 0.0)),
        "false signals, per cent fewer": _less(full["false"], other["false"]),
        "return, per cent a year": mean.row("") if mean else None,
        "p": tested.p if tested else None,
    }


def _gap(mine: float | None, theirs: float | None) -> float | None:
    return None if mine is None or theirs is None else mine - theirs


def _less(mine: float, theirs: float) -> float | None:
    return 100 * (1 - mine / theirs) if theirs else None
