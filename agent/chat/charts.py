"""Small charts in characters: a line of blocks, and a line with its entries and exits below."""

from __future__ import annotations

from agent.chat.found import Chart

BLOCKS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
PLAIN = "_.-=+*#@"
MARKS = {"entry": "\u25b2", "exit": "\u25bd"}
PLAIN_MARKS = {"entry": "^", "exit": "v"}


def sparkline(values: list[float], width: int, *, plain: bool = False) -> str:
    """Values as one line of at most ``width`` characters, each the mean of its stretch; constant values are a low line."""
    blocks = PLAIN if plain else BLOCKS
    columns = _columns(values, width)
    low, high = min(columns), max(columns)
    span = (high - low) or 1.0
    return "".join(blocks[min(len(blocks) - 1, int((v - low) / span * len(blocks)))] for v in columns)


def _columns(values: list[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in zip(edges, edges[1:], strict=False)]


def lines(chart: Chart, width: int, *, plain: bool = False) -> list[str]:
    """A chart in two to four lines: title with its range, the line, the marks, the days."""
    room = max(20, width - 2)
    count = min(room, len(chart.values))
    low, high = min(chart.values), max(chart.values)
    out = [
        f"{chart.title}: {low:,.4g} to {high:,.4g}, last {chart.values[-1]:,.4g}",
        sparkline(list(chart.values), room, plain=plain),
    ]
    if chart.marks:
        row = [" "] * count
        signs = PLAIN_MARKS if plain else MARKS
        for at, kind in chart.marks:
            row[min(count - 1, at * count // len(chart.values))] = signs.get(kind, "|")
        out.append("".join(row).rstrip())
        out.append(f"{signs['entry']} entry  {signs['exit']} exit")
    gap = max(1, count - len(chart.days[0]) - len(chart.days[-1]))
    out.append(f"{chart.days[0]}{' ' * gap}{chart.days[-1]}")
    return out
