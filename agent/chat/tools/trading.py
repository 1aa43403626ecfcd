"""Closed trades: how many, how good, the best and the worst, by whatever bounds or divides them."""

from __future__ import annotations

from math import isnan
from typing import Any, Literal

from scipy.stats import spearmanr

from agent.chat.found import Found, Table, cite, day, gain, listing, nothing, per_cent
from agent.chat.tables import Trade
from agent.chat.tools.base import Scope, Tool
from agent.chat.tools.dividing import firsts, grouped
from agent.chat.tools.figures import TRADE_FIGURES, spread
from agent.chat.tools.selecting import Trades, fits, inside, key_of, kind_of, measured, told
from agent.chat.tools.sums import MEASURES, sums
from agent.chat.view import View

FEW = 5  # as many are told one by one


def trades(view: View, asked: Trades) -> Found:
    """Trades within the scope: a figure over them, a table by group, or single ones."""
    unknown = [n for n in (asked.figure, *(b.feature for b in asked.bounds)) if n is not None and n not in TRADE_FIGURES]
    if unknown:
        return nothing(
            f"{unknown[0]!r} is no figure of a trade; there are {listing(list(TRADE_FIGURES), 40)}.", f"run:{view.run}"
        )
    asked = measured(view, asked)
    chosen = [trade for trade in inside(view, asked) if fits(view, trade, asked)]
    what = kind_of(asked)
    if not chosen:
        text = f"No {what} {'is' if what.endswith('trade') else 'were'} recorded {cite('run', view.run)}.{_outside(view, asked)}"
        return Found(text=text, ids=(f"run:{view.run}",), data={"count": 0})
    if asked.rest:
        return _without(view, asked, chosen, what)
    if asked.by is not None and asked.order is not None:
        return firsts(view, asked, chosen, what)
    if asked.by is not None:
        return grouped(view, asked, chosen, what)
    if asked.order is not None:
        return _ranked(asked, chosen)
    return _measured(view, asked, chosen, what)


def _outside(view: View, asked: Trades) -> str:
    """That the days asked for are not in the record, where they are not."""
    days = [row.day for row in view.tables.rows]
    if not days or (asked.start is None or asked.start <= max(days)) and (asked.end is None or asked.end >= min(days)):
        return ""
    return f" These days lie outside the record, which runs from {day(min(days))} to {day(max(days))}."


def _ranked(asked: Trades, chosen: list[Trade]) -> Found:
    order = asked.order or "last"
    every = sorted(chosen, key=key_of(asked))
    if asked.nth is not None and asked.nth > len(every):
        return nothing(f"There are only {len(every)} {kind_of(asked)}, so there is no number {asked.nth} of them.")
    ranked = every[asked.nth - 1 : asked.nth] if asked.nth is not None else every[: asked.n]
    lead = (
        f"The {len(every)} {kind_of(asked)} in order"
        if order == "first" and 1 < len(every) == len(ranked)
        else _lead(asked, len(ranked))
    )
    note = _by_r(order, chosen, ranked[0]) + _share(order, chosen, ranked) if asked.nth is None else ""
    note += _ties(asked, every) if len(ranked) == 1 and asked.nth is None else ""
    note += f" {len(every) - len(ranked)} more are not shown." if order == "first" and 1 < len(ranked) < len(every) else ""
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


