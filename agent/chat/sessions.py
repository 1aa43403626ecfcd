"""Conversations in a journal of their own: every turn a fact, reopened by id, exported whole.

They stand beside the runs (``HOME/chat``), so that talking about a run changes nothing in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.chat.answer import Answer
from agent.domain import Frozen, Usage, Utc
from agent.errors import ConfigError
from agent.wiring.homes import signer_for
from memory_db.journal import Journal

Json = dict[str, Any]


class Said(Frozen):
    """One turn: what was said, what was answered, when, about which run."""

    session: str
    n: int
    at: Utc
    run: str
    said: str
    text: str
    label: str = ""
    certainty: str = "sure"
    tools: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    usage: Usage = Usage()
    cost_usd: float = 0.0
    model: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class Session:
    """One conversation: its turns so far, each written when it is over."""

    id: str
    journal: Journal
    clock: Callable[[], datetime]
    turns: list[Said] = field(default_factory=list)
    summary: str = ""
    summed: int = 0

    @property
    def cost(self) -> float:
        """What it has cost, in USD."""
        return sum(turn.cost_usd for turn in self.turns)

    @property
    def usage(self) -> Usage:
        """What it has used."""
        total = Usage()
        for turn in self.turns:
            total = total.plus(turn.usage)
        return total

    def add(self, said: str, answer: Answer, run: str) -> Said:
        """Write a turn."""
        turn = Said(
            session=self.id, n=len(self.turns) + 1, at=self.clock(), run=run, said=said, text=answer.text, label=answer.label,
            certainty=answer.certainty, tools=answer.tools, citations=answer.citations, usage=answer.usage,
            cost_usd=answer.cost_usd,
            model=answer.model, warnings=answer.warnings,
        )  # fmt: skip
        self._fact("chat_turn", turn.model_dump_json(), f"turn:{self.id}:{turn.n}", turn.at)
        self.turns.append(turn)
        return turn

    def note(self, kind: str, payload: Json) -> None:
        """Write what else happened: a request, what became of it, a hypothetical decision."""
        now = self.clock()
        self._fact(
            kind, json.dumps({"session": self.id, **payload}, default=str), f"{kind}:{self.id}:{self.journal.last_seq + 1}", now
        )

    def compacted(self, summary: str) -> None:
        """Write what stands for the turns so far from now on; the turns themselves stay on record."""
        self.summary, self.summed = summary, len(self.turns)
        self.note("chat_summary", {"summary": summary, "turns": self.summed})

    def _fact(self, kind: str, payload: str, key: str, at: datetime) -> None:
        with self.journal.write() as w:
            w.add(kind, payload, key=key, happened_at=at, known_at=at, writer="operator", trust="outside")

    def markdown(self) -> str:
        """The conversation to read."""
        lines = [f"# Conversation {self.id}", ""]
        for turn in self.turns:
            lines += [f"**{turn.at:%Y-%m-%d %H:%M} UTC, {turn.run}: {turn.said}**", "", turn.text, ""]
            notes = [
                turn.label or turn.model or "",
                f"ids: {', '.join(turn.citations)}" if turn.citations else "",
                *turn.warnings,
            ]
            lines += [f"_{'; '.join(note for note in notes if note)}_", ""]
        return "\n".join(lines)

    def document(self) -> Json:
        """The conversation as data."""
        return {"session": self.id, "turns": [turn.model_dump(mode="json") for turn in self.turns], "summary": self.summary}


def open_sessions(home: Path) -> Journal:
    """The journal of a home's conversations."""
    return Journal.open(home / "chat" / "journal.sqlite", signer_for(home), durable=False)


def begin(journal: Journal, clock: Callable[[], datetime]) -> Session:
    """A new conversation."""
    ident = hashlib.sha256(f"{clock().isoformat()}|{journal.last_seq}".encode()).hexdigest()[:8]
    return Session(ident, journal, clock)


def reopen(journal: Journal, clock: Callable[[], datetime], ident: str | None = None) -> Session:
    """A conversation by id or its beginning, or the last one; ConfigError when there is none."""
    turns = [Said.model_validate_json(fact.payload) for fact in journal.facts(kinds=("chat_turn",)) if fact.payload is not None]
    names = list(dict.fromkeys(turn.session for turn in turns))
    fits = [name for name in names if ident is None or name.startswith(ident)]
    if not fits:
        raise ConfigError(
            f"there is no conversation {ident!r}; there are {', '.join(names[-5:])}" if names else "there is no conversation yet"
        )
    session = Session(fits[-1], journal, clock, [turn for turn in turns if turn.session == fits[-1]])
    for fact in journal.facts(kinds=("chat_summary",)):
        if fact.data.get("session") == session.id:
            session.summary, session.summed = fact.data["summary"], fact.data["turns"]
    return session


def shortened(session: Session, keep: int = 4) -> str:
    """What must not be lost of the turns so far: every question with its answer's beginning, and every id."""
    older = session.turns[session.summed : max(session.summed, len(session.turns) - keep)] or session.turns[session.summed :]
    lines = [session.summary] if session.summary else []
    for turn in older:
        ids = f" ids: {', '.join(turn.citations[:12])}" if turn.citations else ""
        lines.append(f"- asked: {turn.said[:200]} / answered: {turn.text[:240]}{ids}")
    return "\n".join(lines)
