"""Between bars: quotes held against what is open, so that no exit waits for a bar or for anyone's opinion.

Promises: what a quote ends is committed before the next quote is looked at and teaches what a bar would have taught; a quote
far from the last price is not believed (an error or a split: the bar will tell); a deep loss halts between bars, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from agent.cycle.control import read_control
from agent.cycle.desk import Desk
from agent.cycle.opening import keep, watch_drawdown
from agent.cycle.sending import send
from agent.cycle.settle import Settled, take_in
from agent.domain import Outcome, Quote
from agent.market.series import Series

log = structlog.get_logger()


def watch(desk: Desk, quotes: Iterable[Quote], overdue: Callable[[str], bool]) -> list[Outcome]:
    """What these quotes, oldest first, end of what is held; ``overdue`` says of a symbol that its longest holding has
    passed in bars that never came.
    """
    ended: list[Outcome] = []
    for quote in quotes:
        with desk.alone:
            series = desk.feed.view(quote.symbol, quote.at) if quote.symbol in desk.broker.positions else None
            if series is not None and _believed(desk, quote):
                ended += _held_against(desk, series, quote, overdue(quote.symbol))
    return ended


def _believed(desk: Desk, quote: Quote) -> bool:
    last, most = desk.broker.positions[quote.symbol].last, desk.settings.feed.quotes.max_jump
    if abs((quote.bid + quote.ask) / 2 / last - 1) <= most:
        return True
    log.warning("quote not believed", symbol=quote.symbol, at=quote.at.isoformat(), bid=quote.bid, ask=quote.ask, last=last)
    return False


def _held_against(desk: Desk, series: Series, quote: Quote, overdue: bool) -> list[Outcome]:
    waited = quote.symbol in desk.broker.pending
    settlement = desk.broker.watch(series.instrument, quote, overdue=overdue)
    asked = not waited and quote.symbol in desk.broker.pending
    if settlement.outcomes or asked or _sunk(desk):
        found = Settled()
        with desk.memory.write() as w:
            take_in(desk, w, settlement, lambda fill: quote.at, found)
            watch_drawdown(desk, w, quote.at, read_control(w))
            keep(desk, w, {quote.symbol: found}, quote.at)
        desk.untold.setdefault(quote.symbol, []).extend(found.outcomes)
    if asked:
        send(desk, series, quote.at)
    return settlement.outcomes


def _sunk(desk: Desk) -> bool:
    """Whether the drawdown has reached its limit and nobody was told yet."""
    deep = desk.broker.book().drawdown >= desk.settings.limits.max_drawdown
    return deep and not read_control(desk.memory.journal).halted
