"""The cycle: one decision on one symbol at one time, recorded whole.

    settle -> learn -> perceive -> recall -> consult -> match -> reason -> limit -> intend -> place -> record

Promises: nothing later than ``as_of`` is reachable; deciding twice returns the first record; an
error is recorded as an error and never as a hold; the symbols of one bar settle first and then decide
over the same snapshot. On paper without a model all of it is committed together or not at all. Where a model is
asked or a venue is away, settling is committed first (no exit waits), then at most three commits a cycle: the model's
reply when it arrives, the decision with the order to be sent, and what the venue said.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import structlog
from pydantic_core import to_json

from agent.cycle.awaiting import awaiting
from agent.cycle.control import Control, read_control
from agent.cycle.desk import Desk
from agent.cycle.history import record_of
from agent.cycle.minds import ask, charged, told
from agent.cycle.opening import Opened, open_bar
from agent.cycle.perceive import perceive
from agent.cycle.placing import order_for, standing_of
from agent.cycle.preferences import preferred, read_preferences
from agent.cycle.remembering import remember_bar
from agent.cycle.sending import hear, send
from agent.cycle.settle import Settled
from agent.cycle.voting import all_votes
from agent.domain import (
    Contribution,
    CycleRecord,
    Decision,
    MarketState,
    Signal,
    SkillMatch,
    Status,
    decision_id,
)
from agent.errors import BrokerError, ConfigError, JournalError, MarketDataError, TradecraftError
from agent.forecast.forecaster import Opinion
from agent.llm.spans import span, working
from agent.market.series import Series
from agent.reason.arithmetic import Reasoning
from agent.reason.context import Context
from agent.reason.model import Asked
from agent.reason.setups import setup_of
from agent.reason.voice import voter_name
from agent.risk.limits import limit
from agent.risk.sizing import Exits
from memory_db.writer import Writer

log = structlog.get_logger()
INSTANT = timedelta(microseconds=1)


def run_cycle(desk: Desk, symbol: str, as_of: datetime) -> CycleRecord:
    """Decide on one symbol as of a time.

    Raises MarketDataError when no bar of the symbol is known by then.
    """
    return run_bar(desk, (symbol,), as_of)[0]


def run_bar(desk: Desk, symbols: tuple[str, ...], as_of: datetime) -> list[CycleRecord]:
    """Decide on several symbols as of one time: all settle, then all decide, in the order given.

    Where nothing is asked and nothing leaves the house, all of it is one commit.
    """
    views = {symbol: _view(desk, symbol, as_of) for symbol in symbols}
    done = {symbol: found for symbol in symbols if (found := _decided(desk, symbol, views[symbol]))}
    fresh = [symbol for symbol in symbols if symbol not in done]
    if fresh and desk.apart:
        opened = settle_bar(desk, tuple(fresh), as_of)
        done |= {symbol: decide_symbol(desk, opened, symbol) for symbol in fresh}
    elif fresh:
        # seen before anything changes: a feed that breaks its promise must leave the book untouched
        states = perceive(desk.feed, {symbol: views[symbol] for symbol in fresh}, as_of)
        with desk.alone, desk.memory.write() as w:
            opened = open_bar(desk, w, {symbol: views[symbol] for symbol in fresh}, states, as_of)
            done |= {symbol: _decide(desk, w, opened, symbol) for symbol in fresh}
    return [done[symbol] for symbol in symbols]


def settle_bar(desk: Desk, symbols: tuple[str, ...], as_of: datetime) -> Opened:
    """Settle several symbols and commit it: no exit waits for anyone's opinion on an entry."""
    views = {symbol: _view(desk, symbol, as_of) for symbol in symbols}
    states = perceive(desk.feed, views, as_of)
    with desk.alone:
        hear(desk, views, as_of)
        with desk.memory.write() as w:
            opened = open_bar(desk, w, views, states, as_of)
        for series in views.values():
            send(desk, series, as_of)
    return opened


