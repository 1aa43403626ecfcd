"""Perceive: what each symbol looks like at one time, alone and among the others that the feed offers; and what news say.

Promises: every view is cut at the time asked for, so a state holds nothing later; a symbol that cannot be read is
left out of the others' company, never guessed. News are outside text: each item passes the guard, which strips what is not
shown as itself and flags what does not read as news; what is flagged has no say, and of the rest only a number goes further.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from agent.analysts.sentiment import LOOKBACK, News, Scored, Scorer, lexicon
from agent.cycle.desk import Feed
from agent.domain import MarketState
from agent.errors import MarketDataError
from agent.guard.stored import cleaned
from agent.market.papers import Item
from agent.market.peers import among
from agent.market.series import Series


def perceive(feed: Feed, views: Mapping[str, Series], as_of: datetime) -> dict[str, MarketState]:
    """The states of ``views`` as of a time; the feed's other symbols are company."""
    known = {**views, **{symbol: view for symbol in feed.symbols if symbol not in views and (view := _view(feed, symbol, as_of))}}
    return {
        symbol: series.state(as_of, among(series, [known[other] for other in sorted(known) if other != symbol]))
        for symbol, series in views.items()
    }


def listen(items: Iterable[Item], scorer: Scorer = lexicon) -> News:
    """Score news through the guard; the same text again within three days is one item."""
    scored, seen = [], dict[tuple[str | None, str], datetime]()
    for item in sorted(items, key=lambda item: item.at):
        kept = cleaned(item.text)
        same = item.symbol, " ".join(kept.text.split()).casefold()
        if same in seen and item.at - seen[same] < LOOKBACK:
            continue
        seen[same] = item.at
        doubtful = kept.verdict != "accept"
        scored.append(Scored(item.at, None if doubtful else scorer(kept.text), doubtful, item.symbol))
    return News.of(scored)


def _view(feed: Feed, symbol: str, as_of: datetime) -> Series | None:
    try:
        return feed.view(symbol, as_of)
    except MarketDataError:
        return None
