"""What voters said and how often they were right, over days, by stretch, and one against another."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, day, listing, nothing, per_cent
from agent.chat.tables import Row
from agent.chat.tools.aspects import headline
from agent.chat.tools.base import Scope, Tool
from agent.chat.view import View

Json = dict[str, Any]


class Votes(Scope):
    """Which voter (without one all), divided by what; ``against`` another voter whose votes are compared."""

    voter: str | None = None
    against: str | None = Field(None, description="a second voter: how often both were on one side, or on opposite ones")
    by: Literal["year", "quarter", "month"] | None = None


def votes(view: View, asked: Votes) -> Found:
    """How often a voter spoke for buying, for selling or not at all, and how often it was right."""
    known = view.tables.voters
    wrong = [v for v in (asked.voter, asked.against) if v is not None and v not in known]
    if wrong:
        return nothing(f"No vote of {wrong[0]!r} is recorded; there are {listing(known)}.", f"run:{view.run}")
    rows = [row for row in asked.rows(view) if row.votes]
    if not rows:
        return nothing(f"No vote is recorded{asked.words()}.", f"run:{view.run}")
    if asked.voter and asked.against:
        return _against(view, asked, rows, asked.voter, asked.against)
    names = [asked.voter] if asked.voter else known
    said = "; ".join(_spoken(name, rows, view) for name in names)
    ids = tuple(f"voter:{name}" for name in names)
    if asked.by is not None:
        told = " ".join(_over_time(view, name, rows, asked.by) for name in names)
        return Found(text=f"{told} In all{asked.words()}: {said}.", ids=ids)
    rows_ = tuple((name, *(str(n) for n in _counts(name, rows))) for name in names)
    table = Table(title="votes", columns=("voter", "buy", "sell", "neutral", "abstained"), rows=rows_, right=(1, 2, 3, 4))
    return Found(text=f"Votes{asked.words()}: {said}.", ids=ids, table=table)


def _counts(name: str, rows: list[Row]) -> tuple[int, int, int, int]:
    """How often a voter was for buying, for selling, neutral, and silent."""
    given = [row.votes.get(name) for row in rows if name in row.votes]
    return (
        sum(v is not None and v > 0 for v in given), sum(v is not None and v < 0 for v in given),
        sum(v == 0 for v in given), sum(v is None for v in given),
    )  # fmt: skip


def _spoken(name: str, rows: list[Row], view: View) -> str:
    buy, sell, neutral, silent = _counts(name, rows)
    none = f", {neutral} neutral" if neutral else ""
    return (
        f"{name} {cite('voter', name)} spoke {buy} times for buying, {sell} for selling{none}, and abstained {silent} times"
        f"{_right(view, name, rows)}"
    )


def record_of(view: View, name: str, rows: list[Row]) -> tuple[int, int, float] | None:
    """Scored votes of a voter at some decisions: how many, how many right, the mean squared loss; None without any."""
    scored = [
        (rose, losses[name]) for row in rows for rose, losses in [view.tables.scored.get(row.id, (False, {}))] if name in losses
    ]
    if not scored:
        return None
    # a vote of one half is right where the price did not rise, as it is scored
    hits = sum(loss < 0.25 or (loss == 0.25 and not rose) for rose, loss in scored)
    return len(scored), hits, sum(loss for _, loss in scored) / len(scored)


def _right(view: View, name: str, rows: list[Row]) -> str:
    found = record_of(view, name, rows)
    return f" (right {per_cent(found[1] / found[0])} of {found[0]} scored)" if found else ""


def _over_time(view: View, name: str, rows: list[Row], by: str) -> str:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_stretch(row, by)].append(row)
    parts = []
    for stretch, inside in sorted(groups.items()):
        found = record_of(view, name, inside)
        if found:
            parts.append(f"{stretch} right {per_cent(found[1] / found[0])} of {found[0]}, Brier {found[2]:.3f}")
    weights = weights_of(view, name)
    return f"{name} by {by} {cite('voter', name)}: {'; '.join(parts) or 'nothing scored'}.{weights}"


def weights_of(view: View, name: str) -> str:
    """How its weight went, from the snapshots at the end of each stretch."""
    held = [(s["chunk"], s["weights"]["all"].get(name)) for s in view.tables.snapshots]
    told = [f"{chunk} {weight:.2f}" for chunk, weight in held if weight is not None]
    return f" Its weight: {listing(told, 24)}." if told else ""


def _stretch(row: Row, by: str) -> str:
    at = row.bar
    return {"year": f"{at.year}", "quarter": f"{at.year}Q{(at.month - 1) // 3 + 1}", "month": f"{at:%Y-%m}"}[by]


def _against(view: View, asked: Votes, rows: list[Row], a: str, b: str) -> Found:
    both = [(row, x, y) for row in rows if (x := row.votes.get(a)) and (y := row.votes.get(b))]
    against = [row for row, x, y in both if x * y < 0]
    together = [row for row, x, y in both if x * y > 0]
    last = f" The last time they were opposed: {headline(against[-1])}" if against else ""
    split = {s: (sum(r.symbol == s for r in against), sum(r.symbol == s for r in together)) for s in view.tables.symbols}
    each = (
        "; ".join(f"{s} opposed {n}, agreed {m}" for s, (n, m) in split.items())
        if asked.symbol is None and len(split) > 1
        else ""
    )
    days = listing([f"{day(r.bar)} {cite('decision', r.id)}" for r in against[-5:]])
    text = (
        f"{a} and {b} both spoke at {len(both)} of {len(rows)} decisions{asked.words()} {cite('run', view.run)}: opposed at "
        f"{len(against)}, on the same side at {len(together)}.{f' By symbol: {each}.' if each else ''}"
        f"{f' The last days opposed: {days}.' if against else ''}{last}"
    )
    ids = (f"voter:{a}", f"voter:{b}", *(r.id for r in against[-5:]))
    return Found(text=text, ids=ids, data={"both": len(both), "opposed": len(against), "agreed": len(together)})


TOOLS = (Tool("votes", "What voters said and how often they were right over days; two voters against each other.", Votes, votes),)
