"""The door for data: bad files are refused by row and column, the future is never looked at."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agent.errors import ConfigError, MarketDataError
from agent.market.feed import builtin, read_bars
from tests.market.build import day, table, walk, write

KINDS = ("ACME-1d.parquet", "ACME-1d.csv")


@pytest.mark.parametrize("name", KINDS)
def test_read_bars_of_a_good_file_gives_its_rows(tmp_path: Path, name: str) -> None:
    frame = table()
    bars, findings = read_bars(write(tmp_path, frame, name))
    assert (bars.symbol, bars.interval, len(bars), findings) == ("ACME", "1d", 30, [])
    assert bars.close == pytest.approx(frame["close"].to_numpy(), rel=1e-15)
    assert bars.timestamp(0) == day(0)
    assert (bars.growth == 1).all()


def test_read_bars_of_parquet_and_csv_hash_the_same(tmp_path: Path) -> None:
    hashes = {read_bars(write(tmp_path, table(), name))[0].data_hash() for name in KINDS}
    assert len(hashes) == 1


def test_read_bars_in_another_zone_means_the_same_moments(tmp_path: Path) -> None:
    frame = table()
    frame["timestamp"] = frame["timestamp"].dt.tz_convert("Asia/Tokyo")
    assert read_bars(write(tmp_path, frame))[0].timestamp(0) == day(0)


def test_read_bars_is_read_only(tmp_path: Path) -> None:
    bars, _ = read_bars(write(tmp_path, table()))
    with pytest.raises(ValueError, match="read-only"):
        bars.close[0] = 1.0


@pytest.mark.parametrize("zeros", [True, False])
def test_read_bars_without_volume_has_none_rather_than_zero(tmp_path: Path, zeros: bool) -> None:
    frame = table().assign(volume=0.0) if zeros else table().drop(columns="volume")
    assert np.isnan(read_bars(write(tmp_path, frame))[0].volume).all()


def test_read_bars_volume_that_starts_late_is_unknown_before_whether_or_not_its_start_is_seen(tmp_path: Path) -> None:
    frame = table()
    frame.loc[:19, "volume"] = 0.0
    path = write(tmp_path, frame)
    whole, early = read_bars(path)[0], read_bars(path, until=day(15))[0]
    assert np.isnan(whole.volume[:20]).all()
    assert not np.isnan(whole.volume[20:]).any()
    assert whole.head(15).data_hash() == early.data_hash()


def _put(frame: pd.DataFrame, row: int, **values: float) -> pd.DataFrame:
    """The table with other values in one 1-based row."""
    columns = {name: frame[name].tolist() for name in values}
    for name, value in values.items():
        columns[name][row - 1] = value
    return frame.assign(**columns)


def _set(row: int, **values: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda frame: _put(frame, row, **values)


def _swap(frame: pd.DataFrame) -> pd.DataFrame:
    order = [0, 1, 3, 2, *range(4, len(frame))]
    return frame.iloc[order].reset_index(drop=True)


def _twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame.iloc[:4], frame.iloc[3:]], ignore_index=True)


BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str, str]] = {
    "missing price": (_set(7, close=np.nan), "row 7", "column close"),
    "infinite": (_set(7, high=np.inf), "row 7", "column high"),
    "zero": (_set(7, low=0.0), "row 7", "column low"),
    "negative": (_set(7, open=-3.0), "row 7", "column open"),
    "negative volume": (_set(7, volume=-1.0), "row 7", "column volume"),
    "missing volume": (_set(7, volume=np.nan), "row 7", "column volume"),
    "high below low": (_set(7, high=50.0), "row 7", "column high"),
    "low above close": (_set(7, low=150.0, high=200.0), "row 7", "column low"),
    "unsorted": (_swap, "row 4", "column timestamp"),
    "duplicate": (_twice, "row 5", "column timestamp"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("case", BAD)
def test_read_bars_of_a_bad_row_is_refused_by_file_row_and_column(tmp_path: Path, case: str, name: str) -> None:
    spoil, row, column = BAD[case]
    with pytest.raises(MarketDataError) as caught:
        read_bars(write(tmp_path, spoil(table()), name))
    message = str(caught.value)
    assert message.startswith(f"{name} {row} (")
    assert column in message
    assert "\n" not in message


def _csv_with(tmp_path: Path, line: str, row: int = 7) -> Path:
    path = write(tmp_path, table(), "ACME-1d.csv")
    lines = path.read_text().splitlines()
    lines[row] = line
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2010-01-07T00:00:00Z,1,2,0.5,abc,5", "column close: 'abc' is not a number"),
        ("2010-01-07T00:00:00Z,1,2,0.5,,5", "column close: the value is missing"),
        ("2010-01-07T00:00:00,1,2,0.5,1,5", "column timestamp: '2010-01-07T00:00:00' has no time zone"),
        ("2010-01-07,1,2,0.5,1,5", "has no time zone"),
        ("soon,1,2,0.5,1,5", "column timestamp: 'soon' is not a time"),
        ("1262822400,1,2,0.5,1,5", "is not a time"),
        ("0001-01-01T00:00:00Z,1,2,0.5,1,5", "outside the years"),
        ("2010-01-07T00:00:00Z,1,5,2,0,5,1,5", "as many cells"),
        ("2010-01-07T00:00:00Z,1,2", "as many cells"),
    ],
)
def test_read_bars_of_a_bad_csv_cell_is_refused_by_row_and_column(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(MarketDataError) as caught:
        read_bars(_csv_with(tmp_path, line))
    assert "row 7" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("stamps", ["naive", "number"])
def test_read_bars_of_parquet_times_without_zone_is_refused(tmp_path: Path, stamps: str) -> None:
    frame = table()
    naive = frame["timestamp"].dt.tz_localize(None)
    frame["timestamp"] = naive if stamps == "naive" else naive.astype("int64")
    with pytest.raises(MarketDataError, match="row 1 column timestamp"):
        read_bars(write(tmp_path, frame))


@pytest.mark.parametrize("name", KINDS)
def test_read_bars_without_a_needed_column_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(MarketDataError, match="lacks the column high, low"):
        read_bars(write(tmp_path, table().drop(columns=["high", "low"]), name))


@pytest.mark.parametrize("name", KINDS)
def test_read_bars_of_an_empty_table_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MarketDataError, match="no rows"):
        read_bars(write(tmp_path, table().iloc[:0], name))


@pytest.mark.parametrize("content", [b"", b"PAR1 this is not parquet", b"\x00\xff\xfe"])
@pytest.mark.parametrize("name", KINDS)
def test_read_bars_of_bytes_that_are_no_table_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MarketDataError, match=r"ACME-1d") as caught:
        read_bars(path)
    assert "\n" not in str(caught.value)


def test_read_bars_of_a_file_that_cannot_be_meant_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        read_bars(tmp_path / "ACME-1d.parquet")
    (tmp_path / "ACME-1d.txt").write_text("x")
    with pytest.raises(ConfigError, match="neither"):
        read_bars(tmp_path / "ACME-1d.txt")
    with pytest.raises(ConfigError, match="--symbol"):
        read_bars(write(tmp_path, table(), "prices.parquet"))
    with pytest.raises(ConfigError, match="'fast'"):
        read_bars(write(tmp_path, table(), "ACME-fast.parquet"))


def test_read_bars_takes_symbol_and_interval_over_the_name(tmp_path: Path) -> None:
    bars, _ = read_bars(write(tmp_path, table(), "prices.parquet"), symbol="ACME", interval="1d")
    assert (bars.symbol, bars.interval) == ("ACME", "1d")


def test_read_bars_closer_together_than_their_interval_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarketDataError, match="--interval"):
        read_bars(write(tmp_path, table()), interval="1w")


def test_read_bars_repair_mends_and_says_each_mend(tmp_path: Path) -> None:
    frame = _twice(_swap(_set(9, close=np.nan)(_set(7, high=50.0)(table()))))
    bars, findings = read_bars(write(tmp_path, frame), repair=True)
    assert len(bars) == 29
    assert (np.diff(bars.start) > np.timedelta64(0, "ns")).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert sorted(f.detail.split(":")[0] for f in findings) == [
        "dropped",
        "dropped",
        "moved to its place in time",
        "widened high and low to contain open and close",
    ]
    assert {f.check for f in findings} == {"repaired"}


@pytest.mark.parametrize("case", ["infinite", "zero", "negative", "negative volume"])
def test_read_bars_repair_does_not_invent_what_is_not_there(tmp_path: Path, case: str) -> None:
    with pytest.raises(MarketDataError, match="row 7"):
        read_bars(write(tmp_path, BAD[case][0](table())), repair=True)


def test_read_bars_repair_refuses_two_different_bars_of_one_time(tmp_path: Path) -> None:
    frame = _twice(table())
    frame = _put(frame, 5, close=frame["low"].tolist()[4])
    with pytest.raises(MarketDataError, match="twice"):
        read_bars(write(tmp_path, frame), repair=True)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("case", [c for c in BAD if c not in ("unsorted", "duplicate")])
def test_read_bars_until_never_sees_what_comes_later(tmp_path: Path, case: str, name: str) -> None:
    clean, _ = read_bars(write(tmp_path, table().iloc[:6], name))
    spoilt, _ = read_bars(write(tmp_path, BAD[case][0](table()), name), until=day(6))
    assert spoilt.data_hash() == clean.data_hash()


@pytest.mark.parametrize(
    "garbage",
    [
        "2010-01-07T00:00:00Z,x,y,z,,nan",
        "2010-01-07T00:00:00Z,1,2,3,4,5,6,7,8",
        "not a row at all",
        ',,,,,\n"open quote that never ends',
        "\x00\x01\x02",
        "9999-99-99,1,1,1,1,1",
    ],
)
def test_read_bars_until_survives_any_text_after_it(tmp_path: Path, garbage: str) -> None:
    path = write(tmp_path, table().iloc[:6], "ACME-1d.csv")
    clean, _ = read_bars(path)
    path.write_text(path.read_text() + garbage + "\n")
    assert read_bars(path, until=day(6))[0].data_hash() == clean.data_hash()


def test_read_bars_until_survives_bytes_after_it_that_are_no_text(tmp_path: Path) -> None:
    path = write(tmp_path, table().iloc[:6], "ACME-1d.csv")
    clean, _ = read_bars(path)
    path.write_bytes(path.read_bytes() + b"\xff\xfe\x80,\xff\n")
    assert read_bars(path, until=day(6))[0].data_hash() == clean.data_hash()


def test_read_bars_until_before_the_first_bar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MarketDataError, match="no rows"):
        read_bars(write(tmp_path, table()), until=day(1) - timedelta(seconds=1))


def _split_file(tmp_path: Path, name: str = "ACME-1d.parquet", shares: float = 7.0) -> Path:
    frame = table(60)
    later = frame.index >= 40
    for column in ("open", "high", "low", "close"):
        frame.loc[later, column] /= shares
    return write(tmp_path, frame, name)


@pytest.mark.parametrize(("shares", "words"), [(7.0, "7:1"), (2.0, "2:1"), (0.05, "1:20")])
def test_read_bars_with_a_likely_split_is_refused_and_names_the_way_out(tmp_path: Path, shares: float, words: str) -> None:
    with pytest.raises(MarketDataError) as caught:
        read_bars(_split_file(tmp_path, shares=shares))
    for part in ("row 41", "column open", words, "--factors", "--raw"):
        assert part in str(caught.value)


def test_read_bars_with_a_likely_split_passes_raw_in_crypto_and_before_it(tmp_path: Path) -> None:
    path = _split_file(tmp_path)
    assert (read_bars(path, raw=True)[0].growth == 1).all()
    assert len(read_bars(path, until=day(40))[0]) == 40
    assert len(read_bars(_split_file(tmp_path, "BTCUSDT-1d.parquet"))[0]) == 60


@pytest.mark.parametrize("fall", [0.80, 0.67, 0.5, 0.4])
def test_read_bars_with_a_crash_is_not_taken_for_a_split(tmp_path: Path, fall: float) -> None:
    frame = table(60)
    for column in ("open", "high", "low", "close"):
        frame.loc[frame.index > 40, column] *= fall
    # it opens part of the way down and falls further through a wild day
    before = frame["close"].tolist()[39]
    crash = {"open": (1 + fall) / 2, "high": 0.98, "low": fall * 0.9, "close": fall}
    frame = _put(frame, 41, **{name: before * share for name, share in crash.items()})
    assert len(read_bars(write(tmp_path, frame))[0]) == 60


FACTORS = "19980102,1,0.142857,1\n20100209,1,0.142857,90\n20501231,1,1,0\n"


@pytest.mark.parametrize("beside", [True, False])
def test_read_bars_with_factors_adjusts_and_asks_for_nothing(tmp_path: Path, beside: bool) -> None:
    path, folder = _split_file(tmp_path), tmp_path / ("factors" if beside else "elsewhere")
    folder.mkdir()
    (folder / "ACME.csv").write_text(FACTORS)
    bars, findings = read_bars(path, factors=None if beside else folder / "ACME.csv")
    assert bars.split[40] == 7.0
    assert bars.close * bars.growth == pytest.approx(np.round(walk(60), 4), rel=1e-5)
    assert findings == []


def test_read_bars_with_factors_that_miss_a_split_says_so(tmp_path: Path) -> None:
    (tmp_path / "factors").mkdir()
    (tmp_path / "factors" / "ACME.csv").write_text("19980102,1,1,1\n20501231,1,1,0\n")
    _, findings = read_bars(_split_file(tmp_path))
    assert [(f.check, f.row, f.severity) for f in findings] == [("likely_split", 41, "error")]


def test_read_bars_with_missing_factors_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--factors"):
        read_bars(write(tmp_path, table()), factors=tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["SP500", "NASDAQ"])
def test_builtin_index_is_twenty_years_of_real_days(name: str) -> None:
    bars = builtin(name)
    assert (len(bars), bars.symbol, bars.interval) == (5031, name, "1d")
    assert bars.timestamp(0).isoformat() == "1999-01-04T00:00:00+00:00"
    assert not np.isnan(bars.volume).any()


def test_builtin_of_another_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="SP500, NASDAQ"):
        builtin("DOW")
