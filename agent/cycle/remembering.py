"""What a person would remember of a bar: written once, as text, with the importance of what happened.

Votes, signals and contributions of every decision are in its record, whatever happens; here they become words where
something was done. An outcome counts by its size in R and by how much it surprised the confidence it was entered with.
"""

from __future__ import annotations

from typing import Any

from agent.cycle.desk import Desk
from agent.cycle.history import record_of
from agent.cycle.noticing import Moment, moments
from agent.domain import CycleRecord, Outcome, Position, Vote
from agent.market.series import Series
from memory_db.writer import Writer

STREAK = 5  # trades in a row that make a pattern
OFTEN, OFTEN_BARS = 3, 20  # how often a moment is seen within so many bars to be one
SQUEEZES = 2  # more of them among the last option chains are one


class Keeper:
    """Writes the text memories of one decision."""

    def __init__(self, desk: Desk, w: Writer, record: CycleRecord) -> None:
        """Take what the memories are of."""
        self._desk, self._w, self._record = desk, w, record
        self.day = f"{record.symbol} {record.bar_time.date()}"

    def keep(
        self, kind: str, key: str, text: str, importance: float = 1.0, *, fold: bool = False, about: dict[str, Any] | None = None
    ) -> None:
        """Remember a text about this bar, known with the decision."""
        self._desk.memory.remember(
            self._w,
            kind=kind,
            content=f"{self.day}: {text}",
            key=key,
            importance=importance,
            symbol=self._record.symbol,
            happened_at=self._record.bar_time,
            known_at=self._record.as_of,
            metadata=about,
            fold=fold,
        )


def remember_bar(desk: Desk, w: Writer, series: Series, record: CycleRecord) -> None:
    """Keep what a person would remember of this bar."""
    keeper = Keeper(desk, w, record)
    if len(series) > series.ready:
        for moment in moments(series):
            _noticed(desk, keeper, series, record, moment)
    _squeezed(keeper, record)
    if record.order is not None and record.signal is not None and record.decision.action in ("buy", "sell", "close"):
        _acted(keeper, record)
    for position in record.book.positions:
        if position.symbol == record.symbol and position.entry_bar == record.bar_time:
            about = {"decision": position.decision, "price": position.entry_price, "quantity": str(position.quantity)}
            keeper.keep("trade", f"trade:{position.id}", _opening(position), about=about)
    for outcome in record.outcomes:
        _ended(desk, keeper, outcome)
    if record.outcomes:
        _streak(desk, keeper, record)


def _noticed(desk: Desk, keeper: Keeper, series: Series, record: CycleRecord, moment: Moment) -> None:
    keeper.keep(
        moment.kind,
        f"{moment.kind}:{moment.name}:{record.id}",
        moment.text,
        moment.importance,
        fold=True,
        about={"name": moment.name},
    )
    if moment.kind == "regime":
        return
    since = record.bar_time - OFTEN_BARS * series.instrument.step
    before = desk.memory.journal.facts([moment.kind], symbol=record.symbol, known_from=since, known_by=record.as_of)
    seen = sum(
        (fact.data.get("metadata") or {}).get("name") == moment.name and fact.happened_at < record.bar_time for fact in before
    )
    if seen + 1 == OFTEN:
        text = f"{moment.name} was unusual for the third time within {OFTEN_BARS} bars."
        keeper.keep("pattern", f"pattern:{moment.name}:{record.id}", text, 1.3, about={"name": moment.name})


def _squeezed(keeper: Keeper, record: CycleRecord) -> None:
    """Remember that dealers were squeezed again and again."""
    seen = next((vote.evidence for vote in record.votes if vote.voter == "hedge"), {})
    if seen.get("squeeze") and seen["past_squeezes"] > SQUEEZES:
        text = f"dealers are squeezed again, after {seen['past_squeezes']:.0f} squeezes among the last option chains."
        keeper.keep("pattern", f"pattern:squeeze:{record.id}", text, 1.3, fold=True, about={"name": "squeeze"})


