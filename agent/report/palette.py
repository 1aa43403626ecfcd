"""How charts look: mid-tone colours that read on light and dark paper, dashes and marks beside them.

Text, grid lines and hover boxes take their colours from the page's style sheet, so a chart
follows the reader's colour scheme without being drawn again.
"""

from __future__ import annotations

from html import escape
from typing import Any

Figure = dict[str, Any]
"""A plotly figure as plain data: {"data": [...], "layout": {...}}."""

BLUE, ORANGE, GREY, PURPLE, TEAL, ROSE = "#2f80c3", "#d0782a", "#868c97", "#9a70c0", "#2a9a88", "#c85c7a"
CYCLE = (BLUE, ORANGE, TEAL, PURPLE, ROSE, GREY)
FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

_ARMS = {
    "full": (BLUE, "solid", 2.4),
    "no-memory": (ORANGE, "dash", 1.7),
    "buy-and-hold": (GREY, "solid", 1.5),
    "random": (PURPLE, "dot", 1.4),
    "base": (TEAL, "dashdot", 1.4),
}


def arm_line(arm: str, position: int) -> dict[str, Any]:
    """Give an arm its line; the first arm is always the strong one, unknown arms take turns."""
    colour, dash, width = _ARMS.get("full" if position == 0 else arm, (CYCLE[position % len(CYCLE)], "longdash", 1.4))
    return {"color": colour, "dash": dash, "width": width}


def plain(text: str) -> str:
    """Escape text for plotly, which reads a little HTML in names and hovers."""
    return escape(text, quote=False)


def axis(**more: Any) -> dict[str, Any]:
    """Return an axis in the house style; ``title`` is plain text."""
    title = {"title": {"text": more.pop("title"), "font": {"size": 12.5}}} if "title" in more else {}
    return {"gridcolor": "#d8d8d8", "zerolinecolor": "#888888", "automargin": True, "ticks": "", **title, **more}


def layout(height: int, **more: Any) -> dict[str, Any]:
    """Return a layout in the house style: no frame, no background, the legend above."""
    return {
        "height": height,
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12.5, "color": "#868c97"},
        "margin": {"l": 48, "r": 16, "t": 36, "b": 36},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hoverlabel": {"font": {"family": FONT, "size": 12.5}, "align": "left", "namelength": -1},
        "separators": ".,",
        **more,
    }


def upright(x: float, text: str = "") -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a dashed vertical reference line and its caption (none for an empty text)."""
    line = {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    line["line"] = {"color": GREY, "width": 1, "dash": "dot"}
    note = {"x": x, "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False, "text": text, "font": {"size": 11}}
    return line, [note] if text else []
