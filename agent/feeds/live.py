"""Live bars: a window of each symbol's newest bars, kept prepared, told what is late, missing or revised.

Promises: only bars that have closed are taken; a bar that contradicts itself is refused with its symbol's tick, never
stored; a bar revised by its source replaces ours for what is decided from then on and is reported, while what was decided
stays as it was; the history decided on is the same length as in a backtest of the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from agent.errors import MarketDataError
from agent.market.bars import ARRAYS
from agent.market.feed import bars_of_frame
from agent.market.instrument import instrument, interval_step
from agent.market.series import Series, prepare
from agent.settings import Market

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
AGAIN = 3  # bars asked for again each time, to see revisions


class Source(Protocol):
    """Where bars come from."""

    def fetch(self, symbol: str, interval: str, since: datetime, until: datetime) -> pd.DataFrame:
        """Bars starting in [since, until), oldest first, with ``COLUMNS``; MarketDataError when they cannot be had."""
        ...


@dataclass(frozen=True)
class Revision:
    """A bar that its source changed after we had taken it."""

    symbol: str
    bar: datetime
    before: tuple[float, ...]
    after: tuple[float, ...]


class LiveBars:
    """A Feed that grows: ``refresh`` asks the source, ``view`` shows what is held."""

    def __init__(
        self,
        source: Source,
        intervals: Mapping[str, str],
        market: Market,
        *,
        window: int = 1500,
        workers: int = 4,
        revised: Callable[[Revision], None] = lambda revision: None,
    ) -> None:
        """Follow each symbol at its interval, ``window`` bars of it."""
        self._source, self._market, self._window, self._workers = source, market, window, workers
        self._intervals = dict(sorted(intervals.items()))
        self._frames: dict[str, pd.DataFrame] = {}
        self._series: dict[str, Series] = {}
        self._revised = revised

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols followed, in order."""
        return tuple(self._intervals)

    def interval(self, symbol: str) -> str:
        """A symbol's bar length."""
        return self._intervals[symbol]

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        """What was known by then."""
        held = self._series.get(symbol)
        return held.until(as_of) if held is not None else None

    def newest(self, symbol: str) -> datetime | None:
        """When the newest bar held was known."""
        held = self._series.get(symbol)
        return None if held is None else held.bars.timestamp(-1) + held.instrument.step

    def refresh(self, symbols: tuple[str, ...], now: datetime) -> None:
        """Take what has closed by now; the symbols that could not be had are named in one MarketDataError."""
        with ThreadPoolExecutor(self._workers, thread_name_prefix="feed") as pool:
            failures = [found for found in pool.map(lambda symbol: self._one(symbol, now), symbols) if found]
        if failures:
            raise MarketDataError("; ".join(failures))

    def _one(self, symbol: str, now: datetime) -> str | None:
        """Bring one symbol up to date; why that failed, in words."""
        step = interval_step(self._intervals[symbol])
        held = self._frames.get(symbol)
        since = now - step * self._window * 3 if held is None else held["timestamp"].iloc[-AGAIN:].iloc[0].to_pydatetime()
        try:
            told = self._source.fetch(symbol, self._intervals[symbol], since, now)
            self._take(symbol, told[told["timestamp"] + step <= now], step)
        except MarketDataError as err:
            return f"{symbol}: {err}"
        return None

    def _take(self, symbol: str, told: pd.DataFrame, step: timedelta) -> None:
        if told.empty:
            return
        held = self._frames.get(symbol)
        if held is not None:
            self._compare(symbol, held, told)
            held = held[held["timestamp"] < told["timestamp"].iloc[0]]
            told = pd.concat([held, told], ignore_index=True)
        frame = told.drop_duplicates("timestamp", keep="last").tail(self._window).reset_index(drop=True)
        before = self._series.get(symbol)
        made = bars_of_frame(symbol, self._intervals[symbol], frame)
        if before is None or not _same(before, made):
            self._series[symbol] = prepare(made, instrument(symbol, self._intervals[symbol]), self._market)
        self._frames[symbol] = frame

    def _compare(self, symbol: str, held: pd.DataFrame, told: pd.DataFrame) -> None:
        both = held.merge(told, on="timestamp", suffixes=("", "_new"))
        for _, row in both.iterrows():
            before = tuple(float(row[name]) for name in COLUMNS[1:])
            after = tuple(float(row[f"{name}_new"]) for name in COLUMNS[1:])
            if before != after:
                self._revised(Revision(symbol, row["timestamp"].to_pydatetime(), before, after))


def _same(series: Series, bars: object) -> bool:
    names = ("start", *ARRAYS)
    return all(np.array_equal(getattr(series.bars, n), getattr(bars, n), equal_nan=n != "start") for n in names)
