"""``tradecraft mcp``: the record of a run for other programs, over the Model Context Protocol."""

from __future__ import annotations

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import logs_to_stderr


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(mcp)


def mcp() -> None:
    """Serve a run on stdio, read-only: tools, records and skills as resources, prompts."""
    from agent.chat.view import open_view
    from agent.mcp.server import server
    from agent.wiring.clock import wall_clock

    logs_to_stderr()
    with open_view(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings(), wall_clock) as view:
        server(view).run("stdio")
