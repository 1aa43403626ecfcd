"""The wall clock: read here and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime


def wall_clock() -> datetime:
    """The time now, in UTC: read here and nowhere else."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that may
