"""Growth: the desk's skills looked at as a whole, outside any cycle, on what is known by a time.

Doors call it where a stretch of work ends: a backtest at the end of a chunk, a loop once a day.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.cycle.desk import Desk
from agent.risk.sizing import Exits
from skills.grow import Ground, due, explore
from skills.grow import grow as look


def grow(desk: Desk, as_of: datetime, *, at_once: bool = False) -> dict[str, Any]:
    """Let the skills grow when a look is due (or ``at_once``); returns what came of it, nothing when there was no look.

    A run without skills grows none.
    """
    if not any(skill.kind == "strategy" for skill in desk.skills.skills.values()):
        return {}
    if not (at_once or due(desk.skills, desk.settings.grow, as_of)):
        return {}
    plan = desk.settings.plan
    views = [desk.feed.view(symbol, as_of) for symbol in desk.feed.symbols]
    ground = Ground(
        series=[series for series in views if series is not None],
        costs=desk.settings.costs,
        rules=desk.settings.grow,
        seed=desk.settings.seed,
        at=as_of,
        exits=Exits(stop_distance=plan.stop_atr, target_distance=plan.target_atr, max_bars=plan.horizon),
        sides=("buy", "sell") if desk.settings.limits.allow_short else ("buy",),
    )
    explored = explore(desk.skills, ground)
    with desk.memory.write() as w:
        return look(w, desk.skills, ground, explored)
