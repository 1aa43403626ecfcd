"""Everything that can be asked of a run, as intents, room by room."""

from __future__ import annotations

from agent.chat.local.intents import deciding, decisions, market, results, skills, standing, trades
from agent.chat.local.route import Intent

INTENTS: tuple[Intent, ...] = (
    *standing.INTENTS,
    *decisions.INTENTS,
    *trades.INTENTS,
    *deciding.INTENTS,
    *results.INTENTS,
    *skills.INTENTS,
    *market.INTENTS,
)
