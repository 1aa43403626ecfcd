"""How sure the agent was against how often it was right."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from agent.chat.found import Found, Table, cite, nothing, per_cent
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.domain import Frozen

Json = dict[str, Any]


class Calibration(Frozen):
    """All levels of certainty; with ``p`` first the one that holds it."""

    p: float | None = Field(None, ge=0, le=1, description="a stated chance, e.g. 0.7")


def calibration(view: View, asked: Calibration) -> Found:
    """Stated chance of winning against the share that won, level by level, from the run's document."""
    table: Json = (view.result or {}).get("learned", {}).get("reliability") or {}
    rows: list[Json] = table.get("bins") or []
    if not rows:
        return nothing("How sure it was against how often it was right is told in a finished backtest alone.", f"run:{view.run}")
    lead = ""
    if asked.p is not None:
        near = min(rows, key=lambda row: abs(row["p"] - asked.p))
        lead = f"Nearest to {per_cent(asked.p, 0)} sure: {_level(near)}. "
    text = (
        f"{lead}Stated chance against what came true, over {table['n']} settled situations {cite('run', view.run)}: "
        f"{'; '.join(_level(row) for row in rows)}. Brier {table['brier']:.3f} against {table['base_brier']:.3f} for always "
        f"saying the base rate; mean error of calibration {table['ece']:.3f}."
    )
    shown = tuple((per_cent(r["p"]), per_cent(r["hit_rate"]), str(r["n"])) for r in rows)
    return Found(
        text=text,
        ids=(f"run:{view.run}",),
        data=table,
        table=Table(title="calibration", columns=("said", "right", "times"), rows=shown, right=(0, 1, 2)),
    )


def _level(row: Json) -> str:
    low, high = row["interval"]
    return (
        f"{per_cent(row['p'], 0)} said, {per_cent(row['hit_rate'])} right [{per_cent(low, 0)}, {per_cent(high, 0)}] of {row['n']}"
    )


TOOLS = (
    Tool(
        "calibration", "How sure the agent was against how often it was right, by level of certainty.", Calibration, calibration
    ),
)
