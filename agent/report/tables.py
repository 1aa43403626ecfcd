"""Tables of a report as plain rows of text, ready for a template that escapes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from agent.report.document import Document, Explanation, Learned, Trade, VoterRow
from agent.report.wording import bounds, direction, label, number, percent, share
from agent.statistics import wilson

REGIME_ORDER = ("all", "trending", "ranging", "volatile")


@dataclass(frozen=True)
class Cell:
    """A value with something smaller beside it; ``heat`` in [0, 1] colours a heat map's cell."""

    text: str
    aside: str = ""
    heat: float | None = None


@dataclass(frozen=True)
class Table:
    """Headings and rows; the first column is text, the others are figures unless named in ``words``."""

    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    words: frozenset[int] = frozenset({0})
    more: int = 0
    rest: str = "earlier ones"


def cells(*texts: str) -> tuple[Cell, ...]:
    """Return texts as cells without an aside."""
    return tuple(Cell(text) for text in texts)


def arms(documents: Sequence[Document]) -> Table:
    """Compare the arms, with intervals where they are known."""
    head = ("Arm", "Return", "A year", "Sharpe", "Max. drawdown", "Trades", "Win rate", "Invested")
    return Table(head, [_arm(document) for document in documents])


def _arm(document: Document) -> tuple[Cell, ...]:
    count, rate = document.figure("# Trades"), document.figure("Win Rate [%]")
    span = wilson(rate / 100 * count, count) if count and rate is not None else None
    return (
        Cell(label(document.arm), document.arm if label(document.arm) != document.arm else ""),
        Cell(percent(document.figure("Return [%]"), sign=True)),
        Cell(percent(document.figure("Return (Ann.) [%]"), sign=True)),
        Cell(number(document.figure("Sharpe Ratio")), bounds(document.sharpe_interval)),
        Cell(percent(document.figure("Max. Drawdown [%]"))),
        Cell(number(count, 0)),
        Cell(percent(rate, 0), bounds(span, 0, 100)),
        Cell(percent(document.figure("Exposure Time [%]"), 0)),
    )


def differences(document: Document) -> Table:
    """List the paired differences, what they mean, and what could have been seen."""
    head = (f"{label(document.arm)}, minus", "A year", "95 % interval", "Smallest visible effect", "Days", "Reading")
    rows = [
        cells(
            label(row.against),
            percent(row.difference_pct, sign=True),
            bounds(row.interval, 1, sign=True),
            percent(row.mde_pct),
            number(row.n_days, 0),
            {1: "better", -1: "worse", 0: "cannot be told from zero"}[direction(row)],
        )
        for row in document.comparisons
    ]
    return Table(head, rows, frozenset({0, 5}))


def quarters(document: Document) -> Table:
    """List the chunks: what came out, and what was carried in."""
    head = ("Chunk", "Return", "Hold", "Drawdown", "Trades", "Win rate", "Mean R", "Invested", "Errors", "Memories in", "Skills")
    rows = [
        cells(
            chunk.name,
            percent(chunk.return_pct, sign=True),
            percent(chunk.benchmark_return_pct, sign=True),
            percent(chunk.max_drawdown_pct),
            number(chunk.trades, 0),
            share(chunk.win_rate),
            number(chunk.mean_r, sign=True),
            percent(chunk.exposure_pct, 0),
            number(chunk.errors, 0),
            number(chunk.memories, 0),
            number(chunk.skills_active, 0),
        )
        for chunk in document.chunks
    ]
    return Table(head, rows)


def skills(learned: Learned) -> Table:
    """List the skills by how much they were used."""
    head = ("Skill", "Status", "Runs", "Success", "Partial", "Failure", "Reliability", "Mean R", "In shadow", "Shadow R")
    rows = [
        (
            Cell(row.name, f"v{row.version}"),
            *cells(row.status, *(number(n, 0) for n in (row.executions, row.success, row.partial, row.failure))),
            Cell(number(row.reliability), bounds(row.interval)),
            *cells(number(row.mean_r, sign=True), number(row.shadow.executions, 0), number(row.shadow.mean_r, sign=True)),
        )
        for row in sorted(learned.skills, key=lambda row: (-row.executions, row.name))
    ]
    return Table(head, rows, frozenset({0, 1}))


