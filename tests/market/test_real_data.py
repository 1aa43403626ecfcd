"""Recorded markets with known traps: each file loads, is mended or refused as it deserves."""

import os
from pathlib import Path

import numpy as np
import pytest

from agent.errors import MarketDataError
from agent.market.checks import check
from agent.market.feed import read_bars
from tests.market.build import series_of

FOLDER = os.environ.get("TRADECRAFT_DATA")
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(FOLDER is None, reason="TRADECRAFT_DATA does not name a folder of recorded market data"),
]
DATA = Path(FOLDER or ".")
CONTRADICTORY = "vol/VIX-1d.parquet"
FILES = sorted(p.relative_to(DATA).as_posix() for p in DATA.glob("*/*-*.parquet")) if FOLDER else []
PRICES = [name for name in FILES if not name.startswith("news/") and name != CONTRADICTORY]


@pytest.mark.parametrize("name", PRICES)
def test_every_recorded_file_loads_and_becomes_ready(name: str) -> None:
    bars, _ = read_bars(DATA / name)
    series = series_of(bars)
    assert series.ready == 400
    cut = series.head(len(bars) - 137)
    assert cut.frame.matrix.tobytes() == series_of(bars.head(len(bars) - 137)).frame.matrix.tobytes()


def test_vix_with_contradictory_bars_is_refused_and_can_be_repaired() -> None:
    with pytest.raises(MarketDataError, match="row 534 .*column high"):
        read_bars(DATA / CONTRADICTORY)
    bars, findings = read_bars(DATA / CONTRADICTORY, repair=True)
    assert (len(bars), len(findings)) == (8833, 47)


def test_google_bad_prints_are_found() -> None:
    bars, _ = read_bars(DATA / "lean-us/GOOG-1d.parquet")
    found = {f"{f.at:%Y-%m-%d}" for f in check(bars, factors_given=True) if f.check == "bad_print" and f.at}
    assert "2008-09-30" in found


def _alone(tmp_path: Path, name: str) -> Path:
    """A file without its factors beside it."""
    path = tmp_path / name
    path.symlink_to(DATA / "lean-us" / name)
    return path


@pytest.mark.parametrize("symbol", ["AAPL", "IBM", "BAC", "IWM", "AIG"])
def test_split_stock_without_factors_is_refused(tmp_path: Path, symbol: str) -> None:
    with pytest.raises(MarketDataError, match=r"split; give --factors FILE, or --raw"):
        read_bars(_alone(tmp_path, f"{symbol}-1d.parquet"))


@pytest.mark.parametrize(
    ("symbol", "first", "last"),
    [
        ("AIG", "1998-01-01", "2009-06-30"),
        ("BAC", "2005-01-01", "2021-12-31"),
        ("IBM", "2000-01-01", "2021-12-31"),
        ("SPY", "1998-01-01", "2021-12-31"),
    ],
)
def test_crashes_of_2008_and_2020_are_not_taken_for_splits(tmp_path: Path, symbol: str, first: str, last: str) -> None:
    import pandas as pd

    frame = pd.read_parquet(DATA / "lean-us" / f"{symbol}-1d.parquet")
    frame = frame[(frame["timestamp"] >= first) & (frame["timestamp"] <= last)]
    path = tmp_path / f"{symbol}-1d.parquet"
    frame.to_parquet(path)
    assert len(read_bars(path)[0]) == len(frame)


def test_apple_with_factors_pays_and_splits_as_it_did() -> None:
    bars, _ = read_bars(DATA / "lean-us/AAPL-1d.parquet")
    splits = {f"{bars.timestamp(int(i)):%Y-%m-%d}": bars.split[i] for i in np.flatnonzero(bars.split != 1)}
    assert splits == {"2000-06-21": 2.0, "2005-02-28": 2.0, "2014-06-09": 7.0, "2020-08-31": 4.0}
    paid = {f"{bars.timestamp(int(i)):%Y-%m-%d}": float(bars.dividend[i]) for i in np.flatnonzero(bars.dividend)}
    assert paid["2012-08-09"] == pytest.approx(2.65, abs=1e-3)
    assert paid["2020-11-06"] == pytest.approx(0.205, abs=1e-3)
    assert all(value > 0 for value in paid.values())
