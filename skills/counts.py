"""How often a skill worked, as sums that come out the same in whatever order they were booked.

R is kept in whole millionths, because sums of integers do not depend on their order and
sums of floats do; so booking a day's outcomes in any order gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from agent.domain import Grade

_MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """Executions by outcome, with sums of net R in millionths.

    ``gained`` and ``lost`` are the sums of winning and of losing R, both positive. What is
    unknown is counted apart and is no execution. ``last_success`` and ``last_used`` are the
    latest times of their kind.
    """

    success: int = 0
    partial: int = 0
    failure: int = 0
    unknown: int = 0
    gained: int = 0
    lost: int = 0
    squares: int = 0
    last_used: datetime | None = None
    last_success: datetime | None = None

    @property
    def total(self) -> int:
        """Executions whose outcome is known."""
        return self.success + self.partial + self.failure

    @property
    def wins(self) -> float:
        """Successes and half of the partial ones: what reliability counts."""
        return self.success + 0.5 * self.partial

    @property
    def win_rate(self) -> float | None:
        """Share of executions that earned anything; None without any."""
        return (self.success + self.partial) / self.total if self.total else None

    @property
    def payoff(self) -> float | None:
        """Mean win over mean loss, in R; None while there is not one of each."""
        won = self.success + self.partial
        return (self.gained / won) / (self.lost / self.failure) if won and self.failure and self.lost else None

    @property
    def mean_r(self) -> float | None:
        """Mean net R; None without executions."""
        return (self.gained - self.lost) / self.total / _MICRO if self.total else None

    @property
    def spread_r(self) -> float | None:
        """Sample standard deviation of net R; None below two executions."""
        if self.total < 2:
            return None
        total = (self.gained - self.lost) / _MICRO
        squares = self.squares / _MICRO - total * total / self.total
        return math.sqrt(max(squares, 0.0) / (self.total - 1))

    def plus(self, outcome: Grade, r: float | None, at: datetime) -> Counts:
        """Return the counts with one more execution; ``r`` is net R, None only when the outcome is unknown."""
        micro, square = (0, 0) if r is None else (round(r * _MICRO), round(r * r * _MICRO))
        return Counts(
            success=self.success + (outcome == "success"),
            partial=self.partial + (outcome == "partial"),
            failure=self.failure + (outcome == "failure"),
            unknown=self.unknown + (outcome == "unknown"),
            gained=self.gained + max(micro, 0),
            lost=self.lost + max(-micro, 0),
            squares=self.squares + square,
            last_used=_latest(self.last_used, at),
            last_success=_latest(self.last_success, at) if outcome == "success" else self.last_success,
        )

    def joined(self, other: Counts) -> Counts:
        """Return the sum of two counts."""
        return Counts(
            success=self.success + other.success,
            partial=self.partial + other.partial,
            failure=self.failure + other.failure,
            unknown=self.unknown + other.unknown,
            gained=self.gained + other.gained,
            lost=self.lost + other.lost,
            squares=self.squares + other.squares,
            last_used=_latest(self.last_used, other.last_used),
            last_success=_latest(self.last_success, other.last_success),
        )

    def document(self) -> dict[str, Any]:
        """Return the counts as JSON data."""
        data = asdict(self)
        data["last_used"] = self.last_used.isoformat() if self.last_used else None
        data["last_success"] = self.last_success.isoformat() if self.last_success else None
        return data


NONE = Counts()


def read_counts(data: Mapping[str, Any]) -> Counts:
    """Read what ``Counts.document`` wrote."""
    times = {name: datetime.fromisoformat(data[name]) if data[name] else None for name in ("last_used", "last_success")}
    return Counts(**{**data, **times})


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)
