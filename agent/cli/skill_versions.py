"""Commands by which skills change: refine, rollback, consolidate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.globals import GLOBALS
from agent.cli.inputs import Data, Range, Reading, reads_bars, series_in
from agent.cli.output import emit, stages
from agent.cli.persons import principal, said, writing, written_run
from agent.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from skills.versions import Refinement


def add(skills: typer.Typer) -> None:
    """Add the commands to the group ``skills``."""
    skills.command("refine")(refine)
    skills.command("rollback")(rollback)
    skills.command("consolidate")(consolidate)


@reads_bars
def refine(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A skill's id or name.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on the record.")],
    data: Data = [],  # noqa: B006 - typer reads it and never changes it
    draft: Annotated[
        Path | None,
        typer.Option("--draft", help="Your own next version in JSON, instead of a search."),
    ] = None,
    reading: Reading = Reading(),
    timerange: Range = None,
) -> int:
    """A shorter condition or better numbers, where later bars agree; the new version starts without statistics."""
    from agent.wiring.clock import wall_clock
    from skills.versions import refine_skill, replace_skill

    said(reason)
    if (draft is None) == (not data):
        raise ConfigError("give either --data FILE to look for a better version, or --draft F.json with your own")
    settings = GLOBALS.settings()
    series = series_in(data, reading, timerange, settings) if data else []
    with writing() as (journal, catalogue):
        skill = catalogue.get(ident)
        with journal.write() as w:
            who, now = principal(), wall_clock()
            if draft is not None:
                done = replace_skill(w, catalogue, skill, _text(draft), principal=who, reason=reason, at=now)
            else:
                done = refine_skill(
                    w, catalogue, skill, series, settings.costs, settings.grow, principal=who, reason=reason, at=now
                )
    emit(done.model_dump(mode="json"), lambda out: _refined(out, done))
    return 1 if done.admission is not None and done.admission.verdict == "reject" else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"--draft {path} cannot be read ({err}); give a draft in JSON") from None


def _refined(out: Console, done: Refinement) -> None:
    evidence = done.evidence
    if evidence.get("what"):
        out.print(f"{done.name}: {evidence['what']} ({evidence['tried']} changes tried)", markup=False)
    for part in ("earlier", "later"):
        if evidence.get(part):
            row = evidence[part]
            out.print(f"  {part}: {row['new']:+.3f} R a trade against {row['old']:+.3f} over {row['trades'][0]} trades")
    if "reason" in evidence:
        out.print(f"  {evidence['reason']}", markup=False)
    if done.admission is not None:
        told = "; ".join(f"{found.rule}: {found.excerpt}" for found in done.admission.reasons)
        out.print(f"  {done.admission.verdict}: version {done.admission.version} is {done.admission.status} {told}", markup=False)


@reads_bars
def consolidate(
    data: Data = [],  # noqa: B006 - typer reads it and never changes it
    reason: Annotated[str, typer.Option("--reason", help="Why; needed to merge or to take a merge back.")] = "",
    apply: Annotated[
        list[str] | None, typer.Option("--merge", help="Merge the near-duplicates that this skill is one of.")
    ] = None,
    undo: Annotated[str | None, typer.Option("--undo", help="Take the merge back that made this skill.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Compare by words instead of by meaning.")] = False,
    reading: Reading = Reading(),
    timerange: Range = None,
) -> int:
    """Near-duplicates: alike in meaning and holding on the same bars; merge them, or take a merge back."""
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import open_meaning
    from skills.consolidate import merge, near_duplicates, unmerge, word_likeness

    settings = GLOBALS.settings()
    if undo is not None:
        said(reason)
        with writing() as (journal, catalogue), journal.write() as w:
            back = unmerge(w, catalogue, undo, principal=principal(), reason=reason, at=wall_clock())
        names = [f"{skill.name} v{skill.version}" for skill in back]
        emit({"undone": undo, "sources": names}, lambda out: out.print(f"{' and '.join(names)} stand again as they stood"))
        return 0
    if not data:
        raise ConfigError("give --data FILE: whether two skills are one shows on the bars where they hold")
    frames = [one.frame.since(one.ready) for one in series_in(data, reading, timerange, settings)]
    with (
        writing() as (journal, catalogue),
        open_meaning(GLOBALS.home, written_run(), journal, settings) as meaning,
    ):
        if not words:
            meaning.refresh(catalogue.versions(), settings.embedding.batch, stages)
        twins = near_duplicates(catalogue, frames, settings.grow, word_likeness if words else meaning.alike)
        rows = [found.document() for found in twins]
        for found, row in zip(twins, rows, strict=True):
            if apply and {found.keep.name, found.drop.name, found.keep.id, found.drop.id} & {apply}:
                said(reason)
                with journal.write() as w:
                    judged = merge(w, catalogue, found, principal=principal(), reason=reason, at=wall_clock())
                row["admission"] = judged.model_dump(mode="json")
                break  # the others may name what is now archived: look again

    def told(out: Console) -> None:
        for row in rows:
            overlap = "" if row["overlap"] is None else f", both hold on {row['overlap']:.0%} of their bars"
            done = f": merged, {row['admission']['verdict']}" if "admission" in row else ""
            out.print(f"{row['keep']} and {row['drop']}: {row['similarity']:.2f} alike{overlap}{done}", markup=False)
        if not rows:
            out.print("no near-duplicates")

    emit(rows, told)
    return 1 if any(row.get("admission", {}).get("verdict") == "reject" for row in rows) else 0


def rollback(
    ident: Annotated[str, typer.Argument(metavar="ID", help="A skill's id or name.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it stays on the record.")],
    to: Annotated[int | None, typer.Option("--to", help="Version; default: the newest that was superseded.", min=1)] = None,
) -> None:
    """Put an earlier version back in force with the statistics it had; newer ones are taken out of use."""
    from agent.wiring.clock import wall_clock
    from skills.versions import rollback as go_back

    said(reason)
    with writing() as (journal, catalogue), journal.write() as w:
        skill, status = go_back(w, catalogue, ident, to, principal=principal(), reason=reason, at=wall_clock())
    document = {"id": skill.id, "name": skill.name, "version": skill.version, "status": status}
    emit(document, lambda out: out.print(f"{skill.name} v{skill.version} is {status} again"))
