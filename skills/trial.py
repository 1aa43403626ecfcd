"""What a plan would have paid on recorded bars: net R of trades nobody made, one at a time.

Entry is at the next bar's open, exits follow the plan, both sides pay their cost, prices are
adjusted forward from the decision's bar. Trades of one symbol do not overlap: while one is
open the next may not begin, so each stands for itself in any statistic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.brokers.fills import sign
from agent.domain import Side
from agent.market.series import Series
from agent.risk.sizing import Exits
from agent.settings import Costs
from skills.conditions import series as fired_series
from skills.schema import SkillDraft
from skills.tree import Condition


@dataclass(frozen=True, slots=True)
class Trials:
    """Net R of trades decided at these bars, with the bar at whose close each was surely over."""

    at: NDArray[np.int64]
    until: NDArray[np.int64]
    r: NDArray[np.float64]

    @property
    def win_rate(self) -> float | None:
        """Share that earned anything; None without trades."""
        return float((self.r > 0).mean()) if len(self.r) else None

    @property
    def mean_r(self) -> float | None:
        """Mean net R; None without trades."""
        return float(self.r.mean()) if len(self.r) else None


def cost_bps(series: Series, costs: Costs) -> float:
    """Fee and slippage of one side in basis points: the settings', else the instrument's."""
    fee = series.instrument.fee_bps if costs.fee_bps is None else costs.fee_bps
    slip = series.instrument.slippage_bps if costs.slippage_bps is None else costs.slippage_bps
    return float(fee + slip)


def outcomes(series: Series, at: NDArray[np.int64], side: Side, exits: Exits, cost: float) -> NDArray[np.float64]:
    """Return net R of a trade decided at each of these bars: what ``shadow_r`` says of each, all of them at once.

    ``exits`` gives stop and target in ATR of the deciding bar. NaN where the trade would end beyond
    the last bar or the ATR is not known.
    """
    bars, holding, direction = series.bars, exits.max_bars, sign(side)
    atr = series.frame.column("atr_14")
    out = np.full(len(at), np.nan)
    known = np.flatnonzero((at + holding < len(bars)) & (atr[at] > 0))
    first = at[known]
    if not len(first):
        return out
    base = bars.growth[first]
    entry = bars.open[first + 1] * (bars.growth[first + 1] / base)
    reach = exits.stop_distance * atr[first]
    stop, target = entry - direction * reach, entry + direction * (exits.target_distance * atr[first])
    leave = bars.close[first + holding] * (bars.growth[first + holding] / base)
    running = np.ones(len(first), dtype=np.bool_)
    worse, better = (np.minimum, np.maximum) if direction > 0 else (np.maximum, np.minimum)
    for step in range(1, holding + 1):
        scale = bars.growth[first + step] / base
        opens, highs, lows = (column[first + step] * scale for column in (bars.open, bars.high, bars.low))
        stopped = running & (lows <= stop if direction > 0 else highs >= stop)
        reached = running & ~stopped & (highs >= target if direction > 0 else lows <= target)
        leave = np.where(stopped, worse(opens, stop), np.where(reached, better(opens, target), leave))
        running &= ~(stopped | reached)
    out[known] = (direction * (leave - entry) - (entry + leave) * cost / 1e4) / reach
    return out


def trials(series: Series, where: NDArray[np.bool_], side: Side, exits: Exits, cost: float) -> Trials:
    """Return the trades that begin where ``where`` holds, each held for ``max_bars`` at most, none overlapping.

    ``exits`` gives stop and target in ATR of the deciding bar.
    """
    at = np.flatnonzero(where)
    at = at[at >= series.ready]
    return apart(at, outcomes(series, at, side, exits, cost), exits.max_bars)


def apart(at: NDArray[np.int64], r: NDArray[np.float64], holding: int) -> Trials:
    """Return those of the trades decided at these bars (in order) that do not overlap and whose R is known."""
    kept, free = [], 0
    for k in np.flatnonzero(~np.isnan(r)).tolist():
        if at[k] >= free:
            kept.append(k)
            free = int(at[k]) + holding
    chosen = np.array(kept, dtype=np.int64)
    return Trials(at[chosen], at[chosen] + holding, r[chosen])


def exits_of(skill: SkillDraft) -> tuple[Side, Exits]:
    """Return the side and the exits, in ATR, of a strategy's plan."""
    if skill.plan is None:
        raise ValueError("only a strategy has a plan")
    plan = skill.plan
    return plan.side, Exits(stop_distance=plan.stop_atr, target_distance=plan.target_atr, max_bars=plan.max_bars)


def fires(condition: Condition, series: Series) -> NDArray[np.bool_]:
    """Return where a condition holds; a condition on votes holds nowhere, as no votes are at hand."""
    return fired_series(condition, series.frame)


def check_run(skill: SkillDraft, series: Series, costs: Costs) -> dict[str, Any]:
    """Replay a strategy on a series beside every other moment: its trades, and those of the same side and exits anywhere."""
    if skill.condition is None:
        raise ValueError("only a strategy can be replayed")
    side, exits = exits_of(skill)
    cost = cost_bps(series, costs)
    where = fires(skill.condition, series)
    own = trials(series, where, side, exits, cost)
    base = trials(series, np.ones(len(series), dtype=np.bool_), side, exits, cost)
    return {
        "symbol": series.bars.symbol,
        "bars": len(series) - series.ready,
        "fires": float(where[series.ready :].mean()) if len(series) > series.ready else None,
        "trades": len(own.r),
        "win_rate": own.win_rate,
        "mean_r": own.mean_r,
        "base_rate": base.win_rate,
        "base_mean_r": base.mean_r,
    }
