"""Asking the model inside a cycle: when it need not be asked, what it is told of itself, what the record keeps of it.

Promises: no lock of the journal is held while a model thinks; its reply is committed the moment it arrives; asking is
skipped only by a rule that is on the record.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from agent.cycle.activity import extended, passive
from agent.cycle.control import Control
from agent.cycle.desk import Desk
from agent.domain import CycleRecord, Signal
from agent.learn.voters import OVERALL
from agent.market.series import Series
from agent.reason.arithmetic import Reasoning
from agent.reason.blend import Track
from agent.reason.context import Context
from agent.reason.model import Asked
from agent.reason.voice import voter_name

USUAL = 3.0  # scaled units from which a situation is unusual
SPACE = "model"


def ask(desk: Desk, ident: str, series: Series, context: Context, arithmetic: Reasoning, control: Control) -> Asked | None:
    """The model's opinion; None when this desk has no model. Called with no lock held."""
    mind = desk.mind
    if mind is None:
        return None
    skipped = _expert(desk, series, context, control)
    if skipped is not None:
        return Asked(model=mind.name, skipped=skipped, alarms=_alarms(desk))
    return replace(mind(context, arithmetic, partial(track, desk), ident), alarms=_alarms(desk))


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
        "voices": asked.voices,
        "calls": [call.hash for call in asked.calls],
        "shown": asked.shown,
        "alarms": asked.alarms,
    }


def charged(desk: Desk, record: CycleRecord) -> list[tuple[str, str, Any]]:
    """What a run keeps of a model beside the record: what calls without a reply may have cost, and how active it was."""
    sets: list[tuple[str, str, Any]] = []
    if record.at_risk_usd:
        sets.append((SPACE, f"at_risk:{record.id}", record.at_risk_usd))
    if record.opinion is not None:
        acting = record.arithmetic is not None and record.arithmetic.action in ("buy", "sell")
        before = str(desk.memory.journal.state(SPACE).get("activity", ""))
        sets.append((SPACE, "activity", extended(before, record.opinion.action == "hold", acting)))
    return sets


def _alarms(desk: Desk) -> list[str]:
    found = passive(str(desk.memory.journal.state(SPACE).get("activity", "")))
    return [found] if found else []


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
