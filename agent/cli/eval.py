"""``tradecraft eval`` and ``mock-llm``: the offline harness, and a stand-in for the model on a local port."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit, number, table

if TYPE_CHECKING:
    from rich.console import Console

Json = dict[str, Any]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="eval")(evaluate)
    app.command(name="mock-llm")(mock_llm)


def evaluate(
    suites: Annotated[
        list[str] | None, typer.Argument(help="learning, null, leaks, mutation, skills, memory-worth, model; or compare A B.")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="ci (under 2 minutes) or full.")] = "ci",
    report: Annotated[Path | None, typer.Option("--report", help="Write a self-contained HTML report here.")] = None,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", help="Most USD a run may spend on a model; no suite asks one yet.", min=0)
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with (or show again) the same run.")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", help="Processes side by side; default: one a core.", min=1)] = None,
) -> int:
    """Ask whether it learns what is there, finds what is not, or knows what it cannot; exit 1 when a gate fails."""
    names = suites or []
    if names[:1] == ["compare"]:
        return _compare(names[1:])
    from evals.harness import asked, read_run, run
    from evals.suites import named

    seed = GLOBALS.settings().seed
    what = asked(named(names), profile, seed)

    def told(done: int, total: int, name: str) -> None:
        sys.stderr.write(f"eval: {done} of {total} ({name})\n")

    document = run(GLOBALS.home, what, resume=resume, report=told, workers=jobs)
    if report is not None:
        from agent.report.page import write
        from evals.page import render

        write(report, render(read_run(GLOBALS.home, document["run"])))
        sys.stderr.write(f"report: {report}\n")
    emit(document, lambda out: _show(out, document))
    return 0 if all(suite["passed"] for suite in document["suites"]) else 1


def _show(out: Console, document: Json) -> None:
    for suite in document["suites"]:
        shown = table(f"{suite['name']}: {suite['question']}", "gate", "value", "interval", "threshold", "", "", right=(1, 2, 3))
        for gate in suite["gates"]:
            low, high = gate["interval"] or (None, None)
            span = f"[{low:.3f}, {high:.3f}]" if low is not None and high is not None else "-"
            word = "reported" if gate["threshold"] is None else ("passed" if gate["passed"] else "FAILED")
            shown.add_row(
                gate["name"], number(gate["value"], "{:.3f}"), span, number(gate["threshold"], "{:g}"), word, gate["why"]
            )
        out.print(shown)
    out.print(f"run {document['run']}")


def _compare(names: list[str]) -> int:
    from agent.errors import ConfigError
    from evals.harness import compare, read_run

    if len(names) != 2:
        raise ConfigError(f"eval compare takes two runs, not {len(names)}; write eval compare A B")
    found = compare(read_run(GLOBALS.home, names[0]), read_run(GLOBALS.home, names[1]))

    def words(out: Console) -> None:
        changed = ", ".join(found["changed"]) or "nothing"
        shown = table(
            f"{found['a']} and {found['b']}; changed: {changed}", "suite", "gate", "A", "B", "change", "", right=(2, 3, 4)
        )
        for row in found["gates"]:
            note = "intervals apart" if row["intervals_apart"] else ""
            shown.add_row(row["suite"], row["gate"], *(number(row[key], "{:.3f}") for key in ("a", "b", "change")), note)
        out.print(shown)

    emit(found, words)
    return 0


def mock_llm(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 takes any free one.", min=0, max=65535)] = 8765,
    behaviour: Annotated[
        str,
        typer.Option("--behaviour", help="scripted, or one of those in agent.doubles.behaviours, such as obedient."),
    ] = "analyst",
    script: Annotated[Path | None, typer.Option("--script", help="For scripted: JSON lines, one reply each.")] = None,
) -> int:
    """Speak the Messages API on a local port, without a model. Point ANTHROPIC_BASE_URL at it."""
    from agent.doubles import DoubleServer, Script, double
    from agent.errors import ConfigError

    if (behaviour == "scripted") != (script is not None):
        raise ConfigError("--behaviour scripted and --script FILE go together; give both or neither")
    chosen = Script(_replies(script)) if script is not None else double(behaviour, GLOBALS.settings().seed)
    server = DoubleServer(chosen, port, log=True)
    words = {"url": server.url, "behaviour": behaviour}
    emit(words, lambda out: out.print(f"{behaviour} listens on {server.url}; set ANTHROPIC_BASE_URL={server.url}"))
    sys.stdout.flush()
    try:
        server.serve_forever()
    finally:
        server.server_close()
    return 0


def _replies(path: Path) -> list[Any]:
    from agent.errors import ConfigError

    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as err:
        raise ConfigError(f"--script {path} cannot be read: {err}; give JSON lines, one reply each") from None
