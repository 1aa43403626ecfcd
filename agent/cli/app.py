"""The application: which commands there are. Each imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli import (
    backtest,
    bench,
    chat,
    decide,
    demo,
    eval,
    forecast,
    keys,
    llm,
    loop,
    market,
    mcp,
    memory,
    performance,
    setup,
    skills,
)
from agent.cli.globals import GLOBALS

app = typer.Typer(
    name="tradecraft",
    help="A trading-decision agent that remembers its trades and earns its skills. "
    "Global options may stand anywhere on the line. Paper trading only, unless a person arms a broker.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(no_args_is_help=True)
def options(
    home: Annotated[str | None, typer.Option("--home", help="Home folder (or TRADECRAFT_HOME; default ./.tradecraft).")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document (or JSON lines) on stdout and nothing else.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="The run to read or write: an id, paper or live.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed; the same seed gives the same bytes.", min=0)] = None,
    llm: Annotated[str | None, typer.Option("--llm", help="none, live, record, replay or mock.")] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", help="Most a run may spend on a model, in USD; checked before each call.")
    ] = None,
    deadline: Annotated[
        float | None, typer.Option("--deadline", help="Seconds a decision may wait for a model, retries included.")
    ] = None,
    principal: Annotated[str, typer.Option("--as", help="operator, agent, importer or outside.")] = "operator",
) -> None:
    GLOBALS.home_option, GLOBALS.json, GLOBALS.debug = home, as_json, debug
    GLOBALS.run, GLOBALS.seed, GLOBALS.llm, GLOBALS.principal = run, seed, llm, principal
    GLOBALS.max_cost, GLOBALS.deadline = max_cost, deadline
    GLOBALS.check()


for room in (
    demo,
    setup,
    market,
    decide,
    loop,
    backtest,
    forecast,
    memory,
    skills,
    keys,
    performance,
    llm,
    chat,
    mcp,
    bench,
    eval,
):
    room.register(app)
