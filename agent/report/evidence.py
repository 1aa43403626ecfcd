"""Charts of what was learned: skills by reliability, voters' weights from chunk to chunk, how sure against how right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.report.document import Chunk, Reliability, SkillRow
from agent.report.palette import BLUE, CYCLE, GREY, ORANGE, Figure, axis, layout, plain, upright
from agent.report.wording import bounds, number

RETIRE_BELOW = 0.30

_MARKS = {"active": "circle", "probation": "diamond", "candidate": "diamond-open", "retired": "x", "watch": "square"}
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def skills(rows: Sequence[SkillRow]) -> Figure | None:
    """Draw each skill's reliability as a dot with its interval, best on top; None without a skill."""
    known = sorted((row for row in rows if row.reliability is not None), key=lambda row: (row.reliability or 0.0, row.name))
    if not known:
        return None
    line, notes = upright(RETIRE_BELOW, "retired below 0.30 after 10")
    chart = layout(
        92 + 34 * len(known),
        showlegend=False,
        margin={"l": 8, "r": 24, "t": 30, "b": 44},
        xaxis=axis(range=[-0.02, 1.02], title="reliability, with 95 % interval", zeroline=False),
        yaxis=axis(showgrid=False, tickfont={"size": 13}, range=[-0.7, len(known) - 0.3]),
        shapes=[line],
        annotations=notes,
    )
    return {"data": [_dots(known)], "layout": chart}


def _dots(rows: Sequence[SkillRow]) -> dict[str, Any]:
    middles = [row.reliability or 0.0 for row in rows]
    lows = [row.interval[0] if row.interval else None for row in rows]
    highs = [row.interval[1] if row.interval else None for row in rows]
    whisker = {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, (high if high is not None else middle) - middle) for high, middle in zip(highs, middles, strict=True)],
        "arrayminus": [
            max(0.0, middle - (low if low is not None else middle)) for low, middle in zip(lows, middles, strict=True)
        ],
        "color": GREY,
        "thickness": 1.8,
        "width": 5,
    }
    return {
        "type": "scatter",
        "mode": "markers",
        "x": middles,
        "y": [plain(row.name) + "  " for row in rows],
        "error_x": whisker,
        "marker": {
            "size": 11,
            "color": [ORANGE if row.status == "retired" else BLUE if row.executions else GREY for row in rows],
            "symbol": [_MARKS.get(row.status, "circle-open") if row.executions else "circle-open" for row in rows],
        },
        "text": [_hover(row) for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _hover(row: SkillRow) -> str:
    return (
        f"{plain(row.name)} ({plain(row.status)})<br>{number(row.reliability)} {bounds(row.interval)}"
        f"<br>{row.executions} executions, mean R {number(row.mean_r, sign=True)}"
    )


def weights(chunks: Sequence[Chunk]) -> Figure | None:
    """Draw how much each voter counted at the end of each chunk; None when nothing was recorded."""
    voters = sorted({voter for chunk in chunks for voter in chunk.weights})
    if not voters or len(chunks) < 2:
        return None
    names = [plain(chunk.name) for chunk in chunks]
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": names,
            "y": [chunk.weights.get(voter) for chunk in chunks],
            "name": plain(voter),
            "line": {"color": CYCLE[i % len(CYCLE)], "dash": _DASHES[(i + i // len(CYCLE)) % len(_DASHES)], "width": 1.8},
            "marker": {"size": 4},
            "hovertemplate": "%{y:.2f}",
        }
        for i, voter in enumerate(voters)
    ]
    turn = -45 if len(names) > 12 else 0
    chart = layout(
        300,
        hovermode="x unified",
        xaxis=axis(type="category", showgrid=False, tickangle=turn),
        yaxis=axis(title="weight", rangemode="tozero"),
    )
    return {"data": data, "layout": chart}


def reliability(found: Reliability) -> Figure | None:
    """Draw how often decisions were right against how sure they were, with intervals; None when none was scored."""
    rows = [row for row in found.bins if row.interval is not None]
    if not rows:
        return None
    whisker = {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, (row.interval[1] or 0.0) - row.hit_rate) if row.interval else 0.0 for row in rows],
        "arrayminus": [max(0.0, row.hit_rate - (row.interval[0] or 0.0)) if row.interval else 0.0 for row in rows],
        "color": GREY,
        "thickness": 1.8,
        "width": 5,
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": [row.p for row in rows],
        "y": [row.hit_rate for row in rows],
        "error_y": whisker,
        "marker": {"size": 11, "color": BLUE},
        "text": [f"{row.n} decisions: stated {number(row.p)}, right {number(row.hit_rate)}" for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }
    ideal = {"type": "scatter", "mode": "lines", "x": [0.5, 1], "y": [0.5, 1], "line": {"color": GREY, "dash": "dot"}}
    chart = layout(
        320,
        showlegend=False,
        xaxis=axis(range=[0.48, 1.02], title="stated probability of the decision's side", zeroline=False),
        yaxis=axis(range=[0, 1], title="share that was right"),
    )
    return {"data": [{**ideal, "hoverinfo": "skip"}, dots], "layout": chart}
