"""What the loop does for itself: clean up, back up and verify, put its standing on record, look back, let skills grow, tell
how the day went.

Promises: every job is a fact or leaves one; a backup counts only once its copy has been verified, and old ones are
removed only after a new one counts.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from agent.cycle import Desk
from agent.cycle.growth import grow
from agent.cycle.history import closed_trades
from agent.cycle.reflecting import reflect
from agent.loop.runner import Job
from memory_db import copies

Say = Callable[[str, str], None]


def jobs(desk: Desk, home: Path, say: Say) -> dict[str, Job]:
    """The upkeep by the names of its settings."""
    return {
        "cleanup": lambda at: _cleanup(desk, at),
        "backup": lambda at: _backup(desk, home, at),
        "snapshot": lambda at: _snapshot(desk, at),
        "reflection": lambda at: _reflection(desk, at),
        "skills": lambda at: _skills(desk, at),
        "summary": lambda at: say(f"{desk.run}: the day", summary(desk, at)),
    }


def _cleanup(desk: Desk, at: datetime) -> None:
    with desk.alone:
        desk.memory.cleanup(at)


def _backup(desk: Desk, home: Path, at: datetime) -> None:
    """Copy, verify, then remove the oldest beyond those kept."""
    folder = home / "backups"
    copies.backup(desk.memory.journal, folder / f"{desk.run}-{at:%Y%m%dT%H%M%S}.sqlite", desk.memory.journal.signer, at)
    made = sorted(folder.glob(f"{desk.run}-????????T??????.sqlite"))
    for old in made[: -desk.settings.loop.backups_kept]:
        for path in (old, *(old.with_name(old.name + end) for end in (".head", ".head.lock", "-wal", "-shm"))):
            path.unlink(missing_ok=True)


def _snapshot(desk: Desk, at: datetime) -> None:
    with desk.alone, desk.memory.write() as w:
        book = desk.broker.book()
        w.add(
            "snapshot",
            {"book": book.model_dump(mode="json"), "parameters": desk.monitor.parameters},
            key=f"snapshot:{desk.run}:{at.isoformat()}",
            happened_at=at,
            known_at=at,
        )


def _reflection(desk: Desk, at: datetime) -> None:
    """Look back on the last 24 hours; without a model only the market judges the lessons there are."""
    reflect(desk, f"{at:%Y-%m-%d}", at - timedelta(days=1), at)


def _skills(desk: Desk, at: datetime) -> None:
    """Let skills grow when a look at them is due."""
    with desk.alone:
        grow(desk, at)


def summary(desk: Desk, at: datetime) -> str:
    """The last 24 hours in one line."""
    closed = closed_trades(desk.memory.journal, at - timedelta(days=1), at)
    book = desk.broker.book()
    won = sum(outcome.pnl > 0 for outcome in closed)
    return (
        f"equity {book.equity:,.2f}, drawdown {book.drawdown:.1%}, {len(book.positions)} open; "
        f"{len(closed)} closed in 24 h ({won} won), {sum(outcome.pnl for outcome in closed):+,.2f}"
    )
