"""The money of a book: cash, what everything is worth, and what day and week began with.

Promises: the peak and the day's opening equity are those of whole bars; a symbol that catches up on older bars moves neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from agent.brokers.fills import Bar, sign
from agent.domain import Frozen, Position, Utc

MINUTE = timedelta(minutes=1)


class Account(Frozen):
    """Cash, equity at the last prices known, and the equity the UTC day began with.

    ``peak`` is the highest equity at the end of any earlier bar: between two symbols of one bar the book is half
    old and half new, and its value then is nobody's equity. ``marked`` is the start of the latest bar valued,
    ``rebased_at`` when the peak was last set back by a person's resume; ``week_equity`` is what the ISO week began with, and
    ``sent`` when the orders of the last minute were placed.
    """

    cash: float
    equity: float
    peak: float
    day: str
    day_equity: float
    marked: Utc | None = None
    rebased_at: Utc | None = None
    week: str = ""
    week_equity: float = 0.0
    sent: tuple[Utc, ...] = ()

    def paid(self, change: float) -> Account:
        """With so much cash more."""
        return self.model_copy(update={"cash": self.cash + change})

    def placed(self, at: datetime) -> Account:
        """With an order placed then."""
        recent = tuple(before for before in self.sent if at - before < MINUTE)
        return self.model_copy(update={"sent": (*recent, at)})

    def rebased(self, at: datetime) -> Account:
        """The drawdown counted anew from here, once for each ``at``."""
        return self if self.rebased_at == at else self.model_copy(update={"peak": self.equity, "rebased_at": at})

    def valued(self, positions: Mapping[str, Position]) -> Account:
        """With the equity that the positions' last prices give."""
        value = sum(sign(p.side) * float(p.quantity) * p.last for _, p in sorted(positions.items()))
        return self.model_copy(update={"equity": self.cash + value})

    def closed(self, bar: Bar, positions: Mapping[str, Position]) -> Account:
        """As a bar leaves it: a new day, week or peak starts from what the bar before ended with."""
        update: dict[str, Any] = {}
        if self.marked is None or bar.start > self.marked:
            update |= {"peak": max(self.peak, self.equity), "marked": bar.start}
        day = bar.start.date().isoformat()
        if day > self.day:
            update |= {"day": day, "day_equity": self.equity}
            week = f"{bar.start:%G-W%V}"
            update |= {"week": week, "week_equity": self.equity} if week > self.week else {}
        return self.model_copy(update=update).valued(positions)
