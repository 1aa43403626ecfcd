"""What a backtest is asked to do, and the identity that makes it repeatable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from agent.errors import ConfigError
from agent.market.series import Series
from agent.minds import mind_identity
from agent.settings import Settings
from agent.wiring.arms import Arm
from agent.wiring.recorded import NOTHING, Reading

Chunk = Literal["quarter", "month", "none"]
OPERATIONS = frozenset({"broker", "loop", "feed", "memory"})  # where a run is kept and how a loop lives shape no backtest


def _day(text: str) -> date | None:
    """A date of eight digits, None for no text; ValueError for anything else."""
    if text and not (len(text) == 8 and text.isascii() and text.isdigit()):
        raise ValueError(text)
    return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None


@dataclass(frozen=True)
class TimeRange:
    """Bar starts from ``first`` to ``last``, both dates included; None is open."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def parse(cls, text: str | None) -> TimeRange:
        """Read ``YYYYMMDD-YYYYMMDD``; either side may be empty."""
        if text is None:
            return cls()
        begin, dash, end = text.partition("-")
        try:
            first, last = _day(begin), _day(end)
        except ValueError:
            dash = ""
        if not dash or not (begin or end):
            raise ConfigError(f"--timerange {text!r}: write YYYYMMDD-YYYYMMDD, for example 20140101-20181231")
        if first and last and last < first:
            raise ConfigError(f"--timerange {text!r}: the end lies before the start")
        return cls(first, last)

    def __contains__(self, moment: datetime) -> bool:
        """Whether a bar start lies in the range."""
        day = moment.date()
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def cutoff(self, step: timedelta) -> datetime | None:
        """The time by which every bar of the range is known; None when the end is open."""
        if self.last is None or self.last.year >= 2262:  # later than any stamp can be
            return None
        return (
            datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC)
            + timedelta(days=1)
            + step
            - timedelta(microseconds=1)
        )

    def __str__(self) -> str:
        """As it is written on the command line."""
        first, last = (f"{day:%Y%m%d}" if day else "" for day in (self.first, self.last))
        return f"{first}-{last}" if first or last else "all"


def chunk_name(moment: datetime, chunk: Chunk) -> str:
    """The name of the chunk a bar start lies in, such as 2014Q1 or 2014-01."""
    if chunk == "quarter":
        return f"{moment.year}Q{(moment.month - 1) // 3 + 1}"
    return f"{moment.year}-{moment.month:02d}" if chunk == "month" else "all"


@dataclass(frozen=True)
class SkillsFrom:
    """The run whose skills a new run begins with; ``digest`` is of what they are and how they stand."""

    run: str
    digest: str


@dataclass(frozen=True)
class Plan:
    """One arm over one set of prepared series."""

    arm: Arm
    series: dict[str, Series]
    timerange: TimeRange
    chunk: Chunk
    settings: Settings
    reading: Reading = NOTHING
    skills: SkillsFrom | None = None

    @property
    def symbols(self) -> list[str]:
        """The symbols, in order."""
        return sorted(self.series)

    @property
    def config_hash(self) -> str:
        """SHA-256 of everything that shapes the decisions, except the bars, the seed and the arm."""
        shape = {
            "settings": self.settings.model_dump(mode="json", exclude={"seed", "llm", "model", *OPERATIONS}),
            "timerange": str(self.timerange),
            "chunk": self.chunk,
            "symbols": {s: self.series[s].bars.interval for s in self.symbols},
        }
        if self.skills is not None:
            shape["skills"] = self.skills.digest
        if self.arm.minded and (mind := mind_identity(self.settings)) is not None:
            shape["mind"] = mind
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()

    @property
    def data_hash(self) -> str:
        """SHA-256 over the bars of every symbol, in order, and the options and news given."""
        parts = [self.series[s].bars.data_hash() for s in self.symbols]
        parts += [self.reading.digest] if self.reading.digest else []
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @property
    def run(self) -> str:
        """The run's id: the arm and 12 hex digits of configuration, data and seed."""
        text = f"{self.config_hash}{self.data_hash}{self.settings.seed}"
        return f"{self.arm.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def steps(self) -> list[tuple[datetime, list[str]]]:
        """Each time a bar of the range becomes known, with the symbols that are ready then."""
        found: dict[datetime, list[str]] = {}
        for symbol in self.symbols:
            series = self.series[symbol]
            for i in range(series.ready, len(series.bars)):
                start = series.bars.timestamp(i)
                if start in self.timerange:
                    found.setdefault(start + series.instrument.step, []).append(symbol)
        return sorted(found.items())
