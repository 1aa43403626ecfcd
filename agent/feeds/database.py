"""Bars and quotes of a database that speaks the PostgreSQL wire (PostgreSQL, TimescaleDB, QuestDB).

Promises: table and columns come from the settings and are quoted as identifiers, values are bound, nothing is written;
the address holds a password, so it is a credential and appears in no error; a naive time is UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from agent.domain import Quote
from agent.errors import ConfigError, MarketDataError
from agent.feeds.live import COLUMNS
from agent.feeds.quotes import quote_of
from agent.settings import Database, Quoting

if TYPE_CHECKING:
    from psycopg import sql

ADDRESS = "TRADECRAFT_DATABASE"


def asked(
    address: str, query: sql.Composed, values: list[object], table: str, columns: tuple[str, ...], setting: str
) -> list[tuple[Any, ...]]:
    """The rows of a query; ConfigError names the setting of a table or column that is not there, and no error the address."""
    import psycopg

    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as connection:
            return connection.execute(query, values).fetchall()
    except psycopg.errors.UndefinedTable:
        raise ConfigError(f"{setting}.table = {table!r} does not exist; name the table") from None
    except psycopg.errors.UndefinedColumn:
        raise ConfigError(f"{setting}: {table} lacks one of {', '.join(columns)}; name its columns") from None
    except psycopg.Error as err:
        raise MarketDataError(f"the database cannot be asked ({type(err).__name__}); check it and {ADDRESS}") from None


def bound(at: datetime, naive: bool) -> datetime:
    """A time as the database compares it."""
    return at.astimezone(UTC).replace(tzinfo=None if naive else UTC)


class BarTable:
    """One table of bars."""

    def __init__(self, address: Callable[[], str], settings: Database) -> None:
        """``address`` is asked for the connection's address each time, so that a changed one is used at once."""
        self._address, self._settings = address, settings

    def fetch(self, symbol: str, interval: str, since: datetime, until: datetime) -> pd.DataFrame:
        """Bars starting in [since, until)."""
        from psycopg import sql

        names = self._settings
        columns = (names.timestamp, names.open, names.high, names.low, names.close, names.volume)
        where = [sql.SQL("{} = %s").format(sql.Identifier(names.symbol))]
        values: list[object] = [symbol]
        if names.interval:
            where.append(sql.SQL("{} = %s").format(sql.Identifier(names.interval)))
            values.append(interval)
        time = sql.Identifier(names.timestamp)
        where += [sql.SQL("{} >= %s").format(time), sql.SQL("{} < %s").format(time)]
        values += [bound(since, names.naive), bound(until, names.naive)]
        query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(*names.table.split(".")),
            sql.SQL(" AND ").join(where),
            time,
        )
        rows = asked(self._address(), query, values, names.table, columns, "feed.database")
        frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[1:], float))
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
        return frame


class QuoteTable:
    """One table of quotes; each is given once."""

    def __init__(self, address: Callable[[], str], settings: Quoting, naive: bool) -> None:
        """``address`` is asked for at each use; ``naive`` says that the table's times have no zone."""
        self._address, self._settings, self._naive = address, settings, naive
        self._after: datetime | None = None

    def quotes(self, symbols: tuple[str, ...], now: datetime) -> list[Quote]:
        """What these symbols were quoted since the last time, at first since as long ago as a quote may tell anything."""
        from psycopg import sql

        names = self._settings
        after = self._after or now - timedelta(seconds=names.stale_seconds)
        columns = (names.symbol, names.timestamp, names.bid, names.ask)
        time = sql.Identifier(names.timestamp)
        query = sql.SQL("SELECT {} FROM {} WHERE {} IN ({}) AND {} > %s AND {} <= %s ORDER BY {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(*names.table.split(".")),
            sql.Identifier(names.symbol),
            sql.SQL(", ").join([sql.Placeholder()] * len(symbols)),
            time,
            time,
            time,
        )
        values: list[object] = [*symbols, bound(after, self._naive), bound(now, self._naive)]
        rows = asked(self._address(), query, values, names.table, columns, "feed.quotes")
        self._after = now
        made = (quote_of(symbol, at if at.tzinfo else at.replace(tzinfo=UTC), bid, ask) for symbol, at, bid, ask in rows)
        return [quote for quote in made if quote is not None]
