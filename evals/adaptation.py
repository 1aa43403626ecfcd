"""What adaptation is worth, by trades whose edge is known because it was put in.

Each trader makes trades along random paths with a known drift toward its side, with the standard plan's stop, target and
holding, in ATR, and pays for them. The monitor sees each trade as it ends, as in a run, and the next trade is made with the
parameters then in force. Beside it stands the same trader on its own values over the same paths: what adaptation is worth
is the difference, in R of the own stop's risk, with its 90 % interval over traders. ``python -m evals.adaptation`` prints it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from agent.brokers.fills import Floats, shadow_r
from agent.domain import Outcome
from agent.learn.monitor import Monitor
from agent.settings import Learning, Limits, Plan

Json = dict[str, Any]
Path = tuple[Floats, Floats, Floats, Floats]  # open, high, low, close
START = datetime(2020, 1, 1, tzinfo=UTC)
COST_BPS, STEPS = 4.0, 8  # of one side; moves within a bar
ATR_SHARE = 0.01  # of the price
EDGES = {"no edge, costs paid": 0.0, "break-even": None, "small edge": 0.06, "clear edge": 0.12, "strong edge": 0.25}


@dataclass(frozen=True)
class Trader:
    """How one trader fared: net R a trade, own and adapted, after how many trades success was found (None: never), alerts."""

    own: float
    adapted: float
    success: int | None
    alerts: int


def path(rng: np.random.Generator, drift: float, bars: int) -> Path:
    """Open, high, low and close of ``bars`` bars of a walk from 100; ``drift`` is in ATR a bar."""
    atr = 100 * ATR_SHARE
    moves = rng.normal(drift * atr / STEPS, 0.6 * atr / math.sqrt(STEPS), bars * STEPS)
    prices = np.concatenate([[100.0], 100 + np.cumsum(moves)])
    inside = np.lib.stride_tricks.sliding_window_view(prices, STEPS + 1)[::STEPS]
    return inside[:, 0], inside.max(1), inside.min(1), inside[:, -1]


def break_even(plan: Plan, seed: int = 7, trades: int = 20_000) -> float:
    """The drift, in ATR a bar, at which a trade makes nothing after costs, by bisection over the same paths."""
    low, high = 0.0, 0.5
    for _ in range(12):
        middle, rng = (low + high) / 2, np.random.default_rng(seed)
        made = math.fsum(trade(path(rng, middle, plan.horizon), plan, 1.0) for _ in range(trades // 10))
        low, high = (middle, high) if made < 0 else (low, middle)
    return (low + high) / 2


def trade(walk: Path, plan: Plan, nearer: float) -> float:
    """Net R, in units of the own stop's risk, of a long trade along a path with the stop at ``nearer`` of its distance."""
    atr = 100 * ATR_SHARE
    return nearer * shadow_r(walk, "buy", plan.stop_atr * atr * nearer, plan.target_atr * atr, COST_BPS)


def trader(seed: int, drift: float, trades: int, settings: Learning, plan: Plan) -> Trader:
    """One trader with an edge of ``drift`` and the monitor it is watched by."""
    rng, monitor = np.random.default_rng(seed), Monitor(settings, Limits(max_consecutive_losses=10_000), 0.25)
    own = adapted = 0.0
    success, alerts = None, 0
    for i in range(trades):
        now, walk = monitor.parameters, path(rng, drift, plan.horizon)
        standard = trade(walk, plan, 1.0)
        held = trade(walk, plan, now["stop_multiplier"]) if now["stop_multiplier"] != 1 else standard
        own += standard
        adapted += now["size_multiplier"] * held
        monitor.shadow(standard, held, taken=True)
        monitor.settle(_outcome(i, held / now["stop_multiplier"]))
        for _ in range(plan.horizon):
            monitor.tick("MADE")
        for change in monitor.review()[0]:
            alerts += change.name == "size_multiplier" and change.to < 1
            if change.name == "size_multiplier" and change.to > 1 and success is None:
                success = i + 1
    return Trader(own / trades, adapted / trades, success, alerts)


def _outcome(i: int, r: float) -> Outcome:
    at = START + timedelta(days=i)
    return Outcome(
        position=str(i), decision=str(i), symbol="MADE", side="buy", quantity=Decimal(1), entry_bar=at, entry_price=100,
        exit_bar=at, exit_price=100 + r, closed_at=at, bars_held=1, pnl=r, fees=0, income=0, r=r, mae=0, mfe=0,
        grade="success" if r > 0 else "failure", reason="time",
    )  # fmt: skip


def worth(traders: int, trades: int, seed: int = 0, learning: Learning | None = None) -> list[Json]:
    """For each edge: how often success was found, after how many trades, and what adaptation changed."""
    plan, settings, rows = Plan(), learning or Learning(), []
    for name, edge in EDGES.items():
        drift = break_even(plan) if edge is None else edge
        found = [trader(seed * 1_000_003 + i, drift, trades, settings, plan) for i in range(traders)]
        gains = np.array([one.adapted - one.own for one in found])
        half = 1.645 * float(gains.std(ddof=1)) / math.sqrt(traders)
        after = [one.success for one in found if one.success is not None]
        rows.append(
            {
                "trader": name,
                "own_r": float(np.mean([one.own for one in found])),
                "found_by_100": sum(n <= 100 for n in after) / traders,
                "found": len(after) / traders,
                "median_trades": float(np.median(after)) if after else None,
                "alerts": float(np.mean([one.alerts for one in found])),
                "gain_r": float(gains.mean()),
                "interval": [float(gains.mean()) - half, float(gains.mean()) + half],
            }
        )
    return rows


def main() -> None:
    """Print a table, or JSON."""
    reader = argparse.ArgumentParser(prog="python -m evals.adaptation", description=__doc__)
    reader.add_argument("--traders", type=int, default=400, help="traders of each kind")
    reader.add_argument("--trades", type=int, default=300, help="trades each of them makes")
    reader.add_argument("--seed", type=int, default=0)
    reader.add_argument("--only-success", action="store_true", help="without alerts, to see what success alone is worth")
    reader.add_argument("--json", action="store_true")
    given = reader.parse_args()
    learning = Learning(low_win_rate=0.0) if given.only_success else Learning()
    rows = worth(given.traders, given.trades, given.seed, learning)
    if given.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    sys.stdout.write(f"{given.traders} traders of each kind, {given.trades} trades each; R of the own stop's risk, net\n")
    for row in rows:
        low, high = row["interval"]
        after = f"after {row['median_trades']:.0f} trades" if row["median_trades"] else ""
        sys.stdout.write(
            f"{row['trader']:<20} {row['own_r']:+.3f} R a trade; success found by 100 trades {row['found_by_100']:.1%}, "
            f"ever {row['found']:.1%} {after}; alerts {row['alerts']:.1f}; "
            f"adaptation {row['gain_r']:+.4f} R a trade [{low:+.4f}, {high:+.4f}]\n"
        )


if __name__ == "__main__":
    main()
