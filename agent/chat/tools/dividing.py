"""Trades divided: by regime, symbol, stretch, side, end, skill or weekday, with what each group came to."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from agent.chat.found import Found, Table, cite, gain, nothing, per_cent
from agent.chat.tables import Trade
from agent.chat.tools.figures import TRADE_FIGURES, meets, spread
from agent.chat.tools.selecting import WEEKDAYS, By, Trades, key_of, skills_of
from agent.chat.tools.selecting import told as told_of
from agent.chat.tools.sums import MEASURES, sums
from agent.chat.view import View

Json = dict[str, Any]
MOST_GROUPS = 40


def group_name(view: View, trade: Trade, by: By, dated: str = "exit") -> list[str]:
    """The groups a trade belongs to: one, or each skill that agreed with it."""
    end = trade.outcome
    at = end.exit_bar if dated == "exit" else end.entry_bar
    if by == "skill":
        return skills_of(view, trade) or ["no skill"]
    return [
        {
            "regime": trade.regime or "unknown",
            "symbol": end.symbol,
            "quarter": _stretch(at, "quarter"),
            "month": _stretch(at, "month"),
            "year": _stretch(at, "year"),
            "calendar_month": f"{at:%B}",
            "side": "long" if end.side == "buy" else "short",
            "exit": end.reason,
            "weekday": f"{end.entry_bar:%A}",
        }[by]
    ]


def grouped(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    """The groups, each with its sums; first the one that has most or least of what is asked for."""
    by = asked.by or "symbol"
    split = f"{by} and {asked.within}" if asked.within else by
    groups: dict[str, list[Trade]] = defaultdict(list)
    for trade in chosen:
        for name in group_name(view, trade, by, asked.dated):
            inner = group_name(view, trade, asked.within, asked.dated) if asked.within else [""]
            for second in inner:
                groups[f"{name} / {second}" if second else name].append(trade)
    rows = [(name, sums(inside)) for name, inside in sorted(groups.items(), key=_calendar)]
    if asked.having is not None:
        rows = [(name, of) for name, of in rows if meets(of["count"], asked.having)]
        if not rows:
            return nothing(f"No {by} has {asked.having.op} {asked.having.value:g} {what}.", f"run:{view.run}")
        what = f"{len(rows)} groups with {asked.having.op} {asked.having.value:g} {what}"
    of_all = {name: f", {per_cent(s['count'] / len(chosen))} of all" if by == "exit" else "" for name, s in rows}
    parts = [_group(name, s) + of_all[name] + _mean(asked, groups[name]) for name, s in rows]
    brief = ", ".join(f"{name} {of['count']}" for name, of in rows)
    shown = f" {'; '.join(parts)}." if len(rows) <= MOST_GROUPS else f" {brief}."
    table = Table(
        title=f"trades by {split}",
        columns=(split, "trades", "won %", "mean R", "P&L"),
        rows=tuple((n, str(s["count"]), f"{100 * s['win_rate']:.1f}", f"{s['mean_r']:+.2f}", gain(s["pnl"])) for n, s in rows),
        right=(1, 2, 3, 4),
    )
    absent = _absent(asked, {name for name, _ in rows}, view)
    text = f"{_first(asked, rows)}{what[0].upper() + what[1:]} by {split} {cite('run', view.run)}:{shown}{_ends(rows)}{absent}"
    return Found(text=text, ids=(f"run:{view.run}",), data={name: of for name, of in rows}, table=table)


def firsts(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    """The first of each group by an order: the best trade of each year, the longest of each symbol."""
    by, groups = asked.by or "symbol", defaultdict(list)
    for trade in sorted(chosen, key=key_of(asked)):
        for name in group_name(view, trade, by, asked.dated):
            groups[name].append(trade)
    ordered = sorted(groups.items(), key=_calendar)
    told = [f"{name}: {'; '.join(_one(asked, trade) for trade in inside[: asked.n])}" for name, inside in ordered]
    one = what.replace("trades", "trade", 1) if asked.n == 1 else what
    named = asked.figure is not None and asked.order in ("highest", "lowest")
    order = f"{asked.order} {TRADE_FIGURES[asked.figure or 'pnl'].label} of a" if named else str(asked.order)
    ids = tuple(trade.outcome.decision for _, inside in ordered for trade in inside[: asked.n])
    return Found(text=f"The {order} {one} by {by} {cite('run', view.run)}: {'. '.join(told)}.", ids=(f"run:{view.run}", *ids))


def _one(asked: Trades, trade: Trade) -> str:
    """A trade of a group, with the figure it was ordered by."""
    figure = TRADE_FIGURES[asked.figure] if asked.figure else None
    value = figure.of(trade) if figure else None
    return told_of(trade) + (f" ({figure.label} {figure.shown(value)})" if figure and value is not None else "")


def _absent(asked: Trades, present: set[str], view: View) -> str:
    """The months, quarters or years of the record without such a trade."""
    if asked.by not in ("month", "quarter", "year") or asked.within:
        return ""
    every = {_stretch(row.bar, asked.by) for row in asked.rows(view)}
    none = sorted(every - present)
    return f" None in {', '.join(none)}." if none else f" There were some in every {asked.by}."


def _stretch(at: datetime, by: str) -> str:
    return {"month": f"{at:%Y-%m}", "quarter": f"{at.year}Q{(at.month - 1) // 3 + 1}", "year": f"{at.year}"}[by]


def _calendar(group: tuple[str, list[Trade]]) -> tuple[int, str]:
    return (WEEKDAYS.index(group[0]) if group[0] in WEEKDAYS else 0, group[0])


def _group(name: str, of: Json) -> str:
    return (
        f"{name} {of['count']} trades, {of['wins']} won ({per_cent(of['win_rate'])}), mean {of['mean_r']:+.2f} R, "
        f"{gain(of['pnl'])}, {gain(of['pnl'] / of['count'])} each"
    )


def _mean(asked: Trades, inside: list[Trade]) -> str:
    if asked.measure == "holding":
        return f", held {sum(t.outcome.bars_held for t in inside) / len(inside):.1f} bars on average"
    if asked.measure == "average":
        return f". {MEASURES['average'](inside, sums(inside), 'trades')}"
    if asked.measure == "pnl":
        return f", {sum(t.outcome.r for t in inside):+.2f} R in all"
    if asked.measure == "factor":
        return f", {MEASURES['factor'](inside, sums(inside), 'trades')}"
    return f", {spread(TRADE_FIGURES[asked.figure], inside)}" if asked.figure else ""


_RANKED = {
    "count": ("trades", "{:.0f}"), "wins": ("winning trades", "{:.0f}"), "losses": ("losing trades", "{:.0f}"),
    "win_rate": ("win rate", "{:.1%}"), "pnl": ("net P&L", "{:+,.2f}"), "mean_r": ("mean R", "{:+.2f}"),
}  # fmt: skip


def _first(asked: Trades, rows: list[tuple[str, Json]]) -> str:
    """The group that has most or least of what is asked, before all the groups."""
    if asked.rank is None or len(rows) < 2:
        return ""
    rank = asked.rank
    label, pattern = _RANKED[rank]
    edge = (min if asked.least else max)(of[rank] for _, of in rows)
    names = [name for name, of in rows if of[rank] == edge]
    word = ("fewest" if rank in ("count", "wins", "losses") else "lowest") if asked.least else (
        "most" if rank in ("count", "wins", "losses") else "highest"
    )  # fmt: skip
    return f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} the {word} {label} ({pattern.format(edge)}). "


def _ends(rows: list[tuple[str, Json]]) -> str:
    if len(rows) < 2:
        return ""
    best, worst = (pick(rows, key=lambda row: row[1]["pnl"]) for pick in (max, min))
    most, least = (pick(rows, key=lambda row: row[1]["count"]) for pick in (max, min))
    return (
        f" Best {best[0]} ({gain(best[1]['pnl'])}), worst {worst[0]} ({gain(worst[1]['pnl'])}); most trades {most[0]} "
        f"({most[1]['count']}), fewest {least[0]} ({least[1]['count']})."
    )
