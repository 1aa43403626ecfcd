"""Closed trades: how many, how good, the best and the worst, by whatever bounds or divides them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found, Table, cite, day, gain, listing, nothing, per_cent
from agent.chat.tables import Trade
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.figures import TRADE_FIGURES, Bound, bounded, meets, spread
from agent.chat.tools.sums import MEASURES, sums
from agent.chat.view import View
from agent.domain import ExitReason, Side

Json = dict[str, Any]
Order = Literal["best", "worst", "longest", "shortest", "first", "last", "largest", "smallest", "highest", "lowest"]
By = Literal["regime", "symbol", "quarter", "month", "year", "side", "exit", "skill", "weekday", "calendar_month"]
Measure = Literal["all", "count", "win_rate", "pnl", "average", "holding", "streak", "fees", "factor", "exits", "spacing"]
Rank = Literal["count", "wins", "losses", "win_rate", "pnl", "mean_r"]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_GROUPS = 40
FEW = 5  # as many are told one by one


class Trades(Scope):
    """Which trades, what of them, divided by what. A trade belongs to the day it closed; ``dated`` entry: to that of its fill."""

    dated: Literal["exit", "entry"] = "exit"
    side: Side | None = None
    won: bool | None = Field(None, description="only winners, only losers")
    exit: ExitReason | None = None
    but: bool = Field(False, description="with exit: the trades that ended in any other way")
    skill: str | None = Field(None, description="only trades this skill agreed with, by name")
    weekday: int | None = Field(None, ge=0, le=6, description="weekday of the entry's fill, Monday 0")
    bounds: tuple[Bound, ...] = Field((), description="conditions on figures of the trade or on features at its decision")
    order: Order | None = Field(None, description="show single trades, ranked so; highest and lowest go by figure")
    n: int = Field(1, ge=1, le=50)
    nth: int | None = Field(None, ge=1, description="with order: only the trade at this place")
    figure: str | None = Field(None, description="pnl, r, bars_held, confidence, size, fees, entry_price, or a feature")
    measure: Measure = "all"
    by: By | None = None
    rank: Rank | None = Field(None, description="with by: which group has the most of it")
    least: bool = False
    having: Bound | None = Field(None, description="with by: only groups whose number of trades meets this")


def trades(view: View, asked: Trades) -> Found:
    """Trades within the scope: a figure over them, a table by group, or single ones."""
    unknown = [n for n in (asked.figure, *(b.feature for b in asked.bounds)) if n is not None and n not in TRADE_FIGURES]
    if unknown:
        return nothing(
            f"{unknown[0]!r} is no figure of a trade; there are {listing(list(TRADE_FIGURES), 40)}.", f"run:{view.run}"
        )
    chosen = [trade for trade in _inside(view, asked) if _fits(view, trade, asked)]
    what = _kind(asked)
    if not chosen:
        text = f"No {what} {'is' if what.endswith('trade') else 'were'} recorded {cite('run', view.run)}."
        return Found(text=text, ids=(f"run:{view.run}",), data={"count": 0})
    if asked.by is not None:
        return _grouped(view, asked, chosen, what)
    if asked.order is not None:
        return _ranked(asked, chosen)
    return _measured(view, asked, chosen, what)


def selected(view: View, asked: Trades) -> list[Trade]:
    """The trades asked for, in the order asked for, by their close without one."""
    chosen = [trade for trade in _inside(view, asked) if _fits(view, trade, asked)]
    every = sorted(chosen, key=_key(asked)) if asked.order is not None else chosen
    return every[asked.nth - 1 : asked.nth] if asked.nth is not None else every


def _inside(view: View, asked: Trades) -> list[Trade]:
    if asked.dated == "exit":
        return asked.trades(view)
    open_ended = asked.model_copy(update={"start": None, "end": None})
    return [trade for trade in open_ended.trades(view) if asked.holds(trade.outcome.entry_bar.date())]


def _fits(view: View, trade: Trade, asked: Trades) -> bool:
    return (
        asked.side in (None, trade.outcome.side)
        and asked.won in (None, trade.won)
        and (asked.exit is None or (asked.exit == trade.outcome.reason) != asked.but)
        and (asked.skill is None or asked.skill in _skills(view, trade))
        and asked.weekday in (None, trade.outcome.entry_bar.weekday())
        and all(meets(TRADE_FIGURES[b.feature].of(trade), b) for b in asked.bounds)
    )


def _skills(view: View, trade: Trade) -> list[str]:
    agreed = [ident for ident, agreed in trade.decision.skills if agreed] if trade.decision else []
    names = {skill.id: skill.name for skill in view.catalogue.versions()}
    return [names.get(ident, ident) for ident in agreed]


def _kind(asked: Trades) -> str:
    words = {True: "winning ", False: "losing ", None: ""}[asked.won]
    words += {"buy": "long ", "sell": "short ", None: ""}[asked.side]
    ended = f" that ended {'otherwise than ' if asked.but else ''}by {asked.exit}" if asked.exit else ""
    backed = f" that {asked.skill} agreed with" if asked.skill else ""
    begun = f" entered on a {WEEKDAYS[asked.weekday]}" if asked.weekday is not None else ""
    dated = " entered" if asked.dated == "entry" and (asked.start or asked.end) else ""
    return f"{words}trades{ended}{backed}{begun}{bounded(asked.bounds, TRADE_FIGURES)}{dated}{asked.words()}"


def told(trade: Trade) -> str:
    """One trade in a sentence."""
    end = trade.outcome
    row = trade.decision
    known = (
        f", decided at confidence {row.confidence:.2f} with {per_cent(abs(row.size))} of equity" if _sure(trade) and row else ""
    )
    return (
        f"{end.symbol} {'bought' if end.side == 'buy' else 'sold short'} {day(end.entry_bar)} at {end.entry_price:,.2f}, closed "
        f"{day(end.exit_bar)} at {end.exit_price:,.2f} by {end.reason} after {end.bars_held} bars: {gain(end.pnl)} net, "
        f"{end.r:+.2f} R{known}{f', in a {trade.regime} regime' if trade.regime else ''} {cite('trade', end.decision)}"
    )


def _sure(trade: Trade) -> bool:
    return trade.decision is not None and trade.decision.confidence is not None


_RANKS: dict[str, tuple[str, bool]] = {
    "best": ("pnl", True), "worst": ("pnl", False), "longest": ("bars_held", True), "shortest": ("bars_held", False),
    "largest": ("value", True), "smallest": ("value", False),
}  # fmt: skip


def _key(asked: Trades) -> Callable[[Trade], float]:
    order = asked.order or "last"
    if order == "first":
        return lambda t: t.outcome.entry_bar.timestamp()
    if order == "last":
        return lambda t: -t.outcome.exit_bar.timestamp()
    name, down = _RANKS.get(order, (asked.figure or "pnl", order == "highest"))
    read = TRADE_FIGURES[name].of
    return lambda t: (-1 if down else 1) * (read(t) if read(t) is not None else float("inf"))  # type: ignore[operator]


def _ranked(asked: Trades, chosen: list[Trade]) -> Found:
    order = asked.order or "last"
    every = sorted(chosen, key=_key(asked))
    if asked.nth is not None and asked.nth > len(every):
        return nothing(f"There are only {len(every)} {_kind(asked)}, so there is no number {asked.nth} of them.")
    ranked = every[asked.nth - 1 : asked.nth] if asked.nth is not None else every[: asked.n]
    lead = _lead(asked, len(ranked))
    note = _by_r(order, chosen, ranked[0]) + _share(order, chosen, ranked) if asked.nth is None else ""
    shown = Table(
        title=lead, columns=("id", "symbol", "entry", "exit", "by", "bars", "P&L", "R"), rows=tuple(_row(t) for t in ranked),
        right=(5, 6, 7),
    )  # fmt: skip
    figure = TRADE_FIGURES[asked.figure] if asked.figure else None
    parts = [f"{told(t)}{_own(figure, t)}" for t in ranked]
    return Found(
        text=f"{lead}: {'; '.join(parts)}.{note}",
        ids=tuple(trade.outcome.decision for trade in ranked),
        data={"trades": [trade.outcome.model_dump(mode="json") for trade in ranked]},
        table=shown if len(ranked) > 1 else None,
    )


def _own(figure: Any, trade: Trade) -> str:
    value = figure.of(trade) if figure else None
    return f" ({figure.label} {figure.shown(value)})" if value is not None else ""


def _lead(asked: Trades, n: int) -> str:
    order: str = asked.order or "last"
    if (order, asked.won) in (("worst", True), ("best", False)):
        order = "smallest"
    if order in ("highest", "lowest"):
        order = f"{order} {TRADE_FIGURES[asked.figure or 'pnl'].label} among"
    kind = _kind(asked)
    place = f"number {asked.nth} from the " if asked.nth is not None else ""
    if n == 1 and "among" not in order:
        return (
            f"The {place}{order} of the {kind}" if asked.nth is not None else f"The {order} {kind.replace('trades', 'trade', 1)}"
        )
    return f"The {order} {kind}" if "among" in order else f"The {order} {n} {kind}"


def _by_r(order: str, chosen: list[Trade], first: Trade) -> str:
    """Where cash and R name different trades, both are told."""
    if order not in ("best", "worst"):
        return ""
    by_r = (max if order == "best" else min)(chosen, key=lambda t: t.outcome.r)
    same = by_r.outcome.decision == first.outcome.decision
    return "" if same else f" Measured in R it is {told(by_r)}."


def _share(order: str, chosen: list[Trade], ranked: list[Trade]) -> str:
    """What the best or worst make of all that was won or lost."""
    won = [t for t in chosen if t.won == (order == "best")]
    if order not in ("best", "worst") or not all(t in won for t in ranked) or len(won) < 2:
        return ""
    part, whole = (sum(t.outcome.pnl for t in group) for group in (ranked, won))
    kind = "winners made" if order == "best" else "losers lost"
    net = gain(sum(t.outcome.pnl for t in chosen))
    return f" That is {per_cent(part / whole)} of what all {len(won)} {kind} ({gain(whole)}); net of all it was {net}."


def _row(trade: Trade) -> tuple[str, ...]:
    end = trade.outcome
    return (
        end.decision[:8], end.symbol, day(end.entry_bar), day(end.exit_bar), end.reason, str(end.bars_held), gain(end.pnl),
        f"{end.r:+.2f}",
    )  # fmt: skip


def group_name(view: View, trade: Trade, by: By, dated: str = "exit") -> list[str]:
    """The groups a trade belongs to: one, or each skill that agreed with it."""
    end = trade.outcome
    at = end.exit_bar if dated == "exit" else end.entry_bar
    if by == "skill":
        return _skills(view, trade) or ["no skill"]
    return [
        {
            "regime": trade.regime or "unknown",
            "symbol": end.symbol,
            "quarter": f"{at.year}Q{(at.month - 1) // 3 + 1}",
            "month": f"{at:%Y-%m}",
            "year": f"{at.year}",
            "calendar_month": f"{at:%B}",
            "side": "long" if end.side == "buy" else "short",
            "exit": end.reason,
            "weekday": f"{end.entry_bar:%A}",
        }[by]
    ]


def _grouped(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    by = asked.by or "symbol"
    groups: dict[str, list[Trade]] = defaultdict(list)
    for trade in chosen:
        for name in group_name(view, trade, by, asked.dated):
            groups[name].append(trade)
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
        title=f"trades by {by}",
        columns=(by, "trades", "won %", "mean R", "P&L"),
        rows=tuple((n, str(s["count"]), f"{100 * s['win_rate']:.1f}", f"{s['mean_r']:+.2f}", gain(s["pnl"])) for n, s in rows),
        right=(1, 2, 3, 4),
    )
    text = f"{_first(asked, rows)}{what[0].upper() + what[1:]} by {by} {cite('run', view.run)}:{shown}{_ends(rows)}"
    return Found(text=text, ids=(f"run:{view.run}",), data={name: of for name, of in rows}, table=table)


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


def _measured(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    of = sums(chosen)
    if asked.figure is not None:
        said = spread(TRADE_FIGURES[asked.figure], chosen)
        sentence = f"{of['count']} {what}: {said or 'it is not known'}"
    else:
        sentence = MEASURES[asked.measure](chosen, of, what)
    examples = tuple(trade.outcome.decision for trade in chosen[-FEW:])
    few = chosen if len(chosen) <= FEW else chosen[-1:]
    lead = "They are" if len(chosen) <= FEW else "The last of them"
    shown = asked.measure in ("all", "count", "pnl") and not asked.figure
    last = f" {'It is' if len(chosen) == 1 else lead}: {'; '.join(told(t) for t in few)}." if shown else ""
    text = f"{sentence} {cite('run', view.run)}.{_entered(view, asked)}{last}"
    return Found(text=text, ids=(f"run:{view.run}", *examples), data=of)


def _entered(view: View, asked: Trades) -> str:
    """How many were entered in a stretch, where that is another number than were closed in it: either may be meant."""
    if asked.measure not in ("all", "count") or asked.figure or not (asked.start or asked.end):
        return ""
    other: Literal["exit", "entry"] = "entry" if asked.dated == "exit" else "exit"
    turned = asked.model_copy(update={"dated": other})
    n = sum(_fits(view, trade, turned) for trade in _inside(view, turned))
    when = Scope(start=asked.start, end=asked.end).words()
    return f" {n} of such trades were {'entered' if other == 'entry' else 'closed'}{when}."


TOOLS = (
    Tool(
        "trades",
        "Closed trades: count, win rate, P&L, streaks, holding, best and worst, any figure of them, bounded and grouped.",
        Trades, trades,
    ),
)  # fmt: skip
