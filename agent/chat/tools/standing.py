"""How things stand: limits, halts, positions, preferences, and what run this is."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any, Literal

from pydantic import Field

from agent.brokers.account import Account
from agent.chat.found import Found, Table, cite, day, gain, listing, money, nothing, per_cent
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.market import nearest
from agent.chat.view import View
from agent.cycle.preferences import read_preferences
from agent.domain import Frozen, Position
from agent.settings import Limits

Json = dict[str, Any]


class Standing(Frozen):
    """What of it."""

    of: Literal["all", "limits", "halt", "parameters", "preferences"] = "all"
    limit: str | None = Field(None, description="one limit by name, e.g. max_drawdown")


def standing(view: View, asked: Standing) -> Found:
    """Limits in force and how much of them is used, a halt, the adaptive parameters, preferences."""
    tag = cite("run", view.run)
    words = {"limits": _limits, "halt": _halt, "parameters": _parameters, "preferences": _preferences}
    if asked.limit is not None:
        return _one_limit(view, asked.limit, tag)
    parts = [words[asked.of](view, tag)] if asked.of != "all" else [make(view, tag) for make in words.values()]
    ids = (f"run:{view.run}", *(p.id for p in read_preferences(view.journal)))
    return Found(
        text=" ".join(parts), ids=ids, data=_figures(view), table=_table(view) if asked.of in ("all", "limits") else None
    )


def account(view: View) -> Account | None:
    """The paper account as the journal has it."""
    held = view.journal.state("account").get("paper")
    return Account.model_validate(held) if held else None


def _figures(view: View) -> Json:
    held = account(view)
    return {"limits": view.settings.limits.model_dump(), "equity": held.equity if held else view.settings.cash}


def _table(view: View) -> Table:
    rows = tuple((name, str(value)) for name, value in view.settings.limits.model_dump().items())
    return Table(title="limits", columns=("limit", "value"), rows=rows, right=(1,))


def _limits(view: View, tag: str) -> str:
    limits = view.settings.limits
    held = account(view)
    used = f" The drawdown stands at {per_cent(max(0.0, 1 - held.equity / held.peak))}." if held else ""
    return (
        f"Limits in force: {per_cent(limits.risk_per_trade)} of equity at risk a trade, "
        f"{per_cent(limits.max_position, 0)} a position, "
        f"{per_cent(limits.max_exposure, 0)} the book, daily loss {per_cent(limits.max_daily_loss, 0)}, drawdown "
        f"{per_cent(limits.max_drawdown, 0)} halts (throttled from {per_cent(limits.drawdown_throttle, 0)}), "
        f"{limits.max_consecutive_losses} losses in a row pause {limits.cooldown_bars} bars, shorts "
        f"{'allowed' if limits.allow_short else 'not allowed'} {tag}.{used}"
    )


def _one_limit(view: View, name: str, tag: str) -> Found:
    if name not in Limits.model_fields:
        return nothing(f"{name!r} is no limit; there are {listing(list(Limits.model_fields), 20)}.", f"run:{view.run}")
    field, value = Limits.model_fields[name], getattr(view.settings.limits, name)
    shown = per_cent(value, 0) if isinstance(value, float) and value <= 1 else str(value)
    about = f" ({field.description})" if field.description else ""
    worked = Counter(clamp for row in view.tables.rows for clamp in row.clamps)[name]
    text = f"The limit {name} is {shown}{about} {tag}; it cut {worked} decisions."
    if name in ("max_drawdown", "drawdown_throttle") and (held := account(view)):
        text += f" The drawdown stands at {per_cent(max(0.0, 1 - held.equity / held.peak))}."
    return Found(text=text, ids=(f"run:{view.run}",), data={name: value, "cut": worked})


def _halt(view: View, tag: str) -> str:
    control = view.control
    times = sum(c["halted"] or c["entries_stopped"] for c in view.tables.controls)
    past = (
        f"; it was stopped {times} time{'s' if times != 1 else ''} in this run" if times else "; it was never halted in this run"
    )
    if control.halted or control.entries_stopped:
        what = "Trading is halted" if control.halted else "New entries are stopped"
        return f"{what} since {day(control.at) if control.at else '?'} by {control.principal}: {control.reason} {tag}."
    return f"Trading is not halted{past} {tag}."


def _parameters(view: View, tag: str) -> str:
    current = view.journal.state("parameters").get("current")
    last = view.tables.last
    if current is None and last is not None and last.threshold is not None:
        return (
            f"Adaptive parameters are at the mandate's own values: min_confidence {last.threshold:.2f}, size_multiplier "
            f"1.00 {tag}."
        )
    told = ", ".join(f"{name} {value:.2f}" for name, value in (current or {}).items())
    return f"Adaptive parameters: {told or 'none yet'} {tag}; they changed {len(view.tables.parameters)} times."


def _preferences(view: View, tag: str) -> str:
    held = read_preferences(view.journal)
    told = "; ".join(f"{one.words()} {cite('memory', one.id)}" for one in held)
    return f"Your preferences in force: {told}." if told else f"No preference of yours is in force in this run {tag}."


class Positions(Frozen):
    """Which symbol, without one all; as of which day, without one now."""

    symbol: str | None = None
    at: date | None = None


def positions(view: View, asked: Positions) -> Found:
    """Positions open now (or at the close of a day) with their result so far, and orders that wait."""
    if asked.at is not None:
        return _held_on(view, asked)
    held = [Position.model_validate(v) for k, v in sorted(view.journal.state("positions").items()) if asked.symbol in (None, k)]
    waiting = [v for k, v in sorted(view.journal.state("orders").items()) if asked.symbol in (None, k)]
    tag = cite("run", view.run)
    parts = [_position(one) for one in held]
    parts += [f"an order to {o['side']} {o['quantity']} {o['symbol']} waits {cite('decision', o['decision'])}" for o in waiting]
    if not parts:
        last = view.tables.trades[-1].outcome if view.tables.trades else None
        closed = f" The last was {last.symbol}, closed {day(last.exit_bar)} {cite('trade', last.decision)}." if last else ""
        return Found(
            text=f"No position is open and no order waits {tag}.{closed}", ids=(f"run:{view.run}",), data={"positions": []}
        )
    rows = tuple(
        (p.decision[:8], p.symbol, p.side, f"{p.quantity}", money(p.entry_price), money(p.last), gain(_result(p))) for p in held
    )
    table = Table(
        title="positions", columns=("id", "symbol", "side", "quantity", "entry", "last", "P&L"), rows=rows, right=(3, 4, 5, 6)
    )
    ids = tuple(p.decision for p in held) + tuple(o["decision"] for o in waiting)
    return Found(
        text=f"Open now: {'; '.join(parts)}.",
        ids=ids,
        data={"positions": [p.symbol for p in held]},
        table=table if held else None,
    )


def _held_on(view: View, asked: Positions) -> Found:
    """What was open at the close of a day, or of the bar before it."""
    words, ids = [], []
    for symbol in [asked.symbol] if asked.symbol else view.tables.symbols:
        if symbol not in view.tables.by_symbol:
            return nothing(
                (f"{symbol} is not in this run; it holds {listing(view.tables.symbols) or 'nothing'}."), f"run:{view.run}"
            )
        row, note = nearest(view, symbol, asked.at)
        if row is None:
            return nothing(note, f"run:{view.run}")
        ids.append(row.id)
        # the record of a bar holds the book after that bar's fills and exits
        held = [p for p in view.record(row).get("book", {}).get("positions", []) if p["symbol"] == symbol]
        told = [_position(Position.model_validate(p)) for p in held]
        state = (
            (f"yes, open at the close of {day(row.bar)}: {told[0]}")
            if told
            else f"no position was open at the close of {day(row.bar)}"
        )
        words.append(f"{note} {symbol}: {state} {cite('decision', row.id)}.".strip())
    return Found(text=" ".join(words), ids=tuple(ids))


def _result(held: Position) -> float:
    sign = 1 if held.side == "buy" else -1
    return sign * float(held.quantity) * (held.last - held.entry_price) - held.fees + held.income


def _position(held: Position) -> str:
    stop = f"stop {money(held.stop)}" if held.stop is not None else "no stop"
    target = f"target {money(held.target)}" if held.target is not None else "no target"
    return (
        f"{held.symbol} {'long' if held.side == 'buy' else 'short'} {held.quantity} from {day(held.entry_bar)} at "
        f"{money(held.entry_price)}, now {money(held.last)}, {gain(_result(held))}, {stop}, {target}, held {held.bars_held} bars "
        f"{cite('decision', held.decision)}"
    )


class Together(Frozen):
    """Days from and to."""

    start: date | None = None
    end: date | None = None


def together(view: View, asked: Together) -> Found:
    """How often positions in all symbols were open at once, and the days on which all were entered or left."""
    scope, tag = Scope(start=asked.start, end=asked.end), cite("run", view.run)
    rows = [row for row in scope.rows(view) if row.symbol == view.tables.symbols[0]]
    every = set(view.tables.symbols)
    if not rows or len(every) < 2:
        return nothing(f"There is one symbol in this run, or no decision{scope.words()}.", f"run:{view.run}")
    both = sum(every <= set(row.held) for row in rows)
    none = sum(not row.held for row in rows)
    told = []
    for word, name in (("entered", "entry_bar"), ("left", "exit_bar")):
        days: dict[date, set[str]] = {}
        for trade in view.tables.trades:
            at = getattr(trade.outcome, name).date()
            if scope.holds(at):
                days.setdefault(at, set()).add(trade.outcome.symbol)
        same = [at for at, symbols in sorted(days.items()) if symbols == every]
        told.append(
            f"all were {word} on the same day {len(same)} times"
            + (f", the last {listing([day(d) for d in same[-3:]])}" if same else "")
        )
    text = (
        f"Positions in {' and '.join(sorted(every))} were open at once at {per_cent(both / len(rows))} of {len(rows)} bars"
        f"{scope.words()}, none at {per_cent(none / len(rows))} {tag}; {'; '.join(told)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"both": both, "none": none})


class Run(Frozen):
    """What of the run."""

    of: Literal["all", "period", "symbols", "settings", "costs", "data", "notes", "cash", "seed", "model", "decisions"] = "all"
    setting: str | None = None


def run(view: View, asked: Run) -> Found:
    """Which run this is: symbols, days, bars, costs, settings, seed, hashes."""
    rows, tag, result = view.tables.rows, cite("run", view.run), view.result or {}
    if not rows:
        return nothing(f"Run {view.run} has recorded no decision yet.", f"run:{view.run}")
    spans = [f"{s} {day(r[0].bar)} to {day(r[-1].bar)} ({len(r)} decisions)" for s, r in sorted(view.tables.by_symbol.items())]
    interval = view.record(rows[0]).get("interval", "?")
    reasoners = listing([f"{name} {n}" for name, n in Counter(row.reasoner for row in rows).most_common()])
    costs = listing(
        [f"{s} fee {c['fee_bps']:g} and slippage {c['slippage_bps']:g} bps a side" for s, c in result.get("costs", {}).items()]
    )
    parts = {
        "period": f"The record runs over {'; '.join(spans)}, on {interval} bars {tag}.",
        "symbols": f"It trades {' and '.join(view.tables.symbols)} on {interval} bars {tag}.",
        "decisions": f"{len(rows)} decisions are on record, reasoned by {reasoners} {tag}.",
        "cash": f"It began with {money(view.settings.cash)} {tag}.",
        "costs": f"Costs: {costs or 'as set for each instrument'} {tag}.",
        "seed": f"Seed {result.get('seed', view.settings.seed)} {tag}.",
        "data": f"Run {view.run}, arm {result.get('arm', view.run)}; data {str(result.get('data_hash', '?'))[:12]}, "
        f"configuration {str(result.get('config_hash', '?'))[:12]} {tag}.",
        "model": f"Decisions were reasoned by {reasoners} {tag}.",
        "notes": " ".join(result.get("notes", [])) or f"No notes were left {tag}.",
    }
    if asked.of == "settings":
        return _settings(view, asked.setting, tag)
    chosen = list(parts.values()) if asked.of == "all" else [parts[asked.of]]
    return Found(text=" ".join(chosen), ids=(f"run:{view.run}",), data={"run": view.run, "symbols": view.tables.symbols})


def _settings(view: View, name: str | None, tag: str) -> Found:
    from agent.settings import leaves

    every = leaves(view.settings.model_dump())
    if name is not None and name in every:
        return Found(text=f"{name} = {every[name]} {tag}.", ids=(f"run:{view.run}",), data={name: every[name]})
    keys = ("plan.stop_atr", "plan.target_atr", "plan.horizon", "reason.min_confidence", "reason.weight_base",
            "reason.weight_forecast",
            "reason.weight_memory", "reason.memory_cap", "recall.k", "market.warmup", "cash", "seed")  # fmt: skip
    told = ", ".join(f"{key} {every[key]}" for key in keys)
    return Found(text=f"Settings here: {told} {tag}; `tradecraft show-config` prints all.", ids=(f"run:{view.run}",), data=every)


TOOLS = (
    Tool("standing", "Limits in force and used, halts, adaptive parameters, the person's preferences.", Standing, standing),
    Tool("positions", "Positions open now with live P&L, and orders that wait.", Positions, positions),
    Tool("together", "How often all symbols were held at once, and days on which all were entered or left.", Together, together),
    Tool("run", "Which run this is: symbols, days, costs, settings, seed, data.", Run, run),
)
