"""The published vocabulary: figures others can recompute, that never move when the future is cut off."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.market.bars import Bars
from agent.market.features import DOCS, FEATURES, HEADING, MEASURED, compute
from agent.market.feed import builtin
from tests.market.build import bars_of, walk

Floats = npt.NDArray[np.float64]
FIRST_KNOWN = {
    "sma_5": 4,
    "sma_20": 19,
    "sma_50": 49,
    "rsi_14": 14,
    "macd": 33,
    "macd_signal": 33,
    "macd_hist": 33,
    "bb_position": 19,
    "volume_ratio": 19,
    "hl_range": 0,
    "close_position": 0,
    "oc_range": 0,
    "atr_14": 14,
    "adx_14": 27,
    "momentum_10": 10,
    "volatility_20": 20,
    "volatility_z": 271,
    "drawdown_60": 59,
    "trend_strength": 49,
    "macd_divergence": 52,
    "rsi_divergence": 33,
    "sma_cross": 50,
}


@pytest.fixture(scope="module")
def sp500() -> Bars:
    return builtin("SP500")


def _windows(values: Floats, size: int) -> list[Floats]:
    return [values[max(0, i - size + 1) : i + 1] for i in range(len(values))]


def _rolled(values: Floats, size: int, of: Callable[[Floats], float]) -> Floats:
    return np.array([of(window) if len(window) == size else np.nan for window in _windows(values, size)])


def _sample(window: Floats) -> float:
    return float(np.std(window, ddof=1))


def _wilder(values: Floats, period: int = 14) -> Floats:
    """Wilder's mean of values that start at place 1: the plain mean first, then 1/period steps."""
    out = np.full(len(values), np.nan)
    out[period] = values[1 : period + 1].mean()
    for i in range(period + 1, len(values)):
        out[i] = (out[i - 1] * (period - 1) + values[i]) / period
    return out


def _rsi(close: Floats) -> Floats:
    change = np.diff(close, prepend=close[0])
    gain, loss = _wilder(np.maximum(change, 0)), _wilder(np.maximum(-change, 0))
    return 100 * gain / (gain + loss)


def _atr(bars: Bars) -> Floats:
    before = np.concatenate([[np.nan], bars.close[:-1]])
    reach = np.vstack([bars.high - bars.low, np.abs(bars.high - before), np.abs(bars.low - before)])
    return _wilder(reach.max(axis=0))


def _by_hand(bars: Bars, bars_per_year: float) -> dict[str, Floats]:
    close = bars.close
    middle, deviation = _rolled(close, 20, np.mean), _rolled(close, 20, np.std)
    log_return = np.diff(np.log(close), prepend=np.nan)
    volatility = _rolled(log_return, 20, _sample) * np.sqrt(bars_per_year)
    sma_50, atr = _rolled(close, 50, np.mean), _atr(bars)
    return {
        "sma_5": _rolled(close, 5, np.mean),
        "sma_20": middle,
        "sma_50": sma_50,
        "rsi_14": _rsi(close),
        "bb_position": (close - (middle - 2 * deviation)) / (4 * deviation),
        "volume_ratio": bars.volume / _rolled(bars.volume, 20, np.mean),
        "hl_range": (bars.high - bars.low) / close,
        "close_position": (close - bars.low) / (bars.high - bars.low),
        "oc_range": (close - bars.open) / bars.open,
        "atr_14": atr,
        "momentum_10": np.concatenate([np.full(10, np.nan), close[10:] / close[:-10] - 1]),
        "volatility_20": volatility,
        "volatility_z": (volatility - _rolled(volatility, 252, np.mean)) / _rolled(volatility, 252, _sample),
        "drawdown_60": close / _rolled(close, 60, np.max) - 1,
        "trend_strength": (middle - sma_50) / atr,
    }


def test_features_agree_with_independent_formulas_on_every_bar(sp500: Bars) -> None:
    bars = sp500.head(1500)
    ours, theirs = compute(bars, 252), _by_hand(bars, 252)
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=1e-9, atol=1e-9, err_msg=name)


def test_features_agree_with_talib_on_every_bar(sp500: Bars) -> None:
    ours, close = compute(sp500, 252), sp500.close
    macd, signal, histogram = talib.MACD(close)
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    theirs = {
        "sma_20": talib.SMA(close, 20),
        "rsi_14": talib.RSI(close),
        "macd": macd,
        "macd_signal": signal,
        "macd_hist": histogram,
        "bb_position": (close - lower) / (upper - lower),
        "atr_14": talib.ATR(sp500.high, sp500.low, close),
        "adx_14": talib.ADX(sp500.high, sp500.low, close),
    }
    for name, expected in theirs.items():
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=1e-9, err_msg=name)


def test_features_are_null_in_warm_up_and_known_from_their_first_bar_on(sp500: Bars) -> None:
    computed = compute(sp500, 252)
    assert tuple(computed) == MEASURED == tuple(FIRST_KNOWN)
    assert (*MEASURED, *HEADING) == FEATURES == tuple(DOCS)
    for name, values in computed.items():
        assert int((~np.isnan(values)).argmax()) == FIRST_KNOWN[name], name
        assert not np.isnan(values[FIRST_KNOWN[name] :]).any(), name


