"""What can be asked of a run: each tool a typed question and a function over an opened run, read-only."""

from __future__ import annotations

from agent.chat.tools import (
    believing,
    calibrating,
    comparing,
    deciding,
    explaining,
    market,
    oneskill,
    origins,
    remembering,
    results,
    situations,
    skilled,
    standing,
    terms,
    trading,
    voting,
    whatif,
)  # fmt: skip
from agent.chat.tools.base import Scope, Tool

READING: tuple[Tool, ...] = (
    *explaining.TOOLS,
    *deciding.TOOLS,
    *comparing.TOOLS,
    *trading.TOOLS,
    *results.TOOLS,
    *skilled.TOOLS,
    *oneskill.TOOLS,
    *origins.TOOLS,
    *believing.TOOLS,
    *voting.TOOLS,
    *calibrating.TOOLS,
    *market.TOOLS,
    *situations.TOOLS,
    *remembering.TOOLS,
    *standing.TOOLS,
    *terms.TOOLS,
    *whatif.TOOLS,
)
BY_NAME = {tool.name: tool for tool in READING}

__all__ = ["BY_NAME", "READING", "Scope", "Tool"]
