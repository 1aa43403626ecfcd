"""``tradecraft bench``: speed, each figure beside a baseline of the same run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.output import emit, logs_to_stderr, table, walking

if TYPE_CHECKING:
    from rich.console import Console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which: cycle, cycle-all, consult, prepare, reason, memory, skills, loop, chat; named only: loop-long."
        ),
    ] = None,
) -> None:
    """Measure this machine; every result stands beside a baseline taken in the same run."""
    from evals.bench import BENCHES, LONG, run

    logs_to_stderr()
    with walking("bench") as report:
        document = run(names or [name for name in BENCHES if name not in LONG], report)

    def words(out: Console) -> None:
        out.print(document["machine"])
        shown = table(None, "what", "value", "unit", "baseline", "ratio", "n", right=(1, 3, 4, 5))
        for row in document["results"]:
            shown.add_row(
                row["name"], f"{row['value']:,.2f}", row["unit"], f"{row['baseline']:,.2f}", f"{row['ratio']:.2f}", str(row["n"])
            )
        out.print(shown)

    emit(document, words)
