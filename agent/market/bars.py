"""Bars as arrays: raw prices, with what corporate actions did by then.

Promises: nothing in row i depends on a later row, so cutting the end changes no bit of what
stays; slices share memory and are never written to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError, MarketDataError
from agent.market.instrument import interval_step

Floats = npt.NDArray[np.float64]
Stamps = npt.NDArray[np.datetime64]

_FARTHEST = 2262  # nanoseconds since 1970 end there
ARRAYS = ("open", "high", "low", "close", "volume", "growth", "split", "dividend")


def to_stamp(moment: datetime) -> np.datetime64:
    """An aware time as a naive UTC stamp; raises ConfigError when it has no zone."""
    if moment.tzinfo is None:
        raise ConfigError(f"time {moment.isoformat()} has no zone; write it like 2016-02-12T00:00:00Z")
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def to_datetime(stamp: np.datetime64) -> datetime:
    """A naive UTC stamp as an aware time."""
    moment: datetime = stamp.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def frozen(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Mark an array read-only and hand it back; every slice of it is read-only too."""
    values.setflags(write=False)
    return values


@dataclass(frozen=True, eq=False, slots=True)
class Bars:
    """Bars of one symbol, oldest first; every array has the same length.

    ``start`` is the bar's start (datetime64[ns], UTC). ``open``..``close`` are raw prices.
    ``volume`` is NaN where none is known. ``growth[i]`` turns a raw price into one adjusted
    forward (``growth[0] == 1``): the worth of one first-bar share with everything paid since
    put back in. ``split[i]`` multiplies the shares held at bar i's open; ``dividend[i]`` is
    the cash per share (counted after that split) going ex at bar i.
    """

    symbol: str
    interval: str
    start: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    growth: Floats
    split: Floats
    dividend: Floats

    def __len__(self) -> int:
        return len(self.start)

    @property
    def known_at(self) -> Stamps:
        """When each bar is known: its start plus its interval."""
        return self.start + np.timedelta64(interval_step(self.interval), "ns")

    def count_known(self, as_of: datetime) -> int:
        """How many bars are known at ``as_of``."""
        if as_of.year >= _FARTHEST:
            raise MarketDataError(
                f"time {as_of.isoformat()} lies beyond what bars can be stamped with; give a year before {_FARTHEST}"
            )
        latest_start = to_stamp(as_of) - np.timedelta64(interval_step(self.interval), "us")
        return int(self.start.searchsorted(latest_start, side="right"))

    def head(self, n: int) -> Bars:
        """The first n bars, sharing memory."""
        return Bars(
            self.symbol,
            self.interval,
            self.start[:n],
            self.open[:n],
            self.high[:n],
            self.low[:n],
            self.close[:n],
            self.volume[:n],
            self.growth[:n],
            self.split[:n],
            self.dividend[:n],
        )

    def until(self, as_of: datetime) -> Bars:
        """Only the bars known at ``as_of``, sharing memory; may be empty."""
        return self.head(self.count_known(as_of))

    def timestamp(self, i: int) -> datetime:
        """The start of bar i as an aware UTC time."""
        return to_datetime(self.start[i])

    def data_hash(self) -> str:
        """SHA-256 over symbol, interval, stamps and every array: the same bars give the same hash."""
        digest = hashlib.sha256(f"{self.symbol}|{self.interval}|{len(self)}".encode())
        digest.update(self.start.astype("datetime64[ns]").astype("<i8").tobytes())
        for name in ARRAYS:
            values = np.array(getattr(self, name), dtype="<f8")
            values[np.isnan(values)] = np.nan  # one NaN, whatever its bits were
            digest.update(values.tobytes())
        return digest.hexdigest()
