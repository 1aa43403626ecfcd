"""Buy and hold: what published figures are checked against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent.backtest.holding import held_equity
from agent.errors import ConfigError
from agent.settings import Costs
from tests.backtest.build import bars, plan
from tests.cli.kit import Call, frame

# the names of backtesting.py's Stats
NAMES = {
    "Start", "End", "Duration", "Exposure Time [%]", "Equity Final [$]", "Equity Peak [$]", "Return [%]", "Buy & Hold Return [%]",
    "Return (Ann.) [%]", "Volatility (Ann.) [%]", "CAGR [%]", "Sharpe Ratio", "Sortino Ratio", "Calmar Ratio",
    "Max. Drawdown [%]", "Avg. Drawdown [%]", "Max. Drawdown Duration", "Avg. Drawdown Duration", "# Trades", "Win Rate [%]",
    "Best Trade [%]", "Worst Trade [%]", "Avg. Trade [%]", "Max. Trade Duration", "Avg. Trade Duration", "Profit Factor",
    "Expectancy [%]", "SQN",
}  # fmt: skip
FREE = ("--arm", "buy-and-hold", "--fee-bps", "0", "--slippage-bps", "0", "--json")


def test_held_equity_is_cash_times_close_over_first_close(call: Call, bars: Path) -> None:
    document = call("backtest", "--data", bars, "--timerange", "20140102-20140630", *FREE).document
    closes = frame("2014-01-02", "2014-06-30")
    assert [stamp for stamp, _ in document["equity"]] == [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in closes["timestamp"]]
    expected = 100_000 * closes["close"].to_numpy() / closes["close"].iloc[0]
    np.testing.assert_allclose([value for _, value in document["equity"]], expected, rtol=1e-12)


def test_held_range_includes_both_dates_and_ignores_warm_up(call: Call, bars: Path) -> None:
    document = call("backtest", "--data", bars, "--timerange", "20120103-20120131", *FREE).document
    assert document["equity"][0][0] == "2012-01-03T00:00:00Z"
    assert document["equity"][-1][0] == "2012-01-31T00:00:00Z"
    assert document["equity"][0][1] == pytest.approx(100_000, rel=1e-12)


def test_held_metrics_have_the_names_of_backtesting_py_and_its_figures(call: Call, bars: Path) -> None:
    document = call("backtest", "--data", bars, "--timerange", "20140101-20140630", "--cash", "5000", *FREE).document
    found = document["metrics"]
    assert found.keys() >= NAMES
    equity = np.array([value for _, value in document["equity"]])
    returns = equity[1:] / equity[:-1] - 1
    assert equity[0] == pytest.approx(5000)
    assert found["Return [%]"] == pytest.approx(100 * (equity[-1] / 5000 - 1), abs=1e-9)
    assert found["Buy & Hold Return [%]"] == pytest.approx(found["Return [%]"])
    assert found["Max. Drawdown [%]"] == pytest.approx(100 * (equity / np.maximum.accumulate(equity) - 1).min(), abs=1e-9)
    # backtesting.py: geometric mean of daily returns over 252 days, and its compounded deviation
    mean = np.exp(np.log1p(np.concatenate([[0.0], returns])).mean()) - 1
    assert found["Return (Ann.) [%]"] == pytest.approx(100 * ((1 + mean) ** 252 - 1), abs=0.2)
    assert found["Exposure Time [%]"] == 100


def test_held_costs_are_paid_once_at_the_first_close() -> None:
    costs = Costs(fee_bps=10, slippage_bps=20)
    equity = [value for _, value in held_equity(plan(bars([100.0, 110.0]), costs=costs))]
    assert equity[0] == pytest.approx(100_000 / (1.001 * 1.002))
    assert equity[1] == pytest.approx(1.1 * equity[0])


def test_held_split_and_dividend_keep_the_worth() -> None:
    found = held_equity(plan(bars([100.0, 50.0, 50.0], split=[1, 2, 1], dividend=[0, 0, 5.0])))
    assert [value for _, value in found] == pytest.approx([100_000, 100_000, 110_000])


def test_held_several_symbols_share_the_cash_equally() -> None:
    both = plan(bars([100.0, 200.0]), bars([10.0, 10.0], symbol="NASDAQ"))
    assert [value for _, value in held_equity(both)] == pytest.approx([100_000, 150_000])


def test_held_range_without_a_bar_is_refused_with_the_dates_there_are() -> None:
    with pytest.raises(ConfigError, match="20150101-20151231 holds no bar of SP500; its bars run from 2014-01-01 to 2014-01-02"):
        held_equity(plan(bars([1.0, 2.0]), timerange="20150101-20151231"))


def test_held_run_is_not_what_reading_commands_look_at(call: Call, bars: Path) -> None:
    assert call("backtest", "--data", bars, *FREE).code == 0
    assert call("skills", "list", "--json").code == 0


def test_held_one_day_has_figures_that_are_null_and_not_zero(call: Call, bars: Path) -> None:
    found = call("backtest", "--data", bars, "--timerange", "20140102-20140102", *FREE).document["metrics"]
    assert found["Sharpe Ratio"] is None
    assert found["Return (Ann.) [%]"] is None
