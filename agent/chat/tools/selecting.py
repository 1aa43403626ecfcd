"""Which trades are asked for: by days, symbol, side, end, skill, weekday and bounds on any figure, in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import cite, day, gain, per_cent
from agent.chat.tables import Trade
from agent.chat.tools.base import Scope
from agent.chat.tools.figures import TRADE_FIGURES, Bound, bounded, meets, settled
from agent.chat.view import View
from agent.domain import ExitReason, Frozen, Side

Json = dict[str, Any]
Order = Literal["best", "worst", "longest", "shortest", "first", "last", "largest", "smallest", "highest", "lowest"]
By = Literal["regime", "symbol", "quarter", "month", "year", "side", "exit", "skill", "weekday", "calendar_month"]
Measure = Literal["all", "count", "win_rate", "pnl", "average", "holding", "streak", "fees", "factor", "exits", "spacing"]
Rank = Literal["count", "wins", "losses", "win_rate", "pnl", "mean_r"]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class After(Frozen):
    """What came right before a trade's entry: so many closed trades, each a win, a loss, a stop or a target."""

    what: Literal["win", "loss", "stop", "target"]
    n: int = Field(1, ge=1, le=20)


class Trades(Scope):
    """Which trades, what of them, divided by what. A trade belongs to the day it closed; ``dated`` entry: to that of its fill."""

    dated: Literal["exit", "entry"] = "exit"
    side: Side | None = None
    won: bool | None = Field(None, description="only winners, only losers")
    exit: ExitReason | None = None
    but: bool = Field(False, description="with exit: the trades that ended in any other way")
    skill: str | None = Field(None, description="only trades this skill agreed with, by name")
    weekday: int | None = Field(None, ge=0, le=6, description="weekday of the entry's fill, Monday 0")
    after: After | None = Field(None, description="only trades entered when the last n closed ones were so")
    bounds: tuple[Bound, ...] = Field((), description="conditions on figures of the trade or on features at its decision")
    order: Order | None = Field(None, description="show single trades, ranked so; highest and lowest go by figure")
    n: int = Field(1, ge=1, le=50)
    nth: int | None = Field(None, ge=1, description="with order: only the trade at this place")
    figure: str | None = Field(None, description="pnl, r, bars_held, confidence, size, fees, entry_price, or a feature")
    measure: Measure = "all"
    by: By | None = None
    within: By | None = Field(None, description="with by: each group divided once more")
    rank: Rank | None = Field(None, description="with by: which group has the most of it")
    least: bool = False
    rest: bool = Field(False, description="what all other trades came to, had these been left out")
    relate: bool = Field(False, description="with figure: whether trades where it is higher do better")
    having: Bound | None = Field(None, description="with by: only groups whose number of trades meets this")


def selected(view: View, asked: Trades) -> list[Trade]:
    """The trades asked for, in the order asked for, by their close without one."""
    asked = measured(view, asked)
    chosen = [trade for trade in inside(view, asked) if fits(view, trade, asked)]
    every = sorted(chosen, key=key_of(asked)) if asked.order is not None else chosen
    return every[asked.nth - 1 : asked.nth] if asked.nth is not None else every


def measured(view: View, asked: Trades) -> Trades:
    """The same with "than usual" settled: against all trades of the days, symbol and regime asked for."""
    if not any(bound.than for bound in asked.bounds):
        return asked
    return asked.model_copy(update={"bounds": settled(asked.bounds, TRADE_FIGURES, inside(view, asked))})


def inside(view: View, asked: Trades) -> list[Trade]:
    """The trades of the days asked for, by their close or by their entry."""
    if asked.dated == "exit":
        return asked.trades(view)
    open_ended = asked.model_copy(update={"start": None, "end": None})
    return [trade for trade in open_ended.trades(view) if asked.holds(trade.outcome.entry_bar.date())]


def fits(view: View, trade: Trade, asked: Trades) -> bool:
    """Whether a trade meets every condition but the days."""
    return (
        asked.side in (None, trade.outcome.side)
        and asked.won in (None, trade.won)
        and (asked.exit is None or (asked.exit == trade.outcome.reason) != asked.but)
        and (asked.skill is None or asked.skill in skills_of(view, trade))
        and asked.weekday in (None, trade.outcome.entry_bar.weekday())
        and (asked.after is None or follows(view, trade, asked.after))
        and all(meets(TRADE_FIGURES[b.feature].of(trade), b) for b in asked.bounds)
    )


_WAS: dict[str, Callable[[Trade], bool]] = {
    "win": lambda t: t.won, "loss": lambda t: not t.won, "stop": lambda t: t.outcome.reason == "stop",
    "target": lambda t: t.outcome.reason == "target",
}  # fmt: skip


def follows(view: View, trade: Trade, after: After) -> bool:
    """Whether the last closed trades of the book before a trade's entry were so many of a kind."""
    closed = view.tables.trades_closed_before(trade.outcome.entry_bar)[-after.n :]
    return len(closed) == after.n and all(_WAS[after.what](one) for one in closed)


def skills_of(view: View, trade: Trade) -> list[str]:
    """The names of the skills that agreed with a trade."""
    agreed = [ident for ident, agreed in trade.decision.skills if agreed] if trade.decision else []
    names = {skill.id: skill.name for skill in view.catalogue.versions()}
    return [names.get(ident, ident) for ident in agreed]


def kind_of(asked: Trades) -> str:
    """The trades asked for, in words."""
    words = {True: "winning ", False: "losing ", None: ""}[asked.won]
    words += {"buy": "long ", "sell": "short ", None: ""}[asked.side]
    ended = f" that ended {'otherwise than ' if asked.but else ''}by {asked.exit}" if asked.exit else ""
    backed = f" that {asked.skill} agreed with" if asked.skill else ""
    kinds = {"loss": "losses", "win": "wins", "stop": "stops", "target": "targets"}
    came = f"{asked.after.n} {kinds[asked.after.what]} in a row" if asked.after and asked.after.n > 1 else ""
    came = came or (f"a {asked.after.what}" if asked.after else "")
    backed += f" entered after {came}" if came else ""
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


def key_of(asked: Trades) -> Callable[[Trade], float]:
    """What single trades are sorted by."""
    order = asked.order or "last"
    if order == "first":
        return lambda t: t.outcome.entry_bar.timestamp()
    if order == "last":
        return lambda t: -t.outcome.exit_bar.timestamp()
    name, down = _RANKS.get(order, (asked.figure or "pnl", order == "highest"))
    read = TRADE_FIGURES[name].of
    if name == "bars_held":  # of as many bars, those over more calendar days
        days = TRADE_FIGURES["days_held"].of
        return lambda t: (-1 if down else 1) * ((read(t) or 0.0) + (days(t) or 0.0) / 1e4)
    return lambda t: _last_if_missing(read(t), down)


def _last_if_missing(value: float | None, down: bool) -> float:
    """Where a figure stands in an order, falling or rising; a missing one comes last in both."""
    return float("inf") if value is None else -value if down else value
