"""What a desk is given to see: recorded bars, prepared once, and papers for the analysts to read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.analysts.hedge import Chain
from agent.analysts.sentiment import News
from agent.errors import ConfigError
from agent.market.bars import Bars
from agent.market.instrument import instrument
from agent.market.series import Series, prepare
from agent.settings import Settings


@dataclass(frozen=True)
class Reading:
    """What the analysts are given to read beside the bars; ``digest`` tells two readings apart."""

    chain: Chain | None = None
    news: News | None = None
    digest: str = ""


NOTHING = Reading()


class RecordedFeed:
    """Prepared series of recorded bars, each seen only as far as it was known."""

    def __init__(self, series: dict[str, Series]) -> None:
        """Offer the series in symbol order."""
        self.series = {symbol: series[symbol] for symbol in sorted(series)}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols on offer."""
        return tuple(self.series)

    def view(self, symbol: str, as_of: datetime) -> Series | None:
        """The series up to ``as_of``, without copying."""
        return self.series[symbol].until(as_of)


def prepared(bars: list[Bars], settings: Settings) -> dict[str, Series]:
    """Compute every feature of every series once."""
    out: dict[str, Series] = {}
    for one in bars:
        if one.symbol in out:
            raise ConfigError(f"--data gives {one.symbol} twice; give each symbol once")
        out[one.symbol] = prepare(one, instrument(one.symbol, one.interval), settings.market)
    return out
