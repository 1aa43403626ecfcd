"""A price file as it stands: cells by column and row, not yet believed.

Promises: whatever comes after the last bar known by a given time is dropped before anything
looks at it, whether it could be read or not. A file that is not a price table at all is
refused in one line.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.errors import ConfigError, MarketDataError
from agent.market.bars import Stamps, to_stamp

PRICES = ("open", "high", "low", "close")
REQUIRED = ("timestamp", *PRICES)
COLUMNS = (*REQUIRED, "volume")
_ZONE = r"[Tt ]\d{2}.*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"


@dataclass(frozen=True, eq=False)
class Table:
    """Cells of a file. ``stamps`` are microseconds UTC with NaT for what is no time;
    ``zoned`` says whether the time named its zone, ``whole`` whether the row has the header's
    number of cells, ``rows`` the 1-based data row.
    """

    name: str
    raw_stamps: npt.NDArray[Any]
    stamps: Stamps
    zoned: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int64]
    cells: dict[str, npt.NDArray[Any]]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: npt.NDArray[Any] | slice) -> Table:
        """The chosen rows, in the chosen order."""
        return replace(
            self,
            raw_stamps=self.raw_stamps[chosen],
            stamps=self.stamps[chosen],
            zoned=self.zoned[chosen],
            whole=self.whole[chosen],
            rows=self.rows[chosen],
            cells={name: values[chosen] for name, values in self.cells.items()},
        )

    def until(self, as_of: datetime, step: timedelta) -> Table:
        """Drop every row known later, and everything after the last row known, whatever it holds."""
        later = self.stamps > to_stamp(as_of) - np.timedelta64(step, "us")
        known = np.flatnonzero(~later & ~np.isnat(self.stamps))
        last = int(known[-1]) + 1 if len(known) else 0
        return self.take(np.flatnonzero(~later[:last]))


def read_table(path: Path) -> Table:
    """Read a Parquet or CSV file by its ending.

    Raises ConfigError for a missing file or an unknown ending, MarketDataError for a file that
    cannot be read or lacks columns.
    """
    if not path.is_file():
        state = "is a folder" if path.is_dir() else "does not exist"
        raise ConfigError(f"data file {path} {state}; give a Parquet or CSV file with --data")
    readers = {".parquet": _parquet, ".csv": _csv}
    if path.suffix.lower() not in readers:
        raise ConfigError(f"data file {path} is neither .parquet nor .csv; convert it to one of them")
    columns, whole = readers[path.suffix.lower()](path)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise MarketDataError(
            f"{path.name} lacks the column {', '.join(missing)}; it needs timestamp, open, high, low, close, volume"
        )
    stamps, zoned = _stamps(columns["timestamp"])
    cells = {name: _plain(columns[name]) for name in COLUMNS[1:] if name in columns}
    return Table(path.name, _plain(columns["timestamp"]), stamps, zoned, whole, np.arange(1, len(whole) + 1), cells)


def table_of(name: str, frame: pd.DataFrame) -> Table:
    """A table of a frame that is already in memory; its columns are those of a file."""
    stamps, zoned = _stamps(frame["timestamp"])
    cells = {column: _plain(frame[column]) for column in COLUMNS[1:] if column in frame}
    rows = np.arange(1, len(frame) + 1)
    return Table(name, _plain(frame["timestamp"]), stamps, zoned, np.ones(len(frame), dtype=bool), rows, cells)


def _unreadable(path: Path, err: Exception) -> MarketDataError:
    first = str(err).splitlines()[0] if str(err) else type(err).__name__
    return MarketDataError(f"{path.name} cannot be read as {path.suffix[1:].lower()}: {first}; write the file again")


def _parquet(path: Path) -> tuple[dict[str, pd.Series], npt.NDArray[np.bool_]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame = pq.read_table(path).to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError) as err:
        raise _unreadable(path, err) from None
    columns = {str(name).strip().lower(): frame.iloc[:, place] for place, name in enumerate(frame.columns)}
    return columns, np.ones(len(frame), dtype=bool)


def _csv(path: Path) -> tuple[dict[str, pd.Series], npt.NDArray[np.bool_]]:
    lines = _csv_lines(path)
    if not lines:
        return {}, np.ones(0, dtype=bool)
    header, body = [cell.strip().lower() for cell in lines[0]], lines[1:]
    whole = np.array([len(line) == len(header) for line in body], dtype=bool)
    width = len(header)
    padded = [line if len(line) == width else (line + [""] * width)[:width] for line in body]
    columns = {name: pd.Series([line[place] for line in padded], dtype=object) for place, name in enumerate(header)}
    return columns, whole


def _csv_lines(path: Path) -> list[list[str]]:
    """The lines that hold anything. Bytes that are not text become marks no number contains, so
    that they are refused only where they are looked at.
    """
    lines: list[list[str]] = []
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines.extend(line for line in csv.reader(file) if line)
    except csv.Error:
        lines.append(["", ""])  # the rest cannot be told apart: one row that is not whole
    except OSError as err:
        raise _unreadable(path, err) from None
    return lines


def _plain(values: pd.Series) -> npt.NDArray[Any]:
    """Numbers as float64, everything else as objects."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return values.to_numpy(dtype=object)


def _stamps(values: pd.Series) -> tuple[Stamps, npt.NDArray[np.bool_]]:
    """Times as naive UTC microseconds and whether each named its zone; a bare number is no time."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]"), np.ones(len(values), dtype=bool)
    if pd.api.types.is_datetime64_dtype(values):
        return values.to_numpy("datetime64[us]"), np.zeros(len(values), dtype=bool)
    if pd.api.types.is_numeric_dtype(values):
        return np.full(len(values), np.datetime64("NaT", "us")), np.zeros(len(values), dtype=bool)
    text = values.astype(str).str.strip()
    # a bare year or a count of seconds would be taken for a date
    text = text.where(~text.str.fullmatch(r"[\d.]*"), "")
    parsed = pd.to_datetime(text, utc=True, format="ISO8601", errors="coerce")
    return parsed.dt.tz_localize(None).to_numpy("datetime64[us]"), text.str.contains(_ZONE, regex=True).to_numpy(dtype=bool)
