"""The Desk: everything a cycle needs, handed in. Doors differ only in what they put here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any, Protocol

from agent.analysts.memory import Past
from agent.brokers.account import Account
from agent.brokers.fills import Bar
from agent.brokers.paper import Settlement
from agent.brokers.venue import Difference, OrderEvent
from agent.cycle.awaiting import Awaiting
from agent.domain import Book, MarketState, Order, Outcome, Position, Quote, Recollection, Refusal, Vote
from agent.forecast.forecaster import Forecaster
from agent.learn.joint import Joint
from agent.learn.monitor import Monitor
from agent.learn.regimes import RegimeTable
from agent.learn.setups import SetupTable
from agent.learn.voters import VoterTable
from agent.market.instrument import Instrument
from agent.market.series import Series
from agent.reason.arithmetic import Reasoning
from agent.reason.context import Context
from agent.reason.model import Asked, Tracks
from agent.reason.reflect import Reflector
from agent.settings import Settings
from memory_db.store import MemoryStore
from skills.catalogue import Catalogue


class Feed(Protocol):
    """Where bars come from. ``view`` holds nothing that was not known at ``as_of``."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols on offer, in order."""
        ...

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        """The prepared series up to the last bar known by ``as_of``; None before the first."""
        ...


class Broker(Protocol):
    """A venue with one account. One that is ``away`` is reached over a connection that may fail: what it is told and what
    it says is exchanged outside every transaction, by ``listen`` and ``deliver``.
    """

    name: str
    away: bool
    account: Account
    positions: dict[str, Position]
    pending: dict[str, Order]
    settled: dict[str, datetime]

    def restore(self, spaces: dict[str, dict[str, Any]]) -> None:
        """Take up the state that ``snapshot`` left in the journal."""
        ...

    def settle(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> Settlement:
        """What happened to the symbol's order and position over these bars."""
        ...

    def watch(self, instrument: Instrument, quote: Quote, *, overdue: bool = False) -> Settlement:
        """What a quote ends of the symbol's position, ``overdue`` when its longest holding has passed; asks the venue where
        there is one.
        """
        ...

    def submit(self, order: Order) -> Refusal | None:
        """Send an order; idempotent by client id."""
        ...

    def cancel_entry(self, symbol: str) -> Order | None:
        """Withdraw an entry that has not filled; returns it."""
        ...

    def rebase(self, at: datetime) -> None:
        """Count the drawdown anew from here, once for each ``at``."""
        ...

    def book(self) -> Book:
        """The account as it stands."""
        ...

    def snapshot(self, symbol: str) -> list[tuple[str, str, object]]:
        """State changes that let the broker be restored."""
        ...

    def listen(self, symbol: str, instrument: Instrument, bars: list[Bar]) -> None:
        """Ask the venue about orders in doubt and for what it executed; BrokerError where books cannot be trusted."""
        ...

    def deliver(self, symbol: str, instrument: Instrument, now: datetime) -> list[OrderEvent]:
        """Send what waits to be sent; returns what became of it."""
        ...

    def reconcile(self, symbol: str) -> list[Difference]:
        """Compare the book with the venue's; what the venue says wins."""
        ...

    def unreachable(self) -> str | None:
        """Why the venue cannot be reached now; None while it can."""
        ...

    def waiting_exposure(self) -> float:
        """Entries sent and not yet filled, as a fraction of equity."""
        ...

    def fee_bps(self, instrument: Instrument) -> float:
        """Fee per side in basis points."""
        ...

    def slippage_bps(self, instrument: Instrument) -> float:
        """Slippage per side in basis points."""
        ...


Consult = Callable[[Series, MarketState, Mapping[str, Past]], list[Vote]]
Recall = Callable[[Series, datetime], Recollection]


class Reasoner(Protocol):
    """Turns a context into a signal, its parts, and the exits a trade would use."""

    @property
    def name(self) -> str:
        """What the record calls it."""
        ...

    def __call__(self, context: Context) -> Reasoning:
        """Reason; raises ModelError when it cannot."""
        ...


class Mind(Protocol):
    """A language model's opinion of a context, beside the arithmetic one."""

    @property
    def name(self) -> str:
        """The model that decides."""
        ...

    def __call__(self, context: Context, arithmetic: Reasoning, tracks: Tracks, decision: str) -> Asked:
        """Ask; whatever fails is in the answer."""
        ...


@dataclass(frozen=True)
class Desk:
    """One run's parts. Built by ``agent.wiring`` alone, which restores them from the run's journal.

    ``awaiting`` are decisions whose consequences are open, ``untold`` trades that ended since a symbol's last record.
    """

    run: str
    settings: Settings
    feed: Feed
    clock: Callable[[], datetime]
    broker: Broker
    memory: MemoryStore
    skills: Catalogue
    voters: VoterTable
    joint: Joint
    regimes: RegimeTable
    setups: SetupTable
    monitor: Monitor
    consult: Consult
    recall: Recall
    reason: Reasoner
    mind: Mind | None = None
    reflector: Reflector | None = None
    forecaster: Forecaster | None = None
    mandate: str | None = None
    each: bool = False
    awaiting: dict[str, list[Awaiting]] = field(default_factory=dict)
    untold: dict[str, list[Outcome]] = field(default_factory=dict)
    alone: AbstractContextManager[object] = field(default_factory=RLock, compare=False, repr=False)

    @property
    def apart(self) -> bool:
        """Whether settling, asking and sending are commits of their own: a decision waits for someone outside, or ``each``
        asks for it, so that no symbol's decision waits for another's.

        ``alone`` is held by whoever reads or changes what the desk keeps in memory; never while a model thinks.
        """
        return self.each or self.mind is not None or self.broker.away
