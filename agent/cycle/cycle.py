"""The cycle: one decision on one symbol at one time, recorded whole.

    settle -> learn -> perceive -> recall -> consult -> match -> reason -> limit -> place -> record

Promises: nothing later than ``as_of`` is reachable; deciding twice returns the first record; an
error is recorded as an error and never as a hold; the symbols of one bar settle first and then decide
over the same snapshot; all of it is committed together or not at all.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import numpy as np
import structlog
from pydantic_core import to_json

from agent.cycle.awaiting import awaiting
from agent.cycle.control import Control, read_control, write_control
from agent.cycle.desk import Desk
from agent.cycle.history import record_of
from agent.cycle.minds import ask, charged, told
from agent.cycle.placing import order_for, standing_of
from agent.cycle.preferences import preferred, read_preferences
from agent.cycle.remembering import remember_bar
from agent.cycle.settle import Settled, settle
from agent.cycle.voting import all_votes
from agent.domain import (
    Contribution,
    CycleRecord,
    Decision,
    MarketState,
    Refusal,
    Signal,
    SkillMatch,
    Status,
    decision_id,
)
from agent.errors import BrokerError, ConfigError, JournalError, MarketDataError, TradecraftError
from agent.forecast.forecaster import Opinion
from agent.market.series import Series
from agent.reason.context import Context
from agent.reason.model import voter_name
from agent.risk.limits import limit
from agent.risk.sizing import Exits
from memory_db.writer import Writer
from skills.maintain import maintain

log = structlog.get_logger()


def run_cycle(desk: Desk, symbol: str, as_of: datetime) -> CycleRecord:
    """Decide on one symbol as of a time.

    Raises MarketDataError when no bar of the symbol is known by then.
    """
    return run_bar(desk, (symbol,), as_of)[0]


def run_bar(desk: Desk, symbols: tuple[str, ...], as_of: datetime) -> list[CycleRecord]:
    """Decide on several symbols as of one time: all settle, then all decide, in the order given."""
    views = {symbol: _view(desk, symbol, as_of) for symbol in symbols}
    done = {symbol: found for symbol in symbols if (found := _decided(desk, symbol, views[symbol]))}
    fresh = [symbol for symbol in symbols if symbol not in done]
    if fresh:
        # seen before anything changes: a feed that breaks its promise must leave the book untouched
        states = {symbol: views[symbol].state(as_of) for symbol in fresh}
        with desk.memory.write() as w:
            control = read_control(w)
            withdrawn = _withdraw(desk, fresh, control)
            settled = {symbol: settle(desk, w, symbol, views[symbol]) for symbol in fresh}
            for symbol in fresh:
                _renew(desk, w, views[symbol], as_of)
            maintain(w, desk.skills, as_of, [views[symbol].frame for symbol in fresh])
            control = _watch_drawdown(desk, w, as_of, control)
            for symbol in fresh:
                settled[symbol].refusals += withdrawn.get(symbol, [])
                done[symbol] = _decide(desk, w, views[symbol], states[symbol], settled[symbol], control)
    return [done[symbol] for symbol in symbols]


def _withdraw(desk: Desk, symbols: list[str], control: Control) -> dict[str, list[Refusal]]:
    """Take back entries that wait while a person has stopped entries; a resume counts the drawdown anew."""
    if control.rebased_at is not None:
        desk.broker.rebase(control.rebased_at)
    if not control.entries_stopped:
        return {}
    taken = {symbol: desk.broker.cancel_entry(symbol) for symbol in symbols}
    return {s: [Refusal(by="halt", reason=f"entry withdrawn: {control.reason}")] for s, order in taken.items() if order}


def _watch_drawdown(desk: Desk, w: Writer, as_of: datetime, control: Control) -> Control:
    """Halt when the drawdown reaches its limit: from here a person is needed."""
    drawdown, most = desk.broker.book().drawdown, desk.settings.limits.max_drawdown
    if control.halted or drawdown < most:
        return control
    why = f"drawdown {drawdown:.1%} reached the limit of {most:.0%}"
    halted = control.model_copy(
        update={"halted": True, "entries_stopped": True, "reason": why, "at": as_of, "principal": "limits"}
    )
    return write_control(w, halted, as_of)


def _renew(desk: Desk, w: Writer, series: Series, as_of: datetime) -> None:
    """Let the forecast learn anew when its calendar says so; every attempt is a fact with its figures."""
    if desk.forecaster is None or len(series) - 1 < series.ready:
        return
    attempt, sets = desk.forecaster.renew(series, as_of)
    if attempt is not None:
        w.add(
            "forecast_attempt",
            attempt.model_dump_json(),
            key=f"forecast:{desk.run}:{attempt.symbol}:{attempt.stamp}",
            symbol=attempt.symbol,
            happened_at=datetime.fromisoformat(attempt.stamp),
            known_at=as_of,
            sets=sets,
        )


def _view(desk: Desk, symbol: str, as_of: datetime) -> Series:
    series = desk.feed.view(symbol, as_of)
    if series is None:
        raise MarketDataError(f"no bar of {symbol} is known by {as_of.isoformat()}; give a later time or earlier data")
    return series


def _decided(desk: Desk, symbol: str, series: Series) -> CycleRecord | None:
    """The first record of this bar, if it was decided before."""
    bar_time = series.bars.timestamp(-1)
    settled = desk.broker.settled.get(symbol)
    if settled is None or settled < bar_time:
        return None
    return record_of(desk.memory.journal, decision_id(desk.run, symbol, bar_time))


def _decide(desk: Desk, w: Writer, series: Series, state: MarketState, settled: Settled, control: Control) -> CycleRecord:
    ident = decision_id(desk.run, state.symbol, state.bar_time)
    if len(series.bars) - 1 < series.ready:
        record = _empty(desk, ident, state, settled, "abstained", "warm-up: not every feature is known yet")
    else:
        try:
            record = _reasoned(desk, w, ident, series, state, settled, control)
        except (JournalError, ConfigError, BrokerError):
            raise  # what is stored, set or held cannot be trusted: stop, and record nothing
        except TradecraftError as err:
            log.warning("cycle failed", cycle=ident, symbol=state.symbol, error=err.kind)
            record = _empty(desk, ident, state, settled, "error", str(err))
    return _record(desk, w, series, record, settled)


def _empty(desk: Desk, ident: str, state: MarketState, settled: Settled, status: Status, why: str) -> CycleRecord:
    return CycleRecord(
        id=ident,
        run=desk.run,
        symbol=state.symbol,
        interval=state.interval,
        as_of=state.as_of,
        bar_time=state.bar_time,
        status=status,
        status_reason=why,
        reasoner=desk.reason.name,
        state=state,
        signal=None,
        decision=Decision(action="none", size=0.0),
        outcomes=settled.outcomes,
        changes=settled.changes,
        book=desk.broker.book(),
        parameters=desk.monitor.parameters,
        context_hash=hashlib.sha256(to_json(state)).hexdigest(),
    )


def _reasoned(
    desk: Desk, w: Writer, ident: str, series: Series, state: MarketState, settled: Settled, control: Control
) -> CycleRecord:
    opinion = desk.forecaster.predict(series) if desk.forecaster else None
    context = _context(desk, w, series, state, opinion)
    arithmetic = desk.reason(context)
    asked = ask(desk, w, ident, series, context, arithmetic, control)
    if asked is not None and asked.calls:
        control = read_control(desk.memory.journal)  # a person may have said halt while the model thought
    signal, parts, exits = arithmetic if asked is None or asked.reasoning is None else asked.reasoning
    standing = standing_of(desk, series, control)
    decision, clamps = limit(signal, standing, desk.settings.limits)
    decision, wished = preferred(decision, signal, read_preferences(w) if decision.size else [], state, standing)
    clamps = [*(asked.clamps if asked else []), *clamps, *wished]
    order, refusal = order_for(desk, series, ident, state, decision, exits)
    if order is not None:
        refused = desk.broker.submit(order)
        if refused is not None:
            order, refusal = order.model_copy(update={"status": "rejected"}), refused
    entered = decision.action in ("buy", "sell") and order is not None and refusal is None
    spoke = _speaks(parts)
    return CycleRecord(
        id=ident,
        run=desk.run,
        symbol=state.symbol,
        interval=state.interval,
        as_of=state.as_of,
        bar_time=state.bar_time,
        status="ok" if spoke else "abstained",
        status_reason=None if spoke else "no voter or skill speaks",
        reasoner=desk.reason.name if asked is None or asked.reasoning is None else voter_name(asked.model),
        state=state,
        forecast=context.forecast,
        votes=[*all_votes(context, opinion), *(asked.votes(arithmetic[0], _speaks(arithmetic[1])) if asked else [])],
        recollection=context.recollection,
        skills=_agreeing(context.skills, signal, parts, entered),
        signal=signal if spoke else None,
        contributions=parts,
        clamps=clamps,
        decision=decision if spoke else Decision(action="none", size=0.0),
        order=order,
        refusal=refusal or (settled.refusals[-1] if settled.refusals else None),
        outcomes=settled.outcomes,
        changes=settled.changes,
        book=desk.broker.book(),
        weights=context.weights,
        parameters=context.parameters,
        context_hash=context.hash(),
        **(told(asked, arithmetic[0] if _speaks(arithmetic[1]) else None) if asked else {}),
    )


def _speaks(parts: list[Contribution]) -> bool:
    """Whether anything but memory alone stands behind a decision."""
    return any(part.source not in ("memory", "bound") for part in parts)


def _context(desk: Desk, w: Writer, series: Series, state: MarketState, opinion: Opinion | None) -> Context:
    votes = desk.consult(series, state, desk.voters.pasts())
    plan, atr = desk.settings.plan, state.features["atr_14"] or 0.0
    matches, plans = desk.skills.match(series.frame, votes, state.regime.label, atr, w)
    return Context(
        state=state,
        votes=votes,
        forecast=opinion.forecast if opinion else None,
        recollection=desk.recall(series, state.as_of),
        skills=matches,
        plans=plans,
        standard=Exits(stop_distance=plan.stop_atr * atr, target_distance=plan.target_atr * atr, max_bars=plan.horizon),
        weights=desk.voters.weights(state.regime.label),
        parameters=desk.monitor.parameters,
        position=desk.broker.positions.get(state.symbol),
    )


def _agreeing(skills: list[SkillMatch], signal: Signal, parts: list[Contribution], entered: bool) -> list[SkillMatch]:
    """Mark the skills that fired on the side of an entry: they will be credited with its outcome."""
    plan_given = False
    marked = []
    for skill in skills:
        agreed = entered and skill.status == "active" and skill.side == signal.side
        supplied = agreed and not plan_given
        plan_given = plan_given or supplied
        marked.append(skill.model_copy(update={"agreed": agreed, "supplied_plan": supplied}))
    return marked


def _record(desk: Desk, w: Writer, series: Series, record: CycleRecord, settled: Settled) -> CycleRecord:
    w.add(
        "cycle",
        record.model_dump_json(),
        key=record.id,
        symbol=record.symbol,
        happened_at=record.bar_time,
        known_at=record.as_of,
        sets=[*settled.sets, *desk.broker.snapshot(record.symbol), *charged(desk, record)],
    )
    for change in record.changes:
        w.add(
            "parameter",
            {"symbol": record.symbol, "decision": record.id, **change.model_dump(mode="json")},
            key=f"parameter:{record.id}:{change.name}",
            symbol=record.symbol,
            happened_at=record.as_of,
            known_at=record.as_of,
        )
    left_open = awaiting(record)
    if left_open is not None and len(series.bars) - 1 >= series.ready and np.isfinite(series.situations[-1]).all():
        desk.memory.add_situation(
            w,
            id=record.id,
            symbol=record.symbol,
            bar_time=record.bar_time,
            known_at=record.as_of,
            vector=series.situations[-1],
            line=record.state.text if record.state else "",
        )
        desk.awaiting.setdefault(record.symbol, []).append(left_open)
    remember_bar(desk, w, series, record)
    return record
