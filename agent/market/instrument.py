"""What is traded: its class, bar length, costs and smallest lot, all told from the symbol.

Promises: the same symbol and interval always give the same instrument; an interval that
means nothing is refused in one line.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from agent.errors import ConfigError

AssetClass = Literal["equity", "index", "crypto", "fx"]

# fmt: off
_INDEXES = frozenset((
    "SP500", "SPX", "GSPC", "NASDAQ", "NDX", "IXIC", "COMP", "DJI", "DJIA", "RUT", "RUSSELL2000", "VIX", "VXN", "FTSE",
    "FTSE100", "DAX", "CAC40", "STOXX50", "NIKKEI", "N225", "HSI", "WTI",
))
_CRYPTO_QUOTES = ("USDT", "USDC", "BUSD", "FDUSD", "BTC", "ETH")
_CRYPTO_BASES = frozenset((
    "BTC", "XBT", "ETH", "XRP", "BNB", "SOL", "ADA", "DOGE", "DOT", "LTC", "BCH", "LINK", "AVAX", "MATIC", "TRX",
    "XLM", "ETC", "EOS", "ATOM", "UNI", "XMR", "NEO", "DASH", "ZEC",
))
_FIAT_QUOTES = ("USD", "EUR", "GBP", "JPY")
_CURRENCIES = frozenset((
    "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "ZAR",
    "MXN", "BRL", "CNY", "CNH", "HKD", "SGD", "INR", "KRW", "THB", "ILS", "RUB", "XAU", "XAG", "XPT", "XPD",
))
# fmt: on

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DAY, WEEK = timedelta(days=1), timedelta(days=7)
EPOCH, MONDAY = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 5, tzinfo=UTC)
_SESSION_MINUTES = 390  # a regular session of a US exchange


@dataclass(frozen=True)
class Instrument:
    """One tradable series. Costs are basis points of the traded value per side."""

    symbol: str
    asset_class: AssetClass
    interval: str
    step: timedelta
    bars_per_year: float
    fee_bps: float
    slippage_bps: float
    lot: Decimal
    can_short: bool

    def bar_of(self, at: datetime) -> datetime:
        """The start of the bar that a time lies in: aligned to UTC, weeks to Monday."""
        origin = MONDAY if self.step % WEEK == timedelta(0) else EPOCH
        return origin + ((at - origin) // self.step) * self.step


# fee, slippage (bps a side), smallest lot, whether a venue lends it
_TERMS: dict[AssetClass, tuple[float, float, str, bool]] = {
    "equity": (1.0, 3.0, "1", True),
    "index": (1.0, 3.0, "0.0001", True),  # a price index: nothing to deliver, so fractions are fine
    "crypto": (10.0, 5.0, "0.00000001", False),  # spot
    "fx": (1.0, 1.0, "1", True),
}


@lru_cache(maxsize=256)
def interval_step(interval: str) -> timedelta:
    """The length of a bar, for example ``5m``, ``1h``, ``4h``, ``1d`` or ``1w``.

    Raises ConfigError when the text is not a whole number and one of s, m, h, d, w.
    """
    match = re.fullmatch(r"([1-9]\d{0,4})([smhdw])", interval)
    if match is None:
        raise ConfigError(f"interval {interval!r} is not a bar length; write it like 5m, 1h or 1d (--interval)")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def asset_class(symbol: str) -> AssetClass:
    """Tell the class from the symbol: known index, crypto pair, currency pair, else equity."""
    name = re.sub(r"[^A-Z0-9]", "", symbol.upper())
    if name in _INDEXES:
        return "index"
    # a base of one letter would turn tickers such as GBTC into pairs
    if any(name.endswith(quote) and len(name) >= len(quote) + 2 for quote in _CRYPTO_QUOTES):
        return "crypto"
    if name[-3:] in _FIAT_QUOTES and name[:-3] in _CRYPTO_BASES:
        return "crypto"
    if len(name) == 6 and name[:3] in _CURRENCIES and name[3:] in _CURRENCIES:
        return "fx"
    return "equity"


def bars_per_year(kind: AssetClass, step: timedelta) -> float:
    """How many bars of this length a year has: 252 sessions, 365 crypto days or 260 currency days."""
    days = step / _DAY
    if kind == "crypto":
        return 365.0 / days
    year, week = (260.0, 5.0) if kind == "fx" else (252.0, 5.0)
    if days >= 7:
        return year / (days / 7 * week)
    if days >= 1 or kind == "fx":
        return year / days
    return year * math.ceil(_SESSION_MINUTES * 60 / step.total_seconds())


@lru_cache(maxsize=256)
def instrument(symbol: str, interval: str) -> Instrument:
    """The instrument of a symbol at a bar length, with the default terms of its class."""
    if not symbol:
        raise ConfigError("symbol '' is empty; name it with --symbol or call the file SYMBOL-INTERVAL.parquet")
    step = interval_step(interval)
    kind = asset_class(symbol)
    fee, slippage, lot, can_short = _TERMS[kind]
    return Instrument(
        symbol, kind, interval, step, bars_per_year(kind, step), fee, slippage, lot=Decimal(lot), can_short=can_short
    )
