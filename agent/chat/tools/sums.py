"""Figures over closed trades, each told in a sentence: counts, win rates, P&L, streaks, holding, fees, how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import median
from typing import Any

from agent.chat.found import cite, day, gain, money, per_cent
from agent.chat.tables import Trade
from agent.statistics.proportion import wilson

Json = dict[str, Any]
Tells = Callable[[list[Trade], Json, str], str]


def sums(inside: list[Trade]) -> Json:
    """What trades came to: their number, wins, win rate, mean net R, net P&L."""
    rs = [t.outcome.r for t in inside]
    wins = sum(t.won for t in inside)
    return {
        "count": len(inside),
        "wins": wins,
        "losses": len(inside) - wins,
        "win_rate": wins / len(inside),
        "mean_r": sum(rs) / len(rs),
        "pnl": sum(t.outcome.pnl for t in inside),
    }


def _interval(wins: int, n: int) -> str:
    found = wilson(wins, n)
    return f" (95 % interval {per_cent(found[0], 0)} to {per_cent(found[1], 0)})" if found else ""


def _count(chosen: list[Trade], of: Json, what: str) -> str:
    n, wins = of["count"], of["wins"]
    split = f": {wins} won and {n - wins} lost" if 0 < wins < n else ""
    one = what.replace("trades", "trade", 1) if n == 1 else what
    return f"{n} {one}{split}, {gain(of['pnl'])} net in all"


def _rate(chosen: list[Trade], of: Json, what: str) -> str:
    n, wins = of["count"], of["wins"]
    return f"{per_cent(of['win_rate'])} of {n} {what} won{_interval(wins, n)}: {wins} won, {n - wins} lost"


def _pnl(chosen: list[Trade], of: Json, what: str) -> str:
    won = sum(t.outcome.pnl for t in chosen if t.won)
    lost = sum(t.outcome.pnl for t in chosen if not t.won)
    split = f" ({gain(won)} won, {gain(lost)} lost)" if won and lost else ""
    total = sum(t.outcome.r for t in chosen)
    return f"{of['count']} {what} made {gain(of['pnl'])} net of costs{split}, {total:+.2f} R, mean {of['mean_r']:+.2f} R a trade"


def _average(chosen: list[Trade], of: Json, what: str) -> str:
    won = [t.outcome for t in chosen if t.won]
    lost = [t.outcome for t in chosen if not t.won]
    cash, r = (median(getattr(t.outcome, name) for t in chosen) for name in ("pnl", "r"))
    parts = [
        f"The mean of {of['count']} {what} is {gain(of['pnl'] / of['count'])}, {of['mean_r']:+.2f} R, the median {gain(cash)}, "
        f"{r:+.2f} R"
    ]
    for name, group in (("winner", won), ("loser", lost)):
        if group and len(group) < len(chosen):
            mean, mean_r = sum(o.pnl for o in group) / len(group), sum(o.r for o in group) / len(group)
            parts.append(f"the mean {name} {gain(mean)}, {mean_r:+.2f} R over {len(group)}")
    return f"{'; '.join(parts)}{_payoff(chosen)}"


def _payoff(chosen: list[Trade]) -> str:
    won = [t.outcome.pnl for t in chosen if t.outcome.pnl > 0]
    lost = [-t.outcome.pnl for t in chosen if t.outcome.pnl < 0]
    if not won or not lost:
        return ""
    return f"; a winner is {(sum(won) / len(won)) / (sum(lost) / len(lost)):.2f} times a loser"


def _holding(chosen: list[Trade], of: Json, what: str) -> str:
    bars = [t.outcome.bars_held for t in chosen]
    days = [(t.outcome.exit_bar - t.outcome.entry_bar).days for t in chosen]
    return (
        f"{len(bars)} {what} were held {sum(bars) / len(bars):.1f} bars on average ({sum(days) / len(days):.1f} calendar days), "
        f"median {median(bars):g} bars, {min(bars)} to {max(bars)} bars ({min(days)} to {max(days)} calendar days)"
    )


def _streak(chosen: list[Trade], of: Json, what: str) -> str:
    ordered = sorted(chosen, key=lambda t: (t.outcome.closed_at, t.outcome.symbol))
    parts = []
    for name, flag in (("losing", False), ("winning", True)):
        run = _longest(ordered, flag)
        if run:
            first, last = run[0].outcome, run[-1].outcome
            parts.append(
                f"the longest {name} streak{what.removeprefix('trades')} is {len(run)} trades, closed from {day(first.exit_bar)} "
                f"{cite('trade', first.decision)} to {day(last.exit_bar)} {cite('trade', last.decision)}, "
                f"{gain(sum(t.outcome.pnl for t in run))}"
            )
    now = _ending(ordered)
    parts.append(f"the last {len(now)} closed {'won' if now[-1].won else 'lost'}")
    text = "; ".join(parts)
    return text[0].upper() + text[1:]


def _longest(ordered: list[Trade], flag: bool) -> list[Trade]:
    best: list[Trade] = []
    now: list[Trade] = []
    for trade in ordered:
        now = [*now, trade] if trade.won == flag else []
        best = now if len(now) > len(best) else best
    return best


def _ending(ordered: list[Trade]) -> list[Trade]:
    """The streak that the record ends with."""
    i = len(ordered)
    while i and ordered[i - 1].won == ordered[-1].won:
        i -= 1
    return ordered[i:]


def _fees(chosen: list[Trade], of: Json, what: str) -> str:
    fees = [t.outcome.fees for t in chosen]
    mean = sum(fees) / len(fees)
    return f"{of['count']} {what} paid {money(sum(fees))} in fees, {money(mean)} each; slippage is in their prices"


def _spacing(chosen: list[Trade], of: Json, what: str) -> str:
    """How far entries lie apart, in calendar days."""
    begun = sorted(t.outcome.entry_bar for t in chosen)
    gaps = [(b - a).days for a, b in zip(begun, begun[1:], strict=False)]
    if not gaps:
        return f"{of['count']} {what}: too few to lie apart"
    longest = gaps.index(max(gaps))
    return (
        f"Between the entries of {of['count']} {what} lie {sum(gaps) / len(gaps):.1f} calendar days on average, median "
        f"{median(gaps):g}, {min(gaps)} to {max(gaps)}; the longest from {day(begun[longest])} to {day(begun[longest + 1])}"
    )


def _factor(chosen: list[Trade], of: Json, what: str) -> str:
    won = sum(t.outcome.pnl for t in chosen if t.outcome.pnl > 0)
    lost = -sum(t.outcome.pnl for t in chosen if t.outcome.pnl < 0)
    ratio = f"{won / lost:.2f}" if lost else "without bound, nothing lost"
    return f"The profit factor of {of['count']} {what} is {ratio}: {money(won)} won over {money(lost)} lost"


def _exits(chosen: list[Trade], of: Json, what: str) -> str:
    parts = []
    for name, n in Counter(t.outcome.reason for t in chosen).most_common():
        pnl = sum(t.outcome.pnl for t in chosen if t.outcome.reason == name)
        parts.append(f"{name} {n} ({per_cent(n / len(chosen))}, {gain(pnl)})")
    return f"{of['count']} {what} ended by {', '.join(parts)}"


MEASURES: dict[str, Tells] = {
    "all": _count, "count": _count, "win_rate": _rate, "pnl": _pnl, "average": _average, "holding": _holding, "streak": _streak,
    "fees": _fees, "factor": _factor, "exits": _exits, "spacing": _spacing,
}  # fmt: skip
