"""Does it learn what is there? Capture of a planted edge, beside no memory and a shuffled one.

Two markets, each with one voter that can tell and seven that toss coins:

- ``voter``: the planted voter speaks only where the edge is, and is right 65 % of the time. What has to
  be learned is whom to believe.
- ``memory``: it speaks on every bar, right 65 % after a volume spike and 50 % elsewhere. What has
  to be learned besides is *when* it is right, which nothing but the memory of situations can.

A trade lasts one bar, so that a thousand opportunities fit a short market. Limits that end or pause a run are
wide here: what is measured is learning, not caution. Capture is the agent's net R over the bars of
opportunities 501-1,000, as a share of what the plant's owner earns there under the same exits and costs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from agent.cycle import Desk
from agent.learn.voters import VoterTable
from agent.market.bars import Floats
from agent.settings import Settings
from agent.statistics import Interval
from agent.wiring.arms import ARMS
from evals.markets import Edge, achievable, planted
from evals.runs import plan_of, walked
from evals.voters import panel

Json = dict[str, Any]
COINS = 7
SUPPORT = {"voter": 0.9, "memory": 0.5}
# on ``voter`` there is nothing for memory to add; what is asked there is whether it takes something away
ARMS_OF = {"voter": ("full", "no-memory"), "memory": ("full", "no-memory", "shuffled-memory")}
COST_BPS = 4.0
FIRST, LAST = 500, 1000


def settings_for(seed: int) -> Settings:
    """Defaults but for one-bar trades, shorts, costs, and limits too wide to interfere."""
    return Settings.model_validate(
        {
            "seed": seed,
            "plan": {"horizon": 1, "stop_atr": 1.0, "target_atr": 1.5},
            "costs": {"fee_bps": COST_BPS / 2, "slippage_bps": COST_BPS / 2, "borrow_annual": 0.0},
            "limits": {
                "allow_short": True,
                "max_drawdown": 1.0,
                "max_daily_loss": 1.0,
                "drawdown_throttle": 1.0,
                "max_consecutive_losses": 10_000,
            },
        }
    )


def task(market: str, seed: int, opportunities: int = LAST, arms: tuple[str, ...] | None = None) -> Json:
    """One market under its arms: net R in the first and in the judged window, and what was achievable there."""
    settings = settings_for(seed)
    edge = Edge(strength=0.65, support=SUPPORT[market])
    made = planted(seed, int((opportunities + 20) / edge.support) + settings.market.warmup + 10, edge)
    names, consult = panel(seed, COINS, edge.spike_ratio if market == "voter" else None)

    def alter(desk: Desk) -> Desk:
        return replace(desk, consult=lambda series, state, pasts: consult(state), voters=VoterTable(names, settings.learning))

    first = plan_of([made.bars], settings, "full")
    series = first.series[made.bars.symbol]
    best = achievable(made, series, stop_atr=1.0, target_atr=1.5, horizon=1, cost_bps=COST_BPS)
    best[: series.ready] = np.nan
    chances = np.flatnonzero(~np.isnan(best))
    windows = {"early": chances[: opportunities // 2], "late": chances[opportunities // 2 : opportunities]}
    out: Json = {"achievable": {name: float(best[rows].sum()) for name, rows in windows.items()}, "arms": {}}
    for arm in arms or ARMS_OF[market]:
        run = walked(replace(first, arm=ARMS[arm]), alter=alter)
        earned = _earned(run.document, len(best), series.bars.start)
        out["arms"][arm] = {
            **{name: float(earned[rows[0] : rows[-1] + 1].sum()) for name, rows in windows.items()},
            "trades": len(run.document["trades"]),
            "win_rate": run.document["metrics"]["Win Rate [%]"],
        }
    return out


def _earned(document: Json, count: int, start: Any) -> Floats:
    """Net R by the bar a trade was decided on: the one before it was entered."""
    earned = np.zeros(count)
    for trade in document["trades"]:
        entered = int(np.searchsorted(start, np.datetime64(trade["entry_bar"].replace("Z", ""), "ns")))
        earned[entered - 1] += trade["r"]
    return earned


def capture(results: list[Json], arm: str, window: str = "late") -> Interval:
    """Share of the achievable that an arm earned, pooled over seeds, with an interval from drawing seeds anew."""
    earned = np.array([r["arms"][arm][window] for r in results])
    best = np.array([r["achievable"][window] for r in results])
    return seed_interval(earned, best, 0.95)


def advantage(results: list[Json], arm: str, over: str, level: float = 0.99) -> Interval:
    """How much more of the achievable ``arm`` earned than ``over``, paired by seed."""
    gap = np.array([r["arms"][arm]["late"] - r["arms"][over]["late"] for r in results])
    return seed_interval(gap, np.array([r["achievable"]["late"] for r in results]), level)


def seed_interval(above: Floats, below: Floats, level: float) -> Interval:
    """A ratio of sums over seeds with a t interval of its linearised terms (delta method; Cochran 1977, ch. 6)."""
    from scipy.stats import t

    n, value = len(above), float(above.sum() / below.sum())
    if n < 2:
        return Interval(value, float("-inf"), float("inf"), float("inf"), level, n)
    error = float(np.std(above - value * below, ddof=1) / np.sqrt(n) / below.mean())
    reach = float(t.ppf((1 + level) / 2, n - 1)) * error
    return Interval(value, value - reach, value + reach, error, level, n)
