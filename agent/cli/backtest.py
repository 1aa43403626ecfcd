"""Commands that walk forward: backtest and lookahead."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import inputs
from agent.cli.globals import GLOBALS
from agent.cli.inputs import Data, Mask, News, Options, Range, Reading, reads_bars
from agent.cli.output import emit, logs_to_stderr, walking

if TYPE_CHECKING:
    from agent.backtest.plan import Plan, SkillsFrom

Json = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backtest)
    app.command()(lookahead)


def plan_for(
    data: list[Path],
    reading: Reading,
    timerange: str | None,
    *,
    chunk: str = "quarter",
    arm: str = "full",
    options: Json | None = None,
) -> Plan:
    """Read the files and settle what is to be run."""
    from agent.backtest.plan import Plan, TimeRange
    from agent.errors import ConfigError
    from agent.wiring.arms import arm_named
    from agent.wiring.recorded import prepared

    logs_to_stderr()
    if chunk not in ("quarter", "month", "none"):
        raise ConfigError(f"--chunk {chunk!r} is unknown; choose quarter, month or none")
    settings = GLOBALS.settings(options)
    wanted = arm_named(arm, settings)
    bars = inputs.load_range(data, reading, timerange)
    return Plan(wanted, prepared(bars, settings), TimeRange.parse(timerange), chunk, settings)  # type: ignore[arg-type]


@reads_bars
def backtest(
    data: Data,
    timerange: Range = None,
    chunk: Annotated[str, typer.Option("--chunk", help="quarter, month or none.")] = "quarter",
    arm: Annotated[
        str,
        typer.Option(
            "--arm",
            help="full, no-memory, no-skills, no-forecast, reference-forecast, shuffled-memory, stale-memory, base, random, "
            "buy-and-hold or vol-matched.",
        ),
    ] = "full",
    fee_bps: Annotated[float | None, typer.Option("--fee-bps", help="Fee per side in basis points.")] = None,
    slippage_bps: Annotated[float | None, typer.Option("--slippage-bps", help="Slippage per side in basis points.")] = None,
    cash: Annotated[float | None, typer.Option("--cash", help="Starting cash.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write a self-contained HTML report here.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with (or show again) the same run.")] = False,
    reading: Reading = Reading(),
    options_file: Options = None,
    news: News = None,
    mask: Mask = False,
    skills_from: Annotated[
        str | None, typer.Option("--skills-from", help="Begin with this run's skills, statistics from zero.")
    ] = None,
) -> int:
    """Walk forward over recorded bars, chunk by chunk, each carrying all that came before."""
    from dataclasses import replace

    from agent.backtest.arms import run_one
    from agent.errors import ConfigError

    if GLOBALS.run:
        raise ConfigError(f"--run {GLOBALS.run}: a backtest names its own run by arm, settings, bars and seed; leave --run out")
    options: Json = {"cash": cash}
    costs = {k: v for k, v in (("fee_bps", fee_bps), ("slippage_bps", slippage_bps)) if v is not None}
    if costs:
        options["costs"] = costs
    if mask:
        options["model"] = {"mask": True}
    plan = plan_for(data, reading, timerange, chunk=chunk, arm=arm, options=options)
    plan = replace(plan, reading=inputs.reading_for(options_file, news), skills=_skills_from(skills_from, plan))
    document = run_one(GLOBALS.home, plan, resume=resume, watch=walking)
    if not plan.arm.held:  # what was held decided nothing: there is nothing in it to read
        GLOBALS.wrote(document["run"])
    if report is not None:
        write_report(plan, [document], report)
    from agent.report.terminal import summary

    emit(document, lambda out: out.print(summary([document])))
    if not GLOBALS.json and report is not None:
        sys.stderr.write(f"report: {report}\n")
    return 1 if document.get("errors") else 0


def _skills_from(run: str | None, plan: Plan) -> SkillsFrom | None:
    """The run named, with a digest of its skills; ConfigError where it is not there or the arm has no skills."""
    from agent.backtest.plan import SkillsFrom
    from agent.errors import ConfigError
    from agent.wiring.homes import open_catalogue
    from skills.adopt import skills_digest

    if run is None:
        return None
    if not plan.arm.skills and not (plan.arm.random or plan.arm.matched):
        raise ConfigError(f"--skills-from {run}: arm {plan.arm.name} has no skills; choose an arm that has, such as full")
    with open_catalogue(GLOBALS.home, run, plan.settings) as (_, catalogue):
        return SkillsFrom(run, skills_digest(catalogue))


def write_report(plan: Plan, documents: list[Json], path: Path) -> None:
    """Draw the report of some arms; buy-and-hold is drawn beside a single one."""
    from dataclasses import replace

    from agent.backtest.arms import prices, records_of
    from agent.backtest.compare import compared
    from agent.backtest.document import held_document, trading_days
    from agent.report.explain import telling
    from agent.report.page import render, write
    from agent.wiring.arms import ARMS

    first, others = documents[0], documents[1:]
    if not others and not plan.arm.held:
        others = [held_document(replace(plan, arm=ARMS["buy-and-hold"]))]
    days = trading_days(plan)
    whole = [compared(first, others, days, plan.settings.seed), *others]
    explanations = telling(records_of(GLOBALS.home, first), first["trades"])
    title = "Tradecraft, walking forward"
    write(path, render(whole, prices(plan), explanations, title))


@reads_bars
def lookahead(
    data: Data,
    timerange: Range = None,
    samples: Annotated[int, typer.Option("--samples", help="How many times to decide anew on data cut there.", min=1)] = 100,
    reading: Reading = Reading(),
) -> int:
    """Decide again on data that ends at the moment and compare; exit 1 on any difference."""
    from agent.backtest.lookahead import check

    plan = plan_for(data, reading, timerange, options={"llm": "none"})
    with walking("lookahead") as report:
        found = check(plan, samples, report)

    def words(out: Any) -> None:
        out.print(
            f"{found['checked']} of {found['decisions']} decisions taken anew on data cut at the moment "
            f"({found['entries_checked']} of {found['entries']} entries): {len(found['differences'])} differences"
        )
        for row in found["differences"][:20]:
            out.print(f"  {row['as_of']} {row['symbol']} {row['id']}: {row['what']}")

    emit(found, words)
    return 1 if found["differences"] else 0
