"""One skill: what it does, what it has earned, how it has stood, what its firings came to; procedures by task."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from rapidfuzz import fuzz

from agent.chat.found import Found, cite, day, figure, listing, nothing, per_cent
from agent.chat.tools.base import Scope, Tool
from agent.chat.view import View
from agent.domain import Frozen
from agent.errors import ConfigError
from skills.priors import prior_of
from skills.render import render
from skills.schema import Skill

Json = dict[str, Any]


class OneSkill(Frozen):
    """One skill by name or id; what of it."""

    name: str
    aspect: Literal["all", "reliability", "history", "last_used", "regimes", "what", "status", "trades"] = "all"


def skill(view: View, asked: OneSkill) -> Found:
    """One skill: what it does, what it has earned, how it has stood."""
    try:
        one = view.catalogue.get(asked.name)
    except ConfigError:
        return nothing(f"There is no skill {asked.name!r}; /skills shows those there are.", f"run:{view.run}")
    row = next(r for r in view.catalogue.rows() if (r["id"], r["version"]) == (one.id, one.version))
    words = _SKILL[asked.aspect](view, one, row)
    return Found(text=words, ids=(one.id,), data=row)


def _reliability(view: View, one: Skill, row: Json) -> str:
    low, high = row["interval"]
    tag = cite("skill", one.name)
    if not row["executions"]:
        base = f"{one.name} is untried in the book: prior confidence {row['reliability']:.2f} {tag}."
    else:
        base = (
            f"{one.name}: reliability {row['reliability']:.2f}, 95 % interval {low:.2f} to {high:.2f}, over {row['executions']} "
            f"executions ({row['success']} success, {row['partial']} partial, {row['failure']} failure), "
            f"mean net {figure(row['mean_r'], '{:+.2f}')} R {tag}."
        )
    shadow = row["shadow"]
    if shadow["executions"]:
        base += (
            f" On paper: {shadow['executions']} executions ({shadow['success']} success, {shadow['partial']} partial, "
            f"{shadow['failure']} failure), mean {figure(shadow['mean_r'], '{:+.2f}')} R {tag}."
        )
    return base


def _status(view: View, one: Skill, row: Json) -> str:
    return f"{one.name} is {row['status']} since {day(row['since'])}: {row['reason']} {cite('skill', one.name)}."


def _history(view: View, one: Skill, row: Json) -> str:
    steps = [
        f"{day(t['since'])} {t['from']} to {t['status']} ({t['reason']})"
        for t in view.tables.transitions
        if t["skill"] == one.id and t["version"] == one.version
    ]
    told = f"Its history: {'; '.join(steps)} {cite('skill', one.name)}." if steps else "It has never changed its standing."
    return f"{_status(view, one, row)} {told}"


def _last_used(view: View, one: Skill, row: Json) -> str:
    tag = cite("skill", one.name)
    agreed = [r for r in view.tables.rows if (one.id, True) in r.skills]
    settled = [e for e in view.tables.executions if e["skill"] == one.id and e["mode"] == "book"]
    if not agreed and not settled:
        return f"{one.name} was never used in the book {tag}."
    words = []
    if agreed:
        words.append(
            f"{one.name} last agreed with an entry on {day(agreed[-1].bar)} ({agreed[-1].symbol}) "
            f"{cite('decision', agreed[-1].id)}"
        )
    if agreed:
        words.append(f"it first did on {day(agreed[0].bar)} ({agreed[0].symbol}) {cite('decision', agreed[0].id)}")
    if settled:
        last = settled[-1]
        words.append(
            f"its last settled execution was on {day(last['at'])}, {last['outcome']}, {last['r']:+.2f} R "
            f"{cite('trade', last['decision'])}"
        )
    return "; ".join(words) + "."


def _regimes(view: View, one: Skill, row: Json) -> str:
    parts = []
    for regime in ("trending", "ranging", "volatile"):
        counts = view.catalogue.counts(one, "book", regime)
        if counts.total:
            parts.append(f"{regime} {counts.total} executions, mean {figure(counts.mean_r, '{:+.2f}')} R")
    tag = cite("skill", one.name)
    return (
        f"{one.name} by regime: {'; '.join(parts)} {tag}." if parts else f"{one.name} has no executions in any regime yet {tag}."
    )


def _what(view: View, one: Skill, row: Json) -> str:
    prior, cleared = prior_of(view.catalogue, one), view.catalogue.cleared(one)
    return f"{render(one, view.catalogue.counts(one), cleared=cleared, prior=prior)}\n{cite('skill', one.name)}"


def _trades(view: View, one: Skill, row: Json) -> str:
    booked = [e for e in view.tables.executions if e["skill"] == one.id and e["mode"] == "book"]
    told = [f"{day(e['at'])} {e['outcome']} {e['r']:+.2f} R {cite('trade', e['decision'])}" for e in booked[-5:]]
    return f"{_reliability(view, one, row)} Its last executions: {'; '.join(told) or 'none'}."


def _whole(view: View, one: Skill, row: Json) -> str:
    return f"{_what(view, one, row)}\n{_status(view, one, row)}\n{_reliability(view, one, row)}\n{_regimes(view, one, row)}"


_SKILL = {
    "all": _whole, "reliability": _reliability, "history": _history, "last_used": _last_used, "regimes": _regimes, "what": _what,
    "status": _status, "trades": _trades,
}  # fmt: skip


class Procedures(Frozen):
    """A task in words."""

    task: str


def procedures(view: View, asked: Procedures) -> Found:
    """The procedure that fits a task best, with its steps."""
    every = [s for s in view.catalogue.versions() if s.kind == "procedure"]
    ranked = sorted(
        every, key=lambda s: -fuzz.token_set_ratio(asked.task.lower(), f"{s.name.replace('-', ' ')} {s.description}".lower())
    )
    if not ranked:
        return nothing("There are no procedures in this run.", f"run:{view.run}")
    best = ranked[0]
    others = listing([f"{s.name} {cite('skill', s.name)}" for s in ranked[1:]])
    text = f"{_what(view, best, {})}\nOther procedures: {others or 'none'}."
    return Found(text=text, ids=tuple(s.id for s in ranked))


class Trial(Frozen):
    """A skill, followed over days of this run as if each firing had been taken on paper."""

    skill: str
    start: date | None = None
    end: date | None = None


def trial(view: View, asked: Trial) -> Found:
    """What every firing of a skill in a range came to, in the book and on paper, from the executions on record."""
    try:
        one = view.catalogue.get(asked.skill)
    except ConfigError:
        return nothing(f"There is no skill {asked.skill!r}; /skills shows those there are.", f"run:{view.run}")
    scope = Scope(start=asked.start, end=asked.end)
    runs = [e for e in view.tables.executions if e["skill"] == one.id and scope.holds(date.fromisoformat(e["at"][:10]))]
    if not runs:
        return nothing(f"{one.name} settled no execution{scope.words()} {cite('skill', one.name)}.", one.id)
    parts = []
    for mode, name in (("book", "in the book"), ("shadow", "on paper")):
        rs = [e["r"] for e in runs if e["mode"] == mode and e["r"] is not None]
        if rs:
            won = sum(r > 0 for r in rs)
            parts.append(f"{len(rs)} {name}, {per_cent(won / len(rs))} won, mean net {sum(rs) / len(rs):+.2f} R")
    fired = sum(any(ident == one.id for ident, _ in row.skills) for row in scope.rows(view))
    text = f"{one.name}{scope.words()} {cite('skill', one.name)}: {'; '.join(parts)}; it applied at {fired} decisions."
    return Found(text=text, ids=(one.id, *(e["decision"] for e in runs[-5:])), data={"executions": len(runs), "fired": fired})


TOOLS = (
    Tool("skill", "One skill: what it does, its reliability with interval, last use, history, by regime.", OneSkill, skill),
    Tool("procedures", "The procedure that fits a task, with its steps.", Procedures, procedures),
    Tool("backtest_skill", "What a skill's firings over a range of days came to, in the book and on paper.", Trial, trial),
)
