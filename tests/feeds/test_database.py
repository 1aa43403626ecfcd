"""Bars over the PostgreSQL wire, from a table whose columns have names of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from agent.errors import ConfigError, MarketDataError
from agent.feeds.database import BarTable, QuoteTable
from agent.settings import Database, Quoting
from tests.memory_db import server

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
FIVE = timedelta(minutes=5)
OURS = Database(table="market.candles", symbol="ticker", interval="span", timestamp="ts", volume="vol")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(server.missing() is not None, reason=str(server.missing()))]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with server.running() as url:
        plain = url.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA market")
            connection.execute(
                "CREATE TABLE market.candles (ticker text, span text, ts timestamptz, open float, high float, low float, "
                "close float, vol float)"
            )
            rows = [("BTCUSDT", "5m", FIRST + i * FIVE, 100 + i, 102 + i, 99 + i, 101 + i, 5.0) for i in range(50)]
            rows += [("BTCUSDT", "1h", FIRST, 1, 2, 1, 2, 1.0), ("X'; DROP TABLE", "5m", FIRST, 1, 2, 1, 2, 1.0)]
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO market.candles VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", rows)
        yield plain


def test_bars_of_one_symbol_and_length_in_their_range_and_order(address: str) -> None:
    found = BarTable(lambda: address, OURS).fetch("BTCUSDT", "5m", FIRST + 10 * FIVE, FIRST + 20 * FIVE)
    assert found["close"].tolist() == [111.0 + i for i in range(10)]
    assert found["timestamp"].iloc[0].to_pydatetime() == FIRST + 10 * FIVE


def test_a_symbol_is_a_value_and_never_a_statement(address: str) -> None:
    assert len(BarTable(lambda: address, OURS).fetch("X'; DROP TABLE", "5m", FIRST, FIRST + FIVE)) == 1


def test_a_wrong_table_or_column_names_the_setting_and_a_server_that_is_down_is_tried_again(address: str) -> None:
    with pytest.raises(ConfigError, match=r"feed\.database\.table = 'market\.nothing'"):
        BarTable(lambda: address, OURS.model_copy(update={"table": "market.nothing"})).fetch("B", "5m", FIRST, FIRST + FIVE)
    with pytest.raises(ConfigError, match="lacks one of"):
        BarTable(lambda: address, OURS.model_copy(update={"close": "last"})).fetch("B", "5m", FIRST, FIRST + FIVE)
    with pytest.raises(MarketDataError, match="cannot be asked"):
        BarTable(lambda: "postgresql://127.0.0.1:9/x", OURS).fetch("B", "5m", FIRST, FIRST + FIVE)


def test_quotes_of_a_table_are_given_once_and_a_wrong_table_names_the_setting(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE market.ticks (sym text, ts timestamptz, bid float, ask float)")
        rows = [("BTCUSDT", FIRST + timedelta(seconds=s), 100 + s, 101 + s) for s in (0, 30, 90)] + [("X'; --", FIRST, 1, 2)]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO market.ticks VALUES (%s, %s, %s, %s)", rows)
    ours = Quoting(table="market.ticks", symbol="sym", timestamp="ts")
    table = QuoteTable(lambda: address, ours, naive=False)
    assert [q.bid for q in table.quotes(("BTCUSDT", "ETHUSDT"), FIRST + timedelta(seconds=45))] == [100, 130]
    assert [q.bid for q in table.quotes(("BTCUSDT", "X'; --"), FIRST + timedelta(seconds=100))] == [190]
    with pytest.raises(ConfigError, match=r"feed\.quotes\.table = 'nothing'"):
        QuoteTable(lambda: address, Quoting(table="nothing"), naive=False).quotes(("BTCUSDT",), FIRST)
