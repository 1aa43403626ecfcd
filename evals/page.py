"""The report of a run of suites: one HTML file whose first picture answers what was asked first.

No network, nothing beside it; the same result gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.report.palette import BLUE, FONT, GREY, ORANGE, ROSE, TEAL, Figure, axis, layout, upright

Json = dict[str, Any]
TEMPLATE = Path(__file__).parent / "templates"


def render(result: Json) -> str:
    """Draw a run's result as a page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    figures = [figure for suite in result["suites"] if (figure := _figure(suite)) is not None]
    text = json.dumps(figures, allow_nan=False, sort_keys=True)
    environment = Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template("eval.html.j2").render(
        title=f"Tradecraft evals {result['run']}",
        verdict=verdict(result),
        figures=figures,
        figures_json=text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        suites=result["suites"],
        manifest=result["manifest"],
        font=FONT,
        plotly=get_plotlyjs(),
    )


def verdict(result: Json) -> str:
    """The answer in one sentence."""
    gates = [(suite["name"], gate) for suite in result["suites"] for gate in suite["gates"] if gate["threshold"] is not None]
    failed = [f"{name}: {gate['name']}" for name, gate in gates if not gate["passed"]]
    if failed:
        return f"{len(failed)} of {len(gates)} gates failed: {'; '.join(failed)}."
    return f"All {len(gates)} gates passed."


def _figure(suite: Json) -> Figure | None:
    """Every gate of a suite as a dot with its interval; counts of different kinds share no axis and stay a table."""
    drawn = [gate for gate in suite["gates"] if gate["interval"] is not None]
    if not drawn:
        return _bars(suite)
    rows = drawn[::-1]
    line, _ = upright(next((gate["threshold"] for gate in drawn if gate["threshold"]), 0.0))
    chart = layout(
        90 + 44 * len(rows),
        margin={"l": 8, "r": 24, "t": 8, "b": 44},
        showlegend=False,
        xaxis=axis(title=_unit(suite["name"])),
        yaxis=axis(showgrid=False, tickfont={"size": 13}),
        shapes=[line],
    )
    note = "Whiskers are intervals; the dotted line is the threshold, or zero without one."
    return {"title": suite["question"], "note": note, "data": [_dot(gate) for gate in rows], "layout": chart}


def _unit(name: str) -> str:
    return {"learning": "share of the achievable", "null": "share", "memory-worth": "in the gate's own unit"}.get(name, "value")


def _dot(gate: Json) -> Json:
    low, high = gate["interval"]
    colour = GREY if gate["threshold"] is None else (TEAL if gate["passed"] else ROSE)
    spread = {"type": "data", "symmetric": False, "array": [high - gate["value"]], "arrayminus": [gate["value"] - low]}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [gate["value"]],
        "y": [gate["name"] + "  "],
        "marker": {"size": 12, "color": colour},
        "error_x": {**spread, "thickness": 2.2, "width": 6, "color": colour},
        "hovertemplate": "%{x:.3f}<extra></extra>",
    }


def _bars(suite: Json) -> Figure:
    """Gates that are counts or shares without an interval, as bars coloured by their verdict."""
    rows = suite["gates"][::-1]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [gate["value"] for gate in rows],
        "y": [gate["name"] + "  " for gate in rows],
        "marker": {"color": [(BLUE if gate["passed"] else ORANGE) for gate in rows]},
        "text": [("passed" if gate["passed"] else "failed") + f" ({gate['value']:g})" for gate in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    chart = layout(
        70 + 40 * len(rows), margin={"l": 8, "r": 96, "t": 8, "b": 44}, xaxis=axis(title="found"), yaxis=axis(showgrid=False)
    )
    return {"title": suite["question"], "note": "Counts of what each gate found.", "data": [bars], "layout": chart}
