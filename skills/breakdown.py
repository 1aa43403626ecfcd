"""A skill's record taken apart: by regime, by symbol, recent, and beside what the same side and exits earn anywhere.

Each part's interval is backed by the record of the other parts (``in_regime``), so a regime or symbol that
was hardly seen answers with the whole record.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from agent.market.series import Series
from agent.settings import Costs
from skills.catalogue import BASE_SPACE, Catalogue
from skills.counts import NONE, Counts
from skills.ledger import Execution
from skills.priors import prior_of
from skills.reliability import contract, in_regime, lift, net_r, remembered
from skills.schema import Skill
from skills.trial import cost_bps, exits_of, trials

Json = dict[str, Any]


def breakdown(catalogue: Catalogue, skill: Skill, at: datetime) -> Json:
    """Return the book's record of a version by regime and symbol, recent where forgetting is set, and its lift over base."""
    executions = executions_of(catalogue, skill)
    whole = catalogue.counts(skill)
    symbols: dict[str, Counts] = {}
    for one in executions:
        name = one.symbol or "unknown"
        symbols[name] = symbols.get(name, NONE).plus(one.outcome, one.r, one.at)
    half_life = catalogue.rules.forget_days
    prior = prior_of(catalogue, skill)
    told = ((one.outcome, one.at) for one in executions)
    recent = remembered(told, at, half_life, prior=prior) if half_life else None
    mean = net_r(whole)
    base = catalogue.state(BASE_SPACE).get(skill.key)
    return {
        "net_r": None if mean is None else {"mean": mean.mean, "interval": [mean.low, mean.high]},
        "regimes": {name: _part(catalogue, skill, part, whole) for name, part in catalogue.regimes(skill).items()},
        "symbols": {name: _part(catalogue, skill, symbols[name], whole) for name in sorted(symbols)},
        "recent": None if recent is None else {"mean": recent.mean, "interval": [recent.low, recent.high]},
        "base": base,
        "lift": None if base is None else lift(whole, base["win_rate"]),
    }


def _part(catalogue: Catalogue, skill: Skill, part: Counts, whole: Counts) -> Json:
    bounds = in_regime(part, whole, catalogue.rules.regime_backoff, prior=prior_of(catalogue, skill))
    return {
        "executions": part.total,
        "reliability": contract(part, skill.prior),
        "interval": [bounds.low, bounds.high],
        "mean_r": part.mean_r,
    }


def executions_of(catalogue: Catalogue, skill: Skill, mode: str = "book") -> list[Execution]:
    """Return what was booked for a version in a mode since its counts began anew, in the order booked."""
    found: list[Execution] = []
    for fact in catalogue.journal.facts(kinds=("skill_execution", "skill_transition")):
        data = fact.data
        if (data["skill"], data["version"]) != (skill.id, skill.version):
            continue
        if fact.kind == "skill_transition":
            # counts that a restore wiped are not the record any more
            found = [] if data["from"] == "retired" and data["rule"] in ("restore", "person-restore") else found
        elif data["mode"] == mode:
            found.append(Execution.model_validate({name: value for name, value in data.items() if name != "mode"}))
    return found


def base_of(skill: Skill, series: Sequence[Series], costs: Costs) -> Json | None:
    """Return what the skill's side and exits earned at any moment: trades that do not overlap, their win rate and mean net R."""
    if skill.plan is None:
        return None
    side, exits = exits_of(skill)
    paid = [trials(one, np.ones(len(one), dtype=np.bool_), side, exits, cost_bps(one, costs)).r for one in series]
    r = np.concatenate(paid) if paid else np.zeros(0)
    return {"trades": len(r), "win_rate": float((r > 0).mean()), "mean_r": float(r.mean())} if len(r) else None
