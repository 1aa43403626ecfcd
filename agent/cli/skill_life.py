"""Commands on a skill's life: history, diff, orders by a person, maintenance seen before it happens, and replays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.inputs import Data, Range, Reading, reads_bars, series_in
from agent.cli.jsonl import typed_lines
from agent.cli.output import emit, lines, number, table
from agent.cli.persons import Ident, Why, principal, said, writing, written_run
from agent.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from skills.lifecycle import Order

Jsonl = Annotated[Path, typer.Option("--jsonl", help="JSON lines to read.")]


def add(skills: typer.Typer) -> None:
    """Add the commands to the group ``skills``."""
    commands: dict[str, Callable[..., None]] = {
        "history": history,
        "diff": diff,
        "retire": retire,
        "restore": restore,
        "pin": pin,
        "stale": stale,
        "maintain": maintain,
        "replay": replay,
        "record": record,
        "simulate": simulate,
    }
    for name, command in commands.items():
        skills.command(name)(command)


def history(
    ident: Ident,
    executions: Annotated[bool, typer.Option("--executions", help="Every execution too.")] = False,
) -> None:
    """What happened to a skill: versions, transitions with rule and reason, pins."""
    from agent.wiring.homes import open_catalogue
    from skills.history import history as read

    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (journal, catalogue):
        events = read(journal, catalogue.get(ident).id, executions=executions)

    def words(out: Console) -> None:
        for event in events:
            rest = ", ".join(f"{k} {v}" for k, v in event.items() if k not in ("at", "event") and v is not None)
            out.print(f"{event['at'][:19]}  {event['event']}: {rest}", markup=False)

    emit(events, words)


def diff(
    ident: Ident,
    old: Annotated[int | None, typer.Option("--from", help="Version; default: the one before.", min=1)] = None,
    new: Annotated[int | None, typer.Option("--to", help="Version; default: the newest.", min=1)] = None,
) -> None:
    """What changed between two versions of a skill."""
    from agent.wiring.homes import open_catalogue
    from skills.history import difference

    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (_, catalogue):
        ref = catalogue.get(ident).id
        known = [skill.version for skill in catalogue.skills.values() if skill.id == ref]
        unknown = [wanted for wanted in (old, new) if wanted is not None and wanted not in known]
        if unknown:
            raise ConfigError(f"{ident} has no version {unknown[0]}; it has {', '.join(map(str, sorted(known)))}")
        newest = new or max(known)
        after, before = catalogue.get(ref, newest), catalogue.get(ref, old or max(1, newest - 1))
        changes = difference(before, after)
    document = {"id": ref, "from": before.version, "to": after.version, "changes": changes}

    def words(out: Console) -> None:
        out.print(f"{after.name}: version {before.version} to {after.version}" + ("" if changes else ": no difference"))
        for change in changes:
            out.print(f"  {change['path']}: {change['from']} -> {change['to']}", markup=False)

    emit(document, words)


def retire(ident: Ident, reason: Why) -> None:
    """Stop a skill from trading; it is followed in shadow."""
    _order("retire", ident, reason)


def restore(ident: Ident, reason: Why) -> None:
    """Let a retired skill trade again, with fresh counts."""
    _order("restore", ident, reason)


def _order(what: Order, ident: str, reason: str) -> None:
    from agent.wiring.clock import wall_clock
    from skills.admit import order

    said(reason)
    with writing() as (journal, catalogue):
        skill = catalogue.get(ident)
        before = catalogue.standings[skill.key].status
        with journal.write() as w:
            status = order(w, catalogue, skill, what, principal=principal(), reason=reason, at=wall_clock())
    document = {"id": skill.id, "name": skill.name, "version": skill.version, "from": before, "status": status}
    emit(document, lambda out: out.print(f"{skill.name} v{skill.version}: {before} -> {status}"))


def pin(
    ident: Ident,
    reason: Why,
    off: Annotated[bool, typer.Option("--off", help="Let go of it.")] = False,
) -> None:
    """Hold a skill where it is: not stale, not tuned, not merged. No pin stops a retirement."""
    from agent.wiring.clock import wall_clock
    from skills.history import pin as hold

    said(reason)
    with writing() as (journal, catalogue):
        skill = catalogue.get(ident)
        hold(journal, catalogue, skill, on=not off, reason=reason, by=principal(), at=wall_clock())
    word = "pinned" if not off else "not pinned any more"
    emit({"id": skill.id, "name": skill.name, "pinned": not off}, lambda out: out.print(f"{skill.name} is {word}"))


def stale(
    ident: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A skill to mark as outdated; none: who is or would be.")
    ] = None,
    reason: Why = "",
) -> None:
    """Mark a skill as outdated, or show which are stale or would become so."""
    if ident is not None:
        _order("stale", ident, reason)
        return
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_catalogue
    from skills.maintain import due

    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (journal, catalogue):
        now = wall_clock()
        rows = [
            {"id": s.id, "name": s.name, "version": s.version, "status": "stale", "reason": catalogue.standings[s.key].reason}
            for s in catalogue.versions()
            if catalogue.standings[s.key].status == "stale"
        ]
        with journal.write() as w:
            rows += [_due(c) for _, c in due(catalogue, catalogue.staged(w), now, ()) if c.transition.to == "stale"]
    _show_due(rows)


def maintain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
) -> None:
    """Apply the lifecycle's table to every skill now."""
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_catalogue
    from skills.maintain import due
    from skills.maintain import maintain as apply

    run = GLOBALS.read_run() if dry_run else written_run()
    with open_catalogue(GLOBALS.home, run, GLOBALS.settings()) as (journal, catalogue), journal.write() as w:
        now = wall_clock()
        changes = [c for _, c in due(catalogue, catalogue.staged(w), now, ())] if dry_run else apply(w, catalogue, now)
    _show_due([_due(change) for change in changes])