def _acted(keeper: Keeper, record: CycleRecord) -> None:
    """Remember why an order was sent: the reasons, the signal and who spoke for and against it."""
    signal, action = record.signal, record.decision.action
    if signal is None:
        return
    parts = ", ".join(f"{part.source} {part.value:+.2f}" for part in record.contributions[:6])
    keeper.keep(
        "signal",
        f"signal:{record.id}",
        f"{action} with confidence {signal.confidence:.2f}; {parts}.",
        about={"decision": record.id},
    )
    if action == "close":
        return
    seen = record.state.text if record.state else ""
    keeper.keep("explanation", f"explanation:{record.id}", f"{signal.thesis} {seen}.", about={"decision": record.id})
    side = 1 if action == "buy" else -1
    keeper.keep("agent_vote", f"voted:{record.id}", *_panel(record.votes, side, action), about={"decision": record.id})


def _panel(votes: list[Vote], side: int, action: str) -> tuple[str, float]:
    """Who spoke, in words; the more important the more of them spoke against what was done."""
    spoke = [vote for vote in votes if not vote.abstained and vote.score]
    against = sum(abs(vote.score) for vote in spoke if vote.score * side < 0)
    total = sum(abs(vote.score) for vote in spoke)
    said = ", ".join(f"{vote.voter} {vote.score:+.2f}" for vote in spoke) or "nobody spoke"
    return f"votes before a {action}: {said}; {len(votes) - len(spoke)} abstained.", 0.7 + (against / total if total else 0.0)


def _opening(position: Position) -> str:
    """How a position was opened, in shares of its price: a level would tell a masked reader which market this is."""
    held = "bought" if position.side == "buy" else "sold"
    return (
        f"{held}, {_away('stop', position.stop, position.entry_price)}, {_away('target', position.target, position.entry_price)}."
    )


def _away(name: str, level: float | None, price: float) -> str:
    return f"no {name}" if level is None else f"{name} {level / price - 1:+.2%} away"


def _ended(desk: Desk, keeper: Keeper, outcome: Outcome) -> None:
    decided = record_of(desk.memory.journal, outcome.decision)
    confidence = decided.signal.confidence if decided and decided.signal else 0.0
    expected = (1.0 + confidence) / 2.0
    surprise = 1.0 - expected if outcome.r > 0 else expected
    text = (
        f"a {outcome.side} of {outcome.entry_bar.date()} {'won' if outcome.r > 0 else 'lost'}: it ended at {outcome.reason} "
        f"with {outcome.r:+.2f} R after {outcome.bars_held} bars; its confidence was {confidence:.2f}."
    )
    about = {
        "decision": outcome.decision,
        "r": outcome.r,
        "pnl": outcome.pnl,
        "entry": outcome.entry_price,
        "exit": outcome.exit_price,
    }
    keeper.keep("outcome", f"told:{outcome.position}", text, weight(outcome.r, surprise), about=about)


def weight(r: float, surprise: float) -> float:
    """Importance of an outcome: half, its size (0.75 a unit of R) and its surprise (0 to 1), at most 2."""
    return min(2.0, 0.5 + 0.75 * abs(r) + surprise)


def _streak(desk: Desk, keeper: Keeper, record: CycleRecord) -> None:
    """Remember when the last five trades of a symbol all won or all lost, once for each such run."""
    found = desk.memory.journal.facts(
        ["closed_trade"], symbol=record.symbol, known_by=record.as_of, newest_first=True, limit=STREAK + 1
    )
    past = [Outcome.model_validate_json(fact.payload) for fact in found if fact.payload is not None]
    fresh = {one.position for one in record.outcomes}
    last = [one for one in reversed(past) if one.position not in fresh] + record.outcomes
    signs = [one.r > 0 for one in last][-STREAK - 1 :]
    run = signs[-STREAK:]
    if len(run) == STREAK and len(set(run)) == 1 and (len(signs) == STREAK or signs[0] != run[0]):
        total = sum(one.r for one in last[-STREAK:])
        text = f"the last {STREAK} trades all {'won' if run[0] else 'lost'}, {total:+.1f} R together."
        keeper.keep("pattern", f"pattern:streak:{record.id}", text, 1.6, about={"name": "streak"})
