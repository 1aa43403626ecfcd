"""Decisions as a whole: how many of a kind, how sure and large, by whatever bounds or divides them; the first, last, surest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, day, figure, listing, nothing, per_cent
from agent.chat.tables import Row
from agent.chat.tools.aspects import headline
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.dividing import MOST_GROUPS
from agent.chat.tools.figures import DECISION_FIGURES, Bound, bounded, meets, settled, spread
from agent.chat.tools.selecting import WEEKDAYS
from agent.chat.view import View

Json = dict[str, Any]
By = Literal["regime", "symbol", "quarter", "month", "year", "weekday", "action", "skill", "cause"]
Order = Literal["first", "last", "most_confident", "least_confident", "largest", "smallest", "highest", "lowest"]


class Decisions(Scope):
    """Which decisions; ``action`` as decided, ``entered`` those that ordered an entry; ``clamp`` a limit that cut them."""

    action: Literal["buy", "sell", "close", "hold", "none"] | None = None
    entered: bool = False
    refused: bool = False
    clamped: bool = False
    clamp: str | None = Field(None, description="a limit's name, e.g. max_position")
    status: Literal["ok", "abstained", "error"] | None = None
    skill: str | None = Field(None, description="only decisions at which this skill applied, by name")
    weekday: int | None = Field(None, ge=0, le=6, description="weekday of the bar, Monday 0")
    bounds: tuple[Bound, ...] = Field((), description="conditions on confidence, size, exposure or features")
    order: Order | None = None
    n: int = Field(5, ge=1, le=50)
    nth: int | None = Field(None, ge=1, description="with order: only the decision at this place")
    figure: str | None = Field(None, description="confidence, size, exposure, close or a feature: told as mean, lowest, highest")
    by: By | None = None
    least: bool = Field(False, description="with by: name the group with the fewest, not the most")


def decisions(view: View, asked: Decisions) -> Found:
    """Count decisions, divide them, or show the first, last, most confident or largest of them."""
    unknown = [n for n in (asked.figure, *(b.feature for b in asked.bounds)) if n is not None and n not in DECISION_FIGURES]
    if unknown:
        return nothing(
            f"{unknown[0]!r} is no figure of a decision; there are {listing(list(DECISION_FIGURES), 40)}.", f"run:{view.run}"
        )
    every = asked.rows(view)
    if not every:
        return nothing(f"No decision is recorded{asked.words()}.", f"run:{view.run}")
    asked = asked.model_copy(update={"bounds": settled(asked.bounds, DECISION_FIGURES, every)})
    rows = [row for row in every if _fits(view, row, asked)]
    if asked.order is not None:
        return _listed(view, asked, rows)
    if asked.by is not None and rows:
        return _grouped(view, asked, rows, every)
    return _counted(view, asked, rows, every)


def _fits(view: View, row: Row, asked: Decisions) -> bool:
    return (
        (asked.action is None or row.action == asked.action)
        and (not asked.entered or row.entered)
        and (not asked.refused or row.refused is not None)
        and (not asked.clamped or bool(row.clamps))
        and (asked.clamp is None or asked.clamp in row.clamps)
        and (asked.status is None or row.status == asked.status)
        and (asked.skill is None or asked.skill in _skills(view, row))
        and asked.weekday in (None, row.bar.weekday())
        and all(meets(DECISION_FIGURES[b.feature].of(row), b) for b in asked.bounds)
    )


def _skills(view: View, row: Row) -> list[str]:
    names = {skill.id: skill.name for skill in view.catalogue.versions()}
    return [names.get(ident, ident) for ident, _ in row.skills]


def _kind(asked: Decisions) -> str:
    if asked.entered:
        what = "entries"
    elif asked.refused:
        what = "refusals"
    elif asked.clamp:
        what = f"decisions cut by {asked.clamp}"
    elif asked.clamped:
        what = "decisions cut by a limit"
    elif asked.status not in (None, "ok"):
        what = {"abstained": "abstentions", "error": "errors"}[asked.status or "error"]
    else:
        what = {"hold": "holds", "buy": "buys", "sell": "sells", "close": "closes", "none": "abstentions"}.get(
            asked.action or "", "decisions"
        )
    applied = f" at which {asked.skill} applied" if asked.skill else ""
    on = f" on {WEEKDAYS[asked.weekday]}s" if asked.weekday is not None else ""
    return f"{what}{applied}{on}{bounded(asked.bounds, DECISION_FIGURES)}{asked.words()}"


def _counted(view: View, asked: Decisions, rows: list[Row], every: list[Row]) -> Found:
    counts = Counter(row.action if row.status == "ok" else row.status for row in every)
    of = listing([f"{n} {name}" for name, n in counts.most_common()])
    tag = cite("run", view.run)
    share = f" ({per_cent(len(rows) / len(every))})" if rows and len(rows) < len(every) else ""
    parts = [f"{len(rows)} {_kind(asked)}{share}, of {len(every)} decisions ({of}) {tag}.", *_about(view, asked, rows)]
    if rows and len(rows) < len(every):
        parts.append(f"The last: {headline(rows[-1])}")
    ids = (f"run:{view.run}", *(r.id for r in rows[-5:]))
    return Found(text=" ".join(parts), ids=ids, data={"count": len(rows), "of": dict(counts)})


def _about(view: View, asked: Decisions, rows: list[Row]) -> list[str]:
    """How sure and how large they were, and which limits were at work."""
    names = [asked.figure] if asked.figure else ["confidence", "size"] if asked.entered else ["confidence"]
    told = [said for name in names if (said := spread(DECISION_FIGURES[name], rows))]
    parts = [f"Of them: {'; '.join(told)} {cite('run', view.run)}."] if told else []
    if asked.clamped:
        parts += _cuts(asked, rows)
    reasons = Counter(row.refused for row in rows if row.refused)
    if asked.refused and reasons:
        parts.append(f"Reasons: {listing([f'{why} {n} times' for why, n in reasons.most_common(5)])}.")
    return parts


def _cuts(asked: Decisions, rows: list[Row]) -> list[str]:
    """Each limit at work: how often, from what size to what on average, and where it cut most."""
    out = []
    limits = Counter(name for row in rows for name in row.clamps if asked.clamp in (None, name))
    for name, n in limits.most_common():
        cuts = [(abs(a), abs(b), row) for row in rows for limit, a, b in row.cuts if limit == name]
        before, after = sum(cut[0] for cut in cuts) / len(cuts), sum(cut[1] for cut in cuts) / len(cuts)
        most = max(cuts, key=lambda cut: cut[0] - cut[1])
        out.append(
            f"{name} {n} times, from {per_cent(before)} to {per_cent(after)} of equity on average, most on {day(most[2].bar)} "
            f"({most[2].symbol}, {per_cent(most[0])} to {per_cent(most[1])} {cite('decision', most[2].id)})"
        )
    return [f"Limits at work: {'; '.join(out)}. {sum(row.entered for row in rows)} of them still entered."] if out else []


def group_name(view: View, row: Row, by: By) -> list[str]:
    """The groups a decision belongs to: one, or each skill that applied."""
    if by == "skill":
        return _skills(view, row) or ["no skill"]
    return [
        {
            "regime": row.regime or "unknown",
            "symbol": row.symbol,
            "quarter": f"{row.bar.year}Q{(row.bar.month - 1) // 3 + 1}",
            "month": f"{row.bar:%Y-%m}",
            "year": f"{row.bar.year}",
            "weekday": f"{row.bar:%A}",
            "action": row.action if row.status == "ok" else row.status,
            "cause": _cause(row),
        }[by]
    ]


def _cause(row: Row) -> str:
    """What stood behind a decision: where it leaned, whether a position was open, which limit left nothing of it."""
    if row.status != "ok":
        return "no voter or skill spoke" if row.status == "abstained" else row.status
    if row.action != "hold":
        return f"it decided to {row.action}"
    nil = [name for name, _, after in row.cuts if after == 0.0]
    if nil:
        return f"cut to nothing by {nil[0]}"
    if row.refused is not None:
        return f"refused: {row.refused}"
    if row.symbol in row.held:
        lean = {"buy": "it leaned to buy", "sell": "the lean against it was weak"}
        return f"a position was open and {lean.get(row.side or '', 'it leaned nowhere')}"
    return f"leaning to {row.side}, below the confidence an entry needs" if row.side else "it leaned nowhere"


def _grouped(view: View, asked: Decisions, rows: list[Row], every: list[Row]) -> Found:
    by = asked.by or "symbol"
    groups: dict[str, list[Row]] = defaultdict(list)
    totals: Counter[str] = Counter()
    for row in rows:
        for name in group_name(view, row, by):
            groups[name].append(row)
    for row in every:
        totals.update(group_name(view, row, by))
    ordered = sorted(groups.items(), key=lambda g: (WEEKDAYS.index(g[0]) if g[0] in WEEKDAYS else 0, g[0]))
    edge = (min if asked.least else max)(len(inside) for inside in groups.values())
    first = " and ".join(name for name, inside in ordered if len(inside) == edge)
    told = [_group(asked, name, inside, totals[name]) for name, inside in ordered]
    shown = f" {'; '.join(told)}." if len(told) <= MOST_GROUPS else ""
    what = _kind(asked)
    text = f"{'Fewest' if asked.least else 'Most'} {what} by {by}: {first} ({edge}) {cite('run', view.run)}.{shown}"
    rows_ = tuple((name, str(len(inside)), per_cent(len(inside) / totals[name])) for name, inside in ordered)
    table = Table(title=f"{what} by {by}", columns=(by, "number", "share"), rows=rows_, right=(1, 2))
    return Found(text=text, ids=(f"run:{view.run}",), data={name: len(inside) for name, inside in ordered}, table=table)


def _group(asked: Decisions, name: str, inside: list[Row], total: int) -> str:
    share = f" ({per_cent(len(inside) / total)} of {total})" if len(inside) < total else ""
    figured = asked.figure or ("confidence" if asked.entered else None)
    said = f", {spread(DECISION_FIGURES[figured], inside)}" if figured else ""
    return f"{name} {len(inside)}{share}{said}"


_KEYS: dict[str, Callable[[Row], float]] = {
    "first": lambda row: row.as_of.timestamp(),
    "last": lambda row: -row.as_of.timestamp(),
    "most_confident": lambda row: -(row.confidence or 0.0),
    "least_confident": lambda row: row.confidence if row.confidence is not None else 9.0,
    "largest": lambda row: -abs(row.size),
    "smallest": lambda row: abs(row.size) or 9.0,
}


def _key(asked: Decisions) -> Callable[[Row], float]:
    order = asked.order or "last"
    if order not in ("highest", "lowest"):
        return _KEYS[order]
    read, sign = DECISION_FIGURES[asked.figure or "confidence"].of, -1 if order == "highest" else 1
    return lambda row: sign * value if (value := read(row)) is not None else float("inf")


def _listed(view: View, asked: Decisions, rows: list[Row]) -> Found:
    what = _kind(asked)
    every = sorted(rows, key=_key(asked))
    chosen = every[asked.nth - 1 : asked.nth] if asked.nth is not None else every[: asked.n]
    if not chosen:
        short = f"There are only {len(every)} {what}" if every else f"There are no {what}"
        return Found(text=f"{short} {cite('run', view.run)}.", ids=(f"run:{view.run}",), data={"ids": []})
    figure_ = DECISION_FIGURES[asked.figure] if asked.figure else None
    lines = [headline(row) + (f" ({figure_.label} {figure_.shown(v)})" if figure_ and (v := figure_.of(row)) is not None else "")
             for row in chosen]  # fmt: skip
    order = (asked.order or "last").replace("_", " ")
    lead = f"The {order} of the {len(rows)} {what}: "
    return Found(
        text=lead + " ".join(lines), ids=tuple(row.id for row in chosen), data={"ids": [row.id for row in chosen]},
        table=_table(chosen),
    )  # fmt: skip


def _table(rows: list[Row]) -> Table:
    shown = tuple(
        (row.id[:8], row.symbol, day(row.bar), row.action, figure(row.confidence), per_cent(abs(row.size))) for row in rows
    )
    return Table(title="decisions", columns=("id", "symbol", "bar", "action", "confidence", "size"), rows=shown, right=(4, 5))


class Contributions(Scope):
    """Over which decisions; ``entered`` those that ordered an entry."""

    entered: bool = False
    won: bool | None = Field(None, description="with entered: only those whose trade won, or lost")


def contributions(view: View, asked: Contributions) -> Found:
    """What each kind of source adds to the signal on average, and how often it stood against the others."""
    rows = [row for row in asked.rows(view) if row.parts and (row.entered or not asked.entered)]
    if asked.won is not None:
        rows = [row for row in rows if row.id in view.tables.trade_of and view.tables.trade_of[row.id].won == asked.won]
    what = ("entries" if asked.entered else "decisions") + {True: " that won", False: " that lost", None: ""}[asked.won]
    if not rows:
        return nothing(f"No {what} with contributions are recorded{asked.words()}.", f"run:{view.run}")
    told, shown = [], []
    for name in sorted({name for row in rows for name in row.parts}):
        values = [(row.parts[name], sum(row.parts.values())) for row in rows if name in row.parts]
        mean, size = sum(v for v, _ in values) / len(values), sum(abs(v) for v, _ in values) / len(values)
        against = sum(v * total < 0 for v, total in values)
        told.append(f"{name} at {len(values)}, mean {mean:+.3f} (mean size {size:.3f}), against the result {against} times")
        shown.append((name, str(len(values)), f"{mean:+.3f}", f"{size:.3f}", str(against)))
    text = (
        f"What the signal was made of over {len(rows)} {what}{asked.words()} {cite('run', view.run)}: {'; '.join(told)}. "
        f"A positive part leans to buying; `vote` are the base strategies, `bound` what was taken off at the cap of memory."
    )
    table = Table(
        title="contributions", columns=("source", "times", "mean", "mean size", "against"), rows=tuple(shown), right=(1, 2, 3, 4)
    )
    return Found(text=text, ids=(f"run:{view.run}", *(r.id for r in rows[-3:])), table=table)


TOOLS = (
    Tool(
        "contributions",
        "What votes, skills, forecast and memory add to signals on average, and how often against.",
        Contributions,
        contributions,
    ),
    Tool(
        "decisions",
        "Decisions: count, share, confidence, size, bounded and grouped; the first, last, surest, largest.",
        Decisions,
        decisions,
    ),
)
