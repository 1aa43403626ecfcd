"""Commands on procedural memory: skills list, show, search."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit, number, stages, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from skills.catalogue import Catalogue

skills = typer.Typer(help="What the agent knows how to do, and how well it went.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    from agent.cli import skill_check, skill_door, skill_growth, skill_life, skill_versions

    skills.command()(skill_check.check)
    skill_door.add(skills)
    skill_life.add(skills)
    skill_growth.add(skills)
    skill_versions.add(skills)
    app.add_typer(skills, name="skills")


@contextmanager
def _opened() -> Iterator[Catalogue]:
    from agent.wiring.homes import open_catalogue

    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (_, catalogue):
        yield catalogue


@skills.command("list")
def list_() -> None:
    """Every skill with its status, executions and reliability with interval."""
    from skills.alarms import SPACE, standing_alarms

    with _opened() as catalogue:
        alarms = catalogue.state(SPACE)
        rows: list[dict[str, Any]] = [
            {**row, "alarms": alarms.get(f"{row['id']}:{row['version']}", {})} for row in catalogue.rows()
        ]

    def words(out: Console) -> None:
        shown = table(
            None, "skill", "v", "status", "runs", "won", "partly", "lost", "reliability", "mean R", right=(1, 3, 4, 5, 6, 7, 8)
        )
        for row in rows:
            low, high = row["interval"]
            shown.add_row(
                row["name"],
                str(row["version"]),
                row["status"],
                str(row["executions"]),
                str(row["success"]),
                str(row["partial"]),
                str(row["failure"]),
                f"{row['reliability']:.2f} [{low:.2f}, {high:.2f}]",
                number(row["mean_r"], "{:+.2f}"),
            )
        out.print(shown)
        names = {f"{row['id']}:{row['version']}": f"{row['name']} v{row['version']}" for row in rows}
        for line in standing_alarms({names.get(key, key): found for key, found in alarms.items()}):
            out.print(f"alarm: {line}", markup=False)

    emit(rows, words)


@skills.command()
def show(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A skill's id or name.")],
    record: Annotated[bool, typer.Option("--record", help="With --json: the record instead of the draft.")] = False,
) -> None:
    """A skill as a draft that `skills add` accepts; with --record its record by regime and symbol instead."""
    from agent.wiring.clock import wall_clock
    from skills.breakdown import breakdown
    from skills.priors import prior_of
    from skills.render import render

    with _opened() as catalogue:
        skill = catalogue.get(ident)
        text = render(skill, catalogue.counts(skill), prior=prior_of(catalogue, skill))
        told = breakdown(catalogue, skill, wall_clock())

    def words(out: Console) -> None:
        out.print(text, markup=False)
        if told["base"]:
            lifted = "" if told["lift"] is None else f", so it wins {told['lift']:+.0%} more often"
            out.print(f"Base: {told['base']['win_rate']:.0%} of {told['base']['trades']} trades at any moment won{lifted}")
        for kind in ("regimes", "symbols"):
            for name, part in told[kind].items():
                low, high = part["interval"]
                out.print(f"{name}: {part['reliability']:.2f} [{low:.2f}, {high:.2f}] over {part['executions']}", markup=False)

    emit({"id": skill.id, "name": skill.name, "version": skill.version, **told} if record else skill.document(), words)


@skills.command()
def search(
    query: Annotated[str, typer.Option("--query", help="What to look for: a task or a situation, in words.")],
    k: Annotated[int, typer.Option("--k", help="How many.", min=1)] = 5,
    category: Annotated[str | None, typer.Option("--category", help="Only of this category.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only with this tag.")] = None,
    min_reliability: Annotated[float | None, typer.Option("--min-reliability", help="Least reliability.", min=0, max=1)] = None,
    regime: Annotated[str | None, typer.Option("--regime", help="Rank by the record in this regime.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="hybrid (words and meaning) or words (no model is loaded).")] = "hybrid",
) -> None:
    """Skills for a task, by words and meaning, reliability and recency, with reasons."""
    from agent.domain import REGIMES
    from agent.errors import ConfigError
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_catalogue, open_meaning
    from skills.search import Filters, find, shelf_of

    if not query.strip():
        raise ConfigError("--query is empty; say what to look for")
    if regime is not None and regime not in REGIMES:
        raise ConfigError(f"--regime {regime!r} is unknown; choose one of {', '.join(REGIMES)}")
    if mode not in ("hybrid", "words"):
        raise ConfigError(f"--mode {mode!r} is unknown; choose hybrid or words")
    settings, run, cosines = GLOBALS.settings(), GLOBALS.read_run(), None
    with open_catalogue(GLOBALS.home, run, settings) as (journal, catalogue):
        wanted, shelf = Filters(category, tag, min_reliability, regime), shelf_of(catalogue)
        if mode == "hybrid":
            with open_meaning(GLOBALS.home, run, journal, settings) as meaning:
                meaning.refresh(shelf.skills, settings.embedding.batch, stages)
                cosines = meaning.cosines(shelf, query)
        found = find(shelf, catalogue, query, k=k, at=wall_clock(), filters=wanted, cosines=cosines)

    def words(out: Console) -> None:
        shown = table(None, "score", "skill", "because", right=(0,))
        for row in found:
            shown.add_row(f"{row['score']:.2f}", row["name"], "; ".join(row["reasons"]))
        out.print(shown if found else "no skill matches")

    emit({"results": found}, words)
