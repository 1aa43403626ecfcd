"""Looking back at the end of a chunk or a day: outcomes and their records go to a model, its lessons come through the guard.

``reflect(desk, name, first, last)`` is what a walk calls after a chunk and a loop once a day. Promises: once for each name; the
model is asked outside every transaction and its reply is committed before anything is done with it; lessons, contradictions
and at most one skill change are one transaction; a skill comes by ``skills.admit`` as the agent, at a model's trust, and
trades nothing by that. Without a model only the market judges the lessons there are, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from agent.cycle.desk import Desk
from agent.cycle.history import closed_trades
from agent.cycle.lessons import FIRST_IMPORTANCE, SPACE, Standing, contradicted, outcomes_since, standing, weaken
from agent.domain import Frozen, Outcome
from agent.reason.reflect import Idea, Namer, Reflected, Stretch
from memory_db.chain import Fact
from memory_db.mirror import SHADOW
from memory_db.writer import Writer
from skills.admit import Admission, admit
from skills.schema import parse_draft
from skills.sentence import sentence

Json = dict[str, Any]
NO_MODEL = "no model is set: lessons are neither written nor withdrawn by one"
_MISSED = 1.0  # R from which an entry that was not made is worth a look
_NAMED = ("rsi_14", "trend_strength", "bb_position", "momentum_10", "volatility_z", "adx_14")


class Reflection(Frozen):
    """What a look back came to. ``asked`` is False where no model was; ``reason`` says why or what failed."""

    name: str
    asked: bool
    reason: str | None = None
    lessons: list[str] = []
    contradicted: list[str] = []
    dropped: list[str] = []
    skill: Admission | None = None


def reflect(desk: Desk, name: str, first: datetime, last: datetime) -> Reflection:
    """Look back on the decisions from ``first`` to ``last`` (both included); a second time returns what the first came to."""
    journal, key = desk.memory.journal, f"reflection:{desk.run}:{name}"
    done = journal.get(key)
    if done is not None and done.payload is not None:
        return Reflection.model_validate_json(done.payload)
    if desk.reflector is None and not standing(journal):
        return Reflection(name=name, asked=False, reason=NO_MODEL)
    trades = closed_trades(journal, first, last)
    why = _why_not(desk, trades)
    thought = None
    if why is None and desk.reflector is not None:
        thought = desk.reflector(_stretch(desk, name, first, last, trades))
    if thought is None and not standing(journal):
        return Reflection(name=name, asked=False, reason=why)
    with desk.alone, desk.memory.write() as w:
        weaker = _judged(desk, w, last)
        written = Reflection(name=name, asked=thought is not None, reason=why, contradicted=weaker)
        if thought is not None:
            written = _written(desk, w, written, thought, last)
        w.add("reflection", written.model_dump_json(), key=key, happened_at=last, known_at=last, trust="model")
    return written


def namer(desk: Desk, as_of: datetime) -> Namer | None:
    """What gives names to skills that are found or formed; None without a model."""
    return None if desk.reflector is None else partial(desk.reflector.name, as_of=as_of)


def _why_not(desk: Desk, trades: list[Outcome]) -> str | None:
    if desk.reflector is None:
        return NO_MODEL
    least = desk.settings.model.reflect_trades
    return f"{len(trades)} trades closed, fewer than model.reflect_trades = {least}" if len(trades) < least else None


def _written(desk: Desk, w: Writer, so_far: Reflection, thought: Reflected, at: datetime) -> Reflection:
    if thought.fault is not None:
        return so_far.model_copy(update={"reason": thought.fault})
    there = {one.key: one for one in standing(w)}
    named = [key for key in thought.contradicts if key in there and key not in so_far.contradicted]
    for key in named:
        weaken(w, there[key], "model", at, so_far.name)
    keys = []
    for number, lesson in enumerate(thought.lessons, start=1):
        key = f"lesson:{desk.run}:{so_far.name}:model:{number}"
        claim = lesson.claim
        evidence = {"evidence": lesson.evidence, "claim": claim.model_dump() if claim else None}
        desk.memory.remember(
            w, kind="lesson", content=lesson.text, key=key, happened_at=at, known_at=at, importance=FIRST_IMPORTANCE,
            metadata=evidence, trust="model",
        )  # fmt: skip
        kept = Standing(key=key, known_at=at, judged=at)
        if claim is not None:
            kept = kept.model_copy(update={"when": claim.when(), "side": claim.side, "pays": claim.pays})
        w.add(
            "lesson_standing", {"lesson": key}, key=f"standing:{key}", happened_at=at, known_at=at,
            sets=[(SPACE, key, kept.model_dump(mode="json"))],
        )  # fmt: skip
        keys.append(key)
    skill = _proposed(desk, w, thought.skill, at) if thought.skill is not None else None
    found = {"lessons": keys, "contradicted": [*so_far.contradicted, *named], "dropped": thought.dropped, "skill": skill}
    return so_far.model_copy(update=found)


def _proposed(desk: Desk, w: Writer, idea: Idea, at: datetime) -> Admission:
    """The idea through the write door: its words are made from its typed part, none of the model's but the name."""
    view = next((view for symbol in desk.feed.symbols if (view := desk.feed.view(symbol, at)) is not None), None)
    draft: Json = {
        "name": idea.name,
        "description": "Proposed by looking back.",
        "category": "reflected",
        "when": idea.when(),
        "plan": {"side": idea.side, "stop_atr": idea.stop_atr, "target_atr": idea.target_atr, "max_bars": idea.max_bars},
        "steps": [
            {"stage": "entry", "text": f"{idea.side.capitalize()} at the next bar's open"},
            {"stage": "management", "text": "Keep the stop {stop_atr} ATR from the entry"},
            {"stage": "exit", "text": "Take {target_atr} ATR, or close after {max_bars} bars"},
        ],
    }
    condition = parse_draft(draft).condition
    told = f"Applies when {sentence(condition)}." if condition is not None else draft["description"]
    frame = view.frame if view is not None else None
    return admit(w, desk.skills, {**draft, "description": told[:280]}, principal="agent", at=at, frame=frame)


