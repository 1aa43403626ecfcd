"""Made-up series for these tests: seeded walks, and files that hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.market.bars import Bars
from agent.market.instrument import instrument, interval_step
from agent.market.series import Series, prepare
from agent.settings import Market

FIRST = np.datetime64("2010-01-01", "ns")


def bars_of(
    close: npt.NDArray[np.float64],
    *,
    symbol: str = "ACME",
    interval: str = "1d",
    seed: int = 0,
    volume: bool = True,
) -> Bars:
    """Bars around given closes with seeded opens, highs, lows and volume."""
    n, draw = len(close), np.random.default_rng(seed)
    opening = np.concatenate([close[:1], close[:-1]]) * np.exp(draw.normal(0, 0.002, n))
    high = np.maximum(opening, close) * np.exp(np.abs(draw.normal(0, 0.004, n)))
    low = np.minimum(opening, close) * np.exp(-np.abs(draw.normal(0, 0.004, n)))
    start = FIRST + np.arange(n) * np.timedelta64(interval_step(interval), "ns")
    shares = np.floor(draw.lognormal(14, 0.5, n))
    if not volume:
        shares[:] = np.nan
    return Bars(symbol, interval, start, opening, high, low, close, shares, np.ones(n), np.ones(n), np.zeros(n))


def walk(n: int, *, seed: int = 0, sigma: float = 0.01) -> npt.NDArray[np.float64]:
    """A seeded geometric random walk from 100."""
    path: npt.NDArray[np.float64] = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0002, sigma, n)))
    return path


def series_of(bars: Bars) -> Series:
    """A prepared series with the default settings."""
    return prepare(bars, instrument(bars.symbol, bars.interval), Market())


def table(n: int = 30, seed: int = 0) -> pd.DataFrame:
    """A valid price table of n daily bars as a file would hold it."""
    bars = bars_of(np.round(walk(n, seed=seed), 4), seed=seed)
    stamps = pd.DatetimeIndex(bars.start).tz_localize("UTC")
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame({"timestamp": stamps, **columns})


def write(folder: Path, frame: pd.DataFrame, name: str = "ACME-1d.parquet") -> Path:
    """Store a table by the ending of its name; CSV times are ISO 8601 with a Z."""
    path = folder / name
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        shown = frame.assign(timestamp=[stamp.strftime("%Y-%m-%dT%H:%M:%SZ") for stamp in frame["timestamp"]])
        shown.to_csv(path, index=False)
    return path


def day(number: int) -> datetime:
    """Midnight UTC of the numbered day of the made-up series, 0 being its first."""
    moment: datetime = (FIRST + np.timedelta64(number, "D")).astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)
