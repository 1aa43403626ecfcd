"""Bars whose name, dates and price level are taken away, so that nobody can know them by heart.

Promises: the same seed masks alike; what decisions rest on (ratios, ranges, the order of days and
the day of the week, class and terms of the instrument) stays; ``Mask`` turns a masked name, time or price back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from agent.market.bars import Bars, frozen
from agent.market.instrument import Instrument, instrument
from agent.market.series import Series, prepare
from agent.settings import Market

WEEKS = 52 * 40  # dates move back by up to forty years
FIRST_CLOSE = (40.0, 160.0)  # masked series begin somewhere here


@dataclass(frozen=True)
class Mask:
    """How one symbol was masked: its name, the shift of its dates, the factor on its prices."""

    symbol: str
    masked: str
    shift: timedelta
    factor: float

    def bars(self, bars: Bars) -> Bars:
        """Mask bars; volume is scaled so that what was traded in money stays the same."""
        start = frozen(bars.start - np.timedelta64(self.shift))
        factor = self.factor
        prices = [frozen(column * factor) for column in (bars.open, bars.high, bars.low, bars.close)]
        volume, dividend = frozen(bars.volume / factor), frozen(bars.dividend * factor)
        opening, high, low, close = prices
        return Bars(self.masked, bars.interval, start, opening, high, low, close, volume, bars.growth, bars.split, dividend)

    def terms(self, interval: str) -> Instrument:
        """The instrument under its masked name: class, costs and lots are the true ones."""
        return replace(instrument(self.symbol, interval), symbol=self.masked)

    def series(self, bars: Bars, market: Market) -> Series:
        """Mask bars and prepare them."""
        return prepare(self.bars(bars), self.terms(bars.interval), market)

    def true_time(self, moment: datetime) -> datetime:
        """The real time of a masked one."""
        return moment + self.shift

    def true_price(self, price: float) -> float:
        """The real price of a masked one."""
        return price / self.factor


def mask_of(bars: Bars, seed: int, number: int = 1, weeks: int | None = None) -> Mask:
    """The mask of a series. Series masked together take the same ``weeks``, or their days would no longer match."""
    digest = hashlib.sha256(f"{seed}|{bars.symbol}|{bars.interval}".encode()).digest()
    generator = np.random.default_rng(list(digest[:16]))
    back = weeks if weeks is not None else int(generator.integers(52, WEEKS))
    level = float(generator.uniform(*FIRST_CLOSE))
    return Mask(bars.symbol, f"ASSET{number}", timedelta(weeks=back), level / float(bars.close[0]))
