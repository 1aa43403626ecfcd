"""Commands by which skills come to be and travel: discover, form, compose, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.inputs import Data, Range, Reading, reads_bars, series_in
from agent.cli.jsonl import typed_lines
from agent.cli.output import counting, emit, table
from agent.cli.persons import principal, said, writing
from agent.errors import ConfigError, SkillRejected

if TYPE_CHECKING:
    from rich.console import Console

    from agent.domain import Side
    from agent.guard.signing import Signer
    from agent.risk.sizing import Exits
    from agent.settings import Settings
    from skills.discovery import Discovery, Hypothesis, Trade


def add(skills: typer.Typer) -> None:
    """Add the commands to the group ``skills``."""
    skills.command("discover")(discover)
    skills.command("compose")(compose)
    skills.command("form")(form)
    skills.command("export")(export)


def compose(
    components: Annotated[list[str], typer.Argument(metavar="ID..", help="Two or more skills, by id or name, in phase order.")],
    name: Annotated[str, typer.Option("--name", help="The composite's name.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it becomes the description.")],
) -> int:
    """Join skills into one that applies where all of them do; it starts as a candidate like any other."""
    from agent.wiring.clock import wall_clock
    from skills.admit import admit
    from skills.compose import compose as join

    said(reason)
    with writing() as (journal, catalogue):
        draft = join(catalogue, [catalogue.get(ident) for ident in components], name, reason)
        with journal.write() as w:
            judged = admit(w, catalogue, draft, principal=principal(), at=wall_clock(), origin="composed")
    reasons = "; ".join(f"{found.rule}: {found.excerpt}" for found in judged.reasons)
    emit(judged.model_dump(mode="json"), lambda out: out.print(f"{name}: {judged.verdict} {reasons}", markup=False))
    return 1 if judged.verdict == "reject" else 0


@reads_bars
def form(
    data: Data,
    apply: Annotated[bool, typer.Option("--apply", help="Make candidates of what was formed.")] = False,
    reading: Reading = Reading(),
    timerange: Range = None,
) -> None:
    """Skills that a run's winning trades speak for: what they had in common when they began."""
    from agent.wiring.clock import wall_clock
    from skills.admit import admit
    from skills.formation import formed, trajectories

    settings = GLOBALS.settings()
    frames = [one.frame.since(one.ready) for one in series_in(data, reading, timerange, settings)]
    with writing() as (journal, catalogue):
        told = trajectories(journal)
        found = formed(catalogue, told, frames, _exits(settings), settings.grow)
        rows = [{**one.document(), "draft": one.draft.document()} for one in found]
        for one, row in zip(found, rows, strict=True) if apply else ():
            with journal.write() as w:
                row["admission"] = admit(w, catalogue, one.draft, principal=_finder(), at=wall_clock()).model_dump(mode="json")
    words = [f"{row['name']}: {row['won']} of {row['trades']} trades won; formed from {len(row['decisions'])}" for row in rows]
    document = {"trades": len(told), "formed": rows}
    emit(document, lambda out: out.print("\n".join(words) or f"nothing in {len(told)} closed trades", markup=False))


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty directory.")],
    idents: Annotated[list[str] | None, typer.Option("--skill", help="Only these, by id or name; default: all in force.")] = None,
) -> None:
    """Write skills as Agent Skills folders with a signed manifest; statistics stay here."""
    from agent.wiring.homes import open_catalogue
    from skills.pack import write_pack

    with open_catalogue(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings()) as (_, catalogue):
        names = idents or sorted({skill.name for skill in catalogue.versions()})
        chosen = [catalogue.get(ident) for ident in names]
        manifest = write_pack(chosen, directory, _exporter())
    document = {"directory": str(directory), "manifest": str(manifest), "skills": [skill.name for skill in chosen]}
    emit(document, lambda out: out.print(f"{len(chosen)} skills in {directory}"))


def _exporter() -> Signer:
    """The key a pack is signed with: the principal's, the agent's where no operator's passphrase is at hand."""
    from agent.cli.persons import ask
    from agent.guard.keys import HomeKeys
    from skills.seals import holder_of

    keys, holder = HomeKeys(GLOBALS.home, ask), holder_of(principal())
    if holder == "operator":
        try:
            keys.passphrase()
        except ConfigError:
            holder = "agent"
    return keys.signer(holder)


