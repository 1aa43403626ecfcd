"""A run in small tables, read from its journal once and followed from then on.

A cycle record holds kilobytes; a question over thousands of them needs a dozen figures of each. Those are kept here, so that a
question scans memory and only the record it is about is read again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from pydantic_core import from_json

from agent.domain import Outcome
from agent.market.features import FEATURES
from memory_db.chain import Fact
from memory_db.journal import Journal

Json = dict[str, Any]
KINDS = frozenset(
    ["cycle", "closed_trade", "shadow", "skill_execution", "skill_transition", "parameter", "snapshot", "control", "fill",
     "votes_scored"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """What is asked of a decision most: its figures without the reasons."""

    id: str
    symbol: str
    bar: datetime
    as_of: datetime
    status: str
    reasoner: str
    action: str
    side: str | None
    confidence: float | None
    size: float
    stop: float | None
    target: float | None
    horizon: int | None
    regime: str | None
    close: float | None
    equity: float
    exposure: float
    drawdown: float
    held: tuple[str, ...]
    ordered: bool
    refused: str | None
    cuts: tuple[tuple[str, float, float], ...]
    parts: dict[str, float]
    skills: tuple[tuple[str, bool], ...]
    votes: dict[str, float | None]
    forecast: float | None
    threshold: float | None
    cost: float
    features: tuple[float | None, ...]

    @property
    def day(self) -> date:
        """The day of its bar."""
        return self.bar.date()

    @property
    def clamps(self) -> tuple[str, ...]:
        """The limits that reduced its size."""
        return tuple(name for name, _, _ in self.cuts)

    @property
    def entered(self) -> bool:
        """Whether an entry was ordered."""
        return self.ordered and self.action in ("buy", "sell")

    def feature(self, name: str) -> float | None:
        """One feature as it was known."""
        return self.features[FEATURES.index(name)] if self.features else None


@dataclass(frozen=True, slots=True)
class Trade:
    """A closed position with what was known when it was decided."""

    outcome: Outcome
    decision: Row | None

    @property
    def won(self) -> bool:
        """Whether it paid net of costs."""
        return self.outcome.r > 0

    @property
    def regime(self) -> str | None:
        """The regime it was decided in."""
        return self.decision.regime if self.decision else None


@dataclass
class Tables:
    """Decisions by time, trades by their close, what followed each situation, and what the agent changed in itself."""

    rows: list[Row] = field(default_factory=list)
    by_id: dict[str, Row] = field(default_factory=dict)
    by_symbol: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    trades: list[Trade] = field(default_factory=list)
    trade_of: dict[str, Trade] = field(default_factory=dict)
    shadows: dict[str, tuple[float, float]] = field(default_factory=dict)
    executions: list[Json] = field(default_factory=list)
    transitions: list[Json] = field(default_factory=list)
    parameters: list[Json] = field(default_factory=list)
    snapshots: list[Json] = field(default_factory=list)
    controls: list[Json] = field(default_factory=list)
    scored: dict[str, tuple[bool, dict[str, float]]] = field(default_factory=dict)
    fees: list[tuple[datetime, str, float]] = field(default_factory=list)
    seen: int = 0
    _equity: tuple[int, list[tuple[datetime, float]]] = (0, [])

    def follow(self, journal: Journal) -> None:
        """Take in what was committed since the last look."""
        if journal.last_seq == self.seen:
            return
        # in the order of numbers, whatever the kind: asked for kinds, the database sorts all that is left once a page
        for fact in journal.facts(after_seq=self.seen):
            self.seen = fact.seq
            if fact.kind in KINDS and fact.payload is not None:
                getattr(self, f"_take_{fact.kind}")(fact, from_json(fact.payload))
        self.seen = max(self.seen, journal.last_seq)

    @property
    def symbols(self) -> list[str]:
        """The symbols decided on."""
        return sorted(self.by_symbol)

    @property
    def voters(self) -> list[str]:
        """Whoever voted, or was scored as one, by name."""
        spoken = {name for row in self.rows for name in row.votes}
        return sorted(spoken | {name for _, losses in self.scored.values() for name in losses if not name.startswith("skill:")})

    @property
    def last(self) -> Row | None:
        """The newest decision."""
        return self.rows[-1] if self.rows else None

    @property
    def today(self) -> date | None:
        """The day of the newest bar: what "now" means in a recorded run."""
        return max(self.by_symbol[s][-1].day for s in self.by_symbol) if self.rows else None

    def equity(self) -> list[tuple[datetime, float]]:
        """Equity at each bar, the symbols of one bar settled together."""
        if self._equity[0] != len(self.rows):
            curve = {row.bar: row.equity for row in self.rows}
            self._equity = (len(self.rows), sorted(curve.items()))
        return self._equity[1]

    def trades_closed_before(self, moment: datetime) -> list[Trade]:
        """The trades that were closed when a bar began, in the order of their closing."""
        return self.trades[: bisect_right(self.trades, moment, key=lambda trade: trade.outcome.closed_at)]

    def at(self, symbol: str, day: date) -> Row | None:
        """The decision of a symbol on a day; with several bars a day, the last of it."""
        rows = self.by_symbol.get(symbol, [])
        i = bisect_right(rows, day, key=lambda row: row.day)
        return rows[i - 1] if i and rows[i - 1].day == day else None

    def before(self, symbol: str, day: date) -> Row | None:
        """The last decision before a day."""
        rows = self.by_symbol.get(symbol, [])
        i = bisect_left(rows, day, key=lambda row: row.day)
        return rows[i - 1] if i else None

    def after(self, symbol: str, day: date) -> Row | None:
        """The first decision after a day."""
        rows = self.by_symbol.get(symbol, [])
        i = bisect_right(rows, day, key=lambda row: row.day)
        return rows[i] if i < len(rows) else None

    def found(self, ident: str) -> list[Row]:
        """Decisions whose id begins so."""
        exact = self.by_id.get(ident)
        return [exact] if exact else [row for row in self.rows if row.id.startswith(ident)]

    def column(self, symbol: str, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        """One feature of a symbol over every decision, NaN where it was not known."""
        return np.array([row.feature(name) for row in self.by_symbol.get(symbol, [])], dtype=np.float64)

    def _take_cycle(self, fact: Fact, data: Json) -> None:
        row = _row(data)
        self.rows.append(row)
        self.by_id[row.id] = row
        self.by_symbol[row.symbol].append(row)

    def _take_closed_trade(self, fact: Fact, data: Json) -> None:
        outcome = Outcome.model_validate(data)
        trade = Trade(outcome, self.by_id.get(outcome.decision))
        self.trades.append(trade)
        self.trade_of[outcome.decision] = trade

    def _take_shadow(self, fact: Fact, data: Json) -> None:
        self.shadows[data["situation"]] = (data["buy"], data["sell"])

    def _take_skill_execution(self, fact: Fact, data: Json) -> None:
        self.executions.append(data)

    def _take_skill_transition(self, fact: Fact, data: Json) -> None:
        self.transitions.append(data)

    def _take_parameter(self, fact: Fact, data: Json) -> None:
        self.parameters.append({**data, "at": fact.known_at})

    def _take_snapshot(self, fact: Fact, data: Json) -> None:
        self.snapshots.append(data)

    def _take_votes_scored(self, fact: Fact, data: Json) -> None:
        self.scored[data["decision"]] = (data["rose"], data["losses"])

    def _take_control(self, fact: Fact, data: Json) -> None:
        self.controls.append({**data, "key": fact.key})

    def _take_fill(self, fact: Fact, data: Json) -> None:
        self.fees.append((datetime.fromisoformat(data["at"]), data["symbol"], data["fee"]))


def _parts(contributions: list[Json]) -> dict[str, float]:
    """What each kind of source added to the signal, its side as the sign."""
    out: dict[str, float] = {}
    for part in contributions:
        out[part["source"]] = out.get(part["source"], 0.0) + part["value"]
    return out


def _row(data: Json) -> Row:
    state, signal, book = data["state"] or {}, data["signal"] or {}, data["book"]
    return Row(
        id=data["id"],
        symbol=data["symbol"],
        bar=datetime.fromisoformat(data["bar_time"]),
        as_of=datetime.fromisoformat(data["as_of"]),
        status=data["status"],
        reasoner=data["reasoner"],
        action=data["decision"]["action"],
        side=signal.get("side"),
        confidence=signal.get("confidence"),
        size=data["decision"]["size"],
        stop=signal.get("stop"),
        target=signal.get("target"),
        horizon=signal.get("horizon"),
        regime=state["regime"]["label"] if state else None,
        close=state.get("close"),
        equity=book["equity"],
        exposure=book["exposure"],
        drawdown=book["drawdown"],
        held=tuple(position["symbol"] for position in book["positions"]),
        ordered=data["order"] is not None and data["order"]["status"] != "rejected",
        refused=data["refusal"]["reason"] if data["refusal"] else None,
        cuts=tuple((clamp["limit"], clamp["from"], clamp["to"]) for clamp in data["clamps"]),
        parts=_parts(data["contributions"]),
        skills=tuple((skill["id"], skill["agreed"]) for skill in data["skills"]),
        votes={v["voter"]: None if v["abstained"] else v["direction"] * v["confidence"] for v in data["votes"]},
        forecast=data["forecast"]["p"] if data["forecast"] else None,
        threshold=data["parameters"].get("min_confidence"),
        cost=data["cost_usd"],
        features=tuple(state["features"].get(name) for name in FEATURES) if state else (),
    )
