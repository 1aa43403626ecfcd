"""What if: a recorded decision reasoned again with something changed. Hypothetical, never traded.

The context is rebuilt from the record and its hash compared with the one the record keeps: equal hashes mean that the reasoner
sees what it saw then, to the last bit, and with nothing changed the answer is the record. Where they differ the settings or a
skill are no longer what they were, and the answer says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pydantic import Field, ValidationError

from agent.analysts.base import VOTERS, consult
from agent.chat.found import Found, Table, cite, day, figure, listing, nothing, per_cent
from agent.chat.tables import Row
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.market import nearest
from agent.chat.view import View
from agent.cycle.preferences import preferred
from agent.domain import Clamp, CycleRecord, Decision, Frozen, Recollection, Signal
from agent.errors import ConfigError
from agent.learn.attribution import JOINT
from agent.market.features import FEATURES
from agent.reason.arithmetic import ArithmeticReasoner
from agent.reason.context import Context
from agent.risk.limits import Standing, limit
from agent.risk.preferences import Preference
from agent.risk.sizing import Exits
from agent.settings import Limits

Json = dict[str, Any]
MOST_TRIED = 100  # decisions reasoned again for one answer
_STATED = ("halt", "stop_entry", "venue", "max_daily_loss", "cooldown")  # blocks that the record alone knows of


class WhatIf(Frozen):
    """Which decision, and what is changed: skills or voters left out, memory left out, features, limits, a parameter."""

    id: str | None = None
    symbol: str | None = None
    at: date | None = None
    without_skills: tuple[str, ...] = Field((), description="names of skills left out; 'all' leaves out every one")
    without_voters: tuple[str, ...] = ()
    without_memory: bool = False
    features: dict[str, float] = Field({}, description="changed inputs by feature name; base strategies vote anew")
    limits: dict[str, float] = Field({}, description="changed limits by name, e.g. {'max_position': 0.2}")
    min_confidence: float | None = Field(None, ge=0, le=1)


@dataclass(frozen=True)
class Rebuilt:
    """A decision's context as it was, and whether its hash is the record's."""

    record: CycleRecord
    context: Context
    exact: bool


@dataclass(frozen=True)
class Outcome:
    """What would have been decided."""

    signal: Signal
    decision: Decision
    clamps: list[Clamp]


def rebuilt(view: View, record: CycleRecord, *, check: bool = True) -> Rebuilt:
    """The context of a record, made again; with ``check`` its hash is compared with the record's.

    ConfigError when it decided nothing that could be reasoned again.
    """
    if record.state is None or record.status == "error" or not record.votes:
        raise ConfigError(f"decision {record.id[:8]} reasoned about nothing ({record.status}: {record.status_reason})")
    atr = record.state.features["atr_14"] or 0.0
    plan = view.settings.plan
    plans = {}
    for match in record.skills:
        shape = view.catalogue.get(match.id, match.version).plan
        if match.status == "active" and shape is not None:
            plans[match.id] = Exits(
                stop_distance=shape.stop_atr * atr, target_distance=shape.target_atr * atr, max_bars=shape.max_bars,
                fraction=shape.size, plan=f"{match.name} v{match.version}",
            )  # fmt: skip
    spoken = [v for v in record.votes if v.voter not in ("memory", "forecast", JOINT) and not v.voter.startswith("model:")]
    context = Context(
        state=record.state,
        votes=spoken,
        forecast=record.forecast,
        recollection=record.recollection,
        # whether they agreed was known only after the decision
        skills=[m.model_copy(update={"agreed": False, "supplied_plan": False, "followed": False}) for m in record.skills],
        plans=plans,
        standard=Exits(
            stop_distance=plan.stop_atr * atr,
            target_distance=plan.target_atr * atr,
            max_bars=plan.horizon,
            trail_distance=None if plan.trail_atr is None else plan.trail_atr * atr,
        ),
        weights=record.weights,
        parameters=record.parameters,
        learned=record.learned,
        recent=record.recent,
        position=next((p for p in record.book.positions if p.symbol == record.symbol), None),
    )
    return Rebuilt(record, context, exact=check and context.hash() == record.context_hash)


def decided(view: View, at: Rebuilt, context: Context, limits: Limits) -> Outcome:
    """Reason and limit by arithmetic; blocks that only the moment knew are taken from the record."""
    signal, parts, _ = ArithmeticReasoner(view.settings.reason, limits)(context)
    if not any(part.source not in ("memory", "bound") for part in parts):
        return Outcome(signal, Decision(action="none", size=0.0), [])
    stated = {clamp.limit: clamp for clamp in at.record.clamps if clamp.limit in _STATED}
    book = at.record.book
    standing = Standing(
        equity=book.equity,
        exposure=book.exposure + _waiting(view, at.record) if book.equity > 0 else 0.0,
        drawdown=book.drawdown,
        daily_loss=1.0 if "max_daily_loss" in stated else 0.0,
        position=context.position,
        cooldown=1 if "cooldown" in stated else 0,
        halted=stated["halt"].reason if "halt" in stated else None,
        entries_stopped=stated["stop_entry"].reason if "stop_entry" in stated else None,
        can_short="venue" not in stated,
    )
    decision, clamps = limit(signal, standing, limits)
    wishes = [_wish(view, clamp) for clamp in at.record.clamps if clamp.limit.startswith("preference:")]
    decision, wished = preferred(decision, signal, [w for w in wishes if w], context.state, standing)
    return Outcome(signal, decision, [*clamps, *wished])


def _wish(view: View, clamp: Clamp) -> Preference | None:
    """The preference that cut the decision then, though it may have been revoked since."""
    ident = clamp.limit.partition(":")[2]
    for fact in view.journal.facts(kinds=("preference_set",)):
        if fact.data.get("preference") == ident and fact.data.get("rule"):
            return Preference.model_validate(fact.data["rule"])
    return None


def _waiting(view: View, record: CycleRecord) -> float:
    """Entries of the same bar that were decided before this one and waited for the next."""
    total = 0.0
    for row in view.tables.rows:
        if row.id == record.id:
            break
        if row.as_of == record.as_of and row.entered:
            total += abs(row.size)
    return total


def changed(view: View, at: Rebuilt, asked: WhatIf) -> tuple[Context, Limits]:
    """The context and the limits with what was asked for changed; ConfigError names what cannot be."""
    context = at.context
    if asked.features:
        context = _with_features(view, context, asked.features)
    if asked.without_skills:
        names = {view.catalogue.get(n).id for n in asked.without_skills if n != "all"}
        kept = [s for s in context.skills if "all" not in asked.without_skills and s.id not in names]
        context = context.model_copy(
            update={"skills": kept, "plans": {s.id: context.plans[s.id] for s in kept if s.id in context.plans}}
        )
    if asked.without_voters:
        context = context.model_copy(update={"votes": [v for v in context.votes if v.voter not in asked.without_voters]})
    if asked.without_memory:
        context = context.model_copy(update={"recollection": Recollection()})
    if asked.min_confidence is not None:
        context = context.model_copy(update={"parameters": {**context.parameters, "min_confidence": asked.min_confidence}})
    unknown = [name for name in asked.limits if name not in Limits.model_fields]
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is no limit; there are {', '.join(Limits.model_fields)}")
    try:
        limits = Limits.model_validate({**view.settings.limits.model_dump(), **asked.limits})
    except ValidationError as err:
        first = err.errors()[0]
        raise ConfigError(f"limit {first['loc'][0]} = {first['input']}: {first['msg']}") from None
    return context, limits


def _with_features(view: View, context: Context, features: dict[str, float]) -> Context:
    unknown = [name for name in features if name not in FEATURES]
    if unknown:
        raise ConfigError(f"{unknown[0]!r} is no feature; there are {', '.join(FEATURES)}")
    state = context.state.model_copy(update={"features": {**context.state.features, **features}})
    fresh = {vote.voter: vote for vote in consult(state)}
    votes = [fresh.get(v.voter, v) if v.voter in VOTERS else v for v in context.votes]
    return context.model_copy(update={"state": state, "votes": votes})


def what_if(view: View, asked: WhatIf) -> Found:
    """A decision with something changed, beside what was decided."""
    row, note = _row(view, asked)
    if row is None:
        return nothing(note, f"run:{view.run}")
    if not (kept := view.record(row)):
        return nothing(f"The record of {cite('decision', row.id)} was forgotten.", row.id)
    record = CycleRecord.model_validate(kept)
    try:
        at = rebuilt(view, record)
        context, limits = changed(view, at, asked)
    except ConfigError as err:
        return nothing(f"It cannot be tried: {err}.", row.id)
    plain = decided(view, at, at.context, view.settings.limits)
    made = decided(view, at, context, limits)
    said = _change_words(asked)
    text = (
        f"{note} Hypothetical, never traded: {row.symbol} {day(row.bar)} {cite('decision', row.id)} {said}: {_words(made)}; "
        f"recorded was {_words(_recorded(record, plain))}."
    ).strip()
    if made.clamps:
        text += f" Limits at work: {listing([f'{c.limit} {per_cent(c.from_)} to {per_cent(c.to)}' for c in made.clamps])}."
    ended = view.tables.trade_of.get(row.id)
    if ended is not None:
        text += f" The trade that was made ended with {ended.outcome.r:+.2f} R {cite('trade', row.id)}."
    doubt = None if at.exact else "the settings or skills are no longer what they were at that decision, so this is not exact"
    if asked.features and context.skills:
        doubt = "skills were matched on the recorded features"
    if record.opinion is not None:
        doubt = "a model had a say then; this is arithmetic alone"
    return Found(text=text, ids=(row.id,), data=_data(made, asked, at.exact), table=_table(record, plain, made), doubt=doubt)


def _row(view: View, asked: WhatIf) -> tuple[Row | None, str]:
    if asked.id:
        found = view.tables.found(asked.id)
        return (found[0], "") if len(found) == 1 else (None, f"There is no one decision {asked.id!r}.")
    symbol = asked.symbol or (view.tables.symbols[0] if len(view.tables.symbols) == 1 else None)
    if symbol is None or symbol not in view.tables.by_symbol:
        return None, f"Say which symbol and day are meant; the run holds {listing(view.tables.symbols) or 'nothing'}."
    return nearest(view, symbol, asked.at)


def _recorded(record: CycleRecord, plain: Outcome) -> Outcome:
    return replace(plain, signal=record.signal or plain.signal, decision=record.decision)


def _words(made: Outcome) -> str:
    size = f", {per_cent(abs(made.decision.size))} of equity" if made.decision.size else ""
    return f"{made.decision.action} at confidence {made.signal.confidence:.2f} leaning {made.signal.side or 'nowhere'}{size}"


def _change_words(asked: WhatIf) -> str:
    parts = [
        f"without {name}" if name != "all" else "without any skill" for name in (*asked.without_skills, *asked.without_voters)
    ]
    parts += ["without memory"] if asked.without_memory else []
    parts += [f"with {name} at {value:g}" for name, value in (*asked.features.items(), *asked.limits.items())]
    parts += [f"with entries from {asked.min_confidence:.2f}"] if asked.min_confidence is not None else []
    return " and ".join(parts) or "with nothing changed"


def _data(made: Outcome, asked: WhatIf, exact: bool) -> Json:
    return {
        "hypothetical": True,
        "exact": exact,
        "changed": asked.model_dump(mode="json", exclude_defaults=True),
        "decision": made.decision.model_dump(mode="json"),
        "signal": made.signal.model_dump(mode="json"),
        "clamps": [clamp.model_dump(mode="json") for clamp in made.clamps],
    }


def _table(record: CycleRecord, plain: Outcome, made: Outcome) -> Table:
    was, would = record.signal or plain.signal, made.signal
    rows = (
        ("action", record.decision.action, made.decision.action),
        ("confidence", f"{was.confidence:.3f}", f"{would.confidence:.3f}"),
        ("size", per_cent(abs(record.decision.size)), per_cent(abs(made.decision.size))),
        ("stop", figure(was.stop), figure(would.stop)),
        ("target", figure(was.target), figure(would.target)),
    )
    return Table(title="what if", columns=("", "recorded", "hypothetical"), rows=rows, right=(1, 2))


class WithoutSkill(Scope):
    """A skill left out of every decision of some days."""

    skill: str


def without_skill(view: View, asked: WithoutSkill) -> Found:
    """How many recorded decisions would have been others without a skill, each reasoned again by itself."""
    try:
        one = view.catalogue.get(asked.skill)
    except ConfigError:
        return nothing(f"There is no skill {asked.skill!r}; /skills shows those there are.", f"run:{view.run}")
    touched = [row for row in asked.rows(view) if any(ident == one.id for ident, _ in row.skills) and row.status == "ok"]
    lost, other, same = [], 0, 0
    for row in touched[-MOST_TRIED:]:
        at = rebuilt(view, CycleRecord.model_validate(view.record(row)), check=False)
        context, limits = changed(view, at, WhatIf(without_skills=(one.id,)))
        made = decided(view, at, context, limits)
        if row.entered and made.decision.action != row.action:
            lost.append(row)
        elif made.decision.action != row.action or abs(made.decision.size - row.size) > 1e-9:
            other += 1
        else:
            same += 1
    ended = [t for row in lost if (t := view.tables.trade_of.get(row.id))]
    result = (
        f", which made {sum(t.outcome.pnl for t in ended):+,.2f} and {sum(t.outcome.r for t in ended):+.2f} R in all"
        if ended
        else ""
    )
    agreed = [t for t in view.tables.trades if t.decision and (one.id, True) in t.decision.skills and t.decision in touched]
    total = f" The {len(agreed)} trades it agreed with made {sum(t.outcome.pnl for t in agreed):+,.2f} in all." if agreed else ""
    tried = f"the last {MOST_TRIED} of {len(touched)}" if len(touched) > MOST_TRIED else str(len(touched))
    text = (
        f"Hypothetical, never traded: without {one.name} {cite('skill', one.name)}{asked.words()}, of {tried} decisions where it "
        f"applied {len(lost)} entries would not have been made{result}; {other} would have differed otherwise and {same} "
        f"not at all.{total} Each decision is reasoned again by itself: what else would have been traded is not known."
    )
    return Found(text=text, ids=(one.id, *(row.id for row in lost[-5:])), data={"entries_lost": len(lost), "hypothetical": True})


TOOLS = (
    Tool("what_if", "A recorded decision with changed inputs or limits, or without a skill. Hypothetical.", WhatIf, what_if),
    Tool(
        "without_skill", "How many decisions would have been others without a skill. Hypothetical.", WithoutSkill, without_skill
    ),
)
