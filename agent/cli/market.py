"""Commands that get and look at bars: data check and fetch, features, state, consult."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import inputs
from agent.cli.globals import GLOBALS
from agent.cli.inputs import At, Factors, Interval, News, OneData, Options, Range, Raw, Reading, Repair, Symbol, reads_bars
from agent.cli.output import emit, lines, number, table

if TYPE_CHECKING:
    from rich.console import Console

    from agent.market.series import Series

Others = Annotated[
    list[Path] | None,
    typer.Option("--others", help="Bars of another symbol to stand among, SYMBOL-INTERVAL.ext; may be repeated."),
]
data = typer.Typer(help="Recorded bars.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(data, name="data")
    app.command()(features)
    app.command()(state)
    app.command()(consult)


@data.command("check")
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to check.")] = None,
    given: Annotated[list[Path] | None, typer.Option("--data", help="Files to check.")] = None,
    symbol: Symbol = None,
    interval: Interval = None,
    factors: Factors = None,
    raw: Raw = False,
    repair: Repair = False,
) -> int:
    """Find gaps, likely splits, bad prints and opens that equal the previous close; exit 1 on an error."""
    from agent.errors import ConfigError, MarketDataError
    from agent.market.checks import check as examine
    from agent.market.feed import read_bars

    paths = [*(files or []), *(given or [])]
    if not paths:
        raise ConfigError("no data: give a file, for example `tradecraft data check SPY-1d.parquet`")
    found: list[dict[str, Any]] = []
    for path in paths:
        try:
            bars, mended = read_bars(path, symbol=symbol, interval=interval, factors=factors, raw=raw, repair=repair)
        except MarketDataError as err:
            found.append(
                {"file": path.name, "check": "refused", "at": None, "row": None, "detail": str(err), "severity": "error"}
            )
            continue
        given_factors = not raw and (factors is not None or (path.parent / "factors" / f"{bars.symbol}.csv").is_file())
        found += [{"file": path.name, **f.model_dump(mode="json")} for f in (*mended, *examine(bars, given_factors))]
    ok = not any(f["severity"] == "error" for f in found)

    def words(out: Console) -> None:
        shown = table(None, "file", "severity", "check", "at", "detail")
        for f in found:
            shown.add_row(f["file"], f["severity"], f["check"], str(f["at"] or "")[:10], f["detail"])
        out.print(shown if found else "nothing suspicious found")

    emit({"ok": ok, "findings": found}, words)
    return 0 if ok else 1


@data.command("fetch")
def fetch(
    symbol: Annotated[list[str], typer.Option("--symbol", help="What to fetch, such as BTC/USDT; may be repeated.")],
    interval: Annotated[str, typer.Option("--interval", help="Bar length, such as 5m, 1h or 1d.")],
    since: Annotated[str, typer.Option("--since", help="First bar (ISO 8601, UTC).")],
    until: Annotated[str | None, typer.Option("--until", help="Bars that have closed by then; default: now.")] = None,
    source: Annotated[str, typer.Option("--source", help="exchange, or database as the settings name it.")] = "exchange",
    exchange: Annotated[
        str | None, typer.Option("--exchange", help="An exchange that ccxt knows; default: feed.exchange.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of the files, called SYMBOL-INTERVAL.parquet.")] = Path(),
) -> int:
    """Download closed bars into Parquet files that every command reads; a file that is there is replaced as a whole."""
    from agent.errors import ConfigError
    from agent.feeds.files import save
    from agent.loop.doors import source_of
    from agent.market.checks import check as examine
    from agent.wiring.clock import wall_clock

    if source not in ("exchange", "database"):
        raise ConfigError(f"--source {source!r} is unknown; choose exchange or database")
    settings = GLOBALS.settings({"feed": {k: v for k, v in (("source", source), ("exchange", exchange)) if v is not None}})
    begin, end = inputs.moment(since, "--since"), min(inputs.moment(until, "--until") if until else wall_clock(), wall_clock())
    where = source_of(settings)
    written = [save(where, one, interval, begin, end, folder) for one in symbol]
    findings = [{"file": path.name, **f.model_dump(mode="json")} for path, bars in written for f in examine(bars, False)]
    document = {"ok": True, "findings": findings, "files": [{"path": str(p), "bars": len(b)} for p, b in written]}
    emit(document, lambda out: out.print("\n".join(f"{path}: {len(bars)} bars" for path, bars in written)))
    return 0


def _series(path: Path, reading: Reading, at: str | None = None) -> Series:
    from agent.market.instrument import instrument
    from agent.market.series import prepare

    bars = inputs.load(path, reading, inputs.moment(at) if at else None)
    return prepare(bars, instrument(bars.symbol, bars.interval), GLOBALS.settings().market)


@reads_bars
def features(
    data: OneData,
    timerange: Range = None,
    reading: Reading = Reading(),
) -> None:
    """Every feature of every bar as JSON lines; null where it cannot be computed."""
    from agent.backtest.plan import TimeRange

    wanted = TimeRange.parse(timerange)
    series = _series(inputs.one(data), reading)

    def rows() -> Iterator[dict[str, Any]]:
        for i in range(len(series.bars)):
            start = series.bars.timestamp(i)
            if start in wanted:
                yield {"timestamp": start.isoformat().replace("+00:00", "Z"), **series.frame.row(i)}

    lines(rows())


def _view(data: list[Path], at: str | None, reading: Reading) -> tuple[Series, Any]:
    from agent.errors import MarketDataError

    series = _series(inputs.one(data), reading, at)
    as_of = inputs.known_by(series.bars, at)
    view = series.until(as_of)
    if view is None:
        raise MarketDataError(f"no bar of {series.bars.symbol} is known by {as_of.isoformat()}; give a later --at")
    return view, as_of


@reads_bars
def state(
    data: OneData,
    at: At = None,
    reading: Reading = Reading(),
    others: Others = None,
) -> None:
    """What is known of a symbol as of a time: features, regime, standing among others, and one line of words."""
    from agent.market.peers import among

    view, as_of = _view(data, at, reading)
    same = Reading(raw=reading.raw, repair=reading.repair)
    given = [_series(path, same, as_of.isoformat()) for path in others or []]
    known = [other for one in given if (other := one.until(as_of)) is not None and other.bars.symbol != view.bars.symbol]
    seen = view.state(as_of, among(view, known))

    def words(out: Console) -> None:
        bar = f"bar of {seen.bar_time:%Y-%m-%d %H:%M}, known {as_of:%Y-%m-%d %H:%M} UTC"
        out.print(f"{seen.symbol} {seen.interval}, {bar}", style="bold")
        out.print(seen.text)
        shares = ", ".join(f"{k} {v:.0%}" for k, v in seen.regime.probabilities.items())
        out.print(f"regime: {seen.regime.label or 'unknown'} ({shares})")
        heading = ", ".join(f"{k} {v:.0%}" for k, v in seen.regime.directions.items())
        out.print(f"direction: {seen.regime.direction or 'unknown'} ({heading})")
        if seen.peers is not None:
            told = seen.peers.model_dump(exclude={"symbols"})
            standing = ", ".join(f"{name.replace('_', ' ')} {number(value, '{:.2f}')}" for name, value in told.items())
            out.print(f"among {', '.join(seen.peers.symbols)}: {standing}")
        shown = table(None, "feature", "value", right=(1,))
        for name, value in seen.features.items():
            shown.add_row(name, number(value, "{:,.4f}"))
        out.print(shown)

    emit(seen.model_dump(mode="json"), words)


@reads_bars
def consult(
    data: OneData,
    at: At = None,
    reading: Reading = Reading(),
    options: Options = None,
    news: News = None,
) -> None:
    """What each voter says as of a time."""
    from agent.analysts.panel import Panel

    view, as_of = _view(data, at, reading)
    given = inputs.reading_for(options, news)
    votes = Panel(given.chain, given.news)(view, view.state(as_of), {})

    def words(out: Console) -> None:
        shown = table(None, "voter", "score", "reason", right=(1,))
        for vote in votes:
            shown.add_row(vote.voter, "abstains" if vote.abstained else f"{vote.score:+.2f}", vote.reason)
        out.print(shown)

    emit({"votes": [vote.model_dump(mode="json") for vote in votes]}, words)
