"""Commands that decide and explain: decide, why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli import inputs
from agent.cli.globals import GLOBALS
from agent.cli.inputs import At, Mask, News, OneData, Options, Reading, reads_bars
from agent.cli.output import emit, logs_to_stderr, number, table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from agent.cycle import Desk
    from agent.domain import CycleRecord
    from agent.market.bars import Bars


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(decide)
    app.command()(why)


def desk_over(
    bars: list[Bars],
    options: Path | None = None,
    news: Path | None = None,
    *,
    mask: bool = False,
    mandate: Path | None = None,
) -> Desk:
    """A desk over recorded bars, in the run asked for and within the home's mandate."""
    from agent.wiring.desks import mandate_of, open_desk
    from agent.wiring.recorded import RecordedFeed, prepared

    logs_to_stderr()
    settings = GLOBALS.settings({"model": {"mask": True}} if mask else None)
    feed = RecordedFeed(prepared(bars, settings))
    started = min(one.timestamp(0) for one in bars)
    return open_desk(
        GLOBALS.home,
        GLOBALS.run or "paper",
        feed,
        settings,
        started=started,
        reading=inputs.reading_for(options, news),
        mandate=mandate_of(GLOBALS.home, mandate),
    )


@reads_bars
def decide(
    data: OneData,
    symbol: Annotated[str | None, typer.Option("--symbol", help="The symbol to decide on (else the file's).")] = None,
    at: At = None,
    reading: Reading = Reading(),
    options: Options = None,
    news: News = None,
    mask: Mask = False,
) -> int:
    """One full cycle on a symbol, recorded in the paper run; deciding twice returns the first record."""
    from agent.cycle import run_cycle

    bars = inputs.load(inputs.one(data), reading, inputs.moment(at) if at else None)
    desk = desk_over([bars], options, news, mask=mask)
    try:
        record = run_cycle(desk, bars.symbol, inputs.known_by(bars, at))
    finally:
        desk.memory.close()
    GLOBALS.wrote(desk.run)
    emit(record.model_dump(mode="json"), lambda out: tell(out, record))
    return 1 if record.status == "error" else 0


def tell(out: Console, record: CycleRecord) -> None:
    size = f", {abs(record.decision.size):.1%} of equity" if record.decision.size else ""
    when = f"{record.as_of:%Y-%m-%d %H:%M} UTC"
    out.print(f"{record.symbol} as of {when}: {record.decision.action}{size}  (PAPER)", style="bold")
    if record.state:
        out.print(record.state.text)
    if record.status != "ok":
        out.print(f"{record.status}: {record.status_reason}")
    if record.fallback_reason:
        out.print(f"the model did not decide: {record.fallback_reason}")
    if record.signal:
        out.print(record.signal.thesis)
    _tell_parts(out, [c.model_dump() for c in record.contributions], {s.id: s.name for s in record.skills})
    for clamp in record.clamps:
        out.print(f"limited by {clamp.limit}: {clamp.from_:.2f} to {clamp.to:.2f}, {clamp.reason}")
    if record.refusal:
        out.print(f"refused by {record.refusal.by}: {record.refusal.reason}")
    if record.order:
        order = record.order
        out.print(f"order: {order.side} {order.quantity} {order.symbol} at the next bar's open")
    out.print(f"`tradecraft why {record.id}` explains it", style="dim")


def _tell_parts(out: Console, parts: list[dict[str, Any]], names: dict[str, str]) -> None:
    if not parts:
        return
    shown = table(None, "part", "", "adds", right=(2,))
    for part in parts:
        shown.add_row(part["source"], names.get(part["id"], part["id"]), f"{part['value']:+.3f}")
    shown.add_row("sum", "", f"{sum(part['value'] for part in parts):+.3f}", style="bold")
    out.print(shown)


def why(
    ident: Annotated[str, typer.Argument(metavar="ID", help="The id of a decision (its first characters are enough).")],
) -> None:
    """Explain a decision from its record: parts, memories, skills, clamps, what was seen."""
    from agent.report.explain import why as explain

    record, closed = find_record(ident)
    document = explain(record, closed)
    emit(document, lambda out: _tell_why(out, record, document))


