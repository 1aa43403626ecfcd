"""Settle and learn: what the market did to our orders, and what that teaches.

Promises: bars are worked through once, oldest first, however long the agent was away; skills learn
from fills alone; votes and situations are scored when their horizon has closed, traded or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from agent.brokers.fills import Bar, shadow_r
from agent.brokers.paper import Settlement
from agent.cycle.awaiting import Awaiting
from agent.cycle.desk import Desk
from agent.cycle.history import record_of
from agent.cycle.voting import evidence_of, skill_votes
from agent.domain import CycleRecord, Fill, Outcome, ParameterChange, Refusal, Side
from agent.market.series import Series
from agent.reason.arithmetic import needed
from memory_db.writer import Writer
from skills.credit import credit
from skills.ledger import Execution, book

Change = tuple[str, str, Any]


@dataclass
class Settled:
    """What a symbol's settle stage found; ``sets`` go into the cycle's own fact."""

    outcomes: list[Outcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    changes: list[ParameterChange] = field(default_factory=list)
    sets: list[Change] = field(default_factory=list)


def bar_at(series: Series, i: int) -> Bar:
    """One raw bar of a series."""
    bars = series.bars
    return Bar(
        start=bars.timestamp(i),
        known_at=bars.timestamp(i) + series.instrument.step,
        open=float(bars.open[i]),
        high=float(bars.high[i]),
        low=float(bars.low[i]),
        close=float(bars.close[i]),
        volume=float(bars.volume[i]),
        split=float(bars.split[i]),
        dividend=float(bars.dividend[i]),
    )


def settle(desk: Desk, w: Writer, symbol: str, series: Series) -> Settled:
    """Bring one symbol's book and lessons up to the last bar of ``series``."""
    found = Settled()
    bars = unsettled(desk, symbol, series)
    if not bars:
        return found
    settlement = desk.broker.settle(symbol, series.instrument, bars)
    take_in(desk, w, settlement, lambda fill: fill.at + series.instrument.step, found)
    for _ in bars:
        found.sets += desk.monitor.tick(symbol)
    _learn_horizons(desk, w, symbol, series, found)
    made, sets = desk.monitor.review()
    found.changes, found.sets = made, found.sets + sets
    return found


def take_in(desk: Desk, w: Writer, settlement: Settlement, known: Callable[[Fill], datetime], found: Settled) -> None:
    """Put what a venue did on record and learn from what it ended; ``known`` says when a fill became known."""
    found.outcomes, found.refusals = settlement.outcomes, settlement.refusals
    for fill in settlement.fills:
        w.add(
            "fill",
            fill.model_dump_json(),
            key=f"fill:{desk.run}:{fill.client_id}",
            symbol=fill.symbol,
            happened_at=fill.at,
            known_at=known(fill),
        )
    for outcome in settlement.outcomes:
        _learn_outcome(desk, w, outcome, found)


def unsettled(desk: Desk, symbol: str, series: Series) -> list[Bar]:
    """The bars that the book has not been through, oldest first."""
    first = _first_unsettled(desk, symbol, series)
    return [] if first is None else [bar_at(series, i) for i in range(first, len(series.bars))]


def _first_unsettled(desk: Desk, symbol: str, series: Series) -> int | None:
    """Index of the first bar to settle; a symbol met for the first time starts at its last bar."""
    settled = desk.broker.settled.get(symbol)
    if settled is None:
        return len(series.bars) - 1
    after = int(np.searchsorted(series.bars.start, np.datetime64(settled.replace(tzinfo=None), "ns"), side="right"))
    return after if after < len(series.bars) else None


def _learn_outcome(desk: Desk, w: Writer, outcome: Outcome, found: Settled) -> None:
    record = record_of(desk.memory.journal, outcome.decision)
    regime = record.state.regime.label if record and record.state else None
    sets = desk.monitor.settle(outcome) + desk.regimes.settle(outcome, regime)
    w.add(
        "closed_trade",
        outcome.model_dump_json(),
        key=f"closed:{desk.run}:{outcome.position}",
        symbol=outcome.symbol,
        happened_at=outcome.closed_at,
        known_at=outcome.closed_at,
        sets=sets,
    )
    if record is not None:
        _learn_skills(desk, w, record, outcome)


def _learn_skills(desk: Desk, w: Writer, record: CycleRecord, outcome: Outcome) -> None:
    """Book the outcome for every skill that agreed, then for the components of those that are composites."""
    executions = [
        Execution(
            skill=match.id,
            version=match.version,
            decision=outcome.decision,
            outcome=outcome.grade,
            r=outcome.r,
            at=outcome.closed_at,
            regime=record.state.regime.label if record.state else None,
            symbol=outcome.symbol,
            reason=outcome.reason,
        )
        for match in record.skills
        if match.agreed and match.status == "active"
    ]
    for execution in executions:
        book(w, desk.skills, execution, mode="book")
    fired = {match.id: match.version for match in reversed(record.skills)}  # what traded stands first, and counts
    for execution in executions:
        credit(w, desk.skills, execution, fired)


