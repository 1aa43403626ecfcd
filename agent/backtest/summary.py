"""A run across its chunks: how good every voter was in each, models among them, and what each symbol earned for its risk.

Everything comes from the journal's own facts. A symbol's Sharpe ratio rests on the days its trades closed, as shares of the
starting cash, days without a close counting as zero: one pool of capital has no other account by symbol.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from agent.domain import Outcome
from agent.statistics.proportion import wilson
from memory_db.journal import Journal

Json = dict[str, Any]
COIN = 0.25  # the Brier loss of one who says nothing: less is on the right side


def trend(journal: Journal, chunk_of: Callable[[datetime], str]) -> list[Json]:
    """Each voter in each chunk, by when its votes were scored: how many, share right with interval, mean Brier loss."""
    losses: dict[tuple[str, str], list[float]] = defaultdict(list)
    for fact in journal.facts(kinds=("votes_scored",)):
        if fact.payload is not None:
            for voter, loss in fact.data["losses"].items():
                losses[chunk_of(fact.happened_at), voter].append(loss)
    return [_row(chunk, voter, found) for (chunk, voter), found in losses.items()]


def _row(chunk: str, voter: str, losses: list[float]) -> Json:
    hits = sum(loss < COIN for loss in losses)
    spread = wilson(hits, len(losses))
    return {
        "chunk": chunk,
        "voter": voter,
        "n": len(losses),
        "hit_rate": hits / len(losses),
        "interval": list(spread) if spread else None,
        "brier": sum(losses) / len(losses),
    }


def by_symbol(trades: list[Outcome], days: list[datetime], cash: float, days_a_year: float) -> list[Json]:
    """What each symbol's trades earned: number, win rate, mean net R, P&L, annualised Sharpe ratio of its realised P&L."""
    position = {day: i for i, day in enumerate(sorted({moment.date() for moment in days}))}
    rows = []
    for symbol in sorted({trade.symbol for trade in trades}):
        own = [trade for trade in trades if trade.symbol == symbol]
        daily = np.zeros(len(position))
        for trade in own:
            at = position.get(trade.exit_bar.date())
            if at is not None:
                daily[at] += trade.pnl / cash
        spread = float(daily.std(ddof=1)) if len(daily) > 1 else 0.0
        rows.append(
            {
                "symbol": symbol,
                "trades": len(own),
                "win_rate": sum(trade.r > 0 for trade in own) / len(own),
                "mean_r": sum(trade.r for trade in own) / len(own),
                "pnl": sum(trade.pnl for trade in own),
                "sharpe": float(daily.mean()) / spread * days_a_year**0.5 if spread > 0 else None,
            }
        )
    return rows
