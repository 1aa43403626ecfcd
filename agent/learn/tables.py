"""What was learned, as tables: voters, regimes, parameter changes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from agent.learn.regimes import RegimeRecord, RegimeTable
from agent.learn.voters import VoterTable
from agent.statistics.proportion import wilson
from memory_db.journal import Journal

Json = dict[str, Any]


def voter_rows(table: VoterTable) -> list[Json]:
    """Each voter's record, overall and per regime: weight, scored votes, hit rate with its 95 % interval, Brier score.

    Whoever is scored for the record alone (memory, models, arithmetic beside a model) has no weight here.
    ``worth`` is the log-odds of being right that its record is credited with. Skills have their own table.
    """
    rows: list[Json] = []
    for regime in table.regimes:
        weights = table.weights(regime)
        odds = table.odds(regime)
        for voter in table.scored(regime):
            record = table.record(regime, voter)
            if not record.n or voter.startswith("skill:"):
                continue
            spread = wilson(record.hits, record.n)
            rows.append(
                {
                    "voter": voter,
                    "regime": regime,
                    "weight": weights.get(voter),
                    "n": record.n,
                    "hit_rate": record.hits / record.n,
                    "interval": list(spread) if spread else None,
                    "brier": record.brier / record.n,
                    "worth": odds.get(voter, 0.0),
                }
            )
    return rows


def abstention_rows(records: Sequence[Json]) -> list[Json]:
    """How often each voter was asked by these records and had nothing to say, most silent first."""
    asked: Counter[str] = Counter()
    silent: Counter[str] = Counter()
    for record in records:
        asked.update(vote["voter"] for vote in record["votes"])
        silent.update(vote["voter"] for vote in record["votes"] if vote["abstained"])
    rows = [{"voter": voter, "asked": n, "abstained": silent[voter]} for voter, n in asked.items()]
    return sorted(rows, key=lambda row: (-int(row["abstained"]) / int(row["asked"]), row["voter"]))


def regime_rows(table: RegimeTable) -> list[Json]:
    """What each regime paid: trades, win rate, mean net R with its normal 95 % interval, P&L."""
    return [_regime_row(label, table.records[label]) for label in sorted(table.records)]


def _regime_row(label: str, record: RegimeRecord) -> Json:
    n, mean = record.trades, record.sum_r / record.trades
    spread = 1.96 * math.sqrt(max(record.sum_r2 / n - mean**2, 0.0) / n)
    return {
        "regime": label,
        "trades": n,
        "win_rate": record.wins / n,
        "mean_r": mean,
        "interval": [mean - spread, mean + spread],
        "pnl": record.pnl,
    }


def parameter_rows(journal: Journal) -> list[Json]:
    """Every change of an adaptive parameter, oldest first."""
    return [{"at": fact.known_at.isoformat(), **fact.data} for fact in journal.facts(kinds=("parameter",))]
