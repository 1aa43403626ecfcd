"""The end of a chunk: what was learned, written down once.

Promises: closing a chunk twice writes nothing the second time, so a walk may be resumed anywhere.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from agent.cycle import Desk
from agent.cycle.growth import grow
from agent.cycle.history import closed_trades, record_of
from agent.domain import Outcome


def close_chunk(desk: Desk, name: str, first: datetime, last: datetime) -> None:
    """Let the skills grow, and keep a snapshot of the chunk from ``first`` to ``last`` (decision times) and a lesson from
    its trades.
    """
    journal = desk.memory.journal
    key = f"snapshot:{desk.run}:{name}"
    if journal.get(key) is not None:
        return
    grow(desk, last, at_once=True)
    trades = closed_trades(journal, first, last)
    snapshot = {
        "chunk": name,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "equity": desk.broker.account.equity,
        "memories": desk.memory.situations.settled(),
        "weights": {regime: desk.voters.weights(regime) for regime in ("all", "trending", "ranging", "volatile")},
        "parameters": desk.monitor.parameters,
        "skills_active": desk.skills.active_count,
        "trades": len(trades),
    }
    with desk.memory.write() as w:
        w.add("snapshot", snapshot, key=key, happened_at=last, known_at=last)
        if trades:
            text = lesson(name, trades, _regimes(desk, trades))
            desk.memory.remember(
                w, kind="lesson", content=text, key=f"lesson:{desk.run}:{name}", happened_at=last, known_at=last, importance=1.5
            )


def _regimes(desk: Desk, trades: list[Outcome]) -> dict[str, list[float]]:
    """Net R of the trades by the regime each was decided in."""
    found: dict[str, list[float]] = defaultdict(list)
    for trade in trades:
        record = record_of(desk.memory.journal, trade.decision)
        label = record.state.regime.label if record and record.state else None
        found[label or "unknown"].append(trade.r)
    return found


def lesson(name: str, trades: list[Outcome], by_regime: dict[str, list[float]]) -> str:
    """One sentence of what a chunk's trades taught, with its counts."""
    wins = sum(trade.r > 0 for trade in trades)
    mean = sum(trade.r for trade in trades) / len(trades)
    parts = [f"{name}: {len(trades)} trades, {wins / len(trades):.0%} won, mean net {mean:+.2f} R"]
    for label in sorted(by_regime):
        rs = by_regime[label]
        parts.append(f"{label} {sum(rs) / len(rs):+.2f} R over {len(rs)}")
    symbols = sorted({trade.symbol for trade in trades})
    parts.append("traded " + ", ".join(symbols))
    return "; ".join(parts) + "."
