"""Closed trades: how many, how good, the best and the worst, by whatever divides them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, day, gain, money, per_cent
from agent.chat.tables import Trade
from agent.chat.tools.base import Scope, Tool
from agent.chat.view import View
from agent.domain import ExitReason, Side
from agent.statistics.proportion import wilson

Json = dict[str, Any]
Order = Literal["best", "worst", "longest", "shortest", "first", "last", "largest"]
By = Literal["regime", "symbol", "quarter", "month", "year", "side", "exit", "skill", "weekday"]
Measure = Literal[
    "all", "count", "wins", "losses", "win_rate", "pnl", "r", "average", "holding", "streak", "fees", "factor", "exits"
]


class Trades(Scope):
    """Which trades, what of them, and divided by what. A trade belongs to the day it closed."""

    side: Side | None = None
    won: bool | None = Field(None, description="only winners, only losers")
    exit: ExitReason | None = None
    skill: str | None = Field(None, description="only trades this skill agreed with, by name")
    order: Order | None = Field(None, description="show single trades, ranked so")
    n: int = Field(1, ge=1, le=50)
    measure: Measure = "all"
    by: By | None = None


def trades(view: View, asked: Trades) -> Found:
    """Trades closed within the scope: a figure over them, a table by group, or single ones."""
    chosen = [trade for trade in asked.trades(view) if _fits(view, trade, asked)]
    what = _kind(asked)
    if not chosen:
        zero = f"No {what} {'is' if what.endswith('trade') else 'were'} recorded{asked.words()} {cite('run', view.run)}."
        return Found(text=zero.replace("trades is", "trades are"), ids=(f"run:{view.run}",), data={"count": 0})
    if asked.by is not None:
        return _grouped(view, asked, chosen)
    if asked.order is not None:
        return _ranked(asked, chosen)
    return _measured(view, asked, chosen, what)


def _fits(view: View, trade: Trade, asked: Trades) -> bool:
    return (
        asked.side in (None, trade.outcome.side)
        and asked.won in (None, trade.won)
        and asked.exit in (None, trade.outcome.reason)
        and (asked.skill is None or asked.skill in _skills(view, trade))
    )


def _skills(view: View, trade: Trade) -> list[str]:
    agreed = [ident for ident, agreed in trade.decision.skills if agreed] if trade.decision else []
    names = {skill.id: skill.name for skill in view.catalogue.versions()}
    return [names.get(ident, ident) for ident in agreed]


def _kind(asked: Trades) -> str:
    words = {True: "winning ", False: "losing ", None: ""}[asked.won]
    words += {"buy": "long ", "sell": "short ", None: ""}[asked.side]
    ended = f" that ended by {asked.exit}" if asked.exit else ""
    backed = f" that {asked.skill} agreed with" if asked.skill else ""
    return f"{words}trades{ended}{backed}"


def told(trade: Trade) -> str:
    """One trade in a sentence."""
    end = trade.outcome
    return (
        f"{end.symbol} bought {day(end.entry_bar)} at {end.entry_price:,.2f}, closed {day(end.exit_bar)} at "
        f"{end.exit_price:,.2f} "
        f"by {end.reason} after {end.bars_held} bars: {gain(end.pnl)} net, {end.r:+.2f} R {cite('trade', end.decision)}"
    ).replace("bought", "bought" if end.side == "buy" else "sold short")


_RANKS: dict[str, Callable[[Trade], float]] = {
    "best": lambda t: -t.outcome.pnl,
    "worst": lambda t: t.outcome.pnl,
    "longest": lambda t: -t.outcome.bars_held,
    "shortest": lambda t: t.outcome.bars_held,
    "first": lambda t: t.outcome.entry_bar.timestamp(),
    "last": lambda t: -t.outcome.exit_bar.timestamp(),
    "largest": lambda t: -float(t.outcome.quantity) * t.outcome.entry_price,
}


def _ranked(asked: Trades, chosen: list[Trade]) -> Found:
    order = asked.order or "last"
    ranked = sorted(chosen, key=_RANKS[order])[: asked.n]
    smallest = (order, asked.won) in (("worst", True), ("best", False))
    named = {True: "winning ", False: "losing ", None: ""}[asked.won]
    kind = f"{named}trade" if len(ranked) == 1 else f"{len(ranked)} {named}trades"
    lead = f"The {'smallest' if smallest else order} {kind}{asked.words()}"
    note = _by_r(order, chosen, ranked[0])
    rows = tuple(_row(trade) for trade in ranked)
    shown = Table(title=lead, columns=("id", "symbol", "entry", "exit", "by", "bars", "P&L", "R"), rows=rows, right=(5, 6, 7))
    text = f"{lead}: {'; '.join(told(trade) for trade in ranked)}.{note}"
    return Found(
        text=text,
        ids=tuple(trade.outcome.decision for trade in ranked),
        data={"trades": [trade.outcome.model_dump(mode="json") for trade in ranked]},
        table=shown if len(ranked) > 1 else None,
    )


def _by_r(order: str, chosen: list[Trade], first: Trade) -> str:
    """Where cash and R name different trades, both are told."""
    if order not in ("best", "worst"):
        return ""
    by_r = (max if order == "best" else min)(chosen, key=lambda t: t.outcome.r)
    same = by_r.outcome.decision == first.outcome.decision
    return "" if same else f" Measured in R it is {told(by_r)}."


def _row(trade: Trade) -> tuple[str, ...]:
    end = trade.outcome
    return (
        end.decision[:8], end.symbol, day(end.entry_bar), day(end.exit_bar), end.reason, str(end.bars_held), gain(end.pnl),
        f"{end.r:+.2f}",
    )  # fmt: skip


def group_name(view: View, trade: Trade, by: By) -> list[str]:
    """The groups a trade belongs to: one, or each skill that agreed with it."""
    end = trade.outcome
    at = end.exit_bar
    if by == "skill":
        return _skills(view, trade) or ["no skill"]
    return [
        {
            "regime": trade.regime or "unknown",
            "symbol": end.symbol,
            "quarter": f"{at.year}Q{(at.month - 1) // 3 + 1}",
            "month": f"{at:%Y-%m}",
            "year": f"{at.year}",
            "side": "long" if end.side == "buy" else "short",
            "exit": end.reason,
            "weekday": f"{end.entry_bar:%A}",
        }[by]
    ]


def _grouped(view: View, asked: Trades, chosen: list[Trade]) -> Found:
    by = asked.by or "symbol"
    groups: dict[str, list[Trade]] = defaultdict(list)
    for trade in chosen:
        for name in group_name(view, trade, by):
            groups[name].append(trade)
    rows = [(name, _sums(inside)) for name, inside in sorted(groups.items())]
    parts = [
        f"{name} {s['count']} trades, {per_cent(s['win_rate'])} won, mean {s['mean_r']:+.2f} R, {gain(s['pnl'])}"
        for name, s in rows
    ]
    best, worst = (pick(rows, key=lambda row: row[1]["pnl"]) for pick in (max, min))
    table = Table(
        title=f"trades by {by}",
        columns=(by, "trades", "won %", "mean R", "P&L"),
        rows=tuple((n, str(s["count"]), f"{100 * s['win_rate']:.1f}", f"{s['mean_r']:+.2f}", gain(s["pnl"])) for n, s in rows),
        right=(1, 2, 3, 4),
    )
    most = max(rows, key=lambda row: row[1]["count"])
    extremes = (
        f" Best {best[0]} ({gain(best[1]['pnl'])}), worst {worst[0]} ({gain(worst[1]['pnl'])}); most trades "
        f"{most[0]} ({most[1]['count']})."
        if len(rows) > 1
        else ""
    )
    rates = f" The highest win rate is {max(rows, key=lambda r: r[1]['win_rate'])[0]}'s." if asked.measure == "win_rate" else ""
    text = f"By {by}{asked.words()} {cite('run', view.run)}: {'; '.join(parts)}.{extremes}{rates}"
    return Found(text=text, ids=(f"run:{view.run}",), data={name: sums for name, sums in rows}, table=table)


def _sums(inside: list[Trade]) -> Json:
    rs = [t.outcome.r for t in inside]
    wins = sum(t.won for t in inside)
    return {
        "count": len(inside),
        "wins": wins,
        "win_rate": wins / len(inside),
        "mean_r": sum(rs) / len(rs),
        "pnl": sum(t.outcome.pnl for t in inside),
    }


def _measured(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    sums = _sums(chosen)
    told_of = _MEASURES[asked.measure](chosen, sums, what, asked.words())
    examples = tuple(trade.outcome.decision for trade in chosen[-3:])
    last = f" The last of them: {told(chosen[-1])}." if asked.measure in ("all", "count", "wins", "losses") else ""
    text = f"{told_of} {cite('run', view.run)}.{last}"
    return Found(text=text, ids=(f"run:{view.run}", *examples), data=sums)


def _spread(wins: int, n: int) -> str:
    found = wilson(wins, n)
    return f" (95 % interval {per_cent(found[0], 0)} to {per_cent(found[1], 0)})" if found else ""


def _count(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    n, wins = sums["count"], sums["wins"]
    split = f": {wins} won and {n - wins} lost" if 0 < wins < n else ""
    one = what.replace("trades", "trade", 1) if n == 1 else what
    return f"{n} {one}{where}{split}, {gain(sums['pnl'])} net in all"


def _rate(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    n, wins = sums["count"], sums["wins"]
    return f"{per_cent(sums['win_rate'])} of {n} {what}{where} won{_spread(wins, n)}: {wins} won, {n - wins} lost"


def _pnl(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    return f"{sums['count']} {what}{where} made {gain(sums['pnl'])} net of costs, mean {sums['mean_r']:+.2f} R a trade"


def _average(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    won = [t.outcome for t in chosen if t.won]
    lost = [t.outcome for t in chosen if not t.won]
    parts = [f"the mean of {sums['count']} {what}{where} is {gain(sums['pnl'] / sums['count'])}, {sums['mean_r']:+.2f} R"]
    for name, group in (("winner", won), ("loser", lost)):
        if group:
            cash, r = sum(o.pnl for o in group) / len(group), sum(o.r for o in group) / len(group)
            parts.append(f"the mean {name} {gain(cash)}, {r:+.2f} R over {len(group)}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:]


def _holding(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    bars = [t.outcome.bars_held for t in chosen]
    days = sum((t.outcome.exit_bar - t.outcome.entry_bar).days for t in chosen) / len(chosen)
    return (
        f"{len(bars)} {what}{where} were held {sum(bars) / len(bars):.1f} bars on average ({days:.1f} days), "
        f"{min(bars)} to {max(bars)}"
    )


def _streak(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    ordered = sorted(chosen, key=lambda t: (t.outcome.closed_at, t.outcome.symbol))
    parts = []
    for name, flag in (("losing", False), ("winning", True)):
        run = _longest(ordered, flag)
        if run:
            first, last = run[0].outcome, run[-1].outcome
            parts.append(
                f"the longest {name} streak{where} is {len(run)} trades, from {day(first.exit_bar)} "
                f"{cite('trade', first.decision)} "
                f"to {day(last.exit_bar)} {cite('trade', last.decision)}"
            )
    text = "; ".join(parts)
    return text[0].upper() + text[1:]


def _longest(ordered: list[Trade], flag: bool) -> list[Trade]:
    best: list[Trade] = []
    now: list[Trade] = []
    for trade in ordered:
        now = [*now, trade] if trade.won == flag else []
        best = now if len(now) > len(best) else best
    return best


def _fees(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    fees = sum(t.outcome.fees for t in chosen)
    return (
        f"{sums['count']} {what}{where} paid {money(fees)} in fees, {money(fees / len(chosen))} each; slippage is in their prices"
    )


def _factor(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    won = sum(t.outcome.pnl for t in chosen if t.outcome.pnl > 0)
    lost = -sum(t.outcome.pnl for t in chosen if t.outcome.pnl < 0)
    ratio = f"{won / lost:.2f}" if lost else "without bound, nothing lost"
    return f"The profit factor of {sums['count']} {what}{where} is {ratio}: {money(won)} won over {money(lost)} lost"


def _exits(chosen: list[Trade], sums: Json, what: str, where: str) -> str:
    groups: dict[str, int] = defaultdict(int)
    for trade in chosen:
        groups[trade.outcome.reason] += 1
    parts = [f"{name} {n} ({per_cent(n / len(chosen))})" for name, n in sorted(groups.items(), key=lambda g: -g[1])]
    return f"{sums['count']} {what}{where} ended by {', '.join(parts)}"


_MEASURES: dict[str, Callable[[list[Trade], Json, str, str], str]] = {
    "all": _count, "count": _count, "wins": _count, "losses": _count, "win_rate": _rate, "pnl": _pnl, "r": _average,
    "average": _average, "holding": _holding, "streak": _streak, "fees": _fees, "factor": _factor, "exits": _exits,
}  # fmt: skip

TOOLS = (Tool("trades", "Closed trades: count, win rate, P&L, streaks, holding, best and worst, by any group.", Trades, trades),)
