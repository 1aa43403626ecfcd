"""Who can sign in this home: keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit, table
from agent.cli.persons import ask, new_passphrase

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(keys)


def keys(
    change_passphrase: Annotated[
        bool,
        typer.Option("--change-passphrase", help="Lock the operator's key anew; TRADECRAFT_NEW_PASSPHRASE or typed."),
    ] = False,
) -> None:
    """Who can sign in this home; keys themselves are never shown."""
    from agent.guard.keys import HomeKeys

    held = HomeKeys(GLOBALS.home, ask)
    if change_passphrase:
        held.change_passphrase(new_passphrase())
    rows = held.listing()

    def words(out: Console) -> None:
        shown = table(None, "principal", "key", "private key", "protected by")
        for row in rows:
            shown.add_row(row["principal"], row["key_id"] or "-", "here" if row["private"] else "not here", row["protection"])
        out.print(shown)

    emit(rows, words)
