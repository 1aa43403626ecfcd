"""Skills as a whole: which there are, what each has earned, and how their standing changed."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, day, figure, listing
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.figures import Bound, meets
from agent.chat.view import View
from agent.domain import Frozen, RegimeLabel
from skills.lifecycle import SIZED
from skills.reliability import posterior

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


TOOLS = (
    Tool("skills", "Skills with evidence: losing, winning, retired, on probation, best in a regime.", Skills, skills),
    Tool("transitions", "When skills changed their standing, in order, with reasons and counts.", Transitions, transitions),
)
