"""How every voter and model did from chunk to chunk: which to show, their line, a picture and a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.report.document import Document, TrendRow
from agent.report.palette import BLUE, GREY, ORANGE, Figure, axis, layout, plain
from agent.report.tables import Cell, Table
from agent.report.wording import MISSING, bounds, number, share
from agent.statistics import Slope, share_slope, wilson

MOST_VOTERS = 6
_COLUMNS = 2
_PANEL = 142  # pixels of height, title and all
_TITLE = 0.48  # of a panel's drawing, above every line of panels but the first
_GAP = 0.085  # of the width, between columns


@dataclass(frozen=True)
class Course:
    """One voter's chunks in order, with the line through its hit rates (None where there are too few chunks)."""

    name: str
    rows: list[TrendRow]
    slope: Slope | None

    @property
    def n(self) -> int:
        """How many of its votes were scored."""
        return sum(row.n for row in self.rows)

    @property
    def direction(self) -> int:
        """+1 or -1 when the whole interval of the slope lies on that side of zero, else 0."""
        low, high = self.slope.interval if self.slope else (0.0, 0.0)
        return 1 if low > 0 else -1 if high < 0 else 0


def chunks(document: Document) -> list[str]:
    """Return the chunks in which votes were scored, in time order: their names sort so."""
    return sorted({row.chunk for row in document.summary.trend})


def courses(document: Document) -> list[Course]:
    """Return the voters to show, models first, then those heard most; at most six of them."""
    order = {name: position for position, name in enumerate(chunks(document))}
    names = {skill.id: skill.name for skill in document.learned.skills}
    heard: dict[str, list[TrendRow]] = {}
    for row in sorted(document.summary.trend, key=lambda row: order[row.chunk]):
        if row.n and row.hit_rate is not None:
            heard.setdefault(row.voter, []).append(row)
    ranked = sorted(heard, key=lambda voter: (not _is_model(voter), -sum(row.n for row in heard[voter]), voter))
    return [_course(_named(voter, names), heard[voter], order) for voter in ranked[:MOST_VOTERS]]


def _is_model(voter: str) -> bool:
    return voter.startswith("model:") or voter == "forecast"


def _named(voter: str, skills: dict[str, str]) -> str:
    if voter == "joint":
        return "joint decision"
    kind, _, rest = voter.partition(":")
    return f"skill {skills.get(rest, rest[:8])}" if kind == "skill" and rest else voter


def _course(name: str, rows: list[TrendRow], order: dict[str, int]) -> Course:
    periods = [order[row.chunk] for row in rows]
    return Course(name, rows, share_slope(periods, [row.hit_rate or 0.0 for row in rows], [row.n for row in rows]))


def in_words(course: Course) -> str:
    """Say whether its hit rate rises or falls, in percentage points a chunk."""
    if course.slope is None:
        return "too few chunks for a trend"
    points = (
        f"{number(course.slope.change * 100, 2, sign=True)} points a chunk {bounds(course.slope.interval, 2, 100, sign=True)}"
    )
    return f"{ {1: 'rising', -1: 'falling', 0: 'no trend to be seen'}[course.direction] }: {points}"


def table(document: Document) -> Table:
    """List the voters of the picture: whole record, first and last chunk, trend."""
    head = ("Voter", "Votes", "Right", "Earlier half", "Later half", "Brier loss", "Points a chunk", "Trend")
    return Table(head, [_row(course) for course in courses(document)], frozenset({0, 7}), _unshown(document), "less heard voters")


def _unshown(document: Document) -> int:
    return max(0, len({row.voter for row in document.summary.trend}) - MOST_VOTERS)


def _row(course: Course) -> tuple[Cell, ...]:
    slope, middle = course.slope, len(course.rows) // 2
    known = [row for row in course.rows if row.brier is not None]
    loss = sum(row.n * (row.brier or 0.0) for row in known) / sum(row.n for row in known) if known else None
    return (
        Cell(course.name),
        Cell(number(course.n, 0)),
        _pooled(course.rows, counted=False),
        _pooled(course.rows[:middle]),
        _pooled(course.rows[middle:]),
        Cell(number(loss)),
        Cell(number(slope.change * 100, 2, sign=True), bounds(slope.interval, 2, 100, sign=True)) if slope else Cell(MISSING),
        Cell({1: "rising", -1: "falling", 0: "no trend to be seen"}[course.direction] if slope else "too few chunks"),
    )


def _pooled(rows: Sequence[TrendRow], counted: bool = True) -> Cell:
    """Pool some chunks: a single one at either end may hold a handful of votes."""
    n = sum(row.n for row in rows)
    if not n:
        return Cell(MISSING)
    rate = sum(row.n * (row.hit_rate or 0.0) for row in rows) / n
    return Cell(share(rate), f"of {number(n, 0)}" if counted else bounds(wilson(min(rate * n, n), n), 0, 100))