def _judged(desk: Desk, w: Writer, at: datetime) -> list[str]:
    """Let the market judge every lesson with a claim; the keys of those it contradicted."""
    claims = [one for one in standing(w) if one.when is not None and one.pays is not None]
    if not claims:
        return []
    views = [view for symbol in desk.feed.symbols if (view := desk.feed.view(symbol, at)) is not None]
    shadows = _shadows(desk, min(one.judged for one in claims), at)
    found = []
    for one in claims:
        rs = outcomes_since(one, views, shadows)
        if one.pays is not None and contradicted(one.pays, rs):
            weaken(w, one, "market", at, {"n": len(rs), "mean_r": sum(rs) / len(rs)})
            found.append(one.key)
    return found


def _shadows(desk: Desk, since: datetime, until: datetime) -> dict[tuple[str, datetime], dict[str, float]]:
    """What a standard entry would have made, by symbol and bar, of decisions from ``since`` known by ``until``."""
    horizon = float(desk.settings.plan.horizon)
    known = {fact.key.partition(":")[2]: fact.data for fact in _since(desk, SHADOW, since, until)}
    found = {}
    for fact in _since(desk, "cycle", since, until):
        shadow = known.get(fact.key)
        if shadow is not None:
            found[fact.symbol or "", fact.happened_at] = {"buy": shadow["buy"], "sell": shadow["sell"], "bars": horizon}
    return found


def _since(desk: Desk, kind: str, since: datetime, until: datetime) -> Iterator[Fact]:
    for fact in desk.memory.journal.facts(kinds=(kind,), known_by=until, newest_first=True):
        if fact.known_at < since:
            return
        if fact.payload is not None:
            yield fact