def decide_symbol(desk: Desk, opened: Opened, symbol: str) -> CycleRecord:
    """Decide on one settled symbol. The model is asked outside every lock; then the decision and its order are
    committed; then the order is sent and what was heard of it is committed.
    """
    series, state = opened.views[symbol], opened.states[symbol]
    found = _decided(desk, symbol, series)
    if found is not None:
        return found
    ident = decision_id(desk.run, symbol, state.bar_time)
    with working("cycle", cycle=ident, symbol=symbol):
        with desk.alone:
            thought = _think(desk, None, series, state)
        asked = None
        if isinstance(thought, Thought) and desk.mind is not None:
            asked = ask(desk, ident, series, thought.context, thought.arithmetic, read_control(desk.memory.journal))
        with desk.alone:
            with desk.memory.write() as w:
                record = _conclude(desk, w, opened, symbol, thought, asked, read_control(w))
            send(desk, series, state.as_of)
    return record


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


@dataclass(frozen=True)
class Thought:
    """What is known and what arithmetic makes of it, before anyone is asked."""

    context: Context
    opinion: Opinion | None
    arithmetic: Reasoning


def _decide(desk: Desk, w: Writer, opened: Opened, symbol: str) -> CycleRecord:
    ident = decision_id(desk.run, symbol, opened.states[symbol].bar_time)
    with working("cycle", cycle=ident, symbol=symbol):
        thought = _think(desk, w, opened.views[symbol], opened.states[symbol])
        return _conclude(desk, w, opened, symbol, thought, None, opened.control)


def _think(desk: Desk, w: Writer | None, series: Series, state: MarketState) -> Thought | TradecraftError | None:
    """Recall, consult, match and reason; None in warm-up, the error where a part failed."""
    if len(series.bars) - 1 < series.ready:
        return None
    try:
        opinion = desk.forecaster.predict(series) if desk.forecaster else None
        context = _context(desk, w, series, state, opinion)
        return Thought(context, opinion, desk.reason(context))
    except (JournalError, ConfigError, BrokerError):
        raise  # what is stored, set or held cannot be trusted: stop, and record nothing
    except TradecraftError as err:
        return err


def _conclude(
    desk: Desk,
    w: Writer,
    opened: Opened,
    symbol: str,
    thought: Thought | TradecraftError | None,
    asked: Asked | None,
    control: Control,
) -> CycleRecord:
    """Limit, place and record what was thought."""
    series, state, settled = opened.views[symbol], opened.states[symbol], opened.settled[symbol]
    ident = decision_id(desk.run, state.symbol, state.bar_time)
    if thought is None:
        record = _empty(desk, ident, state, settled, "abstained", "warm-up: not every feature is known yet")
    elif isinstance(thought, TradecraftError):
        record = _failed(desk, ident, state, settled, thought)
    else:
        try:
            record = _reasoned(desk, ident, series, state, settled, thought, asked, control)
        except (JournalError, ConfigError, BrokerError):
            raise
        except TradecraftError as err:
            record = _failed(desk, ident, state, settled, err)
    return _record(desk, w, series, record, settled)


def _failed(desk: Desk, ident: str, state: MarketState, settled: Settled, err: TradecraftError) -> CycleRecord:
    log.warning("cycle failed", cycle=ident, symbol=state.symbol, error=err.kind)
    return _empty(desk, ident, state, settled, "error", str(err))


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
        mandate=desk.mandate,
    )


