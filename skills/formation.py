"""Forming a skill from what worked: winning trades that no skill explains, and what they had in common when they began.

A trajectory is a closed trade with its three stages on record: the entry with the state it was decided in, how
far it went against and for us while it was held, and how it ended. From winners (a fill's word, not a guess) of
one side and regime the two conditions are taken that hold for the most of them and for the fewest of all bars. A
skill comes of it only where it is likely to recur (it fires on a usual share of recent bars), where trades
at which it held won more often than not, where at least two of them are distinct episodes, and where no skill
in use holds on the same bars. A ``namer`` may name and describe it; the typed part is made here alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import Any

import numpy as np

from agent.domain import Outcome, Side
from agent.market.features import FEATURES, FeatureFrame
from agent.risk.sizing import Exits
from agent.settings import Growing
from memory_db.journal import Journal
from skills.catalogue import Catalogue
from skills.conditions import firing_rate
from skills.drafting import Namer, drafted, known
from skills.schema import SkillDraft

_LEVELS = frozenset({"sma_5", "sma_20", "sma_50", "macd", "macd_signal", "macd_hist", "atr_14"})  # in prices: no threshold lasts
_TAILS = (0.2, 0.35, 0.65, 0.8)
_SPECIAL = 2.0  # winners must show it this many times as often as bars do: what always holds is no lesson
_APART = 5  # trades begun within so many holdings of each other are one episode


@dataclass(frozen=True, slots=True)
class Trajectory:
    """A closed trade as it was: what was seen at its entry, how it was held, how it ended, and whether a skill had a part."""

    decision: str
    symbol: str
    side: Side
    begun: datetime
    ended: datetime
    features: dict[str, float | None]
    regime: str | None
    r: float
    won: bool
    explained: bool
    stages: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Formed:
    """A draft with the trades it was formed from, and how often trades at which it held won."""

    draft: SkillDraft
    decisions: tuple[str, ...]
    trades: int
    won: int

    def document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"name": self.draft.name, "decisions": list(self.decisions), "trades": self.trades, "won": self.won}


def trajectories(journal: Journal) -> list[Trajectory]:
    """Return the closed trades of a run whose three stages are on record, oldest first."""
    found = []
    for fact in journal.facts(kinds=("closed_trade",)):
        if fact.payload is None:
            continue
        trade = Outcome.model_validate_json(fact.payload)
        decided = journal.get(trade.decision)
        record = decided.data if decided is not None and decided.payload is not None else None
        if record is None or record["state"] is None or record["order"] is None:
            continue
        stages = (
            f"{trade.side} at {trade.entry_price:g}",
            f"{trade.mae:+.2f} R at worst, {trade.mfe:+.2f} R at best, {trade.bars_held} bars",
            f"{trade.reason} at {trade.exit_price:g}, {trade.r:+.2f} R",
        )
        found.append(
            Trajectory(
                trade.decision,
                trade.symbol,
                trade.side,
                trade.entry_bar,
                trade.closed_at,
                record["state"]["features"],
                record["state"]["regime"]["label"],
                trade.r,
                trade.grade == "success",
                any(skill["agreed"] for skill in record["skills"]),
                stages,
            )
        )
    return found


def formed(
    catalogue: Catalogue,
    told: Sequence[Trajectory],
    frames: Sequence[FeatureFrame],
    exits: Exits,
    rules: Growing,
    namer: Namer | None = None,
) -> list[Formed]:
    """Return the skills that the trajectories speak for, at most one for each side and regime; ``exits`` are in ATR."""
    found = []
    for side, regime in sorted({(t.side, t.regime) for t in told if t.regime is not None and t.won and not t.explained}):
        mine = [t for t in told if t.side == side and t.regime == regime]
        best = _best(mine, frames, str(regime))
        if best is None:
            continue
        when, kept = best
        winners = [t for t in kept if t.won]
        draft = drafted(side, when, exits, category="learned", namer=namer)
        new = not known(catalogue, draft, frames, rules.merge_overlap)
        if _episodes(winners) >= 2 and len(winners) * 2 > len(kept) and new and _recurs(catalogue, draft, frames):
            found.append(Formed(draft, tuple(t.decision for t in winners), len(kept), len(winners)))
    return found


def _best(
    mine: Sequence[Trajectory], frames: Sequence[FeatureFrame], regime: str
) -> tuple[dict[str, Any], list[Trajectory]] | None:
    """Return the regime with the two conditions that most winners and fewest bars show, and the trades at which they held."""
    winners = [t for t in mine if t.won and not t.explained]
    leaves = _leaves(winners, frames)
    ranked: list[tuple[float, int, dict[str, Any], list[Trajectory]]] = []
    for order, (one, two) in enumerate(combinations(leaves, 2)):
        if one["feature"] == two["feature"]:
            continue
        kept = [t for t in mine if _met(t, one) and _met(t, two)]
        share = sum(t.won and not t.explained for t in kept) / len(winners)
        usual = _usual(frames, one, two)
        if share >= 0.5 and usual > 0 and share / usual >= _SPECIAL:
            ranked.append((share / usual, -order, {"all": [{"regime": regime}, one, two]}, kept))
    if not ranked:
        return None
    _, _, when, kept = max(ranked, key=lambda row: row[:2])
    return when, kept


def _leaves(winners: Sequence[Trajectory], frames: Sequence[FeatureFrame]) -> list[dict[str, Any]]:
    """Return the one-sided conditions at tails of the bars that at least half of the winners met."""
    out = []
    for name in FEATURES:
        column = np.concatenate([frame.column(name) for frame in frames])
        finite = column[np.isfinite(column)]
        if name in _LEVELS or not len(finite):
            continue
        for tail in _TAILS:
            leaf = {"feature": name, "op": "<" if tail < 0.5 else ">", "value": float(f"{np.quantile(finite, tail):.3g}")}
            if sum(_met(t, leaf) for t in winners) * 2 >= max(len(winners), 2):
                out.append(leaf)
    return out


def _met(one: Trajectory, leaf: dict[str, Any]) -> bool:
    value = one.features.get(leaf["feature"])
    return value is not None and (value < leaf["value"] if leaf["op"] == "<" else value > leaf["value"])


def _usual(frames: Sequence[FeatureFrame], *leaves: dict[str, Any]) -> float:
    """Return the share of all bars that meet every condition."""
    met = []
    for frame in frames:
        columns = [(frame.column(leaf["feature"]), leaf) for leaf in leaves]
        held = [column < leaf["value"] if leaf["op"] == "<" else column > leaf["value"] for column, leaf in columns]
        met.append(np.logical_and.reduce(held))
    return float(np.concatenate(met).mean())


def _episodes(winners: Sequence[Trajectory]) -> int:
    """Count winners that are apart: on one symbol, begun several holdings after the one before."""
    count = 0
    free: dict[str, datetime] = {}
    for one in sorted(winners, key=lambda t: t.begun):
        if one.symbol not in free or one.begun >= free[one.symbol]:
            count += 1
            free[one.symbol] = one.begun + _APART * (one.ended - one.begun)
    return count


def _recurs(catalogue: Catalogue, draft: SkillDraft, frames: Sequence[FeatureFrame]) -> bool:
    rules = catalogue.rules
    rate = None if draft.condition is None else firing_rate(draft.condition, frames, rules.fire_bars)
    return rate is not None and rules.fire_min <= rate <= rules.fire_max
