"""Halt and resume: a person's hand on trading, kept in the journal so that it survives a restart."""

from __future__ import annotations

from datetime import datetime

from agent.domain import Frozen, Utc
from memory_db.journal import Journal
from memory_db.writer import Writer


class Control(Frozen):
    """Whether trading is halted or entries are stopped, since when and why.

    ``rebased_at`` is when a person last resumed: from then on the drawdown is counted anew, else a
    book that hit its limit could never trade again.
    """

    halted: bool = False
    entries_stopped: bool = False
    reason: str | None = None
    at: Utc | None = None
    principal: str | None = None
    rebased_at: Utc | None = None


def read_control(source: Journal | Writer) -> Control:
    """The control in force, as the journal or a transaction on it has it."""
    state = source.state("control").get("trading")
    return Control.model_validate(state) if state else Control()


def write_control(w: Writer, control: Control, at: datetime) -> Control:
    """Put a control in force with the transaction of ``w``."""
    w.add(
        "control",
        control.model_dump(mode="json"),
        key=f"control:{w.head.seq + 1}",
        happened_at=at,
        known_at=at,
        writer=control.principal or "operator",
        sets=[("control", "trading", control.model_dump(mode="json"))],
    )
    return control


def halt(journal: Journal, *, reason: str, at: datetime, principal: str, entries_only: bool = False) -> Control:
    """Stop trading (or only entries); exits go on."""
    before = read_control(journal)
    stopped = Control(
        halted=before.halted or not entries_only,
        entries_stopped=True,
        reason=reason,
        at=at,
        principal=principal,
        rebased_at=before.rebased_at,
    )
    with journal.write() as w:
        return write_control(w, stopped, at)


def resume(journal: Journal, *, reason: str, at: datetime, principal: str) -> Control:
    """Let trading go on; the reason stays on the record."""
    with journal.write() as w:
        return write_control(w, Control(reason=reason, at=at, principal=principal, rebased_at=at), at)
