"""Bars of a source as a file that every command reads."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from agent.errors import ConfigError
from agent.feeds.exchange import plain
from agent.feeds.live import Source
from agent.market.bars import Bars
from agent.market.feed import bars_of_frame
from agent.market.instrument import interval_step


def save(source: Source, symbol: str, interval: str, since: datetime, until: datetime, folder: Path) -> tuple[Path, Bars]:
    """Fetch the bars that start from ``since`` and have closed by ``until``, check them and replace the file as a whole.

    ConfigError where there are none, MarketDataError where they contradict themselves.
    """
    step = interval_step(interval)
    frame = source.fetch(symbol, interval, since, until)
    frame = frame[frame["timestamp"] + step <= until].drop_duplicates("timestamp", keep="last").reset_index(drop=True)
    if frame.empty:
        raise ConfigError(f"{symbol}: there are no bars of {interval} from {since.isoformat()} to {until.isoformat()}")
    bars = bars_of_frame(plain(symbol), interval, frame)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{plain(symbol)}-{interval}.parquet"
    scratch = path.with_suffix(".tmp")
    frame.to_parquet(scratch)
    scratch.replace(path)
    return path, bars
