"""What is remembered in words, and what the agent changed in itself over time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, cite, day, figure, listing, nothing, per_cent
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.domain import Frozen
from memory_db.episodes import KINDS

Json = dict[str, Any]
Kind = Literal["lesson", "market_event", "outcome", "explanation", "preference", "dialog", "pattern", "event"]


class Recall(Frozen):
    """What to look for among the text memories; without a query the newest of a kind."""

    query: str | None = None
    kind: Kind | None = None
    symbol: str | None = None
    start: date | None = None
    end: date | None = None
    n: int = Field(5, ge=1, le=20)


def recall(view: View, asked: Recall) -> Found:
    """Text memories that answer a query by words, or the newest of a kind."""
    # recall as of the person's now: what was said or noted after the last bar is known to whoever asks
    now = max(view.now, view.clock())
    if asked.query:
        found = view.memory.search(asked.query, as_of=now, k=4 * asked.n, symbol=asked.symbol, kind=asked.kind, mode="text")
    else:
        found = view.memory.recent(200 if asked.start else asked.n, asked.symbol, asked.kind, as_of=now)
    begin = datetime.combine(asked.start, time.min, UTC) if asked.start else None
    until = datetime.combine(asked.end, time.max, UTC) if asked.end else None
    inside = [m for m in found if (begin is None or m.happened_at >= begin) and (until is None or m.happened_at <= until)][
        : asked.n
    ]
    if not inside:
        what = f" of {asked.query!r}" if asked.query else ""
        return nothing(f"Nothing{what} is remembered{f' as a {asked.kind}' if asked.kind else ''}.", f"run:{view.run}")
    told = [f"{m.content.rstrip('.')} {cite('memory', m.id)}" for m in inside]
    return Found(
        text="Remembered: " + "; ".join(told) + ".", ids=tuple(m.id for m in inside), data={"memories": [m.id for m in inside]}
    )


class Counted(Frozen):
    """Nothing to say."""


def remembered(view: View, asked: Counted) -> Found:
    """How much is remembered, by kind."""
    counts: Counter[str] = Counter()
    for kind, n in view.memory.stats(max(view.now, view.clock()))["by_kind"].items():
        counts[kind] = n
    texts = [f"{counts[k]} {k}" for k in KINDS if counts[k]]
    settled = len(view.tables.shadows)
    text = (
        f"{counts['situation']} situations are remembered, {settled} with what followed; text memories: "
        f"{listing(texts, 20) or 'none'} "
        f"{cite('run', view.run)}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data=dict(counts))


class Changes(Frozen):
    """Since which day (not included) and up to which."""

    since: date
    until: date | None = None


def changes(view: View, asked: Changes) -> Found:
    """What the agent changed in itself: parameters, skills' standing, whom it believes, what it learned, equity."""
    last = asked.until or view.today

    def inside(moment: datetime) -> bool:
        # a change made at the close of a bar is dated by the day it became known, the day after
        return asked.since < (moment - timedelta(seconds=1)).date() <= last

    where = f"since {day(asked.since)}" if asked.until is None else f"from {day(asked.since + timedelta(days=1))} to {day(last)}"
    parts = [_equity(view, asked.since, last), _trades(view, asked.since, last)]
    parts += [_skills(view, inside), _parameters(view, inside), _weights(view, asked.since, last), _lessons(view, inside)]
    controls = [c for c in view.tables.controls if c.get("at") and inside(datetime.fromisoformat(c["at"]))]
    parts += [f"Controls: {'; '.join(str(c['reason']) for c in controls)}." if controls else ""]
    text = f"What changed {where} {cite('run', view.run)}: " + " ".join(part for part in parts if part)
    return Found(text=text, ids=(f"run:{view.run}",), data={"since": day(asked.since)})


def _equity(view: View, since: date, until: date) -> str:
    curve = view.tables.equity()
    before = [v for at, v in curve if at.date() <= since]
    after = [v for at, v in curve if at.date() <= until]
    if not after:
        return "Nothing is recorded by then."
    start = before[-1] if before else view.settings.cash
    return f"Equity {start:,.2f} to {after[-1]:,.2f} ({per_cent(after[-1] / start - 1, 2)})."


def _trades(view: View, since: date, until: date) -> str:
    closed = [t for t in view.tables.trades if since < t.outcome.exit_bar.date() <= until]
    if not closed:
        return "No trade closed."
    won = sum(t.won for t in closed)
    last = cite("trade", closed[-1].outcome.decision)
    return (
        f"{len(closed)} trades closed, {won} won, mean {sum(t.outcome.r for t in closed) / len(closed):+.2f} R, the last {last}."
    )


