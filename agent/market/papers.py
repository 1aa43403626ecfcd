"""What stands beside bars: option chains and news, from Parquet or CSV, by their column names.

Promises: a file that cannot be read or lacks a column is refused in one line; every time is UTC, and is
when the row was known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.errors import ConfigError
from agent.market.bars import to_datetime

TIMES = ("timestamp", "expiry")


def _frame(path: Path, option: str, needs: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as err:
        raise ConfigError(f"{option} {path} cannot be read: {str(err).splitlines()[0]}; give a Parquet or CSV file") from None
    missing = [name for name in needs if name not in frame.columns]
    if missing:
        raise ConfigError(f"{option} {path.name} has no column {missing[0]!r}; it needs {', '.join(needs)}")
    for name in TIMES:
        if name in frame.columns:
            frame[name] = _utc(frame[name], option, path)
    return frame


def _utc(column: pd.Series[Any], option: str, path: Path) -> pd.Series[Any]:
    try:
        return pd.to_datetime(column, utc=True).dt.tz_localize(None)
    except (ValueError, TypeError) as err:
        what = str(err).splitlines()[0]
        raise ConfigError(f"{option} {path.name}: {column.name} holds no times ({what}); write ISO 8601") from None


def chain_columns(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The columns of an option chain, by name."""
    needs = ("timestamp", "expiry", "strike", "kind", "open_interest", "implied_volatility")
    frame = _frame(path, "--options", needs)
    numbers = [n for n in ("strike", "open_interest", "implied_volatility", "volume") if n in frame.columns]
    for name in numbers:
        frame[name] = pd.to_numeric(frame[name], errors="coerce")
    return {name: frame[name].to_numpy() for name in (*TIMES, "kind", *numbers)}


@dataclass(frozen=True)
class Item:
    """A piece of news: when it was known, headline and body, and the one symbol it is about (None: all)."""

    at: datetime
    text: str
    symbol: str | None = None


def news_items(path: Path) -> list[Item]:
    """Every item of a file with timestamp, headline (or title) and, where there are any, body and symbol."""
    frame = _frame(path, "--news", ("timestamp",))
    frame = frame.rename(columns={"title": "headline"}) if "headline" not in frame.columns else frame
    if "headline" not in frame.columns:
        raise ConfigError(f"--news {path.name} has no column 'headline'; it needs timestamp, headline and may have body")
    body = frame["body"].fillna("").astype(str) if "body" in frame.columns else pd.Series("", index=frame.index)
    texts = (frame["headline"].fillna("").astype(str) + "\n" + body).tolist()
    symbols = frame["symbol"].fillna("").astype(str).tolist() if "symbol" in frame.columns else [""] * len(frame)
    stamps = frame["timestamp"].to_numpy(dtype="datetime64[us]")
    if np.isnat(stamps).any():
        row = int(np.isnat(stamps).argmax()) + 1
        raise ConfigError(f"--news {path.name}: row {row} has no timestamp; give each item the time it was known")
    found = zip(stamps, texts, symbols, strict=True)
    return [Item(to_datetime(np.datetime64(at)), text, symbol or None) for at, text, symbol in found]
