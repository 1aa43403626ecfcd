"""Charts of money: what each arm returned, the differences, equity with drawdown, the quarters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agent.report.document import Comparison, Document
from agent.report.palette import BLUE, GREY, ORANGE, Figure, arm_line, axis, layout, plain, upright
from agent.report.wording import HOLD, NO_MEMORY, arm, bounds, direction, label, number, other, percent
from agent.statistics import daily, drawdown


def differences(document: Document) -> Figure | None:
    """Draw the first arm minus each other, with intervals around a zero line; None without comparisons."""
    rows = [row for row in document.comparisons if row.difference_pct is not None][::-1]
    if not rows:
        return None
    zero, _ = upright(0)
    chart = layout(
        96 + 62 * len(rows),
        margin={"l": 8, "r": 24, "t": 8, "b": 44},
        showlegend=False,
        xaxis=axis(title="per cent a year, paired by day", zeroline=False, ticksuffix=" %"),
        yaxis=axis(showgrid=False, range=[-0.6, len(rows) - 0.3], tickfont={"size": 13.5}),
        shapes=[zero],
        annotations=[_caption(row, position) for position, row in enumerate(rows)],
    )
    return {"data": [_whisker(row, position) for position, row in enumerate(rows)], "layout": chart}


def _whisker(row: Comparison, position: int) -> dict[str, Any]:
    middle = row.difference_pct or 0.0
    low, high = row.interval or (None, None)
    found = direction(row)
    colour = {1: BLUE, -1: ORANGE, 0: GREY}[found]
    bar = {"type": "data", "symmetric": False, "thickness": 2.2, "width": 7, "color": colour}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [middle],
        "y": [plain(f"vs {other(row.against)}") + "  "],
        "marker": {"size": 12, "color": colour, "symbol": "circle" if found else "circle-open", "line": {"width": 2.4}},
        "error_x": {**bar, "array": [(high or middle) - middle], "arrayminus": [middle - (low or middle)]},
        "hovertemplate": f"{percent(middle, sign=True)} a year {bounds(row.interval, 1, sign=True)}<extra></extra>",
    }


def _caption(row: Comparison, position: int) -> dict[str, Any]:
    text = f"{percent(row.difference_pct, sign=True)} {bounds(row.interval, 1, sign=True)}"
    return {"x": row.difference_pct, "y": position, "yshift": 20, "text": text, "showarrow": False, "font": {"size": 12}}


def returns(documents: Sequence[Document]) -> Figure:
    """Draw what each arm returned over the whole run, as bars around zero."""
    arms = list(enumerate(documents))[::-1]
    values = [document.figure("Return [%]") for _, document in arms]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": [plain(label(document.arm)) + "  " for _, document in arms],
        "marker": {"color": [arm_line(document.arm, position)["color"] for position, document in arms]},
        "text": [percent(value, sign=True) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "width": 0.56,
        "hoverinfo": "skip",
    }
    chart = layout(
        70 + 44 * len(arms),
        margin={"l": 8, "r": 64, "t": 8, "b": 44},
        xaxis=axis(title="return over the whole run", ticksuffix=" %", range=_room(values)),
        yaxis=axis(showgrid=False, tickfont={"size": 13.5}),
    )
    return {"data": [bars], "layout": chart}


def _room(values: Sequence[float | None]) -> list[float]:
    """Return the range of the bars with space on both sides for their labels."""
    known = [value for value in values if value is not None] or [0.0]
    low, high = min(0.0, *known), max(0.0, *known)
    span = high - low or 1.0
    # a label on the left stands between its bar and the arm's name: it needs more room than one in the open
    return [low - (0.3 * span if low < 0 else 0.0), high + (0.18 * span if high > 0 else 0.0)]


def equity(documents: Sequence[Document]) -> Figure | None:
    """Draw every arm's growth from its own first bar, and below it how far it lay under its peak."""
    data: list[dict[str, Any]] = []
    for position, document in enumerate(documents):
        data += _curve(document, position)
    if not data:
        return None
    chart = layout(
        520,
        hovermode="x unified",
        xaxis=axis(anchor="y2", type="date", showgrid=False),
        yaxis=axis(domain=[0.34, 1], title="return since the start", ticksuffix=" %"),
        yaxis2=axis(domain=[0, 0.27], title="below peak", ticksuffix=" %", rangemode="tozero"),
    )
    return {"data": data, "layout": chart}


