"""What can be asked of a run: each tool a typed question and a function over an opened run, read-only."""

from __future__ import annotations

from agent.chat.tools import believing, calibrating, deciding, market, remembering, results, skilled, standing, trading, whatif
from agent.chat.tools.base import Scope, Tool

READING: tuple[Tool, ...] = (
    *deciding.TOOLS,
    *trading.TOOLS,
    *results.TOOLS,
    *skilled.TOOLS,
    *believing.TOOLS,
    *calibrating.TOOLS,
    *market.TOOLS,
    *remembering.TOOLS,
    *standing.TOOLS,
    *whatif.TOOLS,
)
BY_NAME = {tool.name: tool for tool in READING}

__all__ = ["BY_NAME", "READING", "Scope", "Tool"]
