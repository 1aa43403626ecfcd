"""Asking the model inside a cycle: when it need not be asked, what it is told of itself, what the record keeps of it.

Promises: no lock of the journal is held while a model thinks; its reply is committed the moment it arrives; asking is
skipped only by a rule that is on the record.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.cycle.control import Control
from agent.cycle.desk import Desk
from agent.domain import CycleRecord, Signal
from agent.learn.voters import OVERALL
from agent.market.series import Series
from agent.reason.arithmetic import Reasoning
from agent.reason.blend import Track
from agent.reason.context import Context
from agent.reason.model import Asked, voter_name

USUAL = 3.0  # scaled units from which a situation is unusual
SPACE = "model"


def ask(desk: Desk, ident: str, series: Series, context: Context, arithmetic: Reasoning, control: Control) -> Asked | None:
    """The model's opinion; None when this desk has no model. Called with no lock held."""
    mind = desk.mind
    if mind is None:
        return None
    skipped = _expert(desk, series, context, control)
    if skipped is not None:
        return Asked(model=mind.name, skipped=skipped)
    return mind(context, arithmetic, track(desk, mind.name), ident)


def track(desk: Desk, model: str) -> Track:
    """A model's record as a voter of this run, whatever the regime."""
    found = desk.voters.record(OVERALL, voter_name(model))
    return Track(n=found.n, hits=found.hits, brier=found.brier)


def told(asked: Asked, arithmetic: Signal | None) -> dict[str, Any]:
    """What a record keeps of a model that was asked."""
    return {
        "fallback_reason": asked.fault,
        "skipped": asked.skipped,
        "prompt_hash": asked.prompt,
        "usage": asked.usage,
        "cost_usd": asked.cost,
        "at_risk_usd": asked.at_risk,
        "arithmetic": arithmetic,
        "opinion": asked.opinion,
        "calls": [call.hash for call in asked.calls],
        "shown": asked.shown,
    }


def charged(desk: Desk, record: CycleRecord) -> list[tuple[str, str, Any]]:
    """What calls without a reply may have cost, for the run's bound after a restart."""
    if record.at_risk_usd == 0.0:
        return []
    return [(SPACE, f"at_risk:{record.id}", record.at_risk_usd)]


def _expert(desk: Desk, series: Series, context: Context, control: Control) -> str | None:
    """Why the model need not be asked: proven skills, one direction, nothing unusual. None when it is to be asked."""
    rules = desk.settings.reason
    if not rules.skip or control.halted or control.entries_stopped:
        return None
    proven = [s for s in context.skills if s.status == "active" and s.interval[0] >= rules.skip_bound]
    sides = {1 if vote.score > 0 else -1 for vote in context.votes if not vote.abstained and vote.score}
    agreed = {1 if s.side == "buy" else -1 for s in proven} | sides
    waiting = desk.awaiting.get(context.state.symbol, [])
    same = bool(waiting) and waiting[-1].regime == context.state.regime.label
    if not proven or len(agreed) != 1 or not same or np.abs(series.situations[-1]).max() > USUAL:
        return None
    names = ", ".join(f"{s.name} ({s.interval[0]:.2f})" for s in proven)
    return f"not asked: {names} proven, every voter agrees, nothing unusual"
