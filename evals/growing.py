"""Do skills grow where there is something to grow on, and not where there is nothing?

``pair`` walks a market with a planted pair, in quarters, with the two halves of the pair handed in as the
agent's own candidates: the composite has to be proposed by the agent itself, pass probation in shadow and
be sized in the book. ``quiet`` walks the same bars in another order, so that none says anything of the next, and
counts what was joined. ``edge`` gives discovery trades of which some win more often under planted conditions, or none do.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from agent.cycle import Desk
from agent.market.bars import Bars
from agent.market.features import FEATURES
from agent.settings import Settings
from evals.markets import EPOCH, Edge, block_shuffled, planted
from evals.runs import Walked, plan_of, walked
from skills.admit import admit
from skills.discovery import Trade, discover

Json = dict[str, Any]
PAIR = Edge(strength=0.85, support=0.35, pair=True)
BARS = 2200
HALVES = ("high-volume", "strong-close")
NAME = "-and-".join(HALVES)
_NAMES = FEATURES[:12]


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


def edge(seed: int, *, real: bool) -> Json:
    """Whether discovery finds a planted edge (75-80 % against 50 %, support 120-200 of 1,500), and how much it accepts."""
    generator = np.random.default_rng(seed)
    count, values = 1500, generator.normal(size=(1500, len(_NAMES)))
    chosen = generator.choice(len(_NAMES), int(generator.integers(1, 4)), replace=False)
    support = int(generator.integers(120, 201))
    share = (support / count) ** (1 / len(chosen))  # of bars beyond each threshold, so that together they leave the support
    holds = np.ones(count, dtype=np.bool_)
    wanted = set()
    for k in chosen.tolist():
        up = bool(generator.random() < 0.5)
        cut = np.quantile(values[:, k], 1 - share if up else share)
        holds &= values[:, k] > cut if up else values[:, k] < cut
        wanted.add((_NAMES[k], ">" if up else "<"))
    odds = np.where(holds & real, generator.uniform(0.75, 0.80), 0.5)
    won = generator.random(count) < odds
    first = EPOCH.astype("datetime64[s]").item()
    trades = [
        Trade.model_validate(
            {
                "id": str(i),
                "features": dict(zip(_NAMES, row, strict=True)),
                "side": "buy",
                "r": 1.0 if won[i] else -1.0,
                "opened_at": f"{first + timedelta(days=i):%Y-%m-%d}T00:00:00Z",
                "closed_at": f"{first + timedelta(days=i):%Y-%m-%d}T20:00:00Z",
            }
        )
        for i, row in enumerate(values.tolist())
    ]
    found = discover(trades, seed=seed)
    told = [_said(hypothesis.when) for hypothesis in found.accepted]
    return {
        "accepted": len(told),
        "found": any(said & wanted for said in told),
        "named": any(said == wanted for said in told),
        "tested": found.tested,
    }


def _said(when: Json) -> set[tuple[str, str]]:
    return {(part.get("feature", ""), part.get("op", "")) for part in when.get("all", [when])}