def _reasoned(
    desk: Desk,
    ident: str,
    series: Series,
    state: MarketState,
    settled: Settled,
    thought: Thought,
    asked: Asked | None,
    control: Control,
) -> CycleRecord:
    context, opinion, arithmetic = thought.context, thought.opinion, thought.arithmetic
    signal, parts, exits = arithmetic if asked is None or asked.reasoning is None else asked.reasoning
    standing = standing_of(desk, series, control, state.as_of)
    decision, clamps = limit(signal, standing, desk.settings.limits)
    decision, wished = preferred(
        decision, signal, read_preferences(desk.memory.journal) if decision.size else [], state, standing
    )
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
        votes=[
            *all_votes(context, opinion, signal if spoke else None),
            *(asked.votes(arithmetic[0], _speaks(arithmetic[1])) if asked else []),
        ],
        recollection=context.recollection,
        skills=_agreeing(context.skills, signal, _open_trials(desk, state.symbol), entered),
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
        learned=context.learned,
        recent=context.recent,
        context_hash=context.hash(),
        mandate=desk.mandate,
        **(told(asked, arithmetic[0] if _speaks(arithmetic[1]) else None) if asked else {}),
    )


def _speaks(parts: list[Contribution]) -> bool:
    """Whether anything but memory alone stands behind a decision."""
    return any(part.source not in ("memory", "bound") for part in parts)


def _context(desk: Desk, w: Writer | None, series: Series, state: MarketState, opinion: Opinion | None) -> Context:
    votes = desk.consult(series, state, desk.voters.pasts())
    with span("recall"):
        recollection = desk.recall(series, state.as_of - INSTANT)  # what this bar taught is for the next one
    plan, atr = desk.settings.plan, state.features["atr_14"] or 0.0
    matches, plans = desk.skills.match(series.frame, votes, state.regime.label, atr, w)
    return Context(
        state=state,
        votes=votes,
        forecast=opinion.forecast if opinion else None,
        recollection=recollection,
        skills=matches,
        plans=plans,
        standard=Exits(
            stop_distance=plan.stop_atr * atr,
            target_distance=plan.target_atr * atr,
            max_bars=plan.horizon,
            trail_distance=None if plan.trail_atr is None else plan.trail_atr * atr,
        ),
        weights=desk.voters.weights(state.regime.label),
        learned=desk.joint.learned(desk.voters, state.regime.label, recollection.reliability),
        recent=desk.setups.recent(state.symbol, state.bar_time, desk.regimes.streak(state.regime.label)),
        parameters=desk.monitor.parameters,
        position=desk.broker.positions.get(state.symbol),
    )


def _open_trials(desk: Desk, symbol: str) -> set[tuple[str, int]]:
    """The skill versions with a shadow trial that is not over: another may not begin, or outcomes would overlap."""
    return {followed for item in desk.awaiting.get(symbol, []) for followed in item.followed}


def _agreeing(skills: list[SkillMatch], signal: Signal, open_trials: set[tuple[str, int]], entered: bool) -> list[SkillMatch]:
    """Mark the skills that fired on the side of an entry, which will be credited with its outcome, and those followed."""
    plan_given = False
    marked = []
    for skill in skills:
        agreed = entered and skill.status == "active" and skill.side == signal.side
        supplied = agreed and not plan_given
        plan_given = plan_given or supplied
        followed = skill.status != "active" and (skill.id, skill.version) not in open_trials
        marked.append(skill.model_copy(update={"agreed": agreed, "supplied_plan": supplied, "followed": followed}))
    return marked


def _noted(desk: Desk, record: CycleRecord) -> list[tuple[str, str, object]]:
    """Count the setup that the record is a case of."""
    regime = record.state.regime.label if record.state else None
    setup = setup_of(record.contributions, record.signal.side if record.signal else None, regime)
    return desk.setups.note(record.symbol, setup, record.bar_time)


def _record(desk: Desk, w: Writer, series: Series, record: CycleRecord, settled: Settled) -> CycleRecord:
    w.add(
        "cycle",
        record.model_dump_json(),
        key=record.id,
        symbol=record.symbol,
        happened_at=record.bar_time,
        known_at=record.as_of,
        sets=[*settled.sets, *desk.broker.snapshot(record.symbol), *charged(desk, record), *_noted(desk, record)],
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
    told = {outcome.position for outcome in record.outcomes}
    desk.untold[record.symbol] = [one for one in desk.untold.get(record.symbol, []) if one.position not in told]
    remember_bar(desk, w, series, record)
    return record
