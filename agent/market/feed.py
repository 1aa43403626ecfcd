"""Bars from a file or from what is installed, checked at the door.

Promises: a file either becomes bars that can be trusted or is refused in one line naming row,
column and the fix; a bar is known at its start plus its interval, and with ``until`` nothing
known later is looked at, let alone refused.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.errors import ConfigError
from agent.market.bars import Bars, Floats, Stamps, frozen
from agent.market.checks import Finding, split_findings
from agent.market.factors import corporate_actions, read_factors
from agent.market.instrument import asset_class, interval_step
from agent.market.table import read_table, table_of
from agent.market.validate import Columns, refuse_splits, validate

if TYPE_CHECKING:
    import pandas as pd

BUILTIN: tuple[str, ...] = ("SP500", "NASDAQ")


def name_of(path: Path, symbol: str | None = None, interval: str | None = None) -> tuple[str, str]:
    """Symbol and interval, as given or from a file called SYMBOL-INTERVAL; raises ConfigError."""
    stem, dash, ending = path.stem.rpartition("-")
    if symbol is None and not (dash and stem):
        raise ConfigError(f"data file {path.name} is not called SYMBOL-INTERVAL.ext; give --symbol and --interval or rename it")
    if interval is None and not dash:
        raise ConfigError(f"data file {path.name} names no interval; give --interval (for example 1d) or rename it")
    return symbol if symbol is not None else stem, interval if interval is not None else ending


def read_bars(
    path: Path,
    *,
    symbol: str | None = None,
    interval: str | None = None,
    factors: Path | None = None,
    raw: bool = False,
    repair: bool = False,
    until: datetime | None = None,
) -> tuple[Bars, list[Finding]]:
    """Bars of a Parquet or CSV file, and what was mended or is doubtful about them.

    ``factors`` (else ``factors/SYMBOL.csv`` beside the file) holds splits and dividends;
    ``raw`` takes prices as they are and asks for none. ``repair`` mends contradictory bars.
    ``until`` drops, unread, every bar not known by then. Raises ConfigError for what was
    asked wrongly, MarketDataError for what the file holds.
    """
    name, length = name_of(path, symbol, interval)
    step = interval_step(length)
    table = read_table(path)
    columns, findings = validate(table.until(until, step) if until else table, step, repair)
    found = None if raw else _factor_file(path, name, factors)
    if found is None:
        if not raw and asset_class(name) not in ("crypto", "fx"):
            refuse_splits(columns)
        return _bars(name, length, columns, None), findings
    bars = _bars(name, length, columns, corporate_actions(read_factors(found), columns.stamps, columns.close))
    # kept, for the factors were asked for, but said
    return bars, findings + split_findings(bars, factors_given=True)


def builtin(name: str) -> Bars:
    """Daily bars of a price index that an installed package carries; raises ConfigError for another name.

    Closes are raw; a bar is stamped 00:00 UTC of its exchange date.
    """
    if name not in BUILTIN:
        raise ConfigError(f"series {name!r} is not built in; choose one of {', '.join(BUILTIN)} or give a file with --data")
    import arch.data.nasdaq
    import arch.data.sp500

    frame = (arch.data.sp500 if name == "SP500" else arch.data.nasdaq).load()
    frame = frame.rename(columns=str.lower)
    frame["timestamp"] = frame.index.tz_localize("UTC")
    columns, _ = validate(table_of(name, frame), interval_step("1d"), repair=False)
    return _bars(name, "1d", columns, None)


def bars_of_frame(symbol: str, interval: str, frame: pd.DataFrame) -> Bars:
    """Bars of a table with timestamp, open, high, low, close and volume; MarketDataError when they contradict themselves."""
    columns, _ = validate(table_of(symbol, frame), interval_step(interval), repair=False)
    return _bars(symbol, interval, columns, None)


def _factor_file(path: Path, symbol: str, given: Path | None) -> Path | None:
    if given is not None:
        if not given.is_file():
            raise ConfigError(f"factor file {given} does not exist; give another with --factors or use --raw")
        return given
    beside = path.parent / "factors" / f"{symbol}.csv"
    return beside if beside.is_file() else None


def _bars(symbol: str, interval: str, columns: Columns, actions: tuple[Floats, Floats, Floats] | None) -> Bars:
    n = len(columns.stamps)
    growth, split, dividend = actions if actions is not None else (np.ones(n), np.ones(n), np.zeros(n))
    start: Stamps = frozen(columns.stamps)
    prices = (columns.open, columns.high, columns.low, columns.close, columns.volume)
    opening, high, low, close, volume = (frozen(values) for values in prices)
    return Bars(symbol, interval, start, opening, high, low, close, volume, frozen(growth), frozen(split), frozen(dividend))
