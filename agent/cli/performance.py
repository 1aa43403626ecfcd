"""Commands on results and risk: performance and risk."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import inputs
from agent.cli.globals import GLOBALS
from agent.cli.output import emit, lines, number, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from memory_db.journal import Journal

performance = typer.Typer(help="What was learned about voters, regimes, skills and parameters.", no_args_is_help=True)
risk = typer.Typer(help="The brakes.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(performance, name="performance")
    app.add_typer(risk, name="risk")


@contextmanager
def _journal() -> Iterator[Journal]:
    from agent.wiring.homes import open_catalogue

    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (journal, _):
        yield journal


def _show(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    def words(out: Console) -> None:
        shown = table(None, *columns, right=tuple(range(2, len(columns))))
        for row in rows:
            shown.add_row(*(_cell(row.get(column)) for column in columns))
        out.print(shown if rows else "nothing settled yet")

    emit({"rows": rows}, words)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value, "{:.3f}")
    if isinstance(value, list):
        return "[" + ", ".join(_cell(v) for v in value) + "]"
    return "-" if value is None else str(value)


By = Annotated[
    str | None, typer.Option("--by", help="symbol, quarter or regime: counts by group, with what trades on its side paid.")
]


@performance.command()
def voters(by: By = None) -> None:
    """Each voter's weight, hit rate and Brier score, overall and by regime; --by adds symbol or quarter, and P&L."""
    from agent.learn.tables import voter_rows
    from agent.wiring.homes import restored_voters

    if by is not None:
        _attributed(by, skills_only=False)
        return
    with _journal() as journal:
        rows = voter_rows(restored_voters(journal, GLOBALS.settings()))
    _show(rows, ("voter", "regime", "weight", "n", "hit_rate", "interval", "brier", "worth"))


def _attributed(by: str, *, skills_only: bool) -> None:
    """Show who was right in which group; skills are voters called ``skill:ID``."""
    from agent.cycle.history import closed_trades
    from agent.errors import ConfigError
    from agent.learn.attribution import GROUPS, attribution, scored

    if by not in GROUPS:
        raise ConfigError(f"--by {by!r} is unknown; choose one of {', '.join(GROUPS)}")
    with _journal() as journal:
        rows = attribution(scored(journal), closed_trades(journal), by)
    kept = [row for row in rows if row["voter"].startswith("skill:") == skills_only]
    _show(kept, ("voter", by, "n", "hit_rate", "interval", "brier", "trades", "pnl", "mean_r"))


@performance.command()
def calibration() -> None:
    """How often decisions were right against how sure they were, and the regret against the best voter."""
    from agent.learn.attribution import regret, reliability, scored

    with _journal() as journal:
        rows = scored(journal)
    found = {**reliability(rows), "regret": regret(rows, GLOBALS.settings().learning)}

    def words(out: Console) -> None:
        shown = table(None, "stated", "right", "interval", "n", right=(0, 1, 3))
        for row in found["bins"]:
            shown.add_row(*(_cell(row[name]) for name in ("p", "hit_rate", "interval", "n")))
        out.print(shown if found["n"] else "nothing settled yet")
        out.print(
            f"calibration error {_cell(found['ece'])}, Brier {_cell(found['brier'])}, base rate's {_cell(found['base_brier'])}"
        )

    emit(found, words)


@performance.command()
def regimes() -> None:
    """What each regime paid."""
    from agent.learn.regimes import RegimeTable
    from agent.learn.tables import regime_rows

    with _journal() as journal:
        records = RegimeTable()
        records.restore(journal.state("regimes"))
    _show(regime_rows(records), ("regime", "trades", "win_rate", "mean_r", "interval", "pnl"))


@performance.command()
def skills(by: By = None) -> None:
    """Each skill's record in the book and in shadow; --by shows its votes at the standard horizon by group."""
    from agent.wiring.homes import open_catalogue

    if by is not None:
        _attributed(by, skills_only=True)
        return
    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (_, catalogue):
        rows = catalogue.rows()
    _show(rows, ("name", "status", "executions", "reliability", "interval", "mean_r"))


@performance.command()
def parameters() -> None:
    """Every change of an adaptive parameter with its reason and trigger; one that ends says in R what it was worth a signal."""
    from agent.learn.tables import parameter_rows

    with _journal() as journal:
        rows = parameter_rows(journal)
    _show(rows, ("at", "name", "from", "to", "impact", "trigger"))


@performance.command()
def reset(
    voter: Annotated[str | None, typer.Argument(help="Whose record starts anew; see `performance voters`.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every voter's, and that of the joint decision.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on the record.")] = "",
) -> None:
    """Start a voter's record anew; what stood before is archived and stays on the record."""
    from agent.errors import ConfigError
    from agent.learn.reset import reset as start_anew
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_catalogue

    if (voter is None) != everyone:
        raise ConfigError("performance reset needs one voter's name, or --all; `tradecraft performance voters` lists them")
    if not reason.strip():
        raise ConfigError("--reason is empty; say why, it stays on the record")
    run, settings = GLOBALS.run or "paper", GLOBALS.settings()
    with open_catalogue(GLOBALS.home, run, settings) as (journal, _):
        gone = start_anew(journal, voter, settings.learning, reason=reason, at=wall_clock(), principal=GLOBALS.principal)
    GLOBALS.wrote(run)
    emit({"reset": voter or "all", "archived": gone}, lambda out: out.print(f"{voter or 'every voter'} starts anew: {reason}"))


