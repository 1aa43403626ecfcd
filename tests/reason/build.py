"""Contexts by hand: a state, some votes, a forecast, a recollection and skills."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from statistics import NormalDist
from typing import Any

from agent.domain import Estimate, Forecast, MarketState, Position, Recollection, Regime, Side, SkillMatch, Vote
from agent.reason.arithmetic import ArithmeticReasoner
from agent.reason.context import Context
from agent.risk.sizing import Exits
from agent.settings import Limits, Reason

WHEN = datetime(2020, 1, 6, tzinfo=UTC)
REASON, LIMITS = Reason(min_confidence=0.35), Limits(allow_short=True)
REASONER = ArithmeticReasoner(REASON, LIMITS)
STANDARD = Exits(stop_distance=4.0, target_distance=6.0, max_bars=5)
FEATURES: dict[str, float | None] = {
    "atr_14": 2.0,
    "volatility_20": 0.15,
    "volatility_z": 0.0,
    "trend_strength": 0.5,
    "adx_14": 20.0,
}


def vote(score: float, voter: str = "momentum") -> Vote:
    """A vote with this signed score."""
    return Vote(voter=voter, direction=math.copysign(1.0, score), confidence=abs(score), reason="because")


def silent(voter: str = "rsi_reversal") -> Vote:
    """A voter without data."""
    return Vote(voter=voter, direction=0, confidence=0, abstained=True, reason="no data")


def forecast(score: float) -> Forecast:
    """A forecast with this signed score."""
    return Forecast(model="m", label="up in 5", p=0.5, direction=math.copysign(1.0, score), confidence=abs(score))


def remembered(score: float, n_eff: float = 16.0) -> Recollection:
    """A recollection whose memory score is ``score``."""
    d = 2 * NormalDist().inv_cdf((1 + abs(score)) / 2) / math.sqrt(n_eff)
    side: Side = "buy" if score >= 0 else "sell"
    other: Side = "sell" if side == "buy" else "buy"
    return Recollection(
        estimate=Estimate(side=side, mean_r=d, p_win=0.6, n_eff=n_eff, base_mean_r=0.0, base_rate=0.5),
        other_side=Estimate(side=other, mean_r=0.0, p_win=0.4, n_eff=n_eff, base_mean_r=0.0, base_rate=0.5),
    )


def skill(name: str = "pullback", side: Side = "buy", reliability: float = 0.6, low: float = 0.4, **more: Any) -> SkillMatch:
    """An applicable skill."""
    fields = {"id": name, "name": name, "version": 1, "status": "active", "side": side, "reliability": reliability}
    evidence = {"interval": (low, 0.8), "executions": 12, "regime_executions": 4, "mean_r": 0.2}
    return SkillMatch.model_validate({**fields, **evidence, **more})


def held(side: Side) -> Position:
    """An open position."""
    return Position(
        id="p", decision="p", symbol="SP500", side=side, quantity=Decimal(1), entry_price=100, entry_bar=WHEN, stop=None,
        target=None, max_bars=None, bars_held=1, risk=5, fees=0, worst=100, best=100, last=100,
    )  # fmt: skip


def context(**more: Any) -> Context:
    """A context where nobody says anything, changed by ``more``."""
    state = MarketState(
        symbol="SP500", interval="1d", as_of=WHEN, bar_time=WHEN, close=100.0, features=FEATURES | more.pop("features", {}),
        regime=Regime(label="ranging", probabilities={}), text="calm",
    )  # fmt: skip
    fields = {
        "state": state,
        "votes": [],
        "forecast": None,
        "recollection": Recollection(),
        "skills": [],
        "plans": {},
        "standard": STANDARD,
        "weights": {},
        "parameters": {"size_multiplier": 1.0, "min_confidence": 0.35},
        "position": None,
    }
    return Context(**{**fields, **more})
