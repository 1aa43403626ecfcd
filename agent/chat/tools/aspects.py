"""What there is of one decision: its parts, size, levels, votes, skills, memories, limits, outcome, in sentences with ids."""

from __future__ import annotations

import re
from typing import Any

from agent.chat.found import cite, day, figure, money, per_cent
from agent.chat.tables import Row, Trade
from agent.chat.tools.selecting import told
from agent.chat.view import View
from agent.report.explain import closed_text

Json = dict[str, Any]


def headline(row: Row) -> str:
    """A decision in one sentence."""
    if row.status != "ok":
        return f"{row.symbol} {day(row.bar)}: nothing was decided ({row.status}) {cite('decision', row.id)}."
    at = f" at confidence {row.confidence:.2f}" if row.confidence is not None else ""
    size = f", {per_cent(abs(row.size))} of equity" if row.size else ""
    return f"{row.symbol} {day(row.bar)}: {row.action}{at}{size} {cite('decision', row.id)}."


def _whole(view: View, row: Row, record: Json) -> list[str]:
    signal = record["signal"]
    words = [headline(row)]
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


def _made_of(view: View, row: Row, record: Json) -> list[str]:
    return _parts(view, row, record) or [headline(row), "It rested on nothing that could be weighed."]


def _confidence(view: View, row: Row, record: Json) -> list[str]:
    if row.confidence is None:
        return [headline(row), f"It had no confidence to state: {record['status_reason']}."]
    # the threshold in the settings is bent by what was learnt; what held at the decision stands in its thesis
    held = re.search(r"entries from (\d\.\d+)", (record["signal"] or {}).get("thesis") or "")
    needed = held.group(1) if held else f"{row.threshold:.2f}" if row.threshold is not None else None
    bar = f"; entries need {needed}" if needed else ""
    return [f"Confidence on {row.symbol} {day(row.bar)} was {row.confidence:.2f}, leaning {row.side or 'nowhere'}{bar} "
            f"{cite('decision', row.id)}.", *_parts(view, row, record)]  # fmt: skip


def _size(view: View, row: Row, record: Json) -> list[str]:
    if not row.size:
        return [headline(row), "No position was opened, so there is no size."]
    order = record["order"]
    units = f", {order['quantity']} units" if order else ""
    wanted = f" (the signal asked for {per_cent(abs(record['signal']['size']))})" if record["clamps"] else ""
    words = f"The size on {row.symbol} {day(row.bar)} was {per_cent(abs(row.size))} of equity{units}{wanted}"
    risked = abs(row.size) * abs(row.close - row.stop) / row.close if row.close and row.stop is not None else None
    risk = f", with {per_cent(risked, 2)} of equity at risk between close and stop" if risked is not None else ""
    return [f"{words}{risk} {cite('decision', row.id)}.", *_clamps(view, row, record)]


def _levels(view: View, row: Row, record: Json) -> list[str]:
    if row.stop is None:
        return [headline(row), "No entry was decided, so there is neither stop nor target."]
    away = f" ({per_cent(abs(row.close - row.stop) / row.close, 2)} away)" if row.close else ""
    words = (
        f"{row.symbol} {day(row.bar)}: stop {row.stop:,.2f}{away}, target {figure(row.target, '{:,.2f}')}, close {row.close:,.2f}"
    )
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
        won = "won" if trade.won else "lost"
        fees = money(trade.outcome.fees)
        beyond = _beyond(trade)
        return [
            f"The trade of {day(row.bar)} {won}: {told(trade)}; fees {fees}. "
            f"It {closed_text(trade.outcome.model_dump(mode='json'))}.{beyond}"
        ]
    if not row.entered:
        shadow = view.tables.shadows.get(row.id)
        paid = f" On paper a standard long would have paid {shadow[0]:+.2f} R, a short {shadow[1]:+.2f} R." if shadow else ""
        return [headline(row), f"It opened no trade.{paid}"]
    held = row.symbol in (view.tables.by_symbol[row.symbol][-1].held)
    return ["The position is still open." if held else "The order was not filled."]


def _beyond(trade: Trade) -> str:
    """Why a stopped trade lost more than the one unit at risk."""
    if trade.outcome.reason != "stop" or trade.outcome.r > -1.1:
        return ""
    stop = trade.decision.stop if trade.decision else None
    at = f" of {stop:,.2f}" if stop is not None else ""
    left = f"{trade.outcome.exit_price:,.2f}"
    return f" It lost more than 1 R because it was left at {left}, beyond the stop{at}: the price jumped past it."


def _forecast(view: View, row: Row, record: Json) -> list[str]:
    made = record["forecast"]
    if made is None:
        return [f"No forecast was in force on {day(row.bar)}: it is off, or had not yet earned a say {cite('decision', row.id)}."]
    return [
        f"The forecast {made['model']} gave p = {made['p']:.2f} for {made['label']} on {day(row.bar)} {cite('decision', row.id)}."
    ]


def _state(view: View, row: Row, record: Json) -> list[str]:
    state = record["state"]
    if state is None:
        return _regime(view, row, record)
    return [f"{row.symbol} {day(row.bar)}: close {row.close:,.2f}; {state['text']} {cite('decision', row.id)}."]


def _limits(view: View, row: Row, record: Json) -> list[str]:
    return _clamps(view, row, record) or [headline(row), "No limit reduced it."]


def _regime(view: View, row: Row, record: Json) -> list[str]:
    state = record["state"]
    if state is None:
        return [f"Nothing was perceived on {row.symbol} {day(row.bar)} {cite('decision', row.id)}."]
    chances = ", ".join(f"{name} {per_cent(p, 0)}" for name, p in state["regime"]["probabilities"].items())
    words = f"The regime on {row.symbol} {day(row.bar)} was {row.regime}"
    return [f"{words}{f' ({chances})' if chances else ''} {cite('decision', row.id)}."]


ASPECTS = {
    "all": _whole, "confidence": _confidence, "size": _size, "stop": _levels, "target": _levels, "votes": _votes,
    "skills": _skills, "memories": _memories, "clamps": _limits, "outcome": _outcome, "forecast": _forecast, "parts": _made_of,
    "state": _state, "regime": _regime,
}  # fmt: skip
