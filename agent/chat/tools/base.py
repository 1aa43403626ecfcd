"""What every tool is: a name, a typed question, and a function over an opened run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from agent.chat.found import Found, day
from agent.chat.tables import Row, Trade
from agent.chat.view import View
from agent.domain import Frozen, RegimeLabel


class Scope(Frozen):
    """Which part of the record: a symbol, days (both included), a regime. None is all of it."""

    symbol: str | None = Field(None, description="one symbol of the run")
    start: date | None = Field(None, description="first day, YYYY-MM-DD")
    end: date | None = Field(None, description="last day, YYYY-MM-DD")
    regime: RegimeLabel | None = Field(None, description="regime at the decision")

    def holds(self, moment: date) -> bool:
        """Whether a day lies inside."""
        return (self.start is None or moment >= self.start) and (self.end is None or moment <= self.end)

    def rows(self, view: View) -> list[Row]:
        """The decisions inside."""
        rows = view.tables.by_symbol.get(self.symbol, []) if self.symbol else view.tables.rows
        return [row for row in rows if self.holds(row.day) and self.regime in (None, row.regime)]

    def trades(self, view: View) -> list[Trade]:
        """The trades closed inside."""
        return [
            trade
            for trade in view.tables.trades
            if self.symbol in (None, trade.outcome.symbol)
            and self.holds(trade.outcome.exit_bar.date())
            and self.regime in (None, trade.regime)
        ]

    def words(self) -> str:
        """The part in words, with a leading space; empty for all of it."""
        said = f" on {self.symbol}" if self.symbol else ""
        if self.start and self.end:
            said += f" on {day(self.start)}" if self.start == self.end else f" from {day(self.start)} to {day(self.end)}"
        elif self.start:
            said += f" since {day(self.start)}"
        elif self.end:
            said += f" up to {day(self.end)}"
        return said + (f" in {self.regime} markets" if self.regime else "")


@dataclass(frozen=True)
class Tool:
    """A question that can be asked of a run. ``takes`` is the type of its input; ``acts`` that a person must confirm it."""

    name: str
    says: str
    takes: type[BaseModel]
    run: Callable[[View, Any], Found]
    acts: bool = False

    def schema(self) -> dict[str, Any]:
        """As the Messages API and MCP take it."""
        return {"name": self.name, "description": self.says, "input_schema": self.takes.model_json_schema()}
