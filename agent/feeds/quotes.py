"""Quotes between bars: asked for from a thread of their own while something is held, or read back from a recording.

Promises: whoever takes them never waits for an exchange; a quote is given once, oldest first; what cannot be had is said
and asked for again; stale, crossed or empty quotes are left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol

import numpy as np
import pandas as pd
import structlog
from pydantic import ValidationError

from agent.domain import Quote
from agent.errors import ConfigError, MarketDataError
from agent.market.bars import Floats, Stamps, to_datetime, to_stamp

log = structlog.get_logger()
COLUMNS = ("timestamp", "bid", "ask")
INSTANT = timedelta(microseconds=1)
MOST = 100_000  # quotes that may wait to be taken


class QuoteSource(Protocol):
    """Where quotes are asked for."""

    def quotes(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        """The quotes of these symbols that are new, oldest first; MarketDataError when they cannot be had."""
        ...


def quote_of(symbol: str, at: datetime, bid: object, ask: object) -> Quote | None:
    """A quote from a source's own figures; None where they say nothing."""
    try:
        return Quote.model_validate({"symbol": symbol, "at": at, "bid": bid, "ask": ask})
    except ValidationError:
        return None


class QuoteStream:
    """Asks a source every so often, from its own thread, for what is held."""

    def __init__(self, source: QuoteSource, seconds: float, stale: timedelta, read: Callable[[], datetime]) -> None:
        """Ask every ``seconds``; ``read`` tells the time."""
        self._source, self._seconds, self._stale, self._read = source, seconds, stale, read
        self._wanted: tuple[str, ...] = ()
        self._came: deque[Quote] = deque(maxlen=MOST)
        self._fault: str | None = None
        self._lock, self._end = Lock(), Event()
        self._thread = Thread(target=self._run, name="quotes", daemon=True)
        self._thread.start()

    def next(self, symbols: tuple[str, ...], now: datetime) -> datetime | None:
        """When to look again."""
        return now + timedelta(seconds=self._seconds) if symbols else None

    def take(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        """What came since the last time; MarketDataError, once, where the source could not be asked and nothing came."""
        with self._lock:
            self._wanted = symbols
            came, self._came = [*self._came], deque(maxlen=MOST)
            fault, self._fault = self._fault, None
        if fault and not came:
            raise MarketDataError(fault)
        return came

    def close(self) -> None:
        """Ask no more."""
        self._end.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._end.wait(self._seconds):
            if self._wanted:
                self._ask(self._wanted)

    def _ask(self, symbols: tuple[str, ...]) -> None:
        now, fault = self._read(), None
        came: list[Quote] = []
        try:
            came = [quote for quote in self._source.quotes(symbols, now) if now - quote.at <= self._stale]
        except MarketDataError as err:
            fault = str(err)
        except Exception as err:  # noqa: BLE001 - whatever a client library throws, the next quote is asked for
            fault = f"quotes cannot be asked for: {type(err).__name__}"
            log.error("quotes failed", error=type(err).__name__)
        with self._lock:
            self._came.extend(came)
            self._fault = fault


@dataclass(frozen=True)
class Recorded:
    """One symbol's quotes, oldest first: times (datetime64[ns], UTC), bids and asks."""

    at: Stamps
    bid: Floats
    ask: Floats


class RecordedQuotes:
    """Quotes of a recording, given as its time comes to them."""

    def __init__(self, recorded: Mapping[str, Recorded]) -> None:
        """Take each symbol's quotes."""
        self._recorded = dict(recorded)
        self._after: datetime | None = None

    def next(self, symbols: tuple[str, ...], now: datetime) -> datetime | None:
        """The time of the first quote of these symbols from now on; earlier ones are passed over."""
        self._after = now - INSTANT if self._after is None else max(self._after, now - INSTANT)
        found = [at for symbol in symbols if (at := self._first(symbol, self._after)) is not None]
        return min(found, default=None)

    def take(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        """The quotes of these symbols up to ``now`` that were not given yet."""
        after = self._after or now - INSTANT
        self._after = max(after, now)
        found = [quote for symbol in symbols if symbol in self._recorded for quote in self._between(symbol, after, now)]
        return sorted(found, key=lambda quote: (quote.at, quote.symbol))

    def close(self) -> None:
        """Nothing is open."""

    def _first(self, symbol: str, after: datetime) -> datetime | None:
        recorded = self._recorded.get(symbol)
        i = 0 if recorded is None else int(np.searchsorted(recorded.at, to_stamp(after), side="right"))
        return None if recorded is None or i == len(recorded.at) else to_datetime(recorded.at[i])

    def _between(self, symbol: str, after: datetime, until: datetime) -> list[Quote]:
        recorded = self._recorded[symbol]
        first, last = (int(np.searchsorted(recorded.at, to_stamp(at), side="right")) for at in (after, until))
        made = (quote_of(symbol, to_datetime(recorded.at[i]), recorded.bid[i], recorded.ask[i]) for i in range(first, last))
        return [quote for quote in made if quote is not None]


def read_quotes(path: Path, symbols: tuple[str, ...]) -> dict[str, Recorded]:
    """Quotes of a Parquet or CSV file with timestamp, bid, ask and, unless the file is called SYMBOL-quotes, symbol.

    ConfigError in one line where a file or column is missing, where it names none of ``symbols``, or where a time is not one.
    """
    try:
        frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except FileNotFoundError:
        raise ConfigError(f"--quotes {path} does not exist") from None
    except (OSError, ValueError) as err:
        raise ConfigError(f"--quotes {path} cannot be read: {' '.join(str(err).split())[:120]}") from None
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise ConfigError(f"--quotes {path} has no column {missing[0]!r}; it needs {', '.join(COLUMNS)}")
    if "symbol" not in frame.columns:
        frame["symbol"] = path.name.split("-")[0]
    try:
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
        frame = frame.astype({"bid": float, "ask": float})
    except ValueError as err:
        raise ConfigError(f"--quotes {path}: {' '.join(str(err).split())[:120]}") from None
    found = {symbol: frame[frame["symbol"] == symbol].sort_values("timestamp", kind="stable") for symbol in symbols}
    if all(quotes.empty for quotes in found.values()):
        raise ConfigError(f"--quotes {path} has no quote of {', '.join(symbols)}; call it SYMBOL-quotes or give a column symbol")
    return {symbol: _recorded(quotes) for symbol, quotes in found.items() if not quotes.empty}


def _recorded(frame: pd.DataFrame) -> Recorded:
    at = frame["timestamp"].dt.tz_localize(None).to_numpy("datetime64[ns]")
    return Recorded(at, frame["bid"].to_numpy(np.float64), frame["ask"].to_numpy(np.float64))
