"""Halt and resume: a person's hand on trading, kept in the journal so that it survives a restart."""

from __future__ import annotations

from datetime import datetime

from agent.domain import Frozen, Utc
from memory_db.journal import Journal


class Control(Frozen):
    """Whether trading is halted or entries are stopped, since when and why."""

    halted: bool = False
    entries_stopped: bool = False
    reason: str | None = None
    at: Utc | None = None
    principal: str | None = None


def read_control(journal: Journal) -> Control:
    """The control in force."""
    state = journal.state("control").get("trading")
    return Control.model_validate(state) if state else Control()


def _set(journal: Journal, control: Control, verb: str, at: datetime) -> Control:
    with journal.write() as w:
        w.add(
            "control",
            control.model_dump(mode="json"),
            key=f"control:{journal.last_seq + 1}:{verb}",
            happened_at=at,
            known_at=at,
            writer=control.principal or "operator",
            sets=[("control", "trading", control.model_dump(mode="json"))],
        )
    return control


def halt(journal: Journal, *, reason: str, at: datetime, principal: str, entries_only: bool = False) -> Control:
    """Stop trading (or only entries); exits go on."""
    return _set(
        journal,
        Control(halted=not entries_only, entries_stopped=True, reason=reason, at=at, principal=principal),
        "stopentry" if entries_only else "halt",
        at,
    )


def resume(journal: Journal, *, reason: str, at: datetime, principal: str) -> Control:
    """Let trading go on; the reason stays on the record."""
    return _set(journal, Control(reason=reason, at=at, principal=principal), "resume", at)