def voters(learned: Learned) -> Table:
    """Arrange voters by regime as a heat map of weights, hit rates beside them."""
    names = sorted({row.voter for row in learned.voters})
    found = sorted({row.regime for row in learned.voters})
    regimes = [regime for regime in REGIME_ORDER if regime in found] + [r for r in found if r not in REGIME_ORDER]
    by_place = {(row.voter, row.regime): row for row in learned.voters}
    top = max((row.weight or 0.0 for row in learned.voters), default=0.0)
    rows = [(Cell(name), *(_weight(by_place.get((name, regime)), top) for regime in regimes)) for name in names]
    return Table(("Voter", *regimes), rows)


def _weight(row: VoterRow | None, top: float) -> Cell:
    if row is None:
        return Cell(number(None))
    heat = round(row.weight / top, 3) if row.weight is not None and top > 0 else None
    return Cell(number(row.weight), f"{share(row.hit_rate)} of {number(row.n, 0)}" if row.n else "no votes yet", heat)


def regimes(learned: Learned) -> Table:
    """List how trades went in each regime."""
    rows = [
        (
            *cells(row.regime, number(row.trades, 0), share(row.win_rate)),
            Cell(number(row.mean_r, sign=True), bounds(row.interval)),
        )
        for row in learned.regimes
    ]
    return Table(("Regime", "Trades", "Win rate", "Mean R"), rows)


def parameters(learned: Learned, most: int = 30) -> Table:
    """List parameter changes in time order, the latest ``most`` of them."""
    rows = [
        cells(row.at[:10], row.name, f"{number(row.from_)} → {number(row.to)}", row.trigger, row.reason)
        for row in learned.parameters[-most:]
    ]
    head = ("When", "Parameter", "Change", "Set off by", "Reason")
    return Table(head, rows, frozenset({0, 1, 3, 4}), more=max(0, len(learned.parameters) - most))


def exits(trades: Sequence[Trade]) -> Table:
    """Group closed trades by what closed them."""
    rows = []
    for reason in sorted({trade.reason for trade in trades}):
        group = [trade for trade in trades if trade.reason == reason]
        multiples = [trade.r for trade in group if trade.r is not None]
        won = sum(trade.pnl > 0 for trade in group)
        mean = fmean(multiples) if multiples else None
        total = sum(trade.pnl for trade in group)
        rows.append(
            cells(reason, number(len(group), 0), share(won / len(group)), number(mean, sign=True), number(total, 0, sign=True))
        )
    return Table(("Closed by", "Trades", "Win rate", "Mean R", "P&L in cash"), rows)


def symbols(document: Document) -> Table:
    """List what each symbol's trades earned, in the order of the document."""
    rows = [
        cells(
            row.symbol,
            number(row.trades, 0),
            share(row.win_rate),
            number(row.mean_r, sign=True),
            number(row.pnl, 0, sign=True),
            number(row.sharpe, sign=True),
        )
        for row in document.summary.symbols
    ]
    return Table(("Symbol", "Trades", "Win rate", "Mean R", "P&L in cash", "Sharpe"), rows)


def cost_rows(document: Document) -> Table:
    """List what higher costs would have left."""
    rows = [
        cells(f"{number(row.multiple, 0)}×", percent(row.return_pct, sign=True), number(row.sharpe))
        for row in document.cost_sensitivity
    ]
    return Table(("Costs", "Return", "Sharpe"), rows)


@dataclass(frozen=True)
class Step:
    """A contribution as a piece of a waterfall: ``left``, ``width`` and ``zero`` in per cent of the track."""

    name: str
    aside: str
    value: str
    left: float
    width: float
    zero: float
    kind: str


def waterfall(explanation: Explanation) -> list[Step]:
    """Lay the contributions end to end from zero, then their sum."""
    edges = [0.0]
    for part in explanation.contributions:
        edges.append(edges[-1] + part.value)
    low, high = min(edges), max(edges)
    if high == low:
        return []

    def step(name: str, aside: str, start: float, end: float, kind: str) -> Step:
        left, width = (min(start, end) - low) / (high - low) * 100, abs(end - start) / (high - low) * 100
        return Step(
            name,
            aside,
            number(end - start, 3, sign=True),
            round(left, 2),
            round(width, 2),
            round(-low / (high - low) * 100, 2),
            kind,
        )

    steps = [
        step(part.source, part.id, start, end, "plus" if end >= start else "minus")
        for part, start, end in zip(explanation.contributions, edges[:-1], edges[1:], strict=True)
    ]
    return [*steps, step("sum", "", 0.0, edges[-1], "total")]
