"""How often each setup came within the last seven days, by symbol.

A setup comes when it begins: one that goes on over several bars is one. Promises: changes are returned for the journal,
and only when something began or ended; what is older than seven days is forgotten with the next change.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from agent.domain import Frozen, Recent, Utc

SPACE = "setups"
LOOKBACK = timedelta(days=7)


class Came(Frozen):
    """A symbol's setups: the one that stands, and what began when, oldest first."""

    standing: str | None = None
    began: list[tuple[Utc, str]] = []


class SetupTable:
    """Counts setups as decisions are made."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._came: dict[str, Came] = {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the journal's ``setups`` state."""
        self._came = {symbol: Came.model_validate(value) for symbol, value in state.items()}

    def recent(self, symbol: str, at: datetime, streak: int) -> Recent:
        """What came in the seven days before a bar, with the streak of trades in its regime."""
        held = self._came.get(symbol, Came())
        counts = Counter(setup for began, setup in held.began if at - began < LOOKBACK)
        return Recent(setups=dict(sorted(counts.items())), standing=held.standing, streak=streak)

    def note(self, symbol: str, setup: str | None, at: datetime) -> list[tuple[str, str, Any]]:
        """Take note of a bar's setup, None where there is none; returns the state changes."""
        held = self._came.get(symbol, Came())
        if setup == held.standing:
            return []
        began = [(then, name) for then, name in held.began if at - then < LOOKBACK]
        new = Came(standing=setup, began=began if setup is None else [*began, (at, setup)])
        self._came[symbol] = new
        return [(SPACE, symbol, new.model_dump(mode="json"))]
