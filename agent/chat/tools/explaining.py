"""Why a decision was made: the one that is meant, by id or by symbol and day, and what of it is asked."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, cite, day, gain, listing, nothing
from agent.chat.tables import Row
from agent.chat.tools.aspects import ASPECTS
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.domain import Frozen
from agent.report.explain import closed_text

Json = dict[str, Any]
Wanted = Literal["buy", "close", "hold"]
Aspect = Literal[
    "all", "confidence", "size", "stop", "target", "votes", "skills", "memories", "clamps", "outcome", "forecast", "parts",
    "state", "regime",
]  # fmt: skip


class Why(Frozen):
    """Which decision, by id or by symbol and day; ``wanted`` what the person believes was done then."""

    id: str | None = Field(None, description="a decision's id or its first characters")
    symbol: str | None = None
    at: date | None = Field(None, description="day of the bar, or of the entry or exit it led to")
    wanted: Wanted | None = Field(None, description="what is believed to have been done")
    aspect: Aspect = Field("all", description="what about it")


def why(view: View, asked: Why) -> Found:
    """Explain a decision, an entry, an exit or a hold."""
    row, doubt = _meant(view, asked)
    if row is None:
        return nothing(doubt, f"run:{view.run}")
    if asked.wanted == "close":
        return _exit(view, row, doubt)
    record = view.record(row)
    if not record:
        return nothing(f"The record of {cite('decision', row.id)} was forgotten.", row.id)
    words = [doubt] if doubt else []
    words += [*_filled_then(view, row, asked), *ASPECTS[asked.aspect](view, row, record)]
    ids = [row.id, *(skill["id"] for skill in record["skills"]), *(a["id"] for a in record["recollection"]["analogues"])]
    return Found(text=" ".join(words), ids=tuple(dict.fromkeys(ids)), data=_essence(record), doubt=None)


_OF_ENTRIES = frozenset({"confidence", "size", "stop", "target", "votes", "skills", "memories", "clamps", "forecast", "parts"})


def _filled_on(view: View, symbol: str, at: date) -> Row | None:
    """The entry that filled on a day: the one decided at the close of the bar before."""
    before = view.tables.before(symbol, at)
    return before if before is not None and before.entered and view.tables.at(symbol, at) is not None else None


def _filled_then(view: View, row: Row, asked: Why) -> list[str]:
    """What filled on the day that is asked about, where the decision told is that of its close: either may be meant."""
    filled = _filled_on(view, row.symbol, asked.at) if asked.at == row.day and asked.at and asked.wanted != "hold" else None
    if filled is None:
        return []
    when, tag = day(row.bar), cite("decision", filled.id)
    if asked.aspect == "outcome":
        trade = view.tables.trade_of.get(filled.id)
        end = closed_text(trade.outcome.model_dump(mode="json")) if trade else "is still open"
        return [f"The trade filled on {when} {end} {tag}."]
    lead = f"What filled on {when} had been decided at the close of {day(filled.bar)} {tag}."
    if asked.wanted == "buy" or asked.aspect in _OF_ENTRIES:
        return [lead, *ASPECTS[asked.aspect](view, filled, view.record(filled)), f"At the close of {when} itself:"]
    return [lead] if asked.aspect == "all" else []


def _meant(view: View, asked: Why) -> tuple[Row | None, str]:
    """The decision that is meant, and what has to be said before it is explained."""
    tables = view.tables
    if asked.id:
        found = tables.found(asked.id)
        if len(found) == 1:
            return found[0], ""
        if found:
            return None, f"{asked.id!r} begins the ids of {len(found)} decisions; give more of it."
        return None, f"There is no decision {asked.id!r} in run {view.run}."
    symbol = asked.symbol or (tables.symbols[0] if len(tables.symbols) == 1 else None)
    if symbol is None or symbol not in tables.by_symbol:
        known = " and ".join(tables.symbols) or "nothing"
        return None, f"Say which symbol and day are meant; the run holds {known}."
    if asked.at is None:
        return _latest(view, symbol, asked.wanted)
    return _on_day(view, symbol, asked.at, asked.wanted)


def _latest(view: View, symbol: str, wanted: Wanted | None) -> tuple[Row | None, str]:
    rows = view.tables.by_symbol[symbol]
    if wanted == "close":
        closed = [t for t in view.tables.trades if t.outcome.symbol == symbol and t.decision]
        return (closed[-1].decision, "No day was given; the last exit is meant.") if closed else (None, "Nothing was closed.")
    fits = [r for r in rows if r.entered] if wanted == "buy" else [r for r in rows if r.action == (wanted or r.action)]
    if not fits:
        return None, f"{symbol}: there is no such decision in the record."
    return fits[-1], f"No day was given; this is the last {'entry' if wanted == 'buy' else 'decision'} on {symbol}."


def _on_day(view: View, symbol: str, at: date, wanted: Wanted | None) -> tuple[Row | None, str]:
    tables = view.tables
    rows = tables.by_symbol[symbol]
    if at < rows[0].day or at > rows[-1].day:
        return None, f"{day(at)} lies outside the record of {symbol}, which runs from {day(rows[0].bar)} to {day(rows[-1].bar)}."
    row = tables.at(symbol, at)
    if wanted == "buy" and (row is None or not row.entered):
        filled = _filled_on(view, symbol, at)
        if filled is not None:
            return filled, f"The order was decided at the close of {day(filled.bar)} and filled on {day(at)}."
        return _no_such(view, symbol, at, row)
    if wanted == "close":
        return _closing(view, symbol, at, row)
    if row is None:
        before, after = tables.before(symbol, at), tables.after(symbol, at)
        what = f"{day(at)} ({at:%A}) was no trading day of {symbol}"
        near = before or after
        return near, f"{what}; the bar before is {day(before.bar)}." if before else f"{what}."
    if wanted == "hold" and row.entered:
        return row, f"It did not hold: on {day(at)} it decided to {row.action}."
    return row, ""


def _no_such(view: View, symbol: str, at: date, row: Row | None) -> tuple[Row | None, str]:
    """It did not buy that day: what it did, and the entries nearest to it."""
    tables = view.tables
    entries = [r for r in tables.by_symbol[symbol] if r.entered]
    near = sorted(entries, key=lambda r: abs((r.day - at).days))[:2]
    said = "; the nearest entries were " + listing([f"{day(r.bar)} {cite('decision', r.id)}" for r in near]) if near else ""
    if row is None:
        row = tables.before(symbol, at)
        when = f"{day(at)} ({at:%A}) was no trading day of {symbol}; the bar before is {day(row.bar)}" if row else ""
        if row is not None and row.entered:
            return row, f"{when}."
        return row, f"{when}. It did not buy then{said}."
    return row, f"It did not buy {symbol} on {day(at)}{said}."


def _closing(view: View, symbol: str, at: date, row: Row | None) -> tuple[Row | None, str]:
    """The entry whose exit is meant."""
    trades = [t for t in view.tables.trades if t.outcome.symbol == symbol and t.decision]
    exact = [t for t in trades if t.outcome.exit_bar.date() == at]
    if not exact and row is not None and row.action == "close":
        exact = [t for t in trades if t.outcome.exit_bar.date() > at][:1]
    if exact and exact[-1].decision:
        return exact[-1].decision, ""
    begun = [t for t in trades if at in (t.outcome.entry_bar.date(), t.decision.day if t.decision else None)]
    if not exact and begun:
        return begun[-1].decision, ""
    open_then = [t for t in trades if t.outcome.entry_bar.date() <= at <= t.outcome.exit_bar.date()]
    near = min(open_then or trades, key=lambda t: abs((t.outcome.exit_bar.date() - at).days), default=None)
    if near is None or near.decision is None:
        return None, f"No position in {symbol} was ever closed."
    return near.decision, f"Nothing was closed in {symbol} on {day(at)}; the nearest exit is this."


_EXITS = {
    "stop": "the price reached the stop",
    "target": "the price reached the target",
    "time": "its longest holding was over",
    "signal": "the agent decided to close it: the evidence had turned against the position",
    "halt": "trading was halted",
}


def _exit(view: View, row: Row, doubt: str) -> Found:
    trade = view.tables.trade_of.get(row.id)
    if trade is None:
        return Found(text=f"{doubt} The position of {cite('decision', row.id)} is not closed yet.".strip(), ids=(row.id,))
    end = trade.outcome
    words = [doubt] if doubt else []
    words.append(
        f"{end.symbol} was closed on {day(end.exit_bar)} at {end.exit_price:,.2f} because {_EXITS[end.reason]} "
        f"{cite('trade', row.id)}."
    )
    words.append(
        f"It was bought on {day(end.entry_bar)} at {end.entry_price:,.2f} and held {end.bars_held} bars; "
        f"the result is {end.r:+.2f} R, {gain(end.pnl)} net of costs {cite('trade', row.id)}."
    )
    ids = [row.id]
    closing = view.tables.before(end.symbol, end.exit_bar.date())
    if end.reason == "signal" and closing is not None and closing.action == "close":
        record = view.record(closing)
        thesis = record["signal"]["thesis"] if record.get("signal") else ""
        words.append(f"Decided at the close of {day(closing.bar)} {cite('decision', closing.id)}: {thesis}")
        ids.append(closing.id)
    return Found(text=" ".join(words), ids=tuple(ids), data=end.model_dump(mode="json"))


def _essence(record: Json) -> Json:
    return {
        name: record[name] for name in ("id", "symbol", "bar_time", "status", "decision", "signal", "contributions", "clamps")
    }


TOOLS = (Tool("why", "Explain one decision, entry, exit or hold from its record, by id or by symbol and day.", Why, why),)
