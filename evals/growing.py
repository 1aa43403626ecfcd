"""Do skills grow where there is something to grow on, and not where there is nothing?

``pair`` walks a market with a planted pair, in quarters, with the two halves of the pair handed in as the
agent's own candidates: the composite has to be proposed by the agent itself, pass probation in shadow and
be sized in the book. ``quiet`` walks the same bars in another order, so that none says anything of the next, and
counts what was joined.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.cycle import Desk
from agent.market.bars import Bars
from agent.settings import Settings
from evals.markets import Edge, block_shuffled, planted
from evals.runs import Walked, plan_of, walked
from skills.admit import admit

Json = dict[str, Any]
PAIR = Edge(strength=0.85, support=0.35, pair=True)
BARS = 2200
HALVES = ("high-volume", "strong-close")
NAME = "-and-".join(HALVES)


def half(name: str, feature: str, least: float) -> Json:
    """One half of the pair: buys for one bar where a feature is above a value."""
    return {
        "name": name,
        "description": "Buys for one bar.",
        "category": "momentum",
        "when": {"feature": feature, "op": ">", "value": least},
        "plan": {"side": "buy", "stop_atr": 1.0, "target_atr": 1.5, "max_bars": 1},
        "steps": [
            {"stage": "entry", "text": "Buy at the next bar's open"},
            {"stage": "management", "text": "Keep the stop {stop_atr} ATR from the entry"},
            {"stage": "exit", "text": "Close after {max_bars} bars"},
        ],
    }


def pair(seed: int) -> Json:
    """How far the composite of a planted pair came, and what it earned."""
    run = _walked(planted(seed, BARS, PAIR).bars, seed)
    made = [row for look in run.of("skill_growth") for row in look["composed"]["proposed"] if row["name"] == NAME]
    stages = [fact["status"] for fact in run.of("skill_transition") if made and fact["skill"] == made[0]["id"]]
    records = run.of("cycle")
    supplied = [
        record
        for record in records
        if record["order"] is not None and any(s["name"] == NAME and s["agreed"] for s in record["skills"])
    ]
    return {
        "proposed": bool(made),
        "probation": "probation" in stages,
        "active": "active" in stages,
        "sized": sum(abs(record["decision"]["size"]) > 0 for record in supplied),
        "pairs": sum(look["composed"]["tried"] for look in run.of("skill_growth")),
        "others": _composites(run) - bool(made),
    }


def quiet(seed: int) -> Json:
    """What was joined on the same bars in another order, where none tells of the next, and how much was looked at."""
    run = _walked(block_shuffled(planted(seed, BARS, PAIR).bars, seed, 1), seed)
    return {"composites": _composites(run), "pairs": sum(look["composed"]["tried"] for look in run.of("skill_growth"))}


def _composites(run: Walked) -> int:
    return sum(len(look["composed"]["proposed"]) for look in run.of("skill_growth"))


def _walked(bars: Bars, seed: int) -> Walked:
    settings = Settings.model_validate({"seed": seed, "costs": {"fee_bps": 2.0, "slippage_bps": 2.0}})
    plan = replace(plan_of([bars], settings), chunk="quarter")
    started = plan.steps()[0][0]

    def with_halves(desk: Desk) -> Desk:
        drafts = (half(HALVES[0], "volume_ratio", round(PAIR.spike_ratio, 3)), half(HALVES[1], "close_position", 0.9))
        with desk.memory.write() as w:
            for draft in drafts:
                admit(w, desk.skills, draft, principal="agent", at=started)
        return desk

    return walked(plan, alter=with_halves)
