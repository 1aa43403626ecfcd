"""The market as it was seen: state and features at a day, their history, and days like one of them."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Chart, Found, Table, cite, day, figure, listing, nothing, per_cent
from agent.chat.tables import Row
from agent.chat.tools.base import Scope, Tool
from agent.chat.view import View
from agent.domain import Frozen
from agent.market.features import DOCS, FEATURES

Json = dict[str, Any]


class State(Frozen):
    """Which symbol and day; without a day the newest bar."""

    symbol: str | None = None
    at: date | None = None
    feature: str | None = Field(None, description="only this feature")


def state(view: View, asked: State) -> Found:
    """The market's state as it was known at a bar."""
    symbols = [asked.symbol] if asked.symbol else view.tables.symbols
    words, ids = [], []
    for symbol in symbols:
        rows = view.tables.by_symbol.get(symbol)
        if not rows:
            return nothing(
                f"{symbol} is not in this run; it holds {listing(view.tables.symbols) or 'nothing'}.", f"run:{view.run}"
            )
        row, note = nearest(view, symbol, asked.at)
        if row is None:
            return nothing(note, f"run:{view.run}")
        ids.append(row.id)
        words += [note] if note else []
        words.append(_one(view, row, asked.feature))
    return Found(text=" ".join(words), ids=tuple(ids))


def nearest(view: View, symbol: str, at: date | None) -> tuple[Row | None, str]:
    """The bar of a day, else the one before it, and what is to be said of that."""
    rows = view.tables.by_symbol[symbol]
    if at is None:
        return rows[-1], ""
    if at < rows[0].day or at > rows[-1].day:
        return None, f"{day(at)} lies outside the record of {symbol}, which runs from {day(rows[0].bar)} to {day(rows[-1].bar)}."
    row = view.tables.at(symbol, at)
    if row is not None:
        return row, ""
    before = view.tables.before(symbol, at)
    return before, f"{day(at)} ({at:%A}) was no trading day; the bar before is {day(before.bar) if before else 'not known'}."


def _one(view: View, row: Row, feature: str | None) -> str:
    tag = cite("decision", row.id)
    if feature == "close":
        return f"{row.symbol} closed at {figure(row.close, '{:,.2f}')} on {day(row.bar)} {tag}."
    if feature is not None:
        return (
            f"{feature} of {row.symbol} on {day(row.bar)} was {figure(row.feature(feature), '{:,.4g}')} ({DOCS[feature]}) {tag}."
        )
    record = view.record(row)
    text = record["state"]["text"] if record.get("state") else "nothing was perceived"
    shown = ", ".join(
        f"{n} {figure(row.feature(n), '{:,.4g}')}" for n in ("rsi_14", "atr_14", "adx_14", "trend_strength", "volatility_z")
    )
    return (
        f"{row.symbol} {day(row.bar)}: close {figure(row.close, '{:,.2f}')}, {row.regime or 'unknown'} regime; "
        f"{text}; {shown} {tag}."
    )


class History(Scope):
    """A feature (or ``close``) over days; ``pick`` its highest or lowest bar."""

    feature: str
    pick: Literal["highest", "lowest", "mean"] | None = None


def history(view: View, asked: History) -> Found:
    """A feature over time: its range, mean and last value."""
    if asked.feature not in (*FEATURES, "close"):
        return nothing(f"{asked.feature!r} is no feature; there are close, {listing(list(FEATURES), 30)}.", f"run:{view.run}")
    words, ids = [], []
    chart = None
    for symbol in [asked.symbol] if asked.symbol else view.tables.symbols:
        rows = asked.model_copy(update={"symbol": symbol}).rows(view)
        pairs = [(row, v) for row in rows if (v := _value(row, asked.feature)) is not None]
        if not pairs:
            continue
        low, high = min(pairs, key=lambda p: p[1]), max(pairs, key=lambda p: p[1])
        mean = sum(v for _, v in pairs) / len(pairs)
        chart = chart or _chart(f"{symbol} {asked.feature}", [(row, v) for row, v in pairs], view)
        ids += [low[0].id, high[0].id]
        first = {"highest": f"highest {high[1]:,.4g}", "lowest": f"lowest {low[1]:,.4g}", "mean": f"mean {mean:,.4g}"}.get(
            asked.pick or "", ""
        )
        words.append(
            f"{asked.feature} of {symbol}{asked.model_copy(update={'symbol': None}).words()}: {first + '; ' if first else ''}"
            f"lowest {low[1]:,.4g} on {day(low[0].bar)} {cite('decision', low[0].id)}, highest {high[1]:,.4g} on "
            f"{day(high[0].bar)} "
            f"{cite('decision', high[0].id)}, mean {mean:,.4g}, last {pairs[-1][1]:,.4g} over {len(pairs)} bars."
        )
    if not words:
        return nothing(f"No value of {asked.feature} is recorded{asked.words()}.", f"run:{view.run}")
    return Found(text=" ".join(words), ids=tuple(ids), chart=chart)