def _without(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    """What the other trades came to, had some been left out and nothing else been otherwise."""
    if asked.order is not None:
        chosen = sorted(chosen, key=key_of(asked))[: asked.n]
        what = _lead(asked, len(chosen))[4:]
    out = {id(trade) for trade in chosen}
    others = [trade for trade in view.tables.trades if id(trade) not in out]
    left, of = sums(chosen), sums(others) if others else None
    rest = f"the {of['count']} others {_summed(of)}" if of else "there are no others"
    text = (
        f"{left['count']} {what} {_summed(left)} {cite('run', view.run)}; without them {rest}. Nothing else is taken to be "
        f"otherwise."
    )
    return Found(
        text=text, ids=(f"run:{view.run}", *(t.outcome.decision for t in chosen[-FEW:])), data={"left": left, "rest": of}
    )


def _summed(of: Any) -> str:
    return f"made {gain(of['pnl'])} net ({per_cent(of['win_rate'])} won, mean {of['mean_r']:+.2f} R)"


def _own(figure: Any, trade: Trade) -> str:
    value = figure.of(trade) if figure else None
    return f" ({figure.label} {figure.shown(value)})" if value is not None else ""


def _lead(asked: Trades, n: int) -> str:
    order: str = asked.order or "last"
    if (order, asked.won) in (("worst", True), ("best", False)):
        order = "smallest"
    if order in ("highest", "lowest"):
        order = f"{order} {TRADE_FIGURES[asked.figure or 'pnl'].label} among"
    kind = kind_of(asked)
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


def _ties(asked: Trades, every: list[Trade]) -> str:
    """How many others stand level with the first."""
    level = sum(key_of(asked)(trade) == key_of(asked)(every[0]) for trade in every) - 1
    return (
        f" {level} other{'s equal' if level > 1 else ' equals'} it in that."
        if level and asked.order not in ("first", "last")
        else ""
    )


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


def _measured(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    of = sums(chosen)
    if asked.relate and asked.figure is not None:
        return _related(view, asked, chosen, what)
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


def _related(view: View, asked: Trades, chosen: list[Trade], what: str) -> Found:
    """Trades above the median of a figure beside those below it, and how the figure goes with the result."""
    figure = TRADE_FIGURES[asked.figure or "size"]
    known = [(value, trade) for trade in chosen if (value := figure.of(trade)) is not None]
    if len(known) < FEW:
        return nothing(f"Of {what} {figure.label} is known too seldom to compare.", f"run:{view.run}")
    known.sort(key=lambda pair: pair[0])
    half = len(known) // 2
    parts = []
    for name, group in (("lower", known[:half]), ("higher", known[half:])):
        of = sums([trade for _, trade in group])
        parts.append(
            f"the half with {name} {figure.label} (up to {figure.shown(group[-1][0])}): {of['count']} trades, "
            f"{per_cent(of['win_rate'])} won, mean {of['mean_r']:+.2f} R, {gain(of['pnl'])}"
        )
    found = spearmanr([value for value, _ in known], [trade.outcome.r for _, trade in known])
    rank, chance = float(found.statistic), float(found.pvalue)
    verdict = "no relation that chance could not make" if chance > 0.05 or isnan(rank) else "a relation that chance seldom makes"
    text = (
        f"{figure.label[0].upper() + figure.label[1:]} against the result in R over {what} {cite('run', view.run)}: "
        f"{'; '.join(parts)}. Rank correlation {rank:+.2f} (p {chance:.2f}): {verdict}."
    )
    return Found(text=text, ids=(f"run:{view.run}",), data={"correlation": rank if not isnan(rank) else None, "p": chance})


def _entered(view: View, asked: Trades) -> str:
    """How many were entered in a stretch, where that is another number than were closed in it: either may be meant."""
    if asked.measure not in ("all", "count") or asked.figure or not (asked.start or asked.end):
        return ""
    other: Literal["exit", "entry"] = "entry" if asked.dated == "exit" else "exit"
    turned = asked.model_copy(update={"dated": other})
    n = sum(fits(view, trade, turned) for trade in inside(view, turned))
    when = Scope(start=asked.start, end=asked.end).words()
    return f" {n} of such trades were {'entered' if other == 'entry' else 'closed'}{when}."


TOOLS = (
    Tool(
        "trades",
        "Closed trades: count, win rate, P&L, streaks, holding, best and worst, any figure of them, bounded and grouped.",
        Trades, trades,
    ),
)  # fmt: skip
