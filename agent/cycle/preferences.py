"""A person's preferences in the journal: stored with who said it and where, in force until revoked, read by every cycle."""

from __future__ import annotations

from datetime import datetime

from agent.domain import Clamp, Decision, MarketState, Signal
from agent.errors import ConfigError
from agent.risk.limits import Standing
from agent.risk.preferences import Entry, Preference, prefer
from memory_db.episodes import remember
from memory_db.journal import Journal
from memory_db.writer import Writer

SPACE = "preferences"


def read_preferences(source: Journal | Writer) -> list[Preference]:
    """The preferences in force, oldest id first."""
    return [Preference.model_validate(value) for _, value in sorted(source.state(SPACE).items())]


def keep_preference(journal: Journal, wish: Preference, *, said: str, at: datetime, session: str, principal: str) -> Preference:
    """Put a preference in force: what was said as a text memory, what it means as state, together.

    Its id becomes that of the memory. ConfigError when exactly this is in force already.
    """
    shape = wish.model_dump(mode="json", exclude={"id"})
    if any(held.model_dump(mode="json", exclude={"id"}) == shape for held in read_preferences(journal)):
        raise ConfigError(f"{wish.words()}: this is in force already; /memory shows it")
    metadata = {"session": session, "by": principal, "means": wish.words()}
    with journal.write() as w:
        seq = w.head.seq + 1
        kept = wish.model_copy(update={"id": f"m{seq}"})
        remember(
            w, kind="preference", content=said, key=f"preference:{at.isoformat()}:{seq}", happened_at=at, known_at=at,
            importance=2.0, metadata=metadata, writer=principal, trust="operator",
        )  # fmt: skip
        _change(w, kept.id, kept, at, principal)
    return kept


def revoke_preference(journal: Journal, ident: str, *, at: datetime, principal: str) -> Preference:
    """Take a preference out of force; that it was held stays on record. ConfigError when it is not in force."""
    held = next((one for one in read_preferences(journal) if one.id == ident), None)
    if held is None:
        known = ", ".join(one.id for one in read_preferences(journal)) or "none"
        raise ConfigError(f"preference {ident!r} is not in force; in force: {known}")
    with journal.write() as w:
        _change(w, ident, None, at, principal)
    return held


def _change(w: Writer, ident: str, value: Preference | None, at: datetime, principal: str) -> None:
    document = value.model_dump(mode="json") if value else None
    w.add(
        "preference_set",
        {"preference": ident, "rule": document},
        key=f"{SPACE}:{ident}:{w.head.seq + 1}",
        happened_at=at,
        known_at=at,
        writer=principal,
        trust="operator",
        sets=[(SPACE, ident, document)],
    )


def preferred(
    decision: Decision, signal: Signal, preferences: list[Preference], state: MarketState, standing: Standing
) -> tuple[Decision, list[Clamp]]:
    """What the limits let through, reduced to what a person prefers."""
    entry = Entry(
        symbol=state.symbol,
        regime=state.regime.label,
        bar=state.bar_time,
        as_of=state.as_of,
        price=state.close,
        exposure=standing.exposure,
    )
    return prefer(decision, signal, preferences, entry)