def _value(row: Row, feature: str) -> float | None:
    return row.close if feature == "close" else row.feature(feature)


def _chart(title: str, pairs: list[tuple[Row, float]], view: View) -> Chart | None:
    if len(pairs) < 3:
        return None
    marks = [(i, "entry") for i, (row, _) in enumerate(pairs) if row.entered]
    exits = {(t.outcome.symbol, t.outcome.exit_bar) for t in view.tables.trades}
    marks += [(i, "exit") for i, (row, _) in enumerate(pairs) if (row.symbol, row.bar) in exits]
    return Chart(
        title=title, days=tuple(day(r.bar) for r, _ in pairs), values=tuple(v for _, v in pairs), marks=tuple(sorted(marks))
    )


class Similar(Frozen):
    """The situation of a symbol at a day (or of a decision) whose likes are looked for; only earlier ones count."""

    symbol: str | None = None
    at: date | None = None
    id: str | None = None


def similar(view: View, asked: Similar) -> Found:
    """Situations like one that is on record, and what followed them."""
    row, note = _whose(view, asked)
    if row is None:
        return nothing(note, f"run:{view.run}")
    remembered = view.record(row).get("recollection")
    if not remembered or not remembered["analogues"]:
        return nothing(
            f"{note} On {day(row.bar)} too few settled situations were known to compare with {cite('decision', row.id)}.".strip(),
            row.id,
        )
    near = remembered["analogues"]
    best = remembered["estimate"]
    told = [
        f"{a['symbol']} {a['bar_time'][:10]} {cite('decision', a['id'])} {a['similarity']:.2f} similar, {a['r']:+.2f} R"
        for a in near
    ]
    lose = [
        f"{a['symbol']} {a['bar_time'][:10]} {cite('decision', a['id'])} {a['r']:+.2f} R" for a in remembered["counter_evidence"]
    ]
    after = view.tables.shadows.get(row.id)
    text = (
        f"{note} Most like {row.symbol} {day(row.bar)} {cite('decision', row.id)} (on the {best['side']} side): "
        f"{'; '.join(told)}. "
        f"Of {best['n_eff']:.0f} the mean is net {best['mean_r']:+.2f} R, {per_cent(best['p_win'], 0)} won against "
        f"{per_cent(best['base_rate'], 0)} "
        f"of all. Nearest winners and losers, which do not enter the mean: {'; '.join(lose)}."
    ).strip()
    if after:
        text += f" What followed that day itself: long {after[0]:+.2f} R, short {after[1]:+.2f} R {cite('decision', row.id)}."
    rows = tuple((a["symbol"], a["bar_time"][:10], a["id"][:8], f"{a['similarity']:.2f}", f"{a['r']:+.2f}") for a in near)
    table = Table(title="similar situations", columns=("symbol", "bar", "id", "similar", "R"), rows=rows, right=(3, 4))
    return Found(text=text, ids=(row.id, *(a["id"] for a in near)), table=table)


def _whose(view: View, asked: Similar) -> tuple[Row | None, str]:
    if asked.id:
        found = view.tables.found(asked.id)
        return (found[0], "") if len(found) == 1 else (None, f"There is no one decision {asked.id!r}.")
    symbol = asked.symbol or next(iter(view.tables.symbols), None)
    if symbol is None or symbol not in view.tables.by_symbol:
        return None, f"{symbol} is not in this run; it holds {listing(view.tables.symbols) or 'nothing'}."
    return nearest(view, symbol, asked.at)


TOOLS = (
    Tool("market_state", "The market as known at a day: close, features, regime, words.", State, state),
    Tool("feature_history", "A feature or the close over days: range, mean, highest, lowest.", History, history),
    Tool("similar", "Situations like one day's, with what happened after.", Similar, similar),
)
