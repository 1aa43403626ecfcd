"""Bars and quotes of an exchange, over ccxt's public endpoints: no key is needed and none is used.

Promises: pages are followed to the end; an exchange that cannot be reached or does not know the symbol is one
MarketDataError or ConfigError; a symbol may be written BTCUSDT or BTC/USDT.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd

from agent.domain import Quote
from agent.errors import ConfigError, MarketDataError
from agent.feeds.live import COLUMNS
from agent.feeds.quotes import quote_of
from agent.market.instrument import interval_step

PAGE = 1000


def plain(symbol: str) -> str:
    """A symbol as files and records name it: BTC/USDT becomes BTCUSDT."""
    return symbol.replace("/", "").replace(":", "-")


class Exchange:
    """One exchange of ccxt's."""

    def __init__(self, name: str, base_url: str | None = None, timeout: float = 20.0) -> None:
        """``base_url`` stands for every host of the exchange, for a proxy or a test server."""
        import ccxt

        if name not in ccxt.exchanges:
            raise ConfigError(f"exchange {name!r} is unknown; ccxt has {len(ccxt.exchanges)}, for example binance or bybit")
        options = {"fetchMarkets": {"types": ["spot"]}, "warnOnFetchOHLCVLimitArgument": False}
        self._client: Any = getattr(ccxt, name)({"enableRateLimit": True, "timeout": int(timeout * 1000), "options": options})
        if base_url is not None:
            self._client.urls["api"] = _moved(self._client.urls["api"], base_url.rstrip("/"))
        self.name = name

    def _asked(self, what: str, ask: Callable[[], Any]) -> Any:
        import ccxt

        try:
            return ask()
        except ccxt.BadSymbol as err:
            raise ConfigError(f"{self.name}: {err}; write it like BTC/USDT") from None
        except ccxt.OperationFailed as err:
            raise MarketDataError(f"{self.name}: {what} failed: {_line(err)}; it is tried again with the next bar") from None
        except ccxt.BaseError as err:
            raise MarketDataError(f"{self.name}: {what} was refused: {_line(err)}; check symbol and interval") from None

    def _market(self, symbol: str) -> str:
        """The exchange's own name of a symbol."""
        markets = self._asked("listing markets", self._client.load_markets)
        if symbol in markets:
            return symbol
        found = [name for name, market in markets.items() if market.get("spot") and plain(name) == symbol]
        if not found:
            raise ConfigError(f"{self.name} does not trade {symbol!r}; write it like BTC/USDT")
        return str(found[0])

    def fetch(self, symbol: str, interval: str, since: datetime, until: datetime) -> pd.DataFrame:
        """Bars starting in [since, until)."""
        market, step = self._market(symbol), interval_step(interval)
        if interval not in (self._client.timeframes or {}):
            raise ConfigError(f"{self.name} has no bars of {interval!r}; it has {', '.join(self._client.timeframes)}")
        rows: list[list[float]] = []
        at = since
        while at < until:
            asked = int(at.timestamp() * 1000)
            page = self._asked("fetching bars", partial(self._client.fetch_ohlcv, market, interval, asked, PAGE))
            page = [row for row in page if row[0] >= asked]
            if not page:
                break
            rows += page
            at = datetime.fromtimestamp(page[-1][0] / 1000, UTC) + step
        frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[1:], float))
        frame["timestamp"] = pd.to_datetime(frame["timestamp"].astype("int64"), unit="ms", utc=True)
        return frame[frame["timestamp"] < until].reset_index(drop=True)

    def quotes(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        """The best bid and ask of these symbols now."""
        names = {self._market(symbol): symbol for symbol in symbols}
        has, client = self._client.has, self._client
        if has.get("fetchBidsAsks") or has.get("fetchTickers"):
            ask = client.fetch_bids_asks if has.get("fetchBidsAsks") else client.fetch_tickers
            told = self._asked("fetching quotes", partial(ask, list(names)))
        else:
            told = {name: self._asked("fetching a quote", partial(client.fetch_ticker, name)) for name in names}
        made = [
            quote_of(symbol, _time_of(told[name], now), told[name].get("bid"), told[name].get("ask"))
            for name, symbol in names.items()
            if name in told
        ]
        return sorted((quote for quote in made if quote is not None), key=lambda quote: quote.at)


def _time_of(told: Any, now: datetime) -> datetime:
    """When a quote was made; an exchange that does not say means now."""
    stamp = told.get("timestamp")
    return now if not stamp else min(now, datetime.fromtimestamp(stamp / 1000, UTC))


def _moved(urls: Any, base: str) -> Any:
    """The exchange's addresses on another host."""
    if isinstance(urls, dict):
        return {key: _moved(value, base) for key, value in urls.items()}
    scheme, _, rest = str(urls).partition("://")
    return f"{base}/{rest.partition('/')[2]}" if scheme else urls


def _line(err: Exception) -> str:
    return " ".join(str(err).split())[:200]
