"""Decisions: why one was made, what there is of them, and two beside each other."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, day, figure, gain, listing, nothing, per_cent
from agent.chat.tables import Row
from agent.chat.tools.base import Scope, Tool
from agent.chat.view import View
from agent.domain import Frozen
from agent.report.explain import closed_text

Json = dict[str, Any]
Wanted = Literal["buy", "close", "hold"]
Aspect = Literal[
    "all",
    "confidence",
    "size",
    "stop",
    "target",
    "votes",
    "skills",
    "memories",
    "clamps",
    "outcome",
    "forecast",
    "parts",
    "state",
]


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
    words += [*_filled_then(view, row, asked), *_ASPECTS[asked.aspect](view, row, record)]
    ids = [row.id, *(skill["id"] for skill in record["skills"]), *(a["id"] for a in record["recollection"]["analogues"])]
    return Found(text=" ".join(words), ids=tuple(dict.fromkeys(ids)), data=_essence(record), doubt=None)


def _filled_then(view: View, row: Row, asked: Why) -> list[str]:
    """What became of an entry filled on the day that is asked about, where another was decided on it: either may be meant."""
    if asked.aspect != "outcome" or asked.at is None or row.day != asked.at:
        return []
    filled = [t for t in view.tables.trades if t.outcome.symbol == row.symbol and t.outcome.entry_bar.date() == asked.at]
    ends = [(closed_text(t.outcome.model_dump(mode="json")), cite("trade", t.outcome.decision)) for t in filled]
    return [f"The trade filled on {day(asked.at)} {end} {tag}." for end, tag in ends]


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
        filled = [t for t in tables.trades if t.outcome.symbol == symbol and t.outcome.entry_bar.date() == at and t.decision]
        if filled and filled[0].decision:
            first = filled[0].decision
            return first, f"The order was decided at the close of {day(first.bar)} and filled on {day(at)}."
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


def _headline(row: Row) -> str:
    if row.status != "ok":
        return f"{row.symbol} {day(row.bar)}: nothing was decided ({row.status}) {cite('decision', row.id)}."
    at = f" at confidence {row.confidence:.2f}" if row.confidence is not None else ""
    size = f", {per_cent(abs(row.size))} of equity" if row.size else ""
    return f"{row.symbol} {day(row.bar)}: {row.action}{at}{size} {cite('decision', row.id)}."


def _whole(view: View, row: Row, record: Json) -> list[str]:
    signal = record["signal"]
    words = [_headline(row)]
    if signal:
        words.append(f"Why: {signal['thesis']}")
    else:
        words.append(f"Why: {record['status_reason']}.")
    if row.symbol in row.held and not row.entered:
        words.append("A position was open.")
    words += [*_parts(view, row, record), *_clamps(view, row, record), *_memories(view, row, record), *_skills(view, row, record)]
    return [*words, *(_outcome(view, row, record) if row.entered else [])]


def _parts(view: View, row: Row, record: Json) -> list[str]:
    names = {skill["id"]: skill["name"] for skill in record["skills"]}
    parts = [f"{c['source']} {names.get(c['id'], c['id'])} {c['value']:+.3f}" for c in record["contributions"]]
    return [f"The confidence is made of {', '.join(parts)} {cite('decision', row.id)}."] if parts else []


def _confidence(view: View, row: Row, record: Json) -> list[str]:
    if row.confidence is None:
        return [_headline(row), f"It had no confidence to state: {record['status_reason']}."]
    # the threshold in the settings is bent by what was learnt; what held at the decision stands in its thesis
    held = re.search(r"entries from (\d\.\d+)", (record["signal"] or {}).get("thesis") or "")
    needed = held.group(1) if held else f"{row.threshold:.2f}" if row.threshold is not None else None
    bar = f"; entries need {needed}" if needed else ""
    return [f"Confidence on {row.symbol} {day(row.bar)} was {row.confidence:.2f}, leaning {row.side or 'nowhere'}{bar} "
            f"{cite('decision', row.id)}.", *_parts(view, row, record)]  # fmt: skip


def _size(view: View, row: Row, record: Json) -> list[str]:
    if not row.size:
        return [_headline(row), "No position was opened, so there is no size."]
    order = record["order"]
    units = f", {order['quantity']} units" if order else ""
    wanted = f" (the signal asked for {per_cent(abs(record['signal']['size']))})" if record["clamps"] else ""
    words = f"The size on {row.symbol} {day(row.bar)} was {per_cent(abs(row.size))} of equity{units}{wanted}"
    return [f"{words} {cite('decision', row.id)}.", *_clamps(view, row, record)]


def _levels(view: View, row: Row, record: Json) -> list[str]:
    if row.stop is None:
        return [_headline(row), "No entry was decided, so there is neither stop nor target."]
    words = f"{row.symbol} {day(row.bar)}: stop {row.stop:,.2f}, target {figure(row.target, '{:,.2f}')}, close {row.close:,.2f}"
    return [f"{words}, at most {row.horizon} bars {cite('decision', row.id)}."]


def _votes(view: View, row: Row, record: Json) -> list[str]:
    votes = [
        f"{v['voter']} abstained ({v['reason'].rstrip('.')})" if v["abstained"]
        else f"{v['voter']} {v['direction'] * v['confidence']:+.2f} ({v['reason'].rstrip('.')})"
        for v in record["votes"]
    ]  # fmt: skip
    return [f"Votes on {row.symbol} {day(row.bar)} {cite('decision', row.id)}: {'; '.join(votes) or 'none'}."]


def _skills(view: View, row: Row, record: Json) -> list[str]:
    told = []
    for s in record["skills"]:
        role = "gave the plan" if s["supplied_plan"] else "agreed" if s["agreed"] else s["status"]
        told.append(f"{s['name']} {cite('skill', s['name'])} ({role}, reliability {s['reliability']:.2f} over {s['executions']})")
    return [f"Skills that applied: {'; '.join(told)}."] if told else ["No skill applied."]


def _memories(view: View, row: Row, record: Json) -> list[str]:
    remembered = record["recollection"]
    best = remembered["estimate"]
    if best is None:
        return ["Memory had too little to say."]
    near = [
        f"{a['symbol']} {a['bar_time'][:10]} {a['r']:+.2f} R {cite('decision', a['id'])}" for a in remembered["analogues"][:3]
    ]
    against = [f"{a['bar_time'][:10]} {a['r']:+.2f} R {cite('decision', a['id'])}" for a in remembered["counter_evidence"][-1:]]
    words = (
        f"Memory: {best['n_eff']:.0f} similar situations favoured {best['side']}, mean net {best['mean_r']:+.2f} R, "
        f"{per_cent(best['p_win'], 0)} won against {per_cent(best['base_rate'], 0)} of all {cite('decision', row.id)}"
    )
    words += f"; nearest {', '.join(near)}" if near else ""
    return [words + (f"; the nearest loser {against[0]}" if against else "") + "."]


def _clamps(view: View, row: Row, record: Json) -> list[str]:
    told = [
        f"{c['limit']} took the size from {per_cent(c['from'])} to {per_cent(c['to'])} ({c['reason']})" for c in record["clamps"]
    ]
    if record["refusal"]:
        told.append(f"refused by {record['refusal']['by']}: {record['refusal']['reason']}")
    return [f"Limits {cite('decision', row.id)}: {'; '.join(told)}."] if told else []


def _outcome(view: View, row: Row, record: Json) -> list[str]:
    trade = view.tables.trade_of.get(row.id)
    if trade is not None:
        end = trade.outcome
        return [f"The trade of {day(row.bar)} {closed_text(end.model_dump(mode='json'))} {cite('trade', row.id)}."]
    if not row.entered:
        shadow = view.tables.shadows.get(row.id)
        told = f" On paper a standard long would have paid {shadow[0]:+.2f} R, a short {shadow[1]:+.2f} R." if shadow else ""
        return [_headline(row), f"It opened no trade.{told}"]
    held = row.symbol in (view.tables.by_symbol[row.symbol][-1].held)
    return ["The position is still open." if held else "The order was not filled."]


def _forecast(view: View, row: Row, record: Json) -> list[str]:
    made = record["forecast"]
    if made is None:
        return [f"No forecast was in force on {day(row.bar)}: it is off, or had not yet earned a say {cite('decision', row.id)}."]
    return [
        f"The forecast {made['model']} gave p = {made['p']:.2f} for {made['label']} on {day(row.bar)} {cite('decision', row.id)}."
    ]


def _state(view: View, row: Row, record: Json) -> list[str]:
    state = record["state"]
    return [f"{row.symbol} {day(row.bar)}: close {row.close:,.2f}; {state['text']} {cite('decision', row.id)}."]


_ASPECTS = {
    "all": _whole, "confidence": _confidence, "size": _size, "stop": _levels, "target": _levels, "votes": _votes,
    "skills": _skills, "memories": _memories, "clamps": lambda v, r, d: _clamps(v, r, d) or [_headline(r), ("No limit reduced "
                                                                                                           "it.")],
    "outcome": _outcome, "forecast": _forecast, "parts": _parts, "state": _state,
}  # fmt: skip


def _essence(record: Json) -> Json:
    return {
        name: record[name] for name in ("id", "symbol", "bar_time", "status", "decision", "signal", "contributions", "clamps")
    }


class Decisions(Scope):
    """Which decisions; ``action`` as decided, ``entered`` those that ordered an entry; ``clamp`` a limit that cut them."""

    action: Literal["buy", "sell", "close", "hold", "none"] | None = None
    entered: bool = False
    refused: bool = False
    clamped: bool = False
    clamp: str | None = Field(None, description="a limit's name, e.g. max_position")
    status: Literal["ok", "abstained", "error"] | None = None
    order: Literal["first", "last", "most_confident", "least_confident", "largest"] | None = None
    n: int = Field(5, ge=1, le=50)


def decisions(view: View, asked: Decisions) -> Found:
    """Count decisions, or show the first, last, most confident or largest of them."""
    rows = [row for row in asked.rows(view) if _fits(row, asked)]
    total = len(asked.rows(view))
    if not total:
        return nothing(f"No decision is recorded{asked.words()}.", f"run:{view.run}")
    what = _kind_words(asked)
    where = asked.words()
    if asked.order is None:
        counts = Counter(row.action if row.status == "ok" else row.status for row in asked.rows(view))
        of = listing([f"{n} {name}" for name, n in counts.most_common()])
        limits = Counter(name for row in rows for name in row.clamps)
        still = sum(row.entered for row in rows)
        worked = listing([f"{name} {n} times" for name, n in limits.most_common()])
        cut = f" Limits at work: {worked}; {still} of them still entered." if asked.clamped else ""
        mean = [row.confidence for row in rows if row.confidence is not None]
        sure = f" Their mean confidence is {sum(mean) / len(mean):.2f}." if mean else ""
        sizes = [abs(row.size) for row in rows if row.size]
        large = f" Their mean size is {per_cent(sum(sizes) / len(sizes))} of equity." if asked.entered and sizes else ""
        example = f" The last: {_headline(rows[-1])}" if rows and len(rows) < total else ""
        text = f"{len(rows)} {what}{where}, of {total} decisions ({of}) {cite('run', view.run)}.{sure}{large}{cut}{example}"
        return Found(
            text=text, ids=(f"run:{view.run}", *(r.id for r in rows[-5:])), data={"count": len(rows), "of": dict(counts)}
        )
    chosen = _ordered(rows, asked)[: asked.n]
    if not chosen:
        return nothing(f"There are no {what}{where}.", f"run:{view.run}")
    lines = " ".join(_headline(row) for row in chosen)
    return Found(text=lines, ids=tuple(row.id for row in chosen), data={"ids": [row.id for row in chosen]}, table=_table(chosen))


def _fits(row: Row, asked: Decisions) -> bool:
    return (
        (asked.action is None or row.action == asked.action)
        and (not asked.entered or row.entered)
        and (not asked.refused or row.refused is not None)
        and (not asked.clamped or bool(row.clamps))
        and (asked.clamp is None or asked.clamp in row.clamps)
        and (asked.status is None or row.status == asked.status)
    )


def _kind_words(asked: Decisions) -> str:
    if asked.entered:
        return "entries"
    if asked.refused:
        return "refusals"
    if asked.clamp:
        return f"decisions cut by {asked.clamp}"
    if asked.clamped:
        return "decisions cut by a limit"
    if asked.status not in (None, "ok"):
        return {"abstained": "abstentions", "error": "errors"}[asked.status or "error"]
    return {"hold": "holds", "buy": "buys", "sell": "sells", "close": "closes", "none": "abstentions"}.get(
        asked.action or "", "decisions"
    )


def _ordered(rows: list[Row], asked: Decisions) -> list[Row]:
    keys = {
        "first": lambda row: row.as_of.timestamp(),
        "last": lambda row: -row.as_of.timestamp(),
        "most_confident": lambda row: -(row.confidence or 0.0),
        "least_confident": lambda row: row.confidence if row.confidence is not None else 9.0,
        "largest": lambda row: -abs(row.size),
    }
    return sorted(rows, key=keys[asked.order or "last"])


def _table(rows: list[Row]) -> Table:
    shown = tuple(
        (row.id[:8], row.symbol, day(row.bar), row.action, figure(row.confidence), per_cent(abs(row.size))) for row in rows
    )
    return Table(title="decisions", columns=("id", "symbol", "bar", "action", "confidence", "size"), rows=shown, right=(4, 5))


class Compare(Frozen):
    """Two decisions, each by id or as SYMBOL YYYY-MM-DD."""

    a: str
    b: str


def compare(view: View, asked: Compare) -> Found:
    """Two decisions beside each other: what differed, and what came of each."""
    found = [_named(view, name) for name in (asked.a, asked.b)]
    if any(row is None for row in found):
        missing = asked.a if found[0] is None else asked.b
        return nothing(f"There is no decision {missing!r}; give an id, or a symbol and a day of the record.", f"run:{view.run}")
    a, b = (row for row in found if row is not None)
    pairs: list[tuple[str, ...]] = [
        (name, _shown(getattr(a, name)), _shown(getattr(b, name)))
        for name in ("symbol", "day", "action", "confidence", "size", "regime", "close", "stop", "target", "votes")
    ]
    pairs += [
        (name, _shown(a.feature(name)), _shown(b.feature(name)))
        for name in ("rsi_14", "trend_strength", "volatility_z", "adx_14")
    ]
    ends = [view.tables.trade_of.get(row.id) for row in (a, b)]
    pairs.append(("result in R", *(f"{t.outcome.r:+.2f}" if t else "no trade" for t in ends)))
    different = [f"{name} {one} against {two}" for name, one, two in pairs if one != two]
    text = f"{_headline(a)} {_headline(b)} They differ in {'; '.join(different)}."
    rows = tuple(pairs)
    return Found(text=text, ids=(a.id, b.id), table=Table(title="two decisions", columns=("", a.id[:8], b.id[:8]), rows=rows))


def _named(view: View, name: str) -> Row | None:
    words = name.split()
    if len(words) == 2 and words[0] in view.tables.by_symbol:
        try:
            return view.tables.at(words[0], date.fromisoformat(words[1]))
        except ValueError:
            return None
    found = view.tables.found(name)
    return found[0] if len(found) == 1 else None


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{k} {'abstained' if v is None else f'{v:+.2f}'}" for k, v in value.items())
    return str(value)


TOOLS = (
    Tool("why", "Explain one decision, entry, exit or hold from its record, by id or by symbol and day.", Why, why),
    Tool("decisions", "Count decisions or list the first, last, most confident or largest.", Decisions, decisions),
    Tool("compare", "Two decisions beside each other: what differed and what came of it.", Compare, compare),
)
