"""Perceive: what each symbol looks like at one time, alone and among the others that the feed offers.

Promises: every view is cut at the time asked for, so a state holds nothing later; a symbol that cannot be read is
left out of the others' company, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agent.cycle.desk import Feed
from agent.domain import MarketState
from agent.errors import MarketDataError
from agent.market.peers import among
from agent.market.series import Series


def perceive(feed: Feed, views: Mapping[str, Series], as_of: datetime) -> dict[str, MarketState]:
    """The states of ``views`` as of a time; the feed's other symbols are company."""
    known = {**views, **{symbol: view for symbol in feed.symbols if symbol not in views and (view := _view(feed, symbol, as_of))}}
    return {
        symbol: series.state(as_of, among(series, [known[other] for other in sorted(known) if other != symbol]))
        for symbol, series in views.items()
    }


def _view(feed: Feed, symbol: str, as_of: datetime) -> Series | None:
    try:
        return feed.view(symbol, as_of)
    except MarketDataError:
        return None
