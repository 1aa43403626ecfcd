"""Corporate actions from a LEAN factor file: splits and dividends, each known from its ex-date on.

The file has no header; each row is ``YYYYMMDD,price factor,split factor,reference price`` and
holds up to and including its date. Promises: what is said of bar i rests only on actions
that took effect by bar i, so neither a shorter series nor rows added at the end change it.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from agent.errors import ConfigError
from agent.market.bars import Floats, Stamps

_LARGEST_RATIO = 50  # splits are ratios of small whole numbers
_FILE_PRECISION = 2e-5  # what six printed digits leave uncertain in a ratio


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One row: the factors of every bar up to and including ``last_day``, and that day's raw close."""

    last_day: date
    price: float
    split: float
    reference: float


def _positive(text: str, name: str, where: str, least: float = 0.0) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < least or (value == 0.0 and name != "reference price"):
        raise ConfigError(f"{where}: {name} {text!r} is not a positive number; fix the row or use --raw")
    return value


def _row(cells: list[str], where: str) -> FactorRow:
    if len(cells) != 4:
        raise ConfigError(
            f"{where}: {len(cells)} values where date,price factor,split factor,reference price belong; fix the row"
        )
    try:
        if len(cells[0]) != 8:  # strptime takes a missing digit for granted
            raise ValueError(cells[0])
        day = datetime.strptime(cells[0], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ConfigError(f"{where}: date {cells[0]!r} is not YYYYMMDD; fix the row") from None
    price, split = _positive(cells[1], "price factor", where), _positive(cells[2], "split factor", where)
    return FactorRow(day, price, split, _positive(cells[3], "reference price", where))


def read_factors(path: Path) -> list[FactorRow]:
    """The rows of a factor file, oldest first; raises ConfigError naming file and line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(
            f"factor file {path} cannot be read ({type(err).__name__}); give another with --factors or use --raw"
        ) from None
    rows: list[FactorRow] = []
    for number, cells in enumerate(csv.reader(lines), start=1):
        if not cells:
            continue
        row = _row([cell.strip() for cell in cells], f"{path} line {number}")
        if rows and row.last_day <= rows[-1].last_day:
            raise ConfigError(
                f"{path} line {number}: date {row.last_day:%Y%m%d} does not come after the one above; sort the file"
            )
        rows.append(row)
    if not rows:
        raise ConfigError(f"factor file {path} is empty; give another with --factors or use --raw")
    return rows


def _shares(ratio: float) -> float:
    """The whole-number split a printed ratio stands for (7.000007 is 7), else six digits of it."""
    near = Fraction(ratio).limit_denominator(_LARGEST_RATIO)
    if near > 0 and abs(float(near) / ratio - 1) < _FILE_PRECISION:
        return float(near)
    return float(f"{ratio:.6g}")


def corporate_actions(rows: list[FactorRow], start: Stamps, close: Floats) -> tuple[Floats, Floats, Floats]:
    """``(growth, split, dividend)`` for bars that start at ``start`` with raw ``close``.

    Between two rows the split is ``next split factor / split factor`` and the dividend per
    share held before it ``reference * (1 - price factor / next price factor)``; growth
    multiplies by both factors' ratios. A file's first reference is a placeholder: there the
    last close before the ex-date stands in.
    """
    days = start.astype("datetime64[D]")
    steps, split, dividend = np.ones(len(days)), np.ones(len(days)), np.zeros(len(days))
    for number, (row, after) in enumerate(zip(rows, rows[1:], strict=False)):
        ex = int(days.searchsorted(np.datetime64(row.last_day), side="right"))
        if not 0 < ex < len(days):
            continue
        ratio, paid = after.split / row.split, after.price / row.price
        # twelve digits, so that a file rescaled by a later action says the same of an earlier one
        steps[ex] *= float(f"{ratio * paid:.12g}")
        reference = row.reference if number and row.reference > 0 else float(close[ex - 1])
        shares = _shares(ratio)
        split[ex] *= shares
        dividend[ex] = (dividend[ex] + reference * (1 - 1 / paid)) / shares
    return np.cumprod(steps, dtype=np.float64), split, dividend
