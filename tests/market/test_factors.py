"""Corporate actions: a wrong split or dividend invents money or loses it."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.market.factors import FactorRow, corporate_actions, read_factors

DAYS = np.array([np.datetime64("2014-06-02", "ns") + np.timedelta64(i, "D") for i in range(8)])
# pays 2 on day 3 (close before: 100), splits 7:1 on day 5 (close before: 98)
CLOSE = np.array([100.0, 100, 100, 98, 98, 14, 14, 14])
ROWS = [
    FactorRow(date(1998, 1, 2), 0.98, 0.142857, 1),
    FactorRow(date(2014, 6, 4), 0.98, 0.142857, 100),
    FactorRow(date(2014, 6, 6), 1, 0.142857, 98),
    FactorRow(date(2050, 12, 31), 1, 1, 0),
]


def test_corporate_actions_of_a_split_and_a_dividend_are_what_was_paid() -> None:
    growth, split, dividend = corporate_actions(ROWS, DAYS, CLOSE)
    assert split.tolist() == [1, 1, 1, 1, 1, 7, 1, 1]
    assert dividend == pytest.approx([0, 0, 0, 2, 0, 0, 0, 0])
    assert CLOSE * growth == pytest.approx(np.full(8, 100.0), rel=1e-5)
    assert growth[0] == 1.0


def test_corporate_actions_on_one_day_pay_per_share_after_the_split() -> None:
    rows = [ROWS[0], FactorRow(date(2014, 6, 4), 0.98, 0.5, 100), FactorRow(date(2050, 12, 31), 1, 1, 0)]
    growth, split, dividend = corporate_actions(rows, DAYS, CLOSE)
    assert split[3] == 2
    assert split[3] * dividend[3] == pytest.approx(2.0)  # what one share held before received
    assert growth[3] == pytest.approx(2 / 0.98)


def test_corporate_actions_agree_with_the_back_adjusted_series() -> None:
    growth, _, _ = corporate_actions(ROWS, DAYS, CLOSE)
    backward = np.array([0.98 * 0.142857] * 3 + [0.142857] * 2 + [1.0] * 3)
    assert growth == pytest.approx(backward / backward[0], rel=1e-11)


def test_corporate_actions_are_unchanged_by_later_bars_and_later_rows() -> None:
    whole = corporate_actions(ROWS, DAYS, CLOSE)
    short = corporate_actions(ROWS, DAYS[:4], CLOSE[:4])
    fewer = corporate_actions(ROWS[:3], DAYS[:4], CLOSE[:4])
    for full, cut, less in zip(whole, short, fewer, strict=True):
        assert full[:4].tobytes() == cut.tobytes() == less.tobytes()


def test_corporate_actions_of_a_file_rescaled_by_a_later_split_are_the_same_to_the_bit() -> None:
    later = [FactorRow(row.last_day, row.price, row.split / 3, row.reference) for row in ROWS]
    growth, split, _ = corporate_actions(ROWS, DAYS, CLOSE)
    growth_later, split_later, _ = corporate_actions(later, DAYS, CLOSE)
    assert growth.tobytes() == growth_later.tobytes()
    assert split.tobytes() == split_later.tobytes()


def test_corporate_actions_outside_the_bars_change_nothing() -> None:
    early = np.array([np.datetime64("2010-01-01", "ns") + np.timedelta64(i, "D") for i in range(8)])
    growth, split, dividend = corporate_actions(ROWS, early, CLOSE)
    assert (growth == 1).all()
    assert (split == 1).all()
    assert (dividend == 0).all()


def test_split_that_is_no_small_ratio_is_kept_to_six_digits() -> None:
    rows = [FactorRow(date(2014, 6, 4), 1, 0.997307, 500), FactorRow(date(2050, 12, 31), 1, 1, 0)]
    assert corporate_actions(rows, DAYS, CLOSE)[1][3] == 1.0027


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("20140606,1,1,5\n2014066,1,1,1\n", 2, "YYYYMMDD"),
        ("20140606,1,1\n", 1, "3 values"),
        ("20140606,x,1,5\n", 1, "price factor 'x'"),
        ("20140606,1,0,5\n", 1, "split factor '0'"),
        ("20140606,1,nan,5\n", 1, "split factor 'nan'"),
        ("20140606,1,1,-5\n", 1, "reference price '-5'"),
        ("20140606,1,1,5\n20140606,1,1,5\n", 2, "does not come after"),
    ],
)
def test_factor_file_with_a_bad_row_is_refused_by_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "ACME.csv"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_factors(path)
    message = str(caught.value)
    assert f"{path} line {line}" in message
    assert words in message
    assert "\n" not in message


def test_factor_file_that_is_empty_or_missing_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ACME.csv"
    empty.write_text("\n")
    with pytest.raises(ConfigError, match="empty"):
        read_factors(empty)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_factors(tmp_path / "absent.csv")
