"""What asking a model cost: ``cost``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit, table

if TYPE_CHECKING:
    from rich.console import Console

Json = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cost)


def cost() -> None:
    """Calls, tokens, cached share and USD of a run: in all, and by model, task, day and symbol."""
    from agent.cycle.accounts import accounts
    from agent.wiring.homes import open_journal

    run, settings = GLOBALS.read_run(), GLOBALS.settings()
    with open_journal(GLOBALS.home, run) as journal:
        document = {"run": run, **accounts(journal, settings.model)}
    emit(document, lambda out: _tell(out, document))


def _tell(out: Console, document: Json) -> None:
    decisions = document["decisions"]
    out.print(
        f"{document['run']}: {document['cost_usd']:.4f} USD for {document['calls']} calls, "
        f"{document['cached_share']:.0%} of the input from the cache",
        style="bold",
    )
    if document["at_risk_usd"]:
        out.print(f"at most {document['at_risk_usd']:.4f} USD more for calls that ended without a reply")
    out.print(
        f"decisions: {decisions['by_model']} by the model, {decisions['fallback']} fallbacks, {decisions['skipped']} not asked, "
        f"{decisions['holds']} holds of {decisions['total']}"
    )
    for fault, count in document["faults"].items():
        out.print(f"  {fault}: {count}")
    if document["alarm"]:
        out.print(f"alarm: {document['alarm']}", style="bold red")
    for name in ("by_model", "by_task", "by_day", "by_symbol"):
        if not document[name]:
            continue
        shown = table(
            name.replace("_", " "), name[3:], "calls", "input", "cached", "output", "USD", "s a call", right=(1, 2, 3, 4, 5, 6)
        )
        for row in document[name]:
            figures = (str(row[k]) for k in ("calls", "input_tokens", "cached_tokens", "output_tokens"))
            shown.add_row(row["name"], *figures, f"{row['cost_usd']:.4f}", f"{row['seconds']:.2f}")
        out.print(shown)
