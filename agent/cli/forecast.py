"""Commands on the forecast: train, evaluate, predict, status, history, rollback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from agent.cli import inputs
from agent.cli.globals import GLOBALS
from agent.cli.inputs import Data, OneData, Range, Reading, one, reads_bars
from agent.cli.output import emit, lines, number, table

if TYPE_CHECKING:
    from rich.console import Console

    from agent.forecast.model import Kind
    from agent.market.series import Series

forecast = typer.Typer(help="A model that must earn its place: will the last 10 bars' move reverse?", no_args_is_help=True)
Kinds = Annotated[str, typer.Option("--model", help="default, reference or both.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(forecast, name="forecast")


def _series(path: Path, reading: Reading, timerange: str | None = None) -> Series:
    from agent.market.instrument import instrument
    from agent.market.series import prepare

    bars = inputs.load_range([path], reading, timerange)[0]
    return prepare(bars, instrument(bars.symbol, bars.interval), GLOBALS.settings().market)


def _tell(title: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"{title}: block {done + 1} of {total}\n")

    return tell


@forecast.command()
@reads_bars
def train(
    data: Data,
    reading: Reading = Reading(),
) -> None:
    """Learn from each file's bars now and promote only what beats the incumbent; every attempt is recorded in the run."""
    from agent.learn.models import retrain
    from agent.wiring.arms import ARMS
    from agent.wiring.desks import forecaster_for
    from agent.wiring.homes import open_journal

    run = GLOBALS.run or "paper"
    settings = GLOBALS.settings({"forecast": {"enabled": True}})
    with open_journal(GLOBALS.home, run) as journal:
        forecaster = forecaster_for(GLOBALS.home, settings, ARMS["full"], journal.state("forecast"))
        assert forecaster is not None  # it was just enabled
        rows = [retrain(journal, forecaster, _series(path, reading)).model_dump(mode="json") for path in data]
    GLOBALS.wrote(run)

    def words(out: Console) -> None:
        for row in rows:
            out.print(f"{row['symbol']} {'promoted' if row['promoted'] else 'kept as it was'}: {row['reason']}")

    emit({"attempts": rows}, words)


def _kinds(text: str) -> tuple[Any, ...]:
    from agent.errors import ConfigError

    known = {"default": ("default",), "reference": ("reference",), "both": ("default", "reference")}
    if text not in known:
        raise ConfigError(f"--model {text!r} is unknown; choose default, reference or both")
    return known[text]


@forecast.command()
@reads_bars
def evaluate(
    data: OneData,
    model: Kinds = "both",
    timerange: Range = None,
    reading: Reading = Reading(),
) -> None:
    """Walk the models forward over held-out bars; the figures as they are, beside what others claim."""
    from agent.forecast.evaluate import evaluate as judge

    kinds = _kinds(model)
    series = _series(one(data), reading, timerange)
    document = judge(series, GLOBALS.settings().forecast, kinds, _tell("evaluate"))
    emit(document, lambda out: _show(out, document))


def _show(out: Console, document: dict[str, Any]) -> None:
    out.print(f"{document['symbol']}: {document['label']}", style="bold")
    shown = table(
        None, "model", "n", "accuracy", "base", "precision", "recall", "F1", "Brier", "base", "ECE", right=tuple(range(1, 10))
    )
    for name, found in document["models"].items():
        keys = ("accuracy", "base_accuracy", "precision", "recall", "f1", "brier", "base_brier", "ece")
        shown.add_row(name, str(found["n"]), *(number(found[key], "{:.3f}") for key in keys))
    claimed = document["claimed"]
    figures = (claimed[key] for key in ("precision", "recall", "f1"))
    shown.add_row(
        "claimed elsewhere",
        "-",
        number(claimed["accuracy"], "{:.3f}"),
        "-",
        *(number(f, "{:.3f}") for f in figures),
        "-",
        "-",
        "-",
    )
    out.print(shown)
    for name, found in document["models"].items():
        out.print(f"{name}: {found['reading']}")


@forecast.command()
@reads_bars
def predict(
    data: OneData,
    model: Annotated[str, typer.Option("--model", help="default or reference.")] = "default",
    timerange: Range = None,
    reading: Reading = Reading(),
) -> None:
    """The probability of a reversal for every held-out bar, with the label and when it was known, as JSON lines."""
    from agent.backtest.plan import TimeRange
    from agent.errors import ConfigError
    from agent.forecast.evaluate import predictions

    if model not in ("default", "reference"):
        raise ConfigError(f"--model {model!r} is unknown; choose default or reference")
    wanted = TimeRange.parse(timerange)
    series = _series(one(data), reading, timerange)
    found = predictions(series, GLOBALS.settings().forecast, cast("Kind", model), _tell("predict"))
    lines(row for row in found if inputs.moment(row["timestamp"]) in wanted)


@forecast.command()
def status() -> None:
    """Which model is in force for each symbol of the run, and why or why not."""
    from agent.learn.models import status_rows
    from agent.wiring.homes import open_journal

    with open_journal(GLOBALS.home, GLOBALS.read_run()) as journal:
        rows = status_rows(journal)

    def words(out: Console) -> None:
        for row in rows:
            out.print(f"{row['symbol']}: {row['model'] or 'no model in force'} (tried {row['stamp'][:10]}): {row['reason']}")
        if not rows:
            out.print("nothing has been trained in this run")

    emit({"symbols": rows}, words)


@forecast.command()
def history() -> None:
    """Every attempt to retrain with its figures, oldest first."""
    from agent.learn.models import history_rows
    from agent.wiring.homes import open_journal

    with open_journal(GLOBALS.home, GLOBALS.read_run()) as journal:
        rows = history_rows(journal)

    def words(out: Console) -> None:
        shown = table(None, "at", "symbol", "promoted", "points", "p", "reason", right=(3, 4))
        for row in rows:
            points = number(None if row.get("points") is None else 100 * row["points"], "{:+.1f}")
            shown.add_row(
                row["at"][:10], row["symbol"], str(row["promoted"]), points, number(row.get("p"), "{:.3f}"), row["reason"]
            )
        out.print(shown)

    emit({"attempts": rows}, words)


@forecast.command()
def rollback(
    symbol: Annotated[str, typer.Option("--symbol", help="The symbol whose model goes back to the one before.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on the record.")] = "rolled back by hand",
) -> None:
    """Put the model before this one back into force (or none, when it was the first); the next attempt must beat it."""
    from agent.learn.models import roll_back
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_journal

    with open_journal(GLOBALS.home, GLOBALS.run or "paper") as journal:
        row = roll_back(journal, symbol, reason, wall_clock(), GLOBALS.principal).model_dump(mode="json")
    emit(row, lambda out: out.print(f"{symbol}: {row['model'] or 'no model'} in force"))