def _learn_horizons(desk: Desk, w: Writer, symbol: str, series: Series, found: Settled) -> None:
    open_now = desk.awaiting.get(symbol, [])
    last = len(series.bars) - 1
    for item in open_now:
        i = int(np.searchsorted(series.bars.start, np.datetime64(item.bar_time.replace(tzinfo=None), "ns")))
        if not item.scored and i + desk.settings.plan.horizon <= last:
            _score_horizon(desk, w, symbol, series, item, i, found)
            item.scored = True
        item.followed = [f for f in item.followed if not _settle_trial(desk, w, symbol, series, item, i, f)]
    desk.awaiting[symbol] = [item for item in open_now if not item.done]


def _trial(desk: Desk, series: Series, i: int, side: Side, stop: float, target: float, holding: int) -> float:
    """Net R of a trade decided at bar ``i`` and held for ``holding`` bars, on forward-adjusted prices."""
    path = slice(i + 1, i + 1 + holding)
    bars, scale = series.bars, series.bars.growth[path] / series.bars.growth[i]
    cost = desk.broker.fee_bps(series.instrument) + desk.broker.slippage_bps(series.instrument)
    prices = (bars.open[path] * scale, bars.high[path] * scale, bars.low[path] * scale, bars.close[path] * scale)
    return shadow_r(prices, side, stop, target, cost)


def _score_horizon(desk: Desk, w: Writer, symbol: str, series: Series, item: Awaiting, i: int, found: Settled) -> None:
    plan, horizon = desk.settings.plan, desk.settings.plan.horizon
    known = series.bars.timestamp(i + horizon) + series.instrument.step
    stop, target = plan.stop_atr * item.atr, plan.target_atr * item.atr
    buy = _trial(desk, series, i, "buy", stop, target, horizon)
    sell = _trial(desk, series, i, "sell", stop, target, horizon)
    desk.memory.add_shadow(w, id=item.id, symbol=symbol, known_at=known, buy=buy, sell=sell)
    adjusted = series.bars.close * series.bars.growth
    rose = bool(adjusted[i + horizon] > adjusted[i])
    losses, sets = desk.voters.score([*item.votes, *skill_votes(item.skills)], item.regime, rose)
    found.sets += desk.joint.score(evidence_of(item.votes), rose, buy, sell)
    if losses:
        w.add(
            "votes_scored",
            {"decision": item.id, "regime": item.regime, "rose": rose, "losses": losses},
            key=f"votes:{item.id}",
            symbol=symbol,
            happened_at=known,
            known_at=known,
            sets=sets,
        )
    if item.side is not None:
        found.sets += _shadow_book(desk, series, item, i, buy if item.side == "buy" else sell)


def _shadow_book(desk: Desk, series: Series, item: Awaiting, i: int, standard: float) -> list[Change]:
    """Count a signal that would have entered by the settings' own parameters; thresholds are those of its decision."""
    plan, reason, now = desk.settings.plan, desk.settings.reason, desk.monitor.parameters
    if item.side is None or item.confidence < needed(item.learned, reason.min_confidence, reason):
        return []
    nearer, adapted = now["stop_multiplier"], standard
    if nearer != 1:
        stop, target = plan.stop_atr * item.atr * nearer, plan.target_atr * item.atr
        adapted = nearer * _trial(desk, series, i, item.side, stop, target, plan.horizon)
    return desk.monitor.shadow(standard, adapted, taken=item.confidence >= needed(item.learned, now["min_confidence"], reason))


def _settle_trial(desk: Desk, w: Writer, symbol: str, series: Series, item: Awaiting, i: int, followed: tuple[str, int]) -> bool:
    """Settle a followed skill's trial if its holding has closed; True when it is settled."""
    skill = desk.skills.get(*followed)
    plan = skill.plan
    if plan is None:
        return True
    end = i + plan.max_bars
    if end >= len(series.bars):
        return False
    r = _trial(desk, series, i, plan.side, plan.stop_atr * item.atr, plan.target_atr * item.atr, plan.max_bars)
    execution = Execution(
        skill=followed[0],
        version=followed[1],
        decision=item.id,
        outcome=desk.skills.grade(r),
        r=r,
        at=series.bars.timestamp(end) + series.instrument.step,
        regime=item.regime,
        symbol=symbol,
    )
    book(w, desk.skills, execution, mode="shadow")
    return True
