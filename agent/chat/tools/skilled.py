"""Skills: what each has earned, where it works, how it has stood; procedures by task."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Literal

from pydantic import Field
from rapidfuzz import fuzz

from agent.chat.found import Found, Table, cite, day, figure, listing, nothing, per_cent
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.figures import Bound, meets
from agent.chat.view import View
from agent.domain import Frozen, RegimeLabel
from agent.errors import ConfigError
from skills.lifecycle import SIZED
from skills.priors import prior_of
from skills.reliability import posterior
from skills.render import render
from skills.schema import Skill

Json = dict[str, Any]
Which = Literal[
    "all", "active", "retired", "probation", "candidate", "quarantined", "watch", "stale", "suspended", "losing", "winning",
    "untried", "shadow",
]  # fmt: skip
Rank = Literal["reliability", "mean_r", "executions", "success", "failure", "last_used", "width"]


class Skills(Frozen):
    """Which skills, and in which order; with a regime, by what they did there."""

    which: Which = "all"
    rank: Rank | None = None
    least: bool = Field(False, description="with rank: the lowest first")
    regime: RegimeLabel | None = None
    n: int = Field(20, ge=1, le=100)
    bounds: tuple[Bound, ...] = Field((), description="conditions on reliability or executions")


def skills(view: View, asked: Skills) -> Found:
    """The skills with their evidence."""
    rows = [row for row in _rows(view, asked.regime) if row["kind"] == "strategy" or asked.which == "all" and asked.rank is None]
    chosen = [row for row in rows if _is(row, asked.which)]
    chosen = [row for row in chosen if all(meets(row[bound.feature], bound) for bound in asked.bounds)]
    if asked.rank is not None:
        chosen = _ranked(
            [row for row in chosen if row["executions"] or asked.rank == "executions" and (asked.least or asked.bounds)],
            asked.rank,
            asked.least,
        )[: asked.n]
    ids = tuple(row["id"] for row in chosen)
    where = f" in {asked.regime} markets" if asked.regime else ""
    if not chosen:
        return _none(view, rows, asked.which, where)
    lead = _lead(asked, len(chosen)) + where
    text = f"{lead}: {'; '.join(_told(row, asked.which) for row in chosen)}."
    return Found(text=text, ids=ids, data={"skills": chosen}, table=_table(lead, chosen))


def _rows(view: View, regime: str | None) -> list[Json]:
    kinds = {skill.id: skill.kind for skill in view.catalogue.versions()}
    rows = [{**row, "kind": kinds[row["id"]], "width": row["interval"][1] - row["interval"][0]} for row in view.catalogue.rows()]
    if regime is None:
        return rows
    for row in rows:
        skill = view.catalogue.get(row["id"], row["version"])
        counts = view.catalogue.counts(skill, "book", regime)
        spread = posterior(counts)
        row |= {
            "executions": counts.total,
            "success": counts.success,
            "partial": counts.partial,
            "failure": counts.failure,
            "reliability": (counts.success + 0.5 * counts.partial) / counts.total if counts.total else skill.prior,
            "interval": [spread.low, spread.high],
            "width": spread.high - spread.low,
            "mean_r": counts.mean_r,
        }
    return rows


def _is(row: Json, which: Which) -> bool:
    if which == "losing":
        return row["executions"] > 0 and row["mean_r"] is not None and row["mean_r"] < 0
    if which == "winning":
        return row["executions"] > 0 and row["mean_r"] is not None and row["mean_r"] > 0
    if which == "untried":
        return bool(row["executions"] == 0)
    if which == "shadow":
        return bool(row["shadow"]["executions"])
    if which == "active":
        return row["status"] in SIZED
    return which in ("all", row["status"])


def _ranked(rows: list[Json], rank: Rank, least: bool) -> list[Json]:
    known = [row for row in rows if row[rank] is not None]
    return sorted(sorted(known, key=lambda row: row["name"]), key=lambda row: row[rank], reverse=not least)


_LEADS = {
    "reliability": "reliability", "mean_r": "mean net R", "executions": "number of executions", "success": "number of successes",
    "failure": "number of failures", "last_used": "time of last use",
    "width": "width of the interval",
}  # fmt: skip


def _lead(asked: Skills, n: int) -> str:
    many = f"{n} skill{'s' if n != 1 else ''}"
    if asked.rank is not None:
        by = _LEADS[asked.rank]
        if asked.bounds:
            met = " and ".join(f"{b.feature} {b.op} {b.value:g}" for b in asked.bounds)
            return f"{many} with {met}, by {'lowest' if asked.least else 'highest'} {by}"
        return f"{'The skill' if n == 1 else 'Skills'} by {'lowest' if asked.least else 'highest'} {by}"
    kind = {"all": "", "losing": "losing in the book", "winning": "winning in the book", "shadow": "followed on paper"}
    return f"{many} {kind.get(asked.which, asked.which)}".strip()


def _told(row: Json, which: Which) -> str:
    words = f"{row['name']} v{row['version']} {cite('skill', row['name'])} {row['status']}"
    if which == "shadow":
        shadow = row["shadow"]
        return f"{words}, {shadow['executions']} on paper, mean {figure(shadow['mean_r'], '{:+.2f}')} R"
    if not row["executions"]:
        return f"{words}, untried in the book"
    low, high = row["interval"]
    return (
        f"{words}, reliability {row['reliability']:.2f} [{low:.2f}, {high:.2f}] over {row['executions']} executions "
        f"({row['success']} success, {row['partial']} partial, {row['failure']} failure), "
        f"mean {figure(row['mean_r'], '{:+.2f}')} R"
        f"{_used(row)}"
    )


def _used(row: Json) -> str:
    return f", last used {day(row['last_used'])}" if row["last_used"] else ""


_STATES = {"probation": "on probation", "watch": "watched", "candidate": "a candidate", "shadow": "followed on paper"}


def _none(view: View, rows: list[Json], which: Which, where: str) -> Found:
    tally: dict[str, int] = defaultdict(int)
    for row in rows:
        tally[row["status"]] += 1
    have = listing([f"{n} {status}" for status, n in sorted(tally.items())])
    past = [t for t in view.tables.transitions if t["status"] == which]
    names = {skill.id: skill.name for skill in view.catalogue.versions()}
    was = listing([f"{str(names.get(t['skill'], t['skill']))} since {day(t['since'])}" for t in past])
    history = f" It happened before: {was}." if past else ""
    return Found(
        text=f"No skill is {_STATES.get(which, which)}{where} now ({have}) {cite('run', view.run)}.{history}",
        ids=(f"run:{view.run}",),
    )


def _table(title: str, rows: list[Json]) -> Table:
    shown = tuple(
        (
            r["name"],
            r["status"],
            str(r["executions"]),
            f"{r['reliability']:.2f}",
            figure(r["mean_r"], "{:+.2f}").replace("not known", "-"),
        )
        for r in rows
    )
    return Table(title=title, columns=("skill", "status", "runs", "reliable", "mean R"), rows=shown, right=(2, 3, 4))


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


class Transitions(Scope):
    """Changes of standing over days; ``to`` a standing, ``order`` the first or the last of them."""

    to: str | None = Field(None, description="only changes to this standing, e.g. retired or stale")
    down: bool = Field(False, description="only changes for the worse")
    order: Literal["first", "last"] = "first"
    n: int = Field(12, ge=1, le=50)


_DOWN = ("stale", "retired", "suspended", "watch", "quarantined")


def transitions(view: View, asked: Transitions) -> Found:
    """When skills changed their standing, and why."""
    names: dict[str, str] = {skill.id: skill.name for skill in view.catalogue.versions()}
    every = [
        t for t in view.tables.transitions
        if asked.holds(date.fromisoformat(t["since"][:10])) and asked.to in (None, t["status"]) and (
            not asked.down or t["status"] in _DOWN
        )
    ]  # fmt: skip
    every.sort(key=lambda t: t["since"], reverse=asked.order == "last")
    what = f"changes of standing{f' to {asked.to}' if asked.to else ' for the worse' if asked.down else ''}{asked.words()}"
    if not every:
        return Found(text=f"No {what} are recorded {cite('run', view.run)}.", ids=(f"run:{view.run}",))
    told = [
        f"{day(t['since'])} {str(names.get(t['skill'], t['skill']))} {t['from']} to {t['status']} ({t['reason']}) "
        f"{cite('skill', str(names.get(t['skill'], t['skill'])))}"
        for t in every[: asked.n]
    ]
    counts: dict[str, int] = defaultdict(int)
    for t in every:
        counts[str(names.get(t["skill"], t["skill"]))] += 1
    each = listing([f"{name} {n}" for name, n in sorted(counts.items(), key=lambda c: -c[1])], 12)
    text = f"{len(every)} {what} ({each}); the {asked.order}: {'; '.join(told)}."
    return Found(text=text, ids=tuple(dict.fromkeys(t["skill"] for t in every[: asked.n])), data={"count": len(every)})


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
    Tool("skills", "Skills with evidence: losing, winning, retired, on probation, best in a regime.", Skills, skills),
    Tool("skill", "One skill: what it does, its reliability with interval, last use, history, by regime.", OneSkill, skill),
    Tool("transitions", "When skills changed their standing, in order, with reasons and counts.", Transitions, transitions),
    Tool("procedures", "The procedure that fits a task, with its steps.", Procedures, procedures),
    Tool("backtest_skill", "What a skill's firings over a range of days came to, in the book and on paper.", Trial, trial),
)