@performance.command()
def replay(
    jsonl: Annotated[Path, typer.Option("--jsonl", help='Lines {"at","regime","votes":{name:p},"outcome"}.')],
    pooling: Annotated[str, typer.Option("--pooling", help="learned (as decisions are made), linear or log-odds.")] = "learned",
) -> None:
    """Learn whom to believe from given votes; each joint p is from before its outcome. The regret goes to stderr."""
    from agent.learn.replay import read_lines, regret
    from agent.learn.replay import replay as walk

    given = read_lines(inputs.text_lines(jsonl, "--jsonl"))
    settings = GLOBALS.settings().learning
    lines(walk(given, settings, pooling))
    found = regret(given, settings, pooling)
    if found["best"] is not None:
        told = f"regret {found['regret']:.2f} against {found['best']} over {found['steps']} steps (bound {found['bound']:.2f})"
        sys.stderr.write(told + "\n")


@risk.command()
def status() -> int:
    """Whether trading is halted, the limits, and how much of them is used; exit 3 when halted."""
    with _journal() as journal:
        document = _standing(journal)
    usage = document["usage"]

    def words(out: Console) -> None:
        if document["halted"]:
            out.print(f"halted: {document['reason']}", style="bold")
        elif document["entries_stopped"]:
            out.print(f"entries stopped: {document['reason']}", style="bold")
        else:
            out.print("trading goes on (PAPER)")
        shown = table(None, "limit", "value", right=(1,))
        for name, value in document["limits"].items():
            shown.add_row(name, str(value))
        out.print(shown)
        out.print(f"equity {usage['equity']:,.2f}, exposure {usage['exposure']:.1%}, drawdown {usage['drawdown']:.1%}")

    emit(document, words)
    return 3 if document["halted"] else 0


def _standing(journal: Journal) -> dict[str, Any]:
    """Whether a run's trading is halted, its limits, and how much of them is used."""
    from agent.brokers.account import Account
    from agent.cycle import read_control

    settings, control = GLOBALS.settings(), read_control(journal)
    state = journal.state("account").get("paper")
    positions = journal.state("positions")
    parameters = journal.state("parameters").get("current")
    account = Account.model_validate(state) if state else None
    usage = {
        "equity": account.equity if account else settings.cash,
        "exposure": sum(float(p["quantity"]) * p["last"] for p in positions.values()) / account.equity if account else 0.0,
        "drawdown": max(0.0, 1 - account.equity / account.peak) if account else 0.0,
        "daily_loss": max(0.0, 1 - account.equity / account.day_equity) if account else 0.0,
        "positions": len(positions),
        "parameters": parameters,
    }
    return {
        "halted": control.halted,
        "entries_stopped": control.entries_stopped,
        "reason": control.reason,
        "limits": settings.limits.model_dump(),
        "usage": usage,
    }


Why = Annotated[str, typer.Option("--reason", help="Why; it stays on the record.")]


def _set(verb: str, reason: str) -> None:
    from agent.cycle import halt as stop
    from agent.cycle import resume as go_on
    from agent.errors import ConfigError
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_catalogue

    if not reason.strip():
        raise ConfigError("--reason is empty; say why, it stays on the record")
    run = GLOBALS.run or "paper"
    with open_catalogue(GLOBALS.home, run, GLOBALS.settings()) as (journal, _):
        now, who = wall_clock(), GLOBALS.principal
        if verb == "resume":
            go_on(journal, reason=reason, at=now, principal=who)
        else:
            stop(journal, reason=reason, at=now, principal=who, entries_only=verb == "stopentry")
        document = _standing(journal)
    GLOBALS.wrote(run)
    emit(document, lambda out: out.print(f"{verb}: {reason}"))


@risk.command()
def halt(reason: Why = "halted by hand") -> None:
    """Stop entries; exits go on. Only `risk resume` lets trading go on."""
    _set("halt", reason)


@risk.command()
def stopentry(reason: Why = "entries stopped by hand") -> None:
    """Open nothing new; manage what is open."""
    _set("stopentry", reason)


@risk.command()
def resume(
    reason: Why,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let trading go on, after a typed yes."""
    from agent.errors import ConfigError

    if (GLOBALS.home / "HALT").exists():
        raise ConfigError(f"the file {GLOBALS.home / 'HALT'} still asks for a halt; remove it, then resume")
    if not yes:
        _ask()
    _set("resume", reason)


def _ask() -> None:
    """Wait for a typed yes; ConfigError when the answer is another, or there is nobody to ask."""
    from agent.errors import ConfigError

    sys.stderr.write("Let trading go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfigError("nothing was resumed: it takes a typed yes; answer y, or give --yes")
