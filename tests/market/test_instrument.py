"""Costs, lots and annualisation follow from the symbol: a wrong class would misprice every trade."""

from datetime import timedelta
from decimal import Decimal

import pytest

from agent.errors import ConfigError
from agent.market.instrument import asset_class, instrument, interval_step


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("SP500", "index"),
        ("NASDAQ", "index"),
        ("VIX", "index"),
        ("BTCUSDT", "crypto"),
        ("ETHBTC", "crypto"),
        ("BTCUSD", "crypto"),
        ("BTC-USD", "crypto"),
        ("EURUSD", "fx"),
        ("EUR/GBP", "fx"),
        ("XAUUSD", "fx"),
        ("AAPL", "equity"),
        ("GBTC", "equity"),
        ("SPY", "equity"),
        ("BRK-B", "equity"),
    ],
)
def test_asset_class_of_known_symbols_is_told_from_the_name(symbol: str, expected: str) -> None:
    assert asset_class(symbol) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5m", timedelta(minutes=5)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("4h", timedelta(hours=4)),
        ("1d", timedelta(days=1)),
        ("1w", timedelta(weeks=1)),
    ],
)
def test_interval_in_use_gives_its_length(text: str, expected: timedelta) -> None:
    assert interval_step(text) == expected


@pytest.mark.parametrize("text", ["", "d", "0d", "1x", "1D ", "-1h", "1.5h", "1month", "999999m"])
def test_interval_that_means_nothing_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(ConfigError, match="--interval") as caught:
        interval_step(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("symbol", "interval", "expected"),
    [
        ("AAPL", "1d", 252),
        ("AAPL", "1h", 252 * 7),
        ("SPY", "5m", 252 * 78),
        ("SPY", "1w", 50.4),
        ("BTCUSDT", "1d", 365),
        ("BTCUSDT", "5m", 365 * 288),
        ("EURUSD", "1d", 260),
        ("EURUSD", "1h", 260 * 24),
    ],
)
def test_bars_per_year_follows_the_calendar_of_the_class(symbol: str, interval: str, expected: float) -> None:
    assert instrument(symbol, interval).bars_per_year == pytest.approx(expected)


def test_instrument_terms_are_the_published_defaults() -> None:
    terms = {name: instrument(name, "1d") for name in ("AAPL", "SP500", "BTCUSDT", "EURUSD")}
    assert {name: (i.fee_bps, i.slippage_bps) for name, i in terms.items()} == {
        "AAPL": (1, 3),
        "SP500": (1, 3),
        "BTCUSDT": (10, 5),
        "EURUSD": (1, 1),
    }
    assert [i.lot for i in terms.values()] == [Decimal(1), Decimal("0.0001"), Decimal("1e-8"), Decimal(1)]
    assert [i.can_short for i in terms.values()] == [True, True, False, True]


def test_instrument_without_symbol_is_refused() -> None:
    with pytest.raises(ConfigError, match="--symbol"):
        instrument("", "1d")
