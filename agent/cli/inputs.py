"""Reading what a person gave: files of bars, times, ranges."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from agent.errors import ConfigError

if TYPE_CHECKING:
    from agent.market.bars import Bars
    from agent.market.series import Series
    from agent.settings import Settings
    from agent.wiring.recorded import Reading as Given

Data = Annotated[list[Path], typer.Option("--data", help="Parquet or CSV of bars; may be repeated, or take several files.")]
OneData = Annotated[list[Path], typer.Option("--data", help="Parquet or CSV of bars, called SYMBOL-INTERVAL.ext.")]
Symbol = Annotated[str | None, typer.Option("--symbol", help="Symbol, where the file's name does not say it.")]
Interval = Annotated[str | None, typer.Option("--interval", help="Bar length, where the file's name does not say it.")]
Factors = Annotated[
    Path | None, typer.Option("--factors", help="Split and dividend factors; else factors/SYMBOL.csv beside the data.")
]
Raw = Annotated[bool, typer.Option("--raw", help="Take prices as they are, splits and all.")]
Repair = Annotated[bool, typer.Option("--repair", help="Mend contradictory bars and say what was mended.")]
Range = Annotated[str | None, typer.Option("--timerange", help="YYYYMMDD-YYYYMMDD of bar starts, both dates included.")]
At = Annotated[str | None, typer.Option("--at", help="As of this time (ISO 8601, UTC); default: when the last bar is known.")]
Options = Annotated[
    Path | None,
    typer.Option("--options", help="Option chain: timestamp, expiry, strike, kind, open_interest, implied_volatility, volume."),
]
News = Annotated[Path | None, typer.Option("--news", help="News (Parquet or CSV): timestamp, headline, body; symbol.")]
Mask = Annotated[
    bool,
    typer.Option("--mask", help="Hide symbols, dates and price levels from the model; results keep the true ones."),
]

T = TypeVar("T")
YEARS = range(1700, 2262)  # what a nanosecond stamp can hold


@dataclass(frozen=True)
class Reading:
    """How the files given are to be read."""

    symbol: str | None = None
    interval: str | None = None
    factors: Path | None = None
    raw: bool = False
    repair: bool = False


READING = {"symbol": Symbol, "interval": Interval, "factors": Factors, "raw": Raw, "repair": Repair}


def reads_bars(command: Callable[..., T]) -> Callable[..., T]:
    """Offer the options on how files are read where a command has the parameter ``reading``, and join them into it.

    Of the options, one that the command takes by itself (a symbol of its own meaning) is left to it.
    """
    own = signature(command).parameters
    hints = get_type_hints(command, include_extras=True)
    offered = [one for one in fields(Reading) if one.name not in own]
    named = {one.name for one in offered}
    params: list[Parameter] = []
    for param in own.values():
        if param.name == "reading":
            params += [
                Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=READING[one.name]) for one in offered
            ]
        else:
            params.append(param.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[param.name]))

    @wraps(command)
    def called(**given: Any) -> T:
        reading = Reading(**{name: given.pop(name) for name in named})
        return command(**given, reading=reading)

    called.__signature__ = signature(command).replace(parameters=params)  # type: ignore[attr-defined]
    called.__annotations__ = {param.name: param.annotation for param in params}
    return called


def moment(text: str, option: str = "--at") -> datetime:
    """A time; without a zone it is UTC."""
    try:
        value = datetime.fromisoformat(text)
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(f"{option} {text!r} is not a time; write it like 2016-02-12T00:00:00Z") from None
    if value.year not in YEARS:
        raise ConfigError(
            f"{option} {text!r} lies outside the years {YEARS[0]} to {YEARS[-1]}; write it like 2016-02-12T00:00:00Z"
        )
    return value


def one(paths: list[Path]) -> Path:
    """The only file given; ConfigError when there are more."""
    if len(paths) != 1:
        raise ConfigError(f"--data names {len(paths)} files ({', '.join(path.name for path in paths)}); give exactly one here")
    return paths[0]


def load(path: Path, reading: Reading, until: datetime | None = None) -> Bars:
    """One file's bars; what was mended or is doubtful is said on stderr."""
    from agent.market.feed import read_bars

    bars, findings = read_bars(
        path,
        symbol=reading.symbol,
        interval=reading.interval,
        factors=reading.factors,
        raw=reading.raw,
        repair=reading.repair,
        until=until,
    )
    for finding in findings:
        sys.stderr.write(f"{path.name}: {finding.check}: {finding.detail}\n")
    return bars


def load_range(paths: list[Path], reading: Reading, timerange: str | None) -> list[Bars]:
    """Every file's bars up to the range's end; what lies after it is not looked at."""
    from agent.backtest.plan import TimeRange
    from agent.market.feed import name_of
    from agent.market.instrument import interval_step

    if not paths:
        raise ConfigError("no data: give --data FILE, for example --data SPY-1d.parquet")
    wanted = TimeRange.parse(timerange)
    found = []
    for path in paths:
        step = interval_step(name_of(path, reading.symbol, reading.interval)[1])
        found.append(load(path, reading, wanted.cutoff(step)))
    return found


def series_in(paths: list[Path], reading: Reading, timerange: str | None, settings: Settings) -> list[Series]:
    """Every file prepared, up to the range's end; what lies before its start is warm-up only."""
    import numpy as np

    from agent.backtest.plan import TimeRange
    from agent.wiring.recorded import prepared

    first = TimeRange.parse(timerange).first
    made = list(prepared(load_range(paths, reading, timerange), settings).values())
    if first is None or first.year not in YEARS:
        return made
    begins = np.datetime64(first.isoformat(), "ns")
    return [replace(one, ready=max(one.ready, int(np.searchsorted(one.bars.start, begins)))) for one in made]


def known_by(bars: Bars, at: str | None) -> datetime:
    """The time asked for, else when the last bar is known."""
    from agent.market.instrument import interval_step

    if at is not None:
        return moment(at)
    step: timedelta = interval_step(bars.interval)
    return bars.timestamp(-1) + step


def reading_for(options: Path | None, news: Path | None) -> Given:
    """The option chain and news given, read and scored; neither is needed."""
    import hashlib

    from agent.cycle.perceive import listen
    from agent.market.papers import chain_columns, news_items
    from agent.wiring.recorded import NOTHING
    from agent.wiring.recorded import Reading as Read

    if options is None and news is None:
        return NOTHING
    from agent.analysts.hedge import Chain

    chain = Chain.of(chain_columns(options)) if options is not None else None
    scored = listen(news_items(news)) if news is not None else None
    digest = hashlib.sha256()
    for path in (options, news):
        digest.update(hashlib.sha256(path.read_bytes() if path is not None else b"").digest())
    return Read(chain, scored, digest.hexdigest())


def text_lines(path: Path, option: str) -> list[str]:
    """The lines of a text file; ConfigError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"{option} {path} cannot be read: {err}; give a file of JSON lines") from None
