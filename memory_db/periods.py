"""Periods of a journal beside each other: how much became known, how important, and what situations paid."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agent.errors import ConfigError
from memory_db.episodes import KINDS
from memory_db.journal import Journal
from memory_db.mirror import SHADOW
from memory_db.schema import facts, to_micros

_FORM = re.compile(r"(\d{8})-(\d{8})")


@dataclass(frozen=True, slots=True)
class Period:
    """From the start of a day to the end of another, UTC."""

    begin: datetime
    end: datetime

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read YYYYMMDD-YYYYMMDD, both dates included; ConfigError if it is none."""
        match = _FORM.fullmatch(text)
        try:
            begin, end = (datetime.strptime(part, "%Y%m%d").replace(tzinfo=UTC) for part in (match.groups() if match else ()))
        except ValueError:
            raise ConfigError(f"period {text!r} is not YYYYMMDD-YYYYMMDD, for example 20160101-20160331") from None
        if end < begin:
            raise ConfigError(f"period {text!r} ends before it begins; turn it round")
        return cls(begin, end + timedelta(days=1))


def summary(journal: Journal, period: Period) -> dict[str, float | None]:
    """Return counts by kind, the mean importance of text memories, and the mean R and win rate of shadow outcomes by side.

    A fact belongs to the period in which it became known; a figure without facts is None.
    """
    inside = facts.select().with_only_columns(facts.c.kind, facts.c.seq)
    inside = inside.where(facts.c.known_at >= to_micros("begin", period.begin), facts.c.known_at < to_micros("end", period.end))
    rows = journal.read(inside)
    counts: dict[str, float | None] = {}
    for row in rows:
        counts[f"facts {row.kind}"] = (counts.get(f"facts {row.kind}") or 0) + 1
    chosen = [row.seq for row in rows if row.kind in KINDS or row.kind == SHADOW]
    found = [(fact.kind, fact.data) for fact in journal.by_seq(chosen)]
    out: dict[str, float | None] = {"facts": len(rows), **dict(sorted(counts.items()))}
    out["mean importance"] = _mean([float(data["importance"]) for kind, data in found if kind in KINDS and "importance" in data])
    for side in ("buy", "sell"):
        paid = [float(data[side]) for kind, data in found if kind == SHADOW]
        out[f"shadow {side} mean R"] = _mean(paid)
        out[f"shadow {side} won"] = _mean([float(value > 0) for value in paid])
    return out


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
