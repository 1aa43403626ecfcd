"""Do the gates bite? Each lie must be caught by its gate, and none may fire on the clean build.

The truncated rerun walks a second time over series prepared, at sampled times, from nothing later
than the moment; every other gate reads the facts of one walk.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.backtest.lookahead import CutFeed
from agent.backtest.plan import Plan
from agent.cycle import Feed
from agent.settings import Settings
from agent.wiring.recorded import RecordedFeed
from evals.checks import CHECKS
from evals.markets import Edge, planted
from evals.mutants import MUTANTS, Mutant, PeekingFeed
from evals.runs import Json, Walked, plan_of, walked

TRUNCATED = "truncated-rerun"
GATES = (TRUNCATED, *CHECKS)
BARS, SAMPLES = 700, 8


def settings_for(seed: int) -> Settings:
    """Defaults, with shorts and a low threshold, so that a short walk trades often enough to be caught."""
    return Settings.model_validate(
        {"seed": seed, "limits": {"allow_short": True}, "reason": {"min_confidence": 0.2}, "recall": {"min_settled": 10}}
    )


def task(mutant: str, seed: int) -> Json:
    """Walk the build with one lie in it (``none``: clean); how often each gate was broken."""
    lie = next((m for m in MUTANTS if m.name == mutant), Mutant("none", ""))
    market = planted(seed, BARS, Edge(strength=0.6, support=0.4, switch=120))
    plan = plan_of([market.bars], settings_for(seed))
    run = walked(plan, feed=_feed(plan, lie), alter=lie.alter, walk_with=lie.walk_with)
    fired = {name: check(run) for name, check in CHECKS.items()}
    fired[TRUNCATED] = _rerun(plan, lie, run)
    return {"fired": fired, "decisions": len(run.of("cycle")), "trades": len(run.of("closed_trade"))}


def _feed(plan: Plan, lie: Mutant) -> Feed:
    whole = RecordedFeed(plan.series)
    return PeekingFeed(whole, plan.series) if lie.peeks else whole


class _CutPeekingFeed:
    """The look-ahead over truncated data: at a sampled time there is no later bar to look at."""

    def __init__(self, cut: Feed, lie: Feed, sampled: set[datetime]) -> None:
        self._cut, self._lie, self._sampled = cut, lie, sampled

    @property
    def symbols(self) -> tuple[str, ...]:
        return self._cut.symbols

    def view(self, symbol: str, as_of: datetime) -> Any:
        return (self._cut if as_of in self._sampled else self._lie).view(symbol, as_of)


def _rerun(plan: Plan, lie: Mutant, run: Walked) -> int:
    """Contexts that change when the data end at the moment."""
    records = run.of("cycle")
    stride = max(1, len(records) // SAMPLES)
    sampled = {datetime.fromisoformat(record["as_of"]) for record in records[::stride]}
    bars = {symbol: series.bars for symbol, series in plan.series.items()}
    cut: Feed = CutFeed(RecordedFeed(plan.series), bars, sampled, plan.settings.market)
    feed: Feed = _CutPeekingFeed(cut, _feed(plan, lie), sampled) if lie.peeks else cut
    again = walked(plan, feed=feed, alter=lie.alter, walk_with=lie.walk_with)
    seen = {record["id"]: record["context_hash"] for record in again.of("cycle")}
    return sum(seen.get(record["id"]) != record["context_hash"] for record in records)
