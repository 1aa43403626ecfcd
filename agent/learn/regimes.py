"""What each regime paid: settled trades, wins and R by regime, and by symbol within it."""

from __future__ import annotations

from typing import Any

from agent.domain import Frozen, Outcome


class RegimeRecord(Frozen):
    """Settled trades of one regime: R and R squared are sums, ``streak`` how many last won (positive) or lost in a row."""

    trades: int = 0
    wins: int = 0
    sum_r: float = 0.0
    sum_r2: float = 0.0
    pnl: float = 0.0
    streak: int = 0


class RegimeTable:
    """The records by regime; a trade belongs to the regime it was decided in."""

    def __init__(self) -> None:
        """Start empty."""
        self.records: dict[str, RegimeRecord] = {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the journal's ``regimes`` state."""
        self.records = {k: RegimeRecord.model_validate(v) for k, v in state.items()}

    def streak(self, regime: str | None) -> int:
        """How many of the regime's last trades won (positive) or lost (negative) in a row."""
        return self.records.get(regime or "unknown", RegimeRecord()).streak

    def settle(self, outcome: Outcome, regime: str | None) -> list[tuple[str, str, Any]]:
        """Count a settled trade; returns the state changes."""
        key = regime or "unknown"
        old = self.records.get(key, RegimeRecord())
        new = RegimeRecord(
            trades=old.trades + 1,
            wins=old.wins + (outcome.r > 0),
            sum_r=old.sum_r + outcome.r,
            sum_r2=old.sum_r2 + outcome.r**2,
            pnl=old.pnl + outcome.pnl,
            streak=max(old.streak, 0) + 1 if outcome.r > 0 else min(old.streak, 0) - 1,
        )
        self.records[key] = new
        return [("regimes", key, new.model_dump())]
