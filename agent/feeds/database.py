"""Bars of a database that speaks the PostgreSQL wire (PostgreSQL, TimescaleDB, QuestDB).

Promises: table and columns come from the settings and are quoted as identifiers, values are bound, nothing is written;
the address holds a password, so it is a credential and appears in no error; a naive time is UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pandas as pd

from agent.errors import ConfigError, MarketDataError
from agent.feeds.live import COLUMNS
from agent.settings import Database

ADDRESS = "TRADECRAFT_DATABASE"


class BarTable:
    """One table of bars."""

    def __init__(self, address: Callable[[], str], settings: Database) -> None:
        """``address`` is asked for the connection's address each time, so that a changed one is used at once."""
        self._address, self._settings = address, settings

    def fetch(self, symbol: str, interval: str, since: datetime, until: datetime) -> pd.DataFrame:
        """Bars starting in [since, until)."""
        import psycopg
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
        zone = None if names.naive else UTC
        values += [since.astimezone(UTC).replace(tzinfo=zone), until.astimezone(UTC).replace(tzinfo=zone)]
        query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(*names.table.split(".")),
            sql.SQL(" AND ").join(where),
            time,
        )
        try:
            with psycopg.connect(self._address(), autocommit=True, connect_timeout=10) as connection:
                rows = connection.execute(query, values).fetchall()
        except psycopg.errors.UndefinedTable:
            raise ConfigError(f"feed.database.table = {names.table!r} does not exist; name the table of bars") from None
        except psycopg.errors.UndefinedColumn:
            raise ConfigError(f"feed.database: {names.table} lacks one of {', '.join(columns)}; name its columns") from None
        except psycopg.Error as err:
            kind = type(err).__name__
            raise MarketDataError(f"the database of bars cannot be asked ({kind}); check it and {ADDRESS}") from None
        frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict.fromkeys(COLUMNS[1:], float))
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
        return frame