def picture(document: Document) -> Figure | None:
    """Draw a small panel a voter: hit rate per chunk in its interval's band, and the line; None with fewer than two chunks."""
    shown, names = courses(document), chunks(document)
    if not shown or len(names) < 2:
        return None
    lines = -(-len(shown) // _COLUMNS)
    chart = layout(_PANEL * lines + 36, showlegend=False, margin={"l": 48, "r": 16, "t": 44, "b": 36}, annotations=[], shapes=[])
    data: list[dict[str, Any]] = []
    for position, course in enumerate(shown):
        below = position + _COLUMNS >= len(shown)
        left, top = _place(chart, position, lines, names, below)
        chart["annotations"].append(_title(course, left, top))
        data += _panel(course, names, "" if position == 0 else str(position + 1))
    return {"data": data, "layout": chart}


def _place(chart: Figure, position: int, lines: int, names: Sequence[str], below: bool) -> tuple[float, float]:
    """Give a panel its axes; return where its upper left corner is, as shares of the drawing."""
    line, column = divmod(position, _COLUMNS)
    width = (1 - _GAP * (_COLUMNS - 1)) / _COLUMNS
    tall = 1 / (lines + _TITLE * (lines - 1))
    left, top = column * (width + _GAP), 1 - line * tall * (1 + _TITLE)
    bottom = max(0.0, top - tall)
    key = "" if position == 0 else str(position + 1)
    ticks = list(names[:: max(1, -(-len(names) // 6))])
    chart[f"xaxis{key}"] = axis(
        type="category",
        domain=[left, left + width],
        anchor=f"y{key}",
        showgrid=False,
        categoryorder="array",
        categoryarray=[plain(name) for name in names],
        range=[-0.5, len(names) - 0.5],
        tickvals=[plain(name) for name in ticks],
        showticklabels=below,
        tickangle=0,
    )
    percents = {"tickvals": [0, 0.5, 1], "ticktext": ["0 %", "50 %", "100 %"]}
    chart[f"yaxis{key}"] = axis(domain=[bottom, top], anchor=f"x{key}", range=[-0.02, 1.02], zeroline=False, **percents)
    half = {"type": "line", "xref": f"x{key} domain", "x0": 0, "x1": 1, "yref": f"y{key}", "y0": 0.5, "y1": 0.5}
    chart["shapes"].append({**half, "layer": "below", "line": {"color": GREY, "width": 1, "dash": "dot"}})
    return left, top


def _title(course: Course, left: float, top: float) -> dict[str, Any]:
    text = f"<b>{plain(course.name)}</b><br>{plain(in_words(course))}"
    place = {"xref": "paper", "yref": "paper", "x": left, "y": top, "xanchor": "left", "yanchor": "bottom", "align": "left"}
    return {**place, "text": text, "showarrow": False, "font": {"size": 12}}


def _panel(course: Course, names: Sequence[str], key: str) -> list[dict[str, Any]]:
    """Return the band's two edges, the line and the dots of one voter."""
    colour = {1: BLUE, -1: ORANGE, 0: GREY}[course.direction]
    shared = {"type": "scatter", "xaxis": f"x{key}", "yaxis": f"y{key}"}
    x, most = [plain(row.chunk) for row in course.rows], max(row.n for row in course.rows)
    spans = [row.interval or (row.hit_rate, row.hit_rate) for row in course.rows]
    edge = {**shared, "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip"}
    band = {**edge, "y": [high for _, high in spans], "fill": "tonexty", "fillcolor": f"{colour}26"}
    dots = {
        **shared,
        "mode": "markers",
        "x": x,
        "y": [row.hit_rate for row in course.rows],
        # a chunk of a few votes says little, and should look so
        "marker": {
            "size": [2.5 + 5 * (row.n / most) ** 0.5 for row in course.rows],
            "color": colour,
            "opacity": 1,
            "line": {"width": 0},
        },
        "text": [f"{plain(row.chunk)}: {share(row.hit_rate)} {bounds(row.interval, 0, 100)} of {row.n}" for row in course.rows],
        "hovertemplate": "%{text}<extra></extra>",
    }
    return [{**edge, "y": [low for low, _ in spans]}, band, *_line(course, names, shared, colour), dots]


def _line(course: Course, names: Sequence[str], shared: dict[str, Any], colour: str) -> list[dict[str, Any]]:
    if course.slope is None:
        return []
    first, last = names.index(course.rows[0].chunk), names.index(course.rows[-1].chunk)
    y = [course.slope.start + course.slope.change * at for at in (first, last)]
    line = {"color": colour, "width": 2.2, "dash": "solid" if course.direction else "dash"}
    return [
        {**shared, "mode": "lines", "x": [plain(names[first]), plain(names[last])], "y": y, "line": line, "hoverinfo": "skip"}
    ]
