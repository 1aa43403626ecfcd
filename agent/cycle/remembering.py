"""What a person would remember of a bar: written once, as text, with the importance of what happened."""

from __future__ import annotations

from agent.cycle.desk import Desk
from agent.domain import CycleRecord, Outcome
from agent.market.series import Series
from memory_db.writer import Writer

WILD = 2.0  # standard deviations of volatility from which a market is worth remembering


def remember_bar(desk: Desk, w: Writer, series: Series, record: CycleRecord) -> None:
    """Keep what a person would remember of this bar: an entry with its reasons, a wild market, a hard loss or win."""

    def keep(kind: str, key: str, text: str, importance: float = 1.0) -> None:
        desk.memory.remember(
            w,
            kind=kind,
            content=text,
            key=key,
            importance=importance,
            symbol=record.symbol,
            happened_at=record.bar_time,
            known_at=record.as_of,
        )

    day = f"{record.symbol} {record.bar_time.date()}"
    if record.order is not None and record.signal is not None and record.decision.action in ("buy", "sell"):
        seen = record.state.text if record.state else ""
        keep("explanation", f"explanation:{record.id}", f"{day}: {record.signal.thesis} {seen}.")
    column = series.frame.column("volatility_z")
    if len(column) > 1 and column[-1] > WILD >= column[-2]:
        keep("market_event", f"event:{record.id}", f"{day}: volatility rose to {column[-1]:.1f} standard deviations.", 1.5)
    for outcome in record.outcomes:
        if abs(outcome.r) >= 1:
            keep("outcome", f"told:{outcome.position}", _ending(outcome), min(2.0, abs(outcome.r)))


def _ending(outcome: Outcome) -> str:
    return (
        f"{outcome.symbol} {outcome.exit_bar.date()}: a {outcome.side} from {outcome.entry_bar.date()} ended at "
        f"{outcome.reason} with {outcome.r:+.2f} R after {outcome.bars_held} bars."
    )