def _stretch(desk: Desk, name: str, first: datetime, last: datetime, trades: list[Outcome]) -> Stretch:
    records = {fact.key: fact.data for fact in _since(desk, "cycle", first, last)}
    shadows = _shadows(desk, first, last)
    ids: dict[str, str] = {}

    def shown(key: str) -> str:
        short = f"decision:{key[:8]}"
        ids[short] = ids[key[:8]] = key
        return short

    def told(trade: Outcome) -> str:
        return _trade(trade, shown(trade.decision), _of(desk, records, trade.decision))

    ranked = sorted(trades, key=lambda trade: (trade.r, trade.decision))
    missed = sorted(
        ((max(r["buy"], r["sell"]), key) for key in records if (r := _missed(records[key], shadows)) is not None), reverse=True
    )
    lessons = {f"lesson:{number}": one for number, one in enumerate(standing(desk.memory.journal), start=1)}
    wins = sum(trade.r > 0 for trade in trades)
    mean = sum(trade.r for trade in trades) / len(trades)
    sections = {
        "summary": [f"{len(records)} decisions, {len(trades)} trades closed, {wins} won, mean net {mean:+.2f} R"],
        "losers, worst first": [_trade(t, shown(t.decision), _of(desk, records, t.decision)) for t in ranked if t.r <= 0][:12],
        "winners, best first": [_trade(t, shown(t.decision), _of(desk, records, t.decision)) for t in ranked[::-1] if t.r > 0][
            :8
        ],
        "not entered, and what an entry would have made": [
            f"{shown(key)} {records[key]['symbol']} {records[key]['bar_time'][:10]}: {r:+.2f} R; {_state(records[key])}"
            for r, key in missed[:5]
        ],
        "earlier lessons": [_lesson(desk, ident, one, last) for ident, one in lessons.items()],
    }
    return Stretch(name, last, sections, ids, {ident: one.key for ident, one in lessons.items()})


def _of(desk: Desk, records: dict[str, Json], key: str) -> Json | None:
    """A decision's record, of this stretch or of an earlier one."""
    if key in records:
        return records[key]
    fact = desk.memory.journal.get(key)
    return fact.data if fact is not None and fact.payload is not None else None


def _missed(record: Json, shadows: dict[tuple[str, datetime], dict[str, float]]) -> dict[str, float] | None:
    if record["order"] is not None or record["state"] is None:
        return None
    found = shadows.get((record["symbol"], datetime.fromisoformat(record["bar_time"])))
    return found if found is not None and max(found["buy"], found["sell"]) >= _MISSED else None


def _state(record: Json | None) -> str:
    if record is None or record["state"] is None:
        return "its record was forgotten"
    state = record["state"]
    figures = (f"{name} {state['features'][name]:.3g}" for name in _NAMED if state["features"].get(name) is not None)
    return f"regime {state['regime']['label'] or 'unknown'}, {', '.join(figures)}"


def _trade(trade: Outcome, ident: str, record: Json | None) -> str:
    sure = f" at confidence {record['signal']['confidence']:.2f}" if record and record["signal"] else ""
    skills = ", ".join(s["name"] for s in record["skills"] if s["agreed"]) if record else ""
    by = f" with {skills}" if skills else ""
    return (
        f"{ident} {trade.symbol} {trade.entry_bar.date()}: {trade.side}{sure}{by}, closed by {trade.reason} after "
        f"{trade.bars_held} bars with {trade.r:+.2f} R (worst {trade.mae:+.2f}, best {trade.mfe:+.2f}); {_state(record)}"
    )


def _lesson(desk: Desk, ident: str, one: Standing, as_of: datetime) -> str:
    fact = desk.memory.journal.get(one.key)
    text = " ".join(str(fact.data["content"]).split()) if fact is not None and fact.payload is not None else "forgotten"
    return f"{ident} (importance {one.importance(as_of):.2f}, since {one.known_at.date()}): {text[:300]}"
