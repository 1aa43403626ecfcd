"""Deliberate lies: each breaks one promise of a walk, so that the gate that guards it can be seen to fire.

A mutant is a way to spoil a desk, its feed or the walk itself. They live here and are reachable from
nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agent.backtest.plan import Plan, TimeRange
from agent.backtest.walk import Progress, desk_for, walk
from agent.brokers.fills import Bar
from agent.brokers.paper import PaperBroker, Settlement
from agent.cycle import Desk, Feed
from agent.cycle.recall import recollect
from agent.domain import Order, Outcome, Recollection, Refusal
from agent.market.bars import frozen
from agent.market.features import FeatureFrame
from agent.market.instrument import Instrument
from agent.market.series import Series
from agent.wiring.arms import ARMS
from evals.runs import Alter, Walk

END = datetime(2200, 1, 1, tzinfo=UTC)


class PeekingFeed:
    """Shows each bar with the features of the bar after it."""

    def __init__(self, whole: Feed, series: dict[str, Series]) -> None:
        """Shift what ``whole`` offers by one bar."""
        self._whole = whole
        self._ahead = {symbol: _shifted(one) for symbol, one in series.items()}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols on offer."""
        return self._whole.symbols

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        """What was known, features excepted."""
        return self._ahead[symbol].until(as_of)


def _shifted(series: Series) -> Series:
    frame = series.frame
    matrix = frame.matrix.copy()
    matrix[:-1] = frame.matrix[1:]
    ahead = FeatureFrame(frame.start, frame.names, frozen(matrix), frame.regimes, frame.probabilities)
    return Series(series.bars, series.instrument, ahead, series.situations, series.ready)


class FreeBroker(PaperBroker):
    """Charges nothing."""

    def fee_bps(self, instrument: Instrument) -> float:
        """No fee."""
        return 0.0

    def slippage_bps(self, instrument: Instrument) -> float:
        """No slippage."""
        return 0.0


class RepeatingBroker(PaperBroker):
    """Reports every closed position twice."""

    def settle(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> Settlement:
        """Settle, and say it again."""
        done = super().settle(symbol, instrument, bars)
        again: list[Outcome] = [*done.outcomes, *done.outcomes]
        return Settlement(done.fills, again, done.refusals)


class HastyBroker(PaperBroker):
    """Fills an order on the very bar it was decided on."""

    def __init__(self, *args: Any) -> None:
        """Remember the last bars settled."""
        super().__init__(*args)
        self._last: dict[str, tuple[Instrument, Bar]] = {}
        self._early: dict[str, Settlement] = {}

    def settle(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> Settlement:
        """Settle, reporting what was filled early."""
        if bars:
            self._last[symbol] = (instrument, bars[-1])
        done = super().settle(symbol, instrument, bars)
        early = self._early.pop(symbol, Settlement())
        return Settlement([*early.fills, *done.fills], done.outcomes, [*early.refusals, *done.refusals])

    def submit(self, order: Order) -> Refusal | None:
        """Take an order and fill it at once at the open of the bar that gave the signal."""
        refused = super().submit(order)
        if refused is None and not order.reduce_only and order.symbol in self._last:
            self.pending.pop(order.symbol)
            early = Settlement()
            instrument, bar = self._last[order.symbol]
            self._open(order, instrument, bar, early)
            self._early[order.symbol] = early
        return refused


def _with_broker(kind: Callable[..., PaperBroker]) -> Alter:
    def alter(desk: Desk) -> Desk:
        settings = desk.settings
        return replace(desk, broker=kind(settings.cash, settings.costs, settings.skills.success_r))

    return alter


def _remembers_tomorrow(desk: Desk) -> Desk:
    """Recall from the memory of a walk that has already been to the end, whatever the time."""
    series = {symbol: whole for symbol in desk.feed.symbols if (whole := desk.feed.view(symbol, END)) is not None}
    plan = Plan(ARMS["full"], series, TimeRange(), "none", desk.settings)
    steps = plan.steps()
    folder = TemporaryDirectory(prefix="tradecraft-")
    first = desk_for(Path(folder.name), plan, desk.feed, steps[0][0])
    walk(first, plan, steps, _silent)

    def recall(series: Series, as_of: datetime) -> Recollection:
        return recollect(first.memory, series, END) if folder else Recollection()

    return replace(desk, recall=recall)


def _silent(progress: Progress) -> None:
    """Nobody watches."""


def _shuffled_clock(desk: Desk, plan: Plan, steps: list[Any], report: Callable[[Progress], None]) -> None:
    """Decide every pair of bars in the wrong order."""
    from agent.cycle import run_bar

    for at in range(0, len(steps) - 1, 2):
        for as_of, symbols in (steps[at + 1], steps[at]):
            run_bar(desk, tuple(symbols), as_of)


@dataclass(frozen=True)
class Mutant:
    """A lie and the gate that must catch it."""

    name: str
    gate: str
    alter: Alter | None = None
    walk_with: Walk = walk
    peeks: bool = False


MUTANTS: tuple[Mutant, ...] = (
    Mutant("one-bar look-ahead", "truncated-rerun", peeks=True),
    Mutant("zero cost", "costs-are-paid", alter=_with_broker(FreeBroker)),
    Mutant("double-counted outcome", "each-outcome-counts-once", alter=_with_broker(RepeatingBroker)),
    Mutant("future memory", "memory-is-of-the-past", alter=_remembers_tomorrow),
    Mutant("shuffled clock", "clock-goes-forward", walk_with=_shuffled_clock),
    Mutant("fill at the signal bar", "fills-at-the-next-open", alter=_with_broker(HastyBroker)),
)
