"""Who was right about what, when: hits, Brier score and profit by voter, with regime, symbol or quarter; how calibrated and how
regretful the decision was.

Everything is read back from the facts of scored votes and closed trades. A vote's probability of a rise follows from
its loss, p = outcome +- sqrt(loss). A trade counts for every voter that spoke on its side; the decision itself is the voter
``joint``, a skill that fired is ``skill:ID``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from agent.domain import Outcome
from agent.settings import Learning
from agent.statistics.proportion import wilson
from memory_db.journal import Journal

Json = dict[str, Any]
By = Literal["regime", "symbol", "quarter"]
GROUPS: tuple[By, ...] = ("regime", "symbol", "quarter")
JOINT = "joint"
BINS = 10


@dataclass(frozen=True)
class Scored:
    """One scored decision: what came, and each speaking voter's probability of a rise."""

    decision: str
    at: datetime
    symbol: str
    regime: str
    rose: bool
    p: dict[str, float]

    def group(self, by: By) -> str:
        """The regime, the symbol, or the quarter in which the horizon closed."""
        if by == "quarter":
            return f"{self.at.year}Q{(self.at.month + 2) // 3}"
        return self.symbol if by == "symbol" else self.regime


def scored(journal: Journal) -> list[Scored]:
    """Every scored decision, oldest first."""
    found = []
    for fact in journal.facts(kinds=("votes_scored",)):
        data = fact.data
        chances = {name: 1 - math.sqrt(loss) if data["rose"] else math.sqrt(loss) for name, loss in data["losses"].items()}
        regime = data.get("regime") or "unknown"
        found.append(Scored(data["decision"], fact.known_at, fact.symbol or "", regime, data["rose"], chances))
    return found


def attribution(rows: list[Scored], trades: list[Outcome], by: By) -> list[Json]:
    """Each voter's record in each group: scored votes, hit rate with its 95 % interval, Brier score, and the trades on its
    side with their P&L and mean net R.
    """
    votes: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    paid: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    closed: dict[str, list[Outcome]] = defaultdict(list)
    for trade in trades:
        closed[trade.decision].append(trade)
    for row in rows:
        for voter, p in row.p.items():
            key = voter, row.group(by)
            votes[key].append((p, row.rose))
            paid[key] += [trade for trade in closed[row.decision] if (p > 0.5) == (trade.side == "buy")]
    return [_row(voter, by, group, votes[voter, group], paid[voter, group]) for voter, group in sorted(votes)]


def _row(voter: str, by: By, group: str, votes: list[tuple[float, bool]], trades: list[Outcome]) -> Json:
    n, hits = len(votes), sum((p > 0.5) == rose for p, rose in votes)
    spread = wilson(hits, n)
    return {
        "voter": voter,
        by: group,
        "n": n,
        "hit_rate": hits / n,
        "interval": list(spread) if spread else None,
        "brier": math.fsum((p - rose) ** 2 for p, rose in votes) / n,
        "trades": len(trades),
        "pnl": math.fsum(trade.pnl for trade in trades),
        "mean_r": math.fsum(trade.r for trade in trades) / len(trades) if trades else None,
    }


def reliability(rows: list[Scored], voter: str = JOINT) -> Json:
    """How often decisions were right against how sure they were: bins of the stated probability of their side, from 0.5 to 1.

    ``ece`` is the expected calibration error, the mean distance of the two weighted by count; ``base_brier`` what
    the rate of rises alone would have scored.
    """
    said = [(max(row.p[voter], 1 - row.p[voter]), (row.p[voter] > 0.5) == row.rose, row) for row in rows if voter in row.p]
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for p, hit, _ in said:
        bins[min(int((p - 0.5) * 2 * BINS), BINS - 1)].append((p, hit))
    out = [_bin(bins[number]) for number in sorted(bins)]
    n = len(said)
    rises = sum(row.rose for _, _, row in said) / n if n else 0.0
    return {
        "n": n,
        "brier": math.fsum((p - hit) ** 2 for p, hit, _ in said) / n if n else None,
        "base_brier": rises * (1 - rises) if n else None,
        "ece": math.fsum(row["n"] * abs(row["p"] - row["hit_rate"]) for row in out) / n if n else None,
        "bins": out,
    }


def _bin(inside: list[tuple[float, bool]]) -> Json:
    n, hits = len(inside), sum(hit for _, hit in inside)
    spread = wilson(hits, n)
    mean = math.fsum(p for p, _ in inside) / n
    return {"p": mean, "hit_rate": hits / n, "interval": list(spread) if spread else None, "n": n}


def regret(rows: list[Scored], settings: Learning) -> Json:
    """How much more the decision lost (squared error) than the best single voter, over the decisions on which that voter spoke.

    ``bound`` is that of exponential weights over as many voters and steps, ln(voters) / rate + rate x steps / 8; it is a
    yardstick here, since decisions rest on more than the weights.
    """
    gaps: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if JOINT in row.p:
            mine = (row.p[JOINT] - row.rose) ** 2
            for voter, p in row.p.items():
                if voter != JOINT:
                    gaps[voter].append(mine - (p - row.rose) ** 2)
    if not gaps:
        return {"best": None, "steps": 0, "regret": None, "bound": None}
    best = max(gaps, key=lambda voter: (math.fsum(gaps[voter]), voter))
    steps = len(gaps[best])
    bound = math.log(max(2, len(gaps))) / settings.rate + settings.rate * steps / 8
    return {"best": best, "steps": steps, "regret": math.fsum(gaps[best]), "bound": bound}