def _due(change: Any) -> dict[str, Any]:
    return {
        "id": change.skill,
        "name": change.name,
        "version": change.version,
        "from": change.from_,
        "status": change.transition.to,
        "rule": change.transition.rule,
        "reason": change.transition.reason,
    }


def _show_due(rows: list[dict[str, Any]]) -> None:
    def words(out: Console) -> None:
        for row in rows:
            out.print(
                f"{row['name']} v{row['version']}: {row.get('from', 'is')} -> {row['status']}: {row['reason']}", markup=False
            )
        if not rows:
            out.print("nothing to change")

    emit(rows, words)


@reads_bars
def replay(
    ident: Ident,
    data: Data,
    reading: Reading = Reading(),
    timerange: Range = None,
) -> None:
    """Check run: what a skill would have done on these bars, beside the same side and exits at any moment."""
    from agent.wiring.homes import open_catalogue
    from skills.trial import check_run

    settings = GLOBALS.settings()
    series = series_in(data, reading, timerange, settings)
    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), settings) as (_, catalogue):
        skill = catalogue.get(ident)
    if skill.kind == "procedure":
        raise ConfigError(f"{skill.name} is a procedure and never fires; replay a strategy")
    rows = [check_run(skill, one, settings.costs) for one in series]

    def words(out: Console) -> None:
        shown = table(
            f"{skill.name} v{skill.version}", "symbol", "trades", "win", "base", "mean R", "base R", right=(1, 2, 3, 4, 5)
        )
        for row in rows:
            figures = [number(row[name], "{:.2f}") for name in ("win_rate", "base_rate", "mean_r", "base_mean_r")]
            shown.add_row(str(row["symbol"]), str(row["trades"]), *figures)
        out.print(shown)

    emit({"id": skill.id, "name": skill.name, "version": skill.version, "runs": rows}, words)


def record(
    path: Annotated[Path, typer.Argument(metavar="F.jsonl", help="Executions, one a line.")],
    source: Annotated[
        str | None, typer.Option("--skills-from", help="The run whose skills to begin with; default paper.")
    ] = None,
) -> None:
    """Replay executions into a scratch run; --run NAME keeps it under that name and adds to it."""
    from agent.wiring.homes import open_scratch
    from skills.ledger import Execution
    from skills.replay import replay as book_all

    executions = typed_lines(path, Execution)
    started = min((execution.at for execution in executions), default=None)
    with open_scratch(GLOBALS.home, GLOBALS.run, source, GLOBALS.settings(), started) as (journal, catalogue):
        done = book_all(journal, catalogue, executions)
        rows = catalogue.rows()

    def words(out: Console) -> None:
        out.print(f"{done.booked} executions booked, {done.repeated} booked before")
        for change in done.changes:
            out.print(f"{change.name} v{change.version}: {change.from_} -> {change.transition.to}: {change.transition.reason}")

    emit(rows, words)


def simulate(jsonl: Jsonl) -> None:
    """What the lifecycle would do to skills with these outcomes, each starting active."""
    from skills.simulate import Life, shares
    from skills.simulate import simulate as live

    rules = GLOBALS.settings().skills
    lives = typed_lines(jsonl, Life)
    steps = [live(life, rules) for life in lives]
    if GLOBALS.json:
        pairs = zip(lives, steps, strict=True)
        lines({"skill": life.skill, "transitions": [step.document() for step in found]} for life, found in pairs)
        return

    def words(out: Console) -> None:
        told = shares(steps)
        out.print(f"{told['skills']:.0f} skills: {told['ever_retired']:.1%} ever retired")
        out.print(f"{told['end_retired']:.1%} retired at the end, {told['restored']:.1%} restored by rule")

    emit(None, words)
