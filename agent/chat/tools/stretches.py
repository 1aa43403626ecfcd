"""The result of each day, week, month, quarter or year: its return, or another figure of it."""

from __future__ import annotations

from datetime import date, datetime

from agent.chat.found import Found, Table, cite, money, nothing, per_cent
from agent.chat.tools.curves import Result, before_of, figures, held_in_chunk
from agent.chat.tools.figures import Bound, meets
from agent.chat.view import View


def stretches(view: View, asked: Result) -> Found:
    """The return of every month, quarter or year, or the best and worst of them."""
    by = asked.by or "month"
    if asked.measure in _BY:
        return _measures(view, asked, by)
    rows = _returns(view, asked, by)
    if by == "calendar_month":
        rows = _by_name(rows)
    if asked.having is not None:
        return _those(view, asked, rows)
    best, worst = max(rows, key=lambda r: r[1]), min(rows, key=lambda r: r[1])
    named = by.replace("calendar_month", "month of the year")
    ends = f"Best {named} {best[0]} ({per_cent(best[1], 2)}), worst {worst[0]} ({per_cent(worst[1], 2)})"
    if asked.rank is not None:
        ranked = sorted(rows, key=lambda r: -r[1] if asked.rank == "best" else r[1])[: asked.n]
        several = ", ".join(f"{name} with {per_cent(value, 2)}" for name, value in ranked)
        ends = f"The {asked.rank} {named}{asked.words()} {'was' if asked.n == 1 else 'were'} {several}. {ends}"
    gains, losses = sum(value > 0 for _, value in rows), sum(value < 0 for _, value in rows)
    ended = _ended(view, asked, by) if by in ("quarter", "year") else {}
    told = ", ".join(f"{name} {per_cent(value, 2)}{ended.get(name, '')}" for name, value in rows) if len(rows) <= 62 else ""
    mean = sum(value for _, value in rows) / len(rows)
    text = (
        f"{ends}; {gains} of {len(rows)} gained and {losses} lost, the mean {per_cent(mean, 2)} {cite('run', view.run)}."
        + (f" {told}." if told else "")
    )  # fmt: skip
    return Found(
        text=text,
        ids=(f"run:{view.run}",),
        data=dict(rows),
        table=Table(
            title=f"return by {named}", columns=(named, "return"), rows=tuple((n, per_cent(v, 2)) for n, v in rows), right=(1,)
        ),
    )


def _those(view: View, asked: Result, rows: list[tuple[str, float]]) -> Found:
    """The stretches whose return meets a condition."""
    bound = asked.having or Bound(feature="return_pct", op=">")
    met = [(name, value) for name, value in rows if meets(100 * value, bound)]
    what = f"{asked.by}s{asked.words()} with a return {bound.op} {bound.value:g} %"
    told = f": {', '.join(f'{name} {per_cent(value, 2)}' for name, value in met)}" if met else ""
    return Found(
        text=f"{len(met)} of {len(rows)} {what} {cite('run', view.run)}{told}.", ids=(f"run:{view.run}",), data=dict(met)
    )


_BY: dict[str, tuple[str, str]] = {
    "drawdown": ("Max. Drawdown [%]", "maximum drawdown"), "exposure": ("Exposure Time [%]", "exposure"),
    "sharpe": ("Sharpe Ratio", "Sharpe ratio"), "sortino": ("Sortino Ratio", "Sortino ratio"),
    "volatility": ("Volatility (Ann.) [%]", "annualised volatility"), "factor": ("Profit Factor", "profit factor"),
    "benchmark": ("", "return less buy and hold"), "costs": ("", "fees"),
}  # fmt: skip


def _measures(view: View, asked: Result, by: str) -> Found:
    """A figure of every month, quarter or year."""
    name, label = _BY[asked.measure]
    spans: dict[str, list[date]] = {}
    for at, _ in view.tables.equity():
        if asked.holds(at.date()):
            spans.setdefault(_stretch(at, by), []).append(at.date())
    rows, told = [], []
    for stretch, days in spans.items():
        inside = Result(start=days[0], end=days[-1])
        value, more = _figure_of(view, inside, asked.measure, name)
        if value is not None:
            rows.append((stretch, value))
            told.append(f"{stretch} {value:.2f}{more}")
    if not rows:
        return nothing(f"There is too little to tell the {label} by {by}.", f"run:{view.run}")
    high, low = max(rows, key=lambda r: r[1]), min(rows, key=lambda r: r[1])
    words = ("shallowest", "deepest") if asked.measure == "drawdown" else ("highest", "lowest")  # it is told as a loss
    text = (
        f"{label[0].upper() + label[1:]} by {by} {cite('run', view.run)}: {words[0]} {high[0]} ({high[1]:.2f}), "
        f"{words[1]} {low[0]} ({low[1]:.2f}). {', '.join(told) if len(told) <= 62 else ''}"
    )
    table = Table(title=f"{label} by {by}", columns=(by, label), rows=tuple((n, f"{v:.2f}") for n, v in rows), right=(1,))
    return Found(text=text, ids=(f"run:{view.run}",), data=dict(rows), table=table)


def _figure_of(view: View, inside: Result, measure: str, name: str) -> tuple[float | None, str]:
    """One figure over some days, and what is to be told beside it."""
    if measure == "costs":
        return sum(fee for at, _, fee in view.tables.fees if inside.holds(at.date())), ""
    if measure != "benchmark":
        return figures(view, inside).get(name), ""
    curve = [value for at, value in view.tables.equity() if inside.holds(at.date())]
    held = held_in_chunk(view, inside)
    mine = 100 * (curve[-1] / before_of(view, inside.start) - 1)
    return (None, "") if held is None else (mine - held, f" ({mine:.2f} % against {held:.2f} %)")


def _ended(view: View, asked: Result, by: str) -> dict[str, str]:
    """Equity at the end of each stretch."""
    last = {_stretch(at, by): value for at, value in view.tables.equity() if asked.holds(at.date())}
    return {name: f" (equity {money(value)})" for name, value in last.items()}


def _returns(view: View, asked: Result, by: str) -> list[tuple[str, float]]:
    """The return of each stretch, in order."""
    last: dict[str, float] = {}
    for at, value in view.tables.equity():
        if asked.holds(at.date()):
            last[_stretch(at, "month" if by == "calendar_month" else by)] = value
    rows, before = [], before_of(view, asked.start)
    for name, value in last.items():
        rows.append((name, value / before - 1))
        before = value
    return rows


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _by_name(rows: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """The mean return of all Januaries, Februaries and so on."""
    groups: dict[int, list[float]] = {}
    for name, value in rows:
        groups.setdefault(int(name[5:7]), []).append(value)
    return [
        (f"{_MONTHS[number - 1]} (mean of {len(values)})", sum(values) / len(values)) for number, values in sorted(groups.items())
    ]


def _stretch(at: datetime, by: str) -> str:
    return {
        "day": f"{at:%Y-%m-%d}",
        "week": f"{at:%G-W%V}",
        "month": f"{at:%Y-%m}",
        "quarter": f"{at.year}Q{(at.month - 1) // 3 + 1}",
        "year": f"{at.year}",
    }[by]
