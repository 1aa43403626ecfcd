"""A local server that speaks an exchange's public REST: Binance's exchangeInfo and klines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlparse

MARKET = {
    "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "baseAssetPrecision": 8,
    "quotePrecision": 8, "quoteAssetPrecision": 8, "isSpotTradingAllowed": True, "isMarginTradingAllowed": False,
    "permissions": ["SPOT"], "orderTypes": ["LIMIT", "MARKET"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001"},
    ],
}  # fmt: skip
STEP = 300_000


class BinanceLike:
    """Five-minute bars from ``first`` (milliseconds) on; ``bars`` may be changed while it serves.

    ``down`` refuses all, ``twice`` tells every bar twice, ``book`` are the best bid and ask.
    """

    def __init__(self, first: int, count: int) -> None:
        self.bars = {first + i * STEP: [100.0 + i, 101.0 + i, 99.0 + i, 100.5 + i, 10.0] for i in range(count)}
        self.down, self.twice = False, False
        self.book = ("100.0", "100.1")
        self.requests: list[str] = []

    def answer(self, path: str) -> tuple[int, object]:
        asked = urlparse(path)
        self.requests.append(path)
        if self.down:
            return 503, {"code": -1000, "msg": "down for maintenance"}
        if asked.path.endswith("/exchangeInfo"):
            return 200, {"timezone": "UTC", "serverTime": 0, "rateLimits": [], "exchangeFilters": [], "symbols": [MARKET]}
        if asked.path.endswith("/klines"):
            query = {key: values[0] for key, values in parse_qs(asked.query).items()}
            since, limit = int(query.get("startTime", 0)), int(query.get("limit", 500))
            chosen = sorted(at for at in self.bars if at >= since)[:limit]
            chosen = [at for at in chosen for _ in range(2 if self.twice else 1)]
            return 200, [[at, *(f"{v}" for v in self.bars[at]), at + STEP - 1, "0", 1, "0", "0", "0"] for at in chosen]
        if asked.path.endswith("/bookTicker"):
            bid, ask = self.book
            return 200, [{"symbol": "BTCUSDT", "bidPrice": bid, "bidQty": "1", "askPrice": ask, "askQty": "1"}]
        return 404, {"code": -1, "msg": f"no {asked.path}"}


@contextmanager
def serving(exchange: BinanceLike) -> Iterator[str]:
    """The exchange's address while it serves."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = exchange.answer(self.path)
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
