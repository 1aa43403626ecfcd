"""A wrong figure here is a wrong belief about the agent: worked examples and identities."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import empyrical
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from arch.data import sp500
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import MarketDataError
from agent.statistics import METRIC_NAMES, metrics

START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Closed:
    """A closed position, as far as figures need it."""

    pnl: float
    days: int = 2
    entry_price: float = 100.0
    quantity: Decimal = Decimal(10)

    @property
    def entry_bar(self) -> datetime:
        return START

    @property
    def exit_bar(self) -> datetime:
        return START + timedelta(days=self.days)


def days(count: int) -> npt.NDArray[np.datetime64]:
    return np.datetime64("2020-01-01", "D") + np.arange(count)


@pytest.fixture(scope="module")
def index() -> pd.Series:
    closes: pd.Series = sp500.load()["Close"].loc["2014":"2018"]
    return closes


def test_metrics_names_are_backtesting_names_in_order() -> None:
    assert tuple(metrics([100.0, 101.0], days(2), [], periods_per_year=252)) == METRIC_NAMES
    assert len(METRIC_NAMES) == 29


def test_metrics_worked_example_matches_hand_calculation() -> None:
    found = metrics([100.0, 110.0, 99.0, 104.5, 121.0], days(5), [], periods_per_year=252, benchmark=[50.0, 55.0])
    assert found["Return [%]"] == pytest.approx(21.0)
    assert found["Equity Final [$]"] == 121.0
    assert found["Equity Peak [$]"] == 121.0
    assert found["Max. Drawdown [%]"] == pytest.approx(-10.0)
    assert found["Avg. Drawdown [%]"] == pytest.approx(-10.0)
    assert found["Max. Drawdown Duration"] == "3 days"
    assert found["Buy & Hold Return [%]"] == pytest.approx(10.0)
    assert found["Return (Ann.) [%]"] == pytest.approx((1.21 ** (252 / 5) - 1) * 100)
    assert found["Start"] == "2020-01-01T00:00:00Z"
    assert found["End"] == "2020-01-05T00:00:00Z"
    assert found["Duration"] == "4 days"


def test_metrics_trades_match_hand_calculation() -> None:
    trades = [Closed(100.0, 1), Closed(-50.0, 4), Closed(200.0, 2), Closed(-50.0, 1)]
    found = metrics([1000.0, 1200.0], days(2), trades, periods_per_year=252)
    assert found["# Trades"] == 4
    assert found["Win Rate [%]"] == 50.0
    assert found["Best Trade [%]"] == pytest.approx(20.0)
    assert found["Worst Trade [%]"] == pytest.approx(-5.0)
    assert found["Avg. Trade [%]"] == pytest.approx(((1.1 * 0.95 * 1.2 * 0.95) ** 0.25 - 1) * 100)
    assert found["Expectancy [%]"] == pytest.approx(5.0)
    assert found["Profit Factor"] == pytest.approx(3.0)
    assert found["Max. Trade Duration"] == "4 days"
    assert found["Avg. Trade Duration"] == "2 days"
    pnl = np.array([100.0, -50.0, 200.0, -50.0])
    assert found["SQN"] == pytest.approx(2 * pnl.mean() / pnl.std(ddof=1))
    assert found["Kelly Criterion"] == pytest.approx(0.5 - 0.5 / 3.0)


def test_metrics_without_trades_are_none_not_zero() -> None:
    found = metrics([100.0, 100.0, 100.0], days(3), [], periods_per_year=252)
    assert found["# Trades"] == 0
    for name in ("Win Rate [%]", "Profit Factor", "SQN", "Kelly Criterion", "Sharpe Ratio", "Sortino Ratio", "Calmar Ratio"):
        assert found[name] is None, name
    assert found["Max. Drawdown [%]"] == 0.0
    assert found["Max. Drawdown Duration"] is None
    assert found["Exposure Time [%]"] is None


def test_metrics_constant_growth_has_no_sharpe() -> None:
    assert metrics(100 * 1.001 ** np.arange(300), days(300), [], periods_per_year=365)["Sharpe Ratio"] is None


def test_metrics_only_winners_leave_profit_factor_undefined() -> None:
    found = metrics([100.0, 110.0], days(2), [Closed(1.0), Closed(2.0)], periods_per_year=252)
    assert found["Profit Factor"] is None
    assert found["Kelly Criterion"] is None


def test_metrics_real_index_agrees_with_empyrical(index: pd.Series) -> None:
    values = index.to_numpy()
    returns = pd.Series(np.append(0.0, values[1:] / values[:-1] - 1), index=index.index)
    found = metrics(values, index.index.to_numpy(), [], periods_per_year=252, benchmark=values)
    assert found["Return (Ann.) [%]"] == pytest.approx(empyrical.annual_return(returns) * 100, abs=1e-9)
    assert found["Max. Drawdown [%]"] == pytest.approx(empyrical.max_drawdown(returns) * 100, abs=1e-9)
    assert found["Calmar Ratio"] == pytest.approx(empyrical.calmar_ratio(returns), abs=1e-9)
    assert found["Return [%]"] == pytest.approx(found["Buy & Hold Return [%]"], abs=1e-9)
    # the compounded volatility of a small daily variance lies near the plain one
    assert found["Volatility (Ann.) [%]"] == pytest.approx(empyrical.annual_volatility(returns) * 100, rel=0.08)


def test_metrics_sharpe_is_annual_return_over_annual_volatility(index: pd.Series) -> None:
    found = metrics(index.to_numpy(), index.index.to_numpy(), [], periods_per_year=252)
    year, spread, ratio = (found[name] for name in ("Return (Ann.) [%]", "Volatility (Ann.) [%]", "Sharpe Ratio"))
    assert isinstance(year, float)
    assert isinstance(spread, float)
    assert ratio == pytest.approx(year / spread)


def test_metrics_cagr_counts_calendar_years() -> None:
    stamps = np.array(["2016-01-01", "2018-01-01"], dtype="datetime64[ns]")
    found = metrics([100.0, 121.0], stamps, [], periods_per_year=252)
    assert found["CAGR [%]"] == pytest.approx(10.0, abs=0.02)


def test_metrics_hourly_equity_is_annualised_like_its_daily_closes() -> None:
    rng = np.random.default_rng(1)
    hourly = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, 24 * 200)))
    stamps = np.datetime64("2020-01-01T00", "h") + np.arange(hourly.size)
    fine = metrics(hourly, stamps, [], periods_per_year=365)
    coarse = metrics(hourly[23::24], days(200), [], periods_per_year=365)
    for name in ("Return (Ann.) [%]", "Volatility (Ann.) [%]", "Sharpe Ratio", "Sortino Ratio"):
        assert fine[name] == pytest.approx(coarse[name]), name
    assert fine["Duration"] == "199 days 23:00:00"


def test_metrics_intraday_drawdown_is_not_hidden_by_the_daily_close() -> None:
    stamps = np.datetime64("2020-01-01T00", "h") + np.arange(4) * np.timedelta64(12, "h")
    assert metrics([100.0, 100.0, 80.0, 100.0], stamps, [], periods_per_year=365)["Max. Drawdown [%]"] == pytest.approx(-20.0)


def test_metrics_exposure_counts_bars_with_a_position() -> None:
    found = metrics([1.0, 1.0, 1.0, 1.0], days(4), [], periods_per_year=252, exposure=[0.0, 0.5, -0.2, 0.0])
    assert found["Exposure Time [%]"] == 50.0


def test_metrics_ruined_account_has_a_return_but_no_annual_figures() -> None:
    found = metrics([100.0, 50.0, 0.0], days(3), [], periods_per_year=252)
    assert found["Return [%]"] == -100.0
    assert found["Return (Ann.) [%]"] is None
    assert found["Sharpe Ratio"] is None


@pytest.mark.parametrize(
    ("equity", "stamps", "words"),
    [
        ([], days(0), "empty"),
        ([1.0, 2.0], days(3), "one stamp for each value"),
        ([1.0, float("nan")], days(2), "2020-01-02"),
        ([1.0, 2.0], days(2)[::-1], "does not come after"),
    ],
)
def test_metrics_bad_series_are_refused_in_one_line(equity: list[float], stamps: npt.NDArray[np.datetime64], words: str) -> None:
    with pytest.raises(MarketDataError, match=words) as caught:
        metrics(equity, stamps, [], periods_per_year=252)
    assert "\n" not in str(caught.value)


@given(
    st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=60),
    st.lists(st.builds(Closed, pnl=st.floats(-2000, 2000)), max_size=8),
    st.sampled_from([252.0, 260.0, 365.0]),
)
def test_metrics_any_positive_equity_gives_finite_or_none(equity: list[float], trades: list[Closed], periods: float) -> None:
    found = metrics(equity, days(len(equity)), trades, periods_per_year=periods, exposure=np.ones(len(equity)), benchmark=equity)
    assert all(value is None or isinstance(value, str) or np.isfinite(value) for value in found.values())
    assert -100.0 <= float(found["Max. Drawdown [%]"] or 0.0) <= 0.0
