"""The door for prices: a table becomes trustworthy columns, or is refused naming row and column.

Promises: what passes is sorted, unique, zoned, finite, positive and free of contradictions.
With ``repair`` what can be mended is, and every mend is a finding; the rest is still
refused. Nothing here removes a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import MarketDataError
from agent.market.bars import Floats, Stamps, to_datetime
from agent.market.checks import Finding, likely_splits, split_words
from agent.market.table import PRICES, Table

_EARLIEST, _LATEST = np.datetime64("1700-01-01", "us"), np.datetime64("2262-01-01", "us")
_EMPTY = frozenset(("", "nan", "na", "n/a", "null", "none", "<na>"))


@dataclass(frozen=True, eq=False)
class Columns:
    """Checked columns; ``rows`` are the 1-based data rows they came from."""

    name: str
    rows: npt.NDArray[np.int64]
    stamps: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


def validate(table: Table, step: timedelta, repair: bool) -> tuple[Columns, list[Finding]]:
    """The columns of a table and what was mended; raises MarketDataError in one line."""
    if len(table) == 0:
        raise MarketDataError(f"{table.name} has no rows to use; give a file with bars known by the time asked for")
    _readable(table)
    values = {name: _numbers(table, name) for name in table.cells}
    table, values, mends = _mended(table, values) if repair else (table, values, [])
    _complete(table, values)
    _ordered(table, step)
    top, bottom = np.maximum(values["open"], values["close"]), np.minimum(values["open"], values["close"])
    wrong = (values["high"] < top) | (values["low"] > bottom)
    if repair:
        mends += _noted(table, wrong, "widened high and low to contain open and close")
        values["high"], values["low"] = np.maximum(values["high"], top), np.minimum(values["low"], bottom)
    else:
        _consistent(table, values)
    volume = _volume(values.get("volume", np.full(len(table), np.nan)))
    prices = {name: values[name] for name in PRICES}
    return Columns(table.name, table.rows, table.stamps.astype("datetime64[ns]"), **prices, volume=volume), mends


def refuse_splits(columns: Columns) -> None:
    """Refuse prices that jump like a split nobody adjusted for; raises MarketDataError."""
    for bar, shares in likely_splits(columns.open, columns.high, columns.low, columns.close)[:1]:
        raise MarketDataError(
            f"{_place(columns.name, columns.rows[bar], columns.stamps[bar])} column open: {columns.open[bar]:g} after a close of "
            f"{columns.close[bar - 1]:g} looks like an unadjusted {split_words(shares)} split; "
            "give --factors FILE, or --raw to take it as it is"
        )


def _place(name: str, row: np.int64, stamp: np.datetime64) -> str:
    return f"{name} row {row} ({to_datetime(stamp):%Y-%m-%dT%H:%M:%SZ})"


def _refuse(table: Table, wrong: npt.NDArray[np.bool_], column: str, what: str, values: npt.NDArray[Any] | None = None) -> None:
    """Raise for the first wrong row; ``{}`` in ``what`` is the value found there."""
    if not wrong.any():
        return
    i = int(wrong.argmax())
    value = "" if values is None else values[i]
    shown = value[:40] if isinstance(value, str) else value
    raise MarketDataError(f"{_place(table.name, table.rows[i], table.stamps[i])} column {column}: {what.format(shown)}")


def _readable(table: Table) -> None:
    """Refuse torn rows and times that are none, have no zone or lie outside history."""
    stamps = table.stamps
    if not table.whole.all():
        row = table.rows[int((~table.whole).argmax())]
        raise MarketDataError(f"{table.name} row {row} does not have as many cells as the header; fix the row")
    for wrong, what in (
        (np.isnat(stamps), "is not a time; write it like 2016-02-12T00:00:00Z"),
        (~table.zoned, "has no time zone; write it in UTC like 2016-02-12T00:00:00Z"),
        ((stamps < _EARLIEST) | (stamps > _LATEST), "lies outside the years 1700 to 2261; fix the row"),
    ):
        if wrong.any():
            i = int(wrong.argmax())
            raise MarketDataError(f"{table.name} row {table.rows[i]} column timestamp: {str(table.raw_stamps[i])[:40]!r} {what}")


def _numbers(table: Table, name: str) -> Floats:
    """A column as float64, NaN where a cell is empty; refuses what is no number."""
    cells = table.cells[name]
    if cells.dtype == np.float64:
        return cells.copy()
    out = np.full(len(cells), np.nan)
    wrong = np.zeros(len(cells), dtype=bool)
    for i, cell in enumerate(cells):
        text = str(cell).strip()
        if text.lower() in _EMPTY:
            continue
        try:
            out[i] = float(text)
        except ValueError:
            wrong[i] = True
    _refuse(table, wrong, name, "{!r} is not a number; fix the cell", cells)
    return out


def _complete(table: Table, values: dict[str, Floats]) -> None:
    """Refuse missing, infinite and non-positive prices and negative volume."""
    for name, column in values.items():
        if name != "volume" or not np.isnan(column).all():
            _refuse(
                table,
                np.isnan(column),
                name,
                "the value is missing (NaN); fix the row, or use --repair to drop rows without prices",
            )
        _refuse(table, np.isinf(column), name, "{} is not finite; fix the cell", column)
    for name in PRICES:
        _refuse(table, values[name] <= 0, name, "{:g} is not a positive price; fix the cell", values[name])
    if "volume" in values:
        _refuse(table, values["volume"] < 0, "volume", "{:g} is negative; fix the cell", values["volume"])


def _ordered(table: Table, step: timedelta) -> None:
    """Refuse rows out of order, twice the same time, and bars closer together than they are long."""
    distance = np.diff(table.stamps, prepend=table.stamps[:1] - np.timedelta64(1, "us"))
    _refuse(table, distance < np.timedelta64(0, "us"), "timestamp", "comes after a later row; sort the file or use --repair")
    _refuse(
        table,
        distance == np.timedelta64(0, "us"),
        "timestamp",
        "the same time twice; remove one row, or use --repair where both say the same",
    )
    usual = np.median(distance[1:].astype(np.int64)) if len(table) > 1 else np.inf
    # a quarter of slack: daylight saving moves daily stamps by an hour
    if usual < 0.75 * step / timedelta(microseconds=1):
        raise MarketDataError(
            f"{table.name} column timestamp: bars are {timedelta(microseconds=float(usual))} apart, "
            f"closer than their interval {step}; give the right one with --interval"
        )


def _consistent(table: Table, values: dict[str, Floats]) -> None:
    """Refuse a high below, or a low above, another price of its bar."""
    _refuse(table, values["high"] < values["low"], "high", "{:g} is below the low; fix the row or use --repair", values["high"])
    for name in ("open", "close"):
        _refuse(
            table,
            values["high"] < values[name],
            "high",
            f"{{:g}} is below the {name}; fix the row or use --repair",
            values["high"],
        )
        _refuse(
            table, values["low"] > values[name], "low", f"{{:g}} is above the {name}; fix the row or use --repair", values["low"]
        )


def _volume(volume: Floats) -> Floats:
    """Volume with NaN until any is seen: a column of zeros says that none was recorded."""
    seen = np.maximum.accumulate(volume > 0)
    return np.where(seen, volume, np.nan)


def _noted(table: Table, mended: npt.NDArray[np.bool_], detail: str) -> list[Finding]:
    return [
        Finding(check="repaired", at=to_datetime(table.stamps[i]), row=int(table.rows[i]), detail=detail, severity="warning")
        for i in np.flatnonzero(mended)
    ]


def _mended(table: Table, values: dict[str, Floats]) -> tuple[Table, dict[str, Floats], list[Finding]]:
    """Sort, drop rows that repeat another exactly, drop rows without every price."""
    mends: list[Finding] = []
    misplaced = np.diff(table.stamps, prepend=table.stamps[:1]) < np.timedelta64(0, "us")
    mends += _noted(table, misplaced, "moved to its place in time")
    table, values = _chosen(table, values, np.argsort(table.stamps, kind="stable"))
    repeated = np.zeros(len(table), dtype=bool)
    repeated[1:] = table.stamps[1:] == table.stamps[:-1]
    for column in values.values():
        repeated[1:] &= (column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1]))
    mends += _noted(table, repeated, "dropped: it repeats the row before it")
    table, values = _chosen(table, values, np.flatnonzero(~repeated))
    hollow = np.isnan(values["open"] + values["high"] + values["low"] + values["close"])
    mends += _noted(table, hollow, "dropped: a price is missing")
    table, values = _chosen(table, values, np.flatnonzero(~hollow))
    if len(table) == 0:
        raise MarketDataError(f"{table.name} has no row with every price; give another file")
    return table, values, mends


def _chosen(table: Table, values: dict[str, Floats], rows: npt.NDArray[np.int64]) -> tuple[Table, dict[str, Floats]]:
    return table.take(rows), {name: column[rows] for name, column in values.items()}