@pytest.mark.parametrize("n", [1, 2, 14, 15, 28, 50, 60, 300, 301, 1000, 3333])
def test_features_of_a_truncated_series_are_the_same_to_the_bit(sp500: Bars, n: int) -> None:
    whole, cut = compute(sp500, 252), compute(sp500.head(n), 252)
    for name in MEASURED:
        assert cut[name].tobytes() == whole[name][:n].tobytes(), name


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 700),
    cut=st.integers(0, 700),
    sigma=st.sampled_from([1e-4, 0.01, 0.2]),
    volume=st.booleans(),
)
def test_features_of_any_walk_ignore_the_future(seed: int, n: int, cut: int, sigma: float, volume: bool) -> None:
    bars = bars_of(np.round(walk(n, seed=seed, sigma=sigma), 2) + 0.01, seed=seed, volume=volume)
    whole, part = compute(bars, 252), compute(bars.head(min(cut, n)), 252)
    for name in MEASURED:
        assert part[name].tobytes() == whole[name][: min(cut, n)].tobytes(), name


def test_features_of_constant_prices_are_null_and_never_zero() -> None:
    flat = np.full(700, 100.0)
    bars = replace(bars_of(flat), open=flat, high=flat, low=flat)
    computed = compute(bars, 252)
    means = {"sma_5", "sma_20", "sma_50", "volume_ratio"}
    for name in set(MEASURED) - means:
        assert np.isnan(computed[name][60:]).all(), name
    for name in means:
        assert (computed[name][60:] > 0).all(), name


def test_features_after_prices_stop_moving_turn_null() -> None:
    close = walk(700)
    close[400:] = close[400]
    bars = bars_of(close)
    open_, high, low = (np.where(np.arange(700) >= 400, close, values) for values in (bars.open, bars.high, bars.low))
    computed = compute(replace(bars, open=open_, high=high, low=low), 252)
    for name in ("rsi_14", "macd", "atr_14", "adx_14", "bb_position", "volatility_20", "momentum_10", "drawdown_60", "hl_range"):
        assert np.isnan(computed[name][470:]).all(), name
        assert not np.isnan(computed[name][300:400]).any(), name


def test_features_of_a_bar_without_range_have_no_close_position_and_keep_the_rest() -> None:
    bars = bars_of(walk(400))
    open_, high, low = bars.open.copy(), bars.high.copy(), bars.low.copy()
    open_[350] = high[350] = low[350] = bars.close[350]
    computed = compute(replace(bars, open=open_, high=high, low=low), 252)
    assert np.isnan(computed["close_position"][350])
    assert computed["hl_range"][350] == 0.0
    assert not np.isnan(computed["rsi_14"][350])


def test_features_without_volume_lack_only_the_volume_ratio() -> None:
    computed = compute(bars_of(walk(400), volume=False), 252)
    assert [name for name in MEASURED if np.isnan(computed[name][-1])] == ["volume_ratio"]


def _with_split(bars: Bars, at: int, shares: float) -> Bars:
    """The same market told in raw prices with a split at a bar."""
    factor = np.where(np.arange(len(bars)) >= at, shares, 1.0)
    split = np.ones(len(bars))
    split[at] = shares
    prices = (bars.open / factor, bars.high / factor, bars.low / factor, bars.close / factor)
    return Bars(bars.symbol, bars.interval, bars.start, *prices, bars.volume * factor, factor, split, bars.dividend)


def test_features_across_a_split_go_on_as_if_there_were_none() -> None:
    plain = bars_of(walk(500))
    ours, theirs = compute(_with_split(plain, 450, 4.0), 252), compute(plain, 252)
    levels = {"sma_5", "sma_20", "sma_50", "macd", "macd_signal", "macd_hist", "atr_14"}
    for name in MEASURED:
        scale = np.where(np.arange(500) >= 450, 4.0, 1.0) if name in levels else 1.0
        np.testing.assert_allclose(ours[name] * scale, theirs[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_sma_cross_speaks_only_on_the_bar_of_the_crossing() -> None:
    computed = compute(bars_of(walk(2000, seed=3)), 252)
    spread = computed["sma_20"] - computed["sma_50"]
    for i in range(51, 2000):
        expected = float(np.sign(spread[i])) if spread[i] * spread[i - 1] < 0 else 0.0
        assert computed["sma_cross"][i] == expected


@pytest.mark.parametrize("kind", ["macd", "rsi"])
def test_divergence_marks_extremes_that_the_indicator_does_not_confirm(kind: str) -> None:
    bars = bars_of(walk(2000, seed=4))
    computed = compute(bars, 252)
    indicator, divergence = computed["macd" if kind == "macd" else "rsi_14"], computed[f"{kind}_divergence"]
    seen = set()
    for i in range(60, 2000):
        price, measure = bars.close[i - 19 : i + 1], indicator[i - 19 : i + 1]
        bearish = price[-1] == price.max() and measure[-1] < measure.max()
        bullish = price[-1] == price.min() and measure[-1] > measure.min()
        assert divergence[i] == float(bullish) - float(bearish)
        seen.add(divergence[i])
    assert seen == {-1.0, 0.0, 1.0}
