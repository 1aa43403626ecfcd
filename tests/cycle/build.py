"""A desk over made-up markets: real journal, real skills, real broker, and no embedding model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from agent.cycle import Desk, Feed, run_bar
from agent.domain import CycleRecord
from agent.market.instrument import instrument
from agent.market.series import Series, prepare
from agent.settings import Learning, Market, Reason, Recall, Settings
from agent.wiring.arms import ARMS
from agent.wiring.desks import open_desk
from agent.wiring.recorded import RecordedFeed
from tests.market.build import FIRST, bars_of, day, walk

BARS = 700
READY = 310  # the first bar with everything known
SETTINGS = Settings(
    market=Market(warmup=300),
    recall=Recall(k=10, min_settled=10, exact=True),
    reason=Reason(min_confidence=0.5),  # a lone voter reaches it, and memory's pull of 30 % can hold it back
    learning=Learning(window=6, low_win_rate=0.6, reset_win_rate=0.7, reset_bars=15),  # alerts come and go within the run
)
BOTH = ("NASDAQ", "SP500")

__all__ = ["BARS", "BOTH", "FIRST", "READY", "SETTINGS", "day", "desk_at", "feed_of", "known", "market", "run", "tell"]


@cache
def market(symbol: str, seed: int = 3, bars: int = BARS) -> Series:
    """A prepared random walk of daily bars."""
    return prepare(bars_of(walk(bars, seed=seed), symbol=symbol, seed=seed), instrument(symbol, "1d"), SETTINGS.market)


def feed_of(*symbols: str) -> Feed:
    """A feed of one walk for each symbol."""
    return RecordedFeed({symbol: market(symbol, seed) for seed, symbol in enumerate(symbols, start=3)})


@contextmanager
def desk_at(
    home: Path, feed: Feed | None = None, *, arm: str = "full", settings: Settings = SETTINGS, **parts: Any
) -> Iterator[Desk]:
    """A desk restored from the home's journal, some parts replaced; closed at the end as a kill would leave it."""
    desk = open_desk(
        home, "paper", feed or feed_of("SP500"), settings, arm=ARMS[arm], started=day(0), clock=lambda: day(0), durable=False
    )
    try:
        yield replace(desk, **parts)
    finally:
        desk.memory.close()


def known(i: int) -> datetime:
    """When bar ``i`` is known."""
    return day(i + 1)


def run(desk: Desk, first: int, last: int, symbols: tuple[str, ...] = ("SP500",)) -> list[CycleRecord]:
    """Decide at every bar of [first, last)."""
    return [record for i in range(first, last) for record in run_bar(desk, symbols, known(i))]


def tell(records: list[CycleRecord]) -> list[str]:
    """The records as they are kept."""
    return [record.model_dump_json() for record in records]
