"""Bars of an exchange over its REST: paged, checked, written as files that every command reads; late and revised ones told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import ConfigError, MarketDataError
from agent.feeds.exchange import Exchange
from agent.feeds.files import save
from agent.feeds.live import LiveBars, Revision
from agent.market.feed import read_bars
from agent.settings import Market
from tests.cli.kit import Call
from tests.feeds.exchange_server import STEP, BinanceLike, serving

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
FIVE = timedelta(minutes=5)


@pytest.fixture
def exchange() -> BinanceLike:
    return BinanceLike(int(FIRST.timestamp() * 1000), 1500)


@pytest.fixture
def source(exchange: BinanceLike) -> Iterator[Exchange]:
    with serving(exchange) as url:
        yield Exchange("binance", url)


def test_bars_of_several_pages_become_a_file_that_is_read_back(source: Exchange, tmp_path: Path) -> None:
    path, bars = save(source, "BTC/USDT", "5m", FIRST, FIRST + 1200 * FIVE + timedelta(minutes=2), tmp_path)
    assert path.name == "BTCUSDT-5m.parquet"
    again, _ = read_bars(path)
    assert len(again) == 1200
    assert again.data_hash() == bars.data_hash()
    assert again.timestamp(-1) + FIVE == FIRST + 1200 * FIVE  # the bar that had not closed is left out


def test_what_cannot_be_fetched_is_one_line(source: Exchange, exchange: BinanceLike, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DOGE/USDT"):
        source.fetch("DOGE/USDT", "5m", FIRST, FIRST + FIVE)
    with pytest.raises(ConfigError, match="'7m'"):
        source.fetch("BTCUSDT", "7m", FIRST, FIRST + FIVE)
    with pytest.raises(ConfigError, match="no bars"):
        save(source, "BTCUSDT", "5m", FIRST - timedelta(days=9), FIRST - timedelta(days=8), tmp_path)
    with pytest.raises(ConfigError, match="'binnance'"):
        Exchange("binnance")
    exchange.down = True
    with pytest.raises(MarketDataError, match="tried again"):
        source.fetch("BTCUSDT", "5m", FIRST, FIRST + FIVE)
    assert list(tmp_path.iterdir()) == []


def live(source: Exchange, seen: list[Revision]) -> LiveBars:
    return LiveBars(source, {"BTCUSDT": "5m"}, Market(warmup=300), window=600, revised=seen.append)


def test_live_bars_grow_by_what_has_closed_and_keep_their_window(source: Exchange) -> None:
    feed = live(source, [])
    feed.refresh(("BTCUSDT",), FIRST + 1000 * FIVE)
    assert feed.newest("BTCUSDT") == FIRST + 1000 * FIVE
    feed.refresh(("BTCUSDT",), FIRST + 1001 * FIVE + timedelta(minutes=4))
    series = feed.view("BTCUSDT", FIRST + 1001 * FIVE)
    assert series is not None
    assert (len(series), feed.newest("BTCUSDT")) == (600, FIRST + 1001 * FIVE)
    assert series.state(FIRST + 1001 * FIVE).close == 1100.5


def test_a_revised_bar_is_told_and_a_contradictory_one_refused_without_losing_what_is_held(
    source: Exchange, exchange: BinanceLike
) -> None:
    seen: list[Revision] = []
    feed = live(source, seen)
    feed.refresh(("BTCUSDT",), FIRST + 1000 * FIVE)
    last = int(FIRST.timestamp() * 1000) + 999 * STEP
    exchange.bars[last][3] = 1099.25
    feed.refresh(("BTCUSDT",), FIRST + 1001 * FIVE)
    assert [(r.bar, r.before[3], r.after[3]) for r in seen] == [(FIRST + 999 * FIVE, 1099.5, 1099.25)]
    exchange.bars[last + 2 * STEP][1] = 5.0  # a high below its low
    with pytest.raises(MarketDataError, match="BTCUSDT"):
        feed.refresh(("BTCUSDT",), FIRST + 1002 * FIVE)
    assert feed.newest("BTCUSDT") == FIRST + 1001 * FIVE


def test_fetch_from_the_command_line(call: Call, exchange: BinanceLike, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(exchange) as url:
        monkeypatch.setenv("TRADECRAFT_FEED__BASE_URL", url)
        words = ["data", "fetch", "--exchange", "binance", "--symbol", "BTC/USDT", "--interval", "5m"]
        said = call(*words, "--since", "2024-01-01", "--until", "2024-01-02", "--out", tmp_path / "bars", "--json")
    assert said.code == 0, said.err
    assert said.document["files"] == [{"path": str(tmp_path / "bars" / "BTCUSDT-5m.parquet"), "bars": 288}]


def test_quotes_of_what_is_asked_for_come_with_their_symbol_and_never_from_the_future(
    source: Exchange, exchange: BinanceLike
) -> None:
    exchange.book = ("99.5", "100.5")
    (quote,) = source.quotes(("BTCUSDT",), FIRST)
    assert (quote.symbol, quote.bid, quote.ask, quote.at) == ("BTCUSDT", 99.5, 100.5, FIRST)
    exchange.book = ("101", "100")  # crossed: it tells nothing
    assert source.quotes(("BTCUSDT",), FIRST) == []
    exchange.down = True
    with pytest.raises(MarketDataError, match="fetching quotes"):
        source.quotes(("BTCUSDT",), FIRST)


def test_an_unfinished_bar_duplicates_and_gaps_of_an_exchange_do_not_reach_a_decision(
    source: Exchange, exchange: BinanceLike
) -> None:
    first = int(FIRST.timestamp() * 1000)
    seen: list[Revision] = []
    feed = live(source, seen)
    feed.refresh(("BTCUSDT",), FIRST + 1000 * FIVE + timedelta(seconds=1))  # bar 1000 is at work
    assert feed.newest("BTCUSDT") == FIRST + 1000 * FIVE
    exchange.bars[first + 1000 * STEP] = [1100.0, 1101.5, 1099.0, 1101.0, 12.0]  # now it has closed, otherwise than it looked
    exchange.twice = True
    feed.refresh(("BTCUSDT",), FIRST + 1001 * FIVE)
    series = feed.view("BTCUSDT", FIRST + 1001 * FIVE)
    assert series is not None
    assert series.bars.close[-1] == 1101.0
    assert len(set(series.bars.start.tolist())) == len(series) == 600
    assert seen == []  # a bar that had not closed was never taken, so nothing was revised
    for gone in (1001, 1002, 1003, 1004, 1005):
        del exchange.bars[first + gone * STEP]
    feed.refresh(("BTCUSDT",), FIRST + 1008 * FIVE)
    assert feed.newest("BTCUSDT") == FIRST + 1008 * FIVE
    view = feed.view("BTCUSDT", FIRST + 1008 * FIVE)
    assert view is not None
    assert view.bars.timestamp(-3) == FIRST + 1000 * FIVE
