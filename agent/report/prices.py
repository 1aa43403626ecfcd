"""Trades drawn on the price of their symbol; winners and losers differ in form as well as in colour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent.report.document import Document, Prices, Trade
from agent.report.palette import BLUE, GREY, ORANGE, Figure, axis, layout, plain
from agent.report.wording import day, number


def trades(symbol: str, prices: Prices, document: Document) -> Figure | None:
    """Draw the closes within the run, a line from entry to exit for each trade; None without a close."""
    first, last = (document.equity[0][0], document.equity[-1][0]) if document.equity else (None, None)
    points = [
        (at, close)
        for at, close in zip(prices.timestamps, prices.close, strict=False)
        if close is not None and (first is None or at >= first) and (last is None or at <= last)
    ]
    if not points:
        return None
    mine = [trade for trade in document.trades if trade.symbol == symbol]
    won, lost = [trade for trade in mine if trade.pnl > 0], [trade for trade in mine if trade.pnl <= 0]
    chart = layout(
        400,
        hovermode="closest",
        xaxis=axis(type="date", showgrid=False),
        yaxis=axis(title="close", tickformat=","),
    )
    data = [_line(points), _legs(won, "won", BLUE, "solid"), _legs(lost, "lost", ORANGE, "dot"), _entries(mine)]
    data += [_exits(won, f"{len(won)} won", BLUE, "circle"), _exits(lost, f"{len(lost)} lost", ORANGE, "x")]
    return {"data": [trace for trace in data if trace["x"]], "layout": chart}


def _line(points: Sequence[tuple[datetime, float]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [day(at) for at, _ in points],
        "y": [close for _, close in points],
        "line": {"color": GREY, "width": 1.1},
        "name": "close",
        "hoverinfo": "skip",
    }


def _legs(rows: Sequence[Trade], name: str, colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for row in rows for x in (day(row.entry_bar), day(row.exit_bar), None)],
        "y": [y for row in rows for y in (row.entry_price, row.exit_price, None)],
        "line": {"color": colour, "width": 1.6, "dash": dash},
        "name": name,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _entries(rows: Sequence[Trade]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [day(row.entry_bar) for row in rows],
        "y": [row.entry_price for row in rows],
        "name": "entry (▲ long, ▼ short)",
        "marker": {
            "size": 8,
            "color": GREY,
            "symbol": ["triangle-up" if row.side == "buy" else "triangle-down" for row in rows],
        },
        "text": [f"{plain(row.side)} {day(row.entry_bar)} at {number(row.entry_price)}" for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _exits(rows: Sequence[Trade], name: str, colour: str, mark: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [day(row.exit_bar) for row in rows],
        "y": [row.exit_price for row in rows],
        "name": name,
        "marker": {"size": 7.5, "color": colour, "symbol": mark},
        "text": [_exit(row) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _exit(row: Trade) -> str:
    return (
        f"closed {day(row.exit_bar)} at {number(row.exit_price)} by {plain(row.reason) or 'rule'}"
        f"<br>{number(row.pnl, 0, sign=True)} in cash, {number(row.r, sign=True)} R"
    )