@reads_bars
def discover(
    trades: Annotated[Path | None, typer.Option("--trades", help="Closed trades, JSON lines.")] = None,
    data: Data = [],  # noqa: B006 - typer reads it and never changes it
    side: Annotated[str, typer.Option("--side", help="With --data: buy or sell.")] = "buy",
    last: Annotated[int | None, typer.Option("--last", help="Only so many of the latest trades.", min=1)] = None,
    support: Annotated[int, typer.Option("--support", help="Fewest occurrences.", min=5)] = 5,
    win_rate: Annotated[float, typer.Option("--win-rate", help="Least share of wins.", min=0, max=1)] = 0.70,
    apply: Annotated[bool, typer.Option("--apply", help="Make candidates of what is accepted.")] = False,
    reading: Reading = Reading(),
    timerange: Range = None,
) -> None:
    """Conditions that went with winning trades, after counting everything that was tried."""
    from skills.discovery import discover as search
    from skills.discovery.discover import Rules

    settings = GLOBALS.settings()
    if (trades is None) == (not data):
        raise ConfigError("give either --trades F.jsonl or --data FILE, and not both")
    rows = _given(trades, last) if trades is not None else _labelled(data, reading, timerange, side, last, settings)
    with counting("discovery, beside shuffled outcomes") as report:
        found = search(rows, seed=settings.seed, rules=Rules(support=support, win_rate=win_rate), progress=report)
    document: dict[str, Any] = found.document()
    if apply:
        document["admitted"] = _apply(found, rows, settings)
    emit(document, lambda out: _words(out, found, document.get("admitted", [])))


def _given(path: Path, last: int | None) -> list[Trade]:
    from skills.discovery import Trade, without_overlap

    return without_overlap(typed_lines(path, Trade), last)


def _labelled(
    data: list[Path], reading: Reading, timerange: str | None, side: str, last: int | None, settings: Settings
) -> list[Trade]:
    from skills.discovery import labelled, without_overlap
    from skills.trial import cost_bps

    if side not in ("buy", "sell"):
        raise ConfigError(f"--side {side!r} is neither buy nor sell; give one of them")
    wanted: Side = "buy" if side == "buy" else "sell"
    series = series_in(data, reading, timerange, settings)
    rows = [t for one in series for t in labelled(one, wanted, _exits(settings), cost_bps(one, settings.costs))]
    return without_overlap(rows, last)


def _exits(settings: Settings) -> Exits:
    from agent.risk.sizing import Exits

    plan = settings.plan
    return Exits(stop_distance=plan.stop_atr, target_distance=plan.target_atr, max_bars=plan.horizon)


def _apply(found: Discovery, rows: list[Trade], settings: Settings) -> list[dict[str, Any]]:
    """Bring every accepted hypothesis to the write door, once for each side it holds for."""
    from agent.wiring.clock import wall_clock
    from skills.admit import admit
    from skills.discovery.naming import draft_of
    from skills.drafting import readable

    traded = sorted({trade.side for trade in rows})
    admitted = []
    with writing() as (journal, catalogue):
        for hypothesis in found.accepted:
            for side in [hypothesis.side] if hypothesis.side else traded:
                try:
                    draft = draft_of(hypothesis, side, _exits(settings))
                except SkillRejected as err:  # features of the caller's own are found, but no skill can speak of them
                    admitted.append(
                        {
                            "name": readable(hypothesis.side, hypothesis.when),
                            "verdict": "reject",
                            "status": None,
                            "reasons": err.reasons,
                        }
                    )
                    continue
                with journal.write() as w:
                    judged = admit(w, catalogue, draft, principal=_finder(), at=wall_clock())
                admitted.append({"name": draft.name, **judged.model_dump(mode="json")})
    return admitted


def _finder() -> Any:
    """A machine found it: an operator who applies it does not vouch for its text, so it is learned, not manual."""
    return "agent" if principal() == "operator" else principal()


def _words(out: Console, found: Discovery, admitted: list[dict[str, Any]]) -> None:
    from skills.discovery.discover import EXPLAINED

    out.print(f"{found.examined} trades, {found.tested} hypotheses tested, {len(found.accepted)} accepted")
    shown = table(None, "when", "n", "won", "base", "q", "later", "", right=(1, 2, 3, 4, 5))
    telling = [h for h in found.hypotheses if h.reason != EXPLAINED]
    for h in telling[:10]:
        later = f"{h.holdout['win_rate']:.2f} of {h.holdout['support']}" if h.holdout["support"] else "-"
        told = "accepted" if h.accepted else h.reason
        shown.add_row(_said(h), str(h.support), f"{h.win_rate:.2f}", f"{h.base_rate:.2f}", f"{h.q:.2g}", later, told)
    out.print(shown)
    for row in admitted:
        out.print(f"{row['name']}: {row['verdict']}, {row['status']}")


def _said(hypothesis: Hypothesis) -> str:
    parts = hypothesis.when.get("all", [hypothesis.when])
    told = [f"regime {p['regime']}" if "regime" in p else f"{p['feature']} {p['op']} {p['value']:g}" for p in parts if p]
    return " and ".join(([hypothesis.side] if hypothesis.side else []) + told)
