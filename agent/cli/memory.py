"""Commands that ask episodic memory: search, similar, recent, stats, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import inputs, keeping
from agent.cli.globals import GLOBALS
from agent.cli.inputs import At, OneData, Reading, reads_bars
from agent.cli.output import emit, lines, number, table

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from memory_db.store import MemoryStore

memory = typer.Typer(help="What the agent remembers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    keeping.register(memory)
    app.add_typer(memory, name="memory")


def _opened() -> AbstractContextManager[MemoryStore]:
    from agent.wiring.homes import open_memory_of

    return open_memory_of(GLOBALS.home, GLOBALS.read_run(), GLOBALS.settings())


@memory.command()
def search(
    query: Annotated[str | None, typer.Option("--query", help="What to look for, in words.")] = None,
    jsonl: Annotated[Path | None, typer.Option("--jsonl", help="A file of queries, a JSON object a line.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only of this symbol.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As it was known then.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="Only what happened from then on.")] = None,
    least: Annotated[float, typer.Option("--min-importance", help="Only this important or more.", min=0, max=2)] = 0.0,
    k: Annotated[int, typer.Option("--k", help="How many.", min=1, max=1000)] = 10,
    mode: Annotated[str, typer.Option("--mode", help="hybrid, text or vector.")] = "hybrid",
    formula: Annotated[str, typer.Option("--formula", help="default, finmem or additive.")] = "default",
) -> None:
    """Recall memories by text: relevance first, recency breaks ties."""
    from agent.cli.queries import Asked, answers, one, read
    from agent.errors import ConfigError
    from agent.wiring.clock import wall_clock

    if (query is None) == (jsonl is None):
        raise ConfigError("give either --query or --jsonl; one of them says what to look for")
    when = inputs.moment(as_of, "--as-of") if as_of else wall_clock()
    begin = inputs.moment(since, "--since") if since else None
    asked = Asked(symbol, kind, when, k, mode, formula, begin, least)
    asked.check()
    if jsonl is not None:
        wanted = list(read(jsonl, asked))
        with _opened() as store:
            lines(answers(store, wanted))
        return
    with _opened() as store:
        found = one(store, query or "", asked)

    def words(out: Console) -> None:
        shown = table(None, "score", "when", "kind", "memory", right=(0,))
        for item in found:
            shown.add_row(f"{item.score:.3f}", f"{item.happened_at:%Y-%m-%d}", item.kind, item.content)
        out.print(shown if found else "nothing found")

    emit({"results": [item.model_dump(mode="json") for item in found]}, words)


@memory.command()
@reads_bars
def similar(
    data: OneData,
    at: At = None,
    k: Annotated[int, typer.Option("--k", help="How many.", min=1, max=500)] = 10,
    reading: Reading = Reading(),
) -> None:
    """Situations like this one, with what followed; chosen without regard to what followed.

    They are compared by the documented distance, or by weights learnt from what followed past ones where those proved closer.
    """
    from agent.cycle.recall import recollect
    from agent.market.instrument import instrument
    from agent.market.series import prepare

    bars = inputs.load(inputs.one(data), reading, inputs.moment(at) if at else None)
    as_of = inputs.known_by(bars, at)
    view = prepare(bars, instrument(bars.symbol, bars.interval), GLOBALS.settings().market)
    with _opened() as store:
        found = recollect(store, view, as_of, k, shown=True)
        distance = store.weighing.told(as_of)["distance"]

    def words(out: Console) -> None:
        shown = table(None, "when", "symbol", "similar", "side", "R", "", right=(2, 4))
        for a in found.analogues:
            shown.add_row(
                f"{a.bar_time:%Y-%m-%d}",
                a.symbol,
                f"{a.similarity:.2f}",
                a.side,
                f"{a.r:+.2f}",
                "shadow" if a.shadow else "trade",
            )
        for a in found.counter_evidence:
            shown.add_row(f"{a.bar_time:%Y-%m-%d}", a.symbol, f"{a.similarity:.2f}", a.side, f"{a.r:+.2f}", "shown against it")
        out.print(shown if found.analogues else "too few settled situations to say anything")
        out.print(f"compared by the {distance} distance")
        if found.estimate:
            e = found.estimate
            out.print(f"{e.side}: mean net {e.mean_r:+.2f} R, {e.p_win:.0%} won (base {e.base_rate:.0%}), n {e.n_eff:.0f}")

    empty = {"side": None, "mean_r": None, "p_win": None, "n_eff": 0}
    document = found.model_dump(mode="json")
    emit(
        {
            "analogues": document["analogues"],
            "estimate": document["estimate"] or empty,
            "other_side": document["other_side"],
            "counter_evidence": document["counter_evidence"],
            "distance": distance,
        },
        words,
    )


@memory.command()
def recent(
    n: Annotated[int, typer.Option("--n", help="How many.", min=1, max=1000)] = 20,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only of this symbol.")] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only of this kind.")] = None,
) -> None:
    """The newest memories, whatever their decay."""
    with _opened() as store:
        found = store.recent(n, symbol=symbol, kind=kind)

    def words(out: Console) -> None:
        shown = table(None, "when", "kind", "symbol", "memory")
        for item in found:
            shown.add_row(f"{item.happened_at:%Y-%m-%d}", item.kind, item.symbol or "", item.content)
        out.print(shown if found else "nothing remembered yet")

    emit({"results": [item.model_dump(mode="json") for item in found]}, words)


@memory.command()
def stats(
    symbol: Annotated[str | None, typer.Option("--symbol", help="Only of this symbol.")] = None,
    hours: Annotated[float | None, typer.Option("--hours", help="Only what became known in so many hours.", min=0)] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="As it was then.")] = None,
) -> None:
    """How much is remembered: totals, by kind, symbol, age and importance."""
    from datetime import timedelta

    from agent.wiring.clock import wall_clock

    now = inputs.moment(as_of, "--as-of") if as_of else wall_clock()
    since = None if hours is None else now - timedelta(hours=hours)
    with _opened() as store:
        found: dict[str, Any] = store.stats(now, symbol, since)

    def words(out: Console) -> None:
        shown = table(None, "", "", right=(1,))
        for name, value in found.items():
            if isinstance(value, dict):
                for key, count in value.items():
                    shown.add_row(f"{name} {key}", number(count, "{:,.0f}") if isinstance(count, int) else str(count))
            else:
                shown.add_row(name, str(value))
        out.print(shown)

    emit(found, words)


@memory.command()
def verify() -> int:
    """Check chain, digests, signed head, state, vectors and indexes; exit 1 on a problem."""
    with _opened() as store:
        found = store.verify()

    def words(out: Console) -> None:
        out.print(f"{found['facts']} facts, {found['indexed']} indexed: " + ("all is well" if found["ok"] else "problems"))
        for problem in found["problems"]:
            out.print(f"  {problem}")

    emit(found, words)
    return 0 if found["ok"] else 1
