"""Everything that can be asked of a run, as intents, room by room."""

from __future__ import annotations

from agent.chat.local.intents import (
    believing,
    days,
    deciding,
    decisions,
    grouped,
    market,
    results,
    skills,
    standing,
    supposing,
    trades,
)
from agent.chat.local.route import Intent

INTENTS: tuple[Intent, ...] = (
    *standing.INTENTS,
    *decisions.INTENTS,
    *days.INTENTS,
    *supposing.INTENTS,
    *grouped.INTENTS,
    *trades.INTENTS,
    *deciding.INTENTS,
    *results.INTENTS,
    *skills.INTENTS,
    *believing.INTENTS,
    *market.INTENTS,
)