def _curve(document: Document, position: int) -> list[dict[str, Any]]:
    if not document.equity or document.equity[0][1] <= 0:
        return []
    stamps = np.array([at.replace(tzinfo=None) for at, _ in document.equity], dtype="datetime64[ns]")
    days, values = daily([value for _, value in document.equity], stamps)
    name, line = plain(label(document.arm)), arm_line(document.arm, position)
    shared = {"type": "scatter", "mode": "lines", "x": [str(day) for day in days], "name": name, "legendgroup": name}
    grown = {"y": _rounded((values / values[0] - 1) * 100), "line": line, "hovertemplate": "%{y:+.1f} %"}
    below = {"y": _rounded(-drawdown(values) * 100), "line": {**line, "width": line["width"] * 0.6}, "yaxis": "y2"}
    if position == 0:
        below |= {"fill": "tozeroy", "fillcolor": f"{BLUE}2e"}
    return [{**shared, **grown}, {**shared, **below, "showlegend": False, "hoverinfo": "skip"}]


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 3) + 0.0 for value in values]


def quarters(documents: Sequence[Document]) -> Figure | None:
    """Draw each chunk's return with and without memory as bars, buy-and-hold as a mark."""
    chunks = documents[0].chunks
    if not chunks:
        return None
    names = [plain(chunk.name) for chunk in chunks]
    data = [_bars(names, [chunk.return_pct for chunk in chunks], label(documents[0].arm), BLUE, "")]
    plainer = arm(documents, NO_MEMORY)
    if plainer is not None:
        by_name = {chunk.name: chunk.return_pct for chunk in plainer.chunks}
        data.append(_bars(names, [by_name.get(chunk.name) for chunk in chunks], label(NO_MEMORY), ORANGE, "/"))
    marks = {"symbol": "diamond-tall", "size": 11, "color": GREY}
    held = {"type": "scatter", "mode": "markers", "x": names, "name": label(HOLD), "marker": marks}
    data.append({**held, "y": [chunk.benchmark_return_pct for chunk in chunks], "hovertemplate": "%{y:+.2f} %"})
    chart = layout(
        360,
        hovermode="x unified",
        barmode="group",
        bargap=0.3,
        xaxis=axis(type="category", showgrid=False, tickangle=-45 if len(names) > 12 else 0),
        yaxis=axis(ticksuffix=" %"),
    )
    return {"data": data, "layout": chart}


def _bars(names: list[str], values: list[float | None], name: str, colour: str, pattern: str) -> dict[str, Any]:
    marker = {"color": colour, "pattern": {"shape": pattern, "fillmode": "replace", "size": 5, "solidity": 0.45}}
    return {"type": "bar", "x": names, "y": values, "name": name, "marker": marker, "hovertemplate": "%{y:+.2f} %"}


def cost_curve(document: Document) -> Figure | None:
    """Draw the return had costs been higher; None unless at least two multiples were tried."""
    rows = [row for row in document.cost_sensitivity if row.return_pct is not None]
    if len(rows) < 2:
        return None
    line = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [row.multiple for row in rows],
        "y": [row.return_pct for row in rows],
        "text": [percent(row.return_pct, sign=True) for row in rows],
        "textposition": "top center",
        "line": {"color": BLUE, "width": 2.2},
        "marker": {"size": 9},
        "cliponaxis": False,
        "hovertemplate": "%{y:+.1f} %<extra></extra>",
    }
    ticks = {"tickvals": [row.multiple for row in rows], "ticktext": [f"{number(row.multiple, 0)}×" for row in rows]}
    chart = layout(
        240,
        xaxis=axis(title="costs, as a multiple of those paid", showgrid=False, zeroline=False, **ticks),
        yaxis=axis(title="return", ticksuffix=" %"),
    )
    return {"data": [line], "layout": chart}