def _skills(view: View, inside: Any) -> str:
    names: dict[str, str] = {skill.id: skill.name for skill in view.catalogue.versions()}
    moved = [t for t in view.tables.transitions if inside(datetime.fromisoformat(t["since"]))]
    told = []
    for step in moved:
        name = str(names.get(step["skill"], step["skill"]))
        told.append(f"{name} {step['from']} to {step['status']} {day(step['since'])} ({step['reason']}) {cite('skill', name)}")
    return f"Skills: {listing(told, 12)}." if told else "No skill changed its standing."


def _parameters(view: View, inside: Any) -> str:
    moved = [p for p in view.tables.parameters if inside(p["at"])]
    told = [
        f"{p['name']} {p['from']:.2f} to {p['to']:.2f} on {day(p['at'])} ({p['trigger']}) {cite('decision', p['decision'])}"
        for p in moved
    ]
    return f"Parameters: {listing(told, 12)}." if told else "No parameter changed."


def _weights(view: View, since: date, until: date) -> str:
    snaps = [s for s in view.tables.snapshots if (datetime.fromisoformat(s["last"]) - timedelta(seconds=1)).date() <= until]
    before = [s for s in snaps if (datetime.fromisoformat(s["last"]) - timedelta(seconds=1)).date() <= since]
    if not snaps or not before or snaps[-1] is before[-1]:
        return ""
    old, new = before[-1]["weights"]["all"], snaps[-1]["weights"]["all"]
    told = [f"{voter} {figure(old.get(voter))} to {figure(value)} {cite('voter', voter)}" for voter, value in new.items()]
    return f"Weights of voters: {listing(told)}."


def _lessons(view: View, inside: Any) -> str:
    facts = view.journal.facts(kinds=("lesson",), newest_first=True, limit=50)
    found = [(f.seq, f.data["content"]) for f in facts if f.payload is not None and inside(f.known_at)]
    told = [f"{text} {cite('memory', f'm{seq}')}" for seq, text in found[:2]]
    return f"Learned: {' '.join(told)}" if told else ""


class Parameters(Frozen):
    """A parameter's name, or all."""

    name: str | None = None
    start: date | None = None
    end: date | None = None
    last: int | None = Field(None, ge=1, description="only so many, the newest")


def parameters(view: View, asked: Parameters) -> Found:
    """Every change of an adaptive parameter with what set it off."""
    inside = [
        p
        for p in view.tables.parameters
        if asked.name in (None, p["name"])
        and (asked.start is None or p["at"].date() >= asked.start)
        and (asked.end is None or p["at"].date() <= asked.end)
    ]
    if not inside:
        stood = _stood(view, asked.name, asked.start) if asked.start else ""
        return Found(text=f"No adaptive parameter changed then {cite('run', view.run)}.{stood}", ids=(f"run:{view.run}",))
    shown = inside[-(asked.last or MOST_CHANGES) :]
    shown = [p for p in inside if p in shown or asked.last == 1 and p["at"] == shown[0]["at"]]
    told = [_parameter(p) for p in shown]
    lead = (
        f"{len(inside)} parameter change{'s' if len(inside) != 1 else ''}"
        if len(shown) == len(inside)
        else f"The last {len(shown)} of {len(inside)} parameter changes"
    )
    stood = _stood(view, asked.name, asked.start - timedelta(days=1)) if asked.start else ""
    return Found(text=f"{lead}: {'; '.join(told)}.{stood}", ids=tuple(p["decision"] for p in shown), data={"count": len(inside)})


def _stood(view: View, name: str | None, at: date) -> str:
    """How the parameters stood on a day: as last changed before it, or as they were before the first change."""
    told = []
    for one in dict.fromkeys(p["name"] for p in view.tables.parameters):
        every = [p for p in view.tables.parameters if p["name"] == one]
        done = [p for p in every if p["at"].date() <= at]
        value, since = (done[-1]["to"], f" since {day(done[-1]['at'])}") if done else (every[0]["from"], "")
        told += [f"{one} {value:.2f}{since}"] if name in (None, one) else []
    return "" if at > view.today else f" On {day(at)} they stood at: {', '.join(told)}." if told else ""


MOST_CHANGES = 12


def _parameter(p: Json) -> str:
    """One change: from what to what, why, what set it off, and what it was worth where that is known."""
    worth = "its effect is not measured" if p.get("impact") is None else f"its effect {p['impact']:+.3f}"
    return (
        f"{day(p['at'])} {p['name']} {p['from']:.2f} to {p['to']:.2f}, {p['reason']}, set off by: {p['trigger']}, {worth} "
        f"{cite('decision', p['decision'])}"
    )


TOOLS = (
    Tool("recall", "Text memories (lessons, events, outcomes, explanations, preferences) by words or newest.", Recall, recall),
    Tool("memory_stats", "How much is remembered, by kind.", Counted, remembered),
    Tool("changes", "What the agent changed in itself since a day: parameters, skills, weights, lessons.", Changes, changes),
    Tool("parameters", "Changes of adaptive parameters with their triggers.", Parameters, parameters),
)
