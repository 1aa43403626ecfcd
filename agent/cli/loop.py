"""Commands of the loop: run and health."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import inputs
from agent.cli.decide import desk_over, tell
from agent.cli.globals import GLOBALS
from agent.cli.inputs import Range, Reading, reads_bars
from agent.cli.output import console, emit, lines, logs_to_stderr

if TYPE_CHECKING:
    from datetime import datetime

    from agent.domain import CycleRecord
    from agent.feeds.live import LiveBars
    from agent.loop import Loop
    from agent.settings import Settings

Data = Annotated[list[Path] | None, typer.Option("--data", help="Bars to decide on once; may be repeated.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("run")(run_loop)
    app.command()(health)


@reads_bars
def run_loop(
    data: Data = None,
    once: Annotated[bool, typer.Option("--once", help="Decide once on the last bar of every symbol, then end.")] = False,
    replay: Annotated[list[Path] | None, typer.Option("--replay", help="Recorded bars to live through; may be repeated.")] = None,
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="Recorded seconds that pass in one second; 0 is as fast as it goes.")
    ] = 0.0,
    schedule: Annotated[
        str, typer.Option("--schedule", help="Cron expression (loop.timezone, UTC by default) instead of every bar's close.")
    ] = "",
    mandate: Annotated[
        Path | None, typer.Option("--mandate", help="Limits that nothing may exceed; else mandate.toml in the home.")
    ] = None,
    quotes: Annotated[
        list[Path] | None,
        typer.Option("--quotes", help="Recorded quotes (timestamp, bid, ask) between the bars of --replay; may be repeated."),
    ] = None,
    timerange: Range = None,
    reading: Reading = Reading(),
) -> int:
    """Decide on schedule, on paper, until it is stopped; exit 3 when trading is halted.

    Live bars come from where the settings' feed section says. SIGTERM and Ctrl-C finish what is at work; SIGUSR1 or a
    file HALT in the home halts trading.
    """
    from agent.errors import ConfigError

    if sum((once, bool(replay))) > 1:
        raise ConfigError("--once and --replay exclude each other; give one of them")
    _refuse_stray(once, replay, schedule, speed, timerange, quotes)
    if once:
        return _once(data or [], reading, timerange, mandate)
    if data:
        raise ConfigError("--data is decided on with --once (let cron call it again) or lived through with --replay FILE")
    if replay:
        return _ended(_replayed(replay, quotes or [], reading, timerange, speed, schedule, mandate))
    return _ended(_living(schedule, mandate))


def _refuse_stray(
    once: bool, replay: list[Path] | None, schedule: str, speed: float, timerange: str | None, quotes: list[Path] | None
) -> None:
    """Refuse options that would say nothing here: what a person typed is never passed over."""
    from agent.errors import ConfigError

    if once and schedule:
        raise ConfigError("--once decides now and ends; leave --schedule out and let cron call it")
    given = {"--speed": bool(speed), "--quotes": bool(quotes), "--timerange": timerange is not None and not once}
    stray = next((name for name, there in given.items() if there and not replay), None)
    if stray is not None:
        raise ConfigError(f"{stray} belongs to recorded bars; give them with --replay FILE")


def _once(paths: list[Path], reading: Reading, timerange: str | None, mandate: Path | None) -> int:
    """Decide on the newest bar of every symbol and end."""
    from agent.cycle import read_control, reconcile, run_bar

    if not paths:
        return _once_live(mandate)
    bars = inputs.load_range(paths, reading, timerange)
    desk = desk_over(bars, mandate=mandate)
    try:
        as_of = max(inputs.known_by(one, None) for one in bars)
        reconcile(desk, as_of)
        records = run_bar(desk, desk.feed.symbols, as_of)
        control = read_control(desk.memory.journal)
    finally:
        desk.memory.close()
    GLOBALS.wrote(desk.run)
    for record in records:
        _show(record)
    if control.halted:
        return _halted(control.reason)
    return 1 if any(record.status == "error" for record in records) else 0


def _once_live(mandate: Path | None) -> int:
    """Fetch the newest bars, decide on them and end."""
    from agent.cycle import read_control, reconcile, run_bar
    from agent.loop.doors import live_desk
    from agent.wiring.clock import wall_clock
    from agent.wiring.desks import mandate_of

    logs_to_stderr()
    settings = GLOBALS.settings()
    feed = _feed(settings)
    now = wall_clock()
    feed.refresh(feed.symbols, now)
    with live_desk(GLOBALS.home, GLOBALS.run or "paper", feed, settings, now, mandate_of(GLOBALS.home, mandate)) as desk:
        reconcile(desk, now)
        records = run_bar(desk, feed.symbols, now)
        control = read_control(desk.memory.journal)
    GLOBALS.wrote(desk.run)
    for record in records:
        _show(record)
    if control.halted:
        return _halted(control.reason)
    return 1 if any(record.status == "error" for record in records) else 0


def _halted(reason: str | None) -> int:
    sys.stderr.write(f"halted: {reason}; `tradecraft risk resume --reason ...` lets it go on\n")
    return 3


def _show(record: CycleRecord) -> None:
    if GLOBALS.json:
        lines([record.model_dump(mode="json")])
        sys.stdout.flush()
    else:
        tell(console(), record)


def _brief(record: CycleRecord) -> None:
    """One line for a person who watches."""
    if GLOBALS.json:
        _show(record)
    elif record.order is not None or record.outcomes or record.status == "error":
        ended = "".join(f", closed {o.reason} {o.r:+.2f} R" for o in record.outcomes)
        what = record.status_reason if record.status == "error" else record.decision.action
        sys.stdout.write(f"{record.as_of:%Y-%m-%d %H:%M}  {record.symbol:<10} {what}{ended}\n")


@contextmanager
def _replayed(
    paths: list[Path], quotes: list[Path], reading: Reading, timerange: str | None, speed: float, cron: str, mandate: Path | None
) -> Iterator[tuple[Loop, datetime]]:
    from agent.backtest.plan import Plan, TimeRange
    from agent.feeds.quotes import RecordedQuotes, read_quotes
    from agent.loop.doors import replay
    from agent.loop.stop import Stop
    from agent.wiring.arms import ARMS
    from agent.wiring.desks import mandate_of
    from agent.wiring.recorded import prepared

    logs_to_stderr()
    settings = GLOBALS.settings()
    series = prepared(inputs.load_range(paths, reading, timerange), settings)
    plan = Plan(ARMS["full"], series, TimeRange.parse(timerange), "none", settings)
    stop = Stop(GLOBALS.home)
    stop.install()
    bounds = mandate_of(GLOBALS.home, mandate)
    recorded = {name: one for path in quotes for name, one in read_quotes(path, tuple(plan.symbols)).items()}
    between = RecordedQuotes(recorded) if recorded else None
    with replay(GLOBALS.home, GLOBALS.run or "paper", plan, speed, stop, _brief, bounds, between, cron) as made:
        yield made


@contextmanager
def _living(schedule: str, mandate: Path | None) -> Iterator[tuple[Loop, datetime]]:
    from agent.loop.doors import live
    from agent.loop.stop import Stop
    from agent.wiring.desks import mandate_of

    logs_to_stderr()
    settings = GLOBALS.settings()
    feed = _feed(settings)
    stop = Stop(GLOBALS.home)
    stop.install()
    bounds = mandate_of(GLOBALS.home, mandate)
    with live(GLOBALS.home, GLOBALS.run or "paper", feed, settings, schedule, stop, _brief, bounds) as made:
        yield made


def _feed(settings: Settings) -> LiveBars:
    from agent.loop.doors import live_feed

    return live_feed(settings)


def _ended(opened: Any) -> int:
    """Run a loop to its end; 3 when trading is halted then."""
    from agent.cycle import read_control

    with opened as (loop, begin):
        GLOBALS.wrote(loop.desk.run)
        loop.run(begin)
        control = read_control(loop.desk.memory.journal)
        equity = loop.desk.broker.book().equity
    if loop.stop.event.is_set():
        sys.stderr.write("stopped: what was at work is finished and recorded\n")
    sys.stderr.write(f"run {loop.desk.run}: decided {loop.pulse.decisions} times, equity {equity:,.2f}\n")
    return _halted(control.reason) if control.halted else 0


def health(
    within: Annotated[float, typer.Option("--within", min=0, help="Seconds since the last sign of life.")] = 120.0,
) -> int:
    """Whether the loop is alive: its last sign of life, what it waits for, whether it is halted; exit 1 when it is silent."""
    from datetime import datetime

    from agent.errors import ConfigError
    from agent.loop.pulse import HEARTBEAT
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import run_folder

    path = run_folder(GLOBALS.home, GLOBALS.run or "paper") / HEARTBEAT
    if not path.exists():
        raise ConfigError(f"no loop has run in {path.parent}; start one with `tradecraft run`, or name --home and --run")
    document = json.loads(path.read_text(encoding="utf-8"))
    written = datetime.fromtimestamp(path.stat().st_mtime, tz=datetime.fromisoformat(document["at"]).tzinfo)
    age = (wall_clock() - written).total_seconds()
    document |= {"alive": age <= within, "age_seconds": round(age, 1)}
    words = f"{'alive' if age <= within else 'silent'}: last sign of life {age:.0f} s ago, {document['decisions']} decisions"
    if document.get("halted") or document.get("entries_stopped"):
        words += f"; {'halted' if document['halted'] else 'entries are stopped'}: {document['reason']}"
    emit(document, lambda out: out.print(words))
    return 0 if age <= within else 1