def find_record(ident: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """A decision by id or its beginning, in the run asked for or in any run, with the trade it led to."""
    from agent.errors import ConfigError
    from agent.wiring.homes import open_journal, run_names

    asked = [GLOBALS.run] if GLOBALS.run else run_names(GLOBALS.home)
    for run in asked:
        with open_journal(GLOBALS.home, run) as journal:
            fact = journal.get(ident)
            if fact is None and len(ident) >= 4:
                fact = next((f for f in journal.facts(kinds=("cycle",)) if f.key.startswith(ident)), None)
            if fact is None or fact.kind != "cycle":
                continue
            closed = journal.get(f"closed:{fact.data['run']}:{fact.key}")
            return fact.data, closed.data if closed else None
    raise ConfigError(
        f"no decision {ident!r} in {', '.join(asked) or 'any run'}; `tradecraft backtest --json` and `decide` give ids"
    )


def _tell_why(out: Console, record: dict[str, Any], document: dict[str, Any]) -> None:
    from agent.report.explain import analogue_text, closed_text, reliability_text, skill_text

    signal = record["signal"]
    head = f"{record['symbol']} {record['bar_time'][:16]}  {record['decision']['action']}  status {record['status']}"
    out.print(head, style="bold")
    out.print(record["state"]["text"] if record["state"] else "nothing was perceived")
    out.print(signal["thesis"] if signal else record["status_reason"])
    _tell_parts(out, record["contributions"], {s["id"]: s["name"] for s in record["skills"]})
    votes = table("votes", "voter", "score", "reason", right=(1,))
    for vote in record["votes"]:
        said = "abstains" if vote["abstained"] else f"{vote['direction'] * vote['confidence']:+.2f}"
        votes.add_row(vote["voter"], said, vote["reason"])
    out.print(votes)
    for skill in record["skills"]:
        out.print("skill    " + skill_text(skill))
    for analogue in record["recollection"]["analogues"]:
        out.print("memory   " + analogue_text(analogue))
    for analogue in record["recollection"]["counter_evidence"]:
        out.print("against  " + analogue_text(analogue))
    for one in document["memories"]["reliability"]:
        out.print("voters   " + reliability_text(one))
    for clamp in record["clamps"]:
        out.print(f"limit    {clamp['limit']}: {number(clamp['from'])} to {number(clamp['to'])}, {clamp['reason']}")
    if document["outcome"]:
        out.print("outcome  " + closed_text(document["outcome"]))
    _tell_model(out, record)
    out.print(f"reasoner {record['reasoner']}, context {record['context_hash'][:12]}", style="dim")


def _tell_model(out: Console, record: dict[str, Any]) -> None:
    """What the model said and was shown, what it cost, or why it did not decide."""
    from agent.report.explain import cutoff_text

    opinion, beside = record.get("opinion"), record.get("arithmetic")
    if record["fallback_reason"]:
        out.print(f"model    did not decide: {record['fallback_reason']}")
    if record.get("skipped"):
        out.print(f"model    {record['skipped']}")
    if opinion:
        counted = f"{opinion['stated']:.2f} stated, {opinion['confidence']:.2f} counted, share {opinion['share']:.2f}"
        out.print(f"model    {opinion['model']}: {opinion['action']} ({counted}), size x{opinion['size']:.2f}")
        out.print(f"dissent  {opinion['dissent']}")
        for flag in opinion["flags"]:
            out.print(f"flag     {flag}")
        out.print("cutoff   " + cutoff_text(opinion))
    for voice in record.get("voices") or []:
        said = voice["opinion"]
        what = f"{said['action']} at {said['stated']:.2f}, share {said['share']:.2f}" if said else voice["fault"]
        out.print(f"voice    {voice['voter']}: {what}")
    for alarm in record.get("alarms") or []:
        out.print(f"alarm    {alarm}", style="bold red")
    if opinion and beside:
        out.print(f"without  arithmetic alone: {beside['action']} at {beside['confidence']:.2f}, size {beside['size']:+.1%}")
    for part in record.get("shown") or []:
        left = f", {part['dropped']} lines left out" if part["dropped"] else ""
        out.print(f"shown    {part['name']}: about {part['tokens']} tokens{left}", style="dim")
    if record["usage"]["input_tokens"]:
        usage = record["usage"]
        counts = f"{usage['input_tokens']} tokens in ({usage['cached_tokens']} cached), {usage['output_tokens']} out"
        out.print(f"cost     {counts}, {record['cost_usd']:.4f} USD", style="dim")
