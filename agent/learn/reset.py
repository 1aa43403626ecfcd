"""Forgetting what was learnt about one voter, or about all: a person's decision, archived and never deleted.

What stood before is kept whole in the fact of the reset; from then on the voter is as one that has not spoken, with the mean
weight, and no other voter's weight relative to the rest is touched.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from agent.analysts.panel import VOTERS
from agent.errors import ConfigError
from agent.learn.joint import SPACE as JOINT
from agent.learn.joint import Joint
from agent.learn.voters import Record
from agent.settings import Learning
from memory_db.journal import Journal

Json = dict[str, Any]
SPACE = "voters"


def reset(journal: Journal, voter: str | None, settings: Learning, *, reason: str, at: datetime, principal: str) -> Json:
    """Start a voter's record anew, without a name every voter's and the joint decision's; returns what was archived.

    Raises ConfigError for a voter without a record, naming those that have one.
    """
    tables: dict[str, dict[str, Json]] = journal.state(SPACE)
    known = sorted({name for table in tables.values() for name in table})
    if voter is not None and voter not in known:
        raise ConfigError(f"voter {voter!r} has no record in this run; voters with one: {', '.join(known) or 'none yet'}")
    joint = journal.state(JOINT) if voter is None else {}
    archived = {
        "voters": {regime: {n: r for n, r in table.items() if voter in (None, n)} for regime, table in tables.items()},
        "joint": joint,
    }
    sets: list[tuple[str, str, Any]] = [
        (SPACE, regime, {n: _fresh(table, voter, settings.rate) if voter in (None, n) else r for n, r in table.items()})
        for regime, table in tables.items()
    ]
    if joint:
        sets.append((JOINT, "state", Joint(settings).state.model_dump(mode="json")))
    with journal.write() as w:
        w.add(
            "learning_reset",
            {"voter": voter, "reason": reason, "principal": principal, "archived": archived},
            key=f"learning-reset:{voter or 'all'}:{at.isoformat()}",
            happened_at=at,
            known_at=at,
            sets=sets,
        )
    return archived


def _fresh(table: dict[str, Json], voter: str | None, rate: float) -> Json:
    """A record without votes whose loss gives it the mean weight of the others that carry one."""
    weighed = [name for name in table if name in VOTERS] or list(table)
    losses = [float(table[name]["loss"]) for name in weighed if name != voter]
    if voter is None or not losses:
        return Record().model_dump(mode="json")
    least = min(losses)
    mean = math.fsum(math.exp(-rate * (loss - least)) for loss in losses) / len(losses)
    return Record(loss=least - math.log(mean) / rate).model_dump(mode="json")
