"""Opening a bar: everything that comes before any symbol decides, in the one transaction it is handed.

Promises: every symbol has settled before one decides; entries a person stopped are withdrawn; a deep loss halts by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.cycle.control import Control, read_control, write_control
from agent.cycle.desk import Desk
from agent.cycle.settle import Settled, settle
from agent.domain import MarketState, Refusal
from agent.market.series import Series
from memory_db.writer import Writer
from skills.alarms import watch, week_begins
from skills.maintain import maintain


@dataclass(frozen=True)
class Opened:
    """A bar whose symbols have settled: what each sees, what settling found, and the control in force."""

    as_of: datetime
    views: dict[str, Series]
    states: dict[str, MarketState]
    settled: dict[str, Settled]
    control: Control


def open_bar(desk: Desk, w: Writer, views: dict[str, Series], states: dict[str, MarketState], as_of: datetime) -> Opened:
    """Settle, learn and look after the skills. The state that settling leads to is carried by each cycle's record, or
    committed here where deciding is a transaction of its own.
    """
    control = read_control(w)
    withdrawn = _withdraw(desk, list(views), control)
    again = all(desk.broker.settled.get(symbol) == series.bars.timestamp(-1) for symbol, series in views.items())
    settled = {symbol: _settled(desk, w, symbol, series) for symbol, series in views.items()}
    for series in views.values():
        _renew(desk, w, series, as_of)
    desk.memory.weighing.look(w, as_of)
    frames = [series.frame for series in views.values()]
    maintain(w, desk.skills, as_of, frames)
    if week_begins(frames):
        watch(w, desk.skills, as_of, frames)
    control = watch_drawdown(desk, w, as_of, control)
    for symbol, refusals in withdrawn.items():
        settled[symbol].refusals += refusals
    if desk.apart and (withdrawn or not again):  # a bar settled before a crash is not told twice
        keep(desk, w, settled, as_of)
    return Opened(as_of, views, states, settled, control)


def _settled(desk: Desk, w: Writer, symbol: str, series: Series) -> Settled:
    """Settle a symbol; what ended before and was not yet told in a record, by a quote or before a crash, is told with it."""
    found = settle(desk, w, symbol, series)
    desk.untold.setdefault(symbol, []).extend(found.outcomes)
    found.outcomes = [*desk.untold[symbol]]
    return found


def keep(desk: Desk, w: Writer, settled: dict[str, Settled], as_of: datetime) -> None:
    """Put the books as settled in force before anyone is asked; a record then carries only its own changes."""
    sets = [change for symbol, found in settled.items() for change in (*found.sets, *desk.broker.snapshot(symbol))]
    w.add(
        "settled",
        {"symbols": list(settled), "closed": [o.position for found in settled.values() for o in found.outcomes]},
        key=f"settled:{desk.run}:{as_of.isoformat()}:{w.head.seq + 1}",
        happened_at=as_of,
        known_at=as_of,
        sets=sets,
    )
    for found in settled.values():
        found.sets = []


def _withdraw(desk: Desk, symbols: list[str], control: Control) -> dict[str, list[Refusal]]:
    """Take back entries that wait while a person has stopped entries; a resume counts the drawdown anew."""
    if control.rebased_at is not None:
        desk.broker.rebase(control.rebased_at)
    if not control.entries_stopped:
        return {}
    taken = {symbol: desk.broker.cancel_entry(symbol) for symbol in symbols}
    return {s: [Refusal(by="halt", reason=f"entry withdrawn: {control.reason}")] for s, order in taken.items() if order}


def watch_drawdown(desk: Desk, w: Writer, as_of: datetime, control: Control) -> Control:
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
