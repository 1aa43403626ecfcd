"""What changes something: prepared in a conversation, carried out by a person's typed yes and by nothing else.

A model, a memory or a message can at most prepare a request. ``Hands`` is handed to the terminal alone; it acts as the
principal that started the program and only through the doors everything else uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from agent.chat.found import Found
from agent.chat.tools.base import Tool
from agent.chat.view import View
from agent.chat.wishes import recognised
from agent.cycle import halt, resume
from agent.cycle.preferences import keep_preference, revoke_preference
from agent.domain import Frozen
from agent.errors import ConfigError
from agent.guard.stored import cleaned
from agent.risk.preferences import Preference
from agent.settings import Settings
from agent.wiring.homes import open_catalogue, open_journal
from memory_db.episodes import remember

Kind = Literal["halt", "stopentry", "resume", "prefer", "revoke", "lesson", "propose_skill", "decide"]


class Request(Frozen):
    """Something to be done once a person says yes: what, with what, and what it will do in words."""

    kind: Kind
    what: str
    given: dict[str, Any] = {}


class Halt(Frozen):
    """Why trading should stop."""

    reason: str


class Wish(Frozen):
    """A preference in the person's own words, e.g. 'never short on Fridays'."""

    said: str


class Ident(Frozen):
    """The id of a preference, e.g. m123."""

    id: str


class Lesson(Frozen):
    """A lesson to keep, in words."""

    content: str = Field(min_length=1, max_length=2000)
    symbol: str | None = None


class Draft(Frozen):
    """A skill draft as JSON text, as `skills show` prints one."""

    draft: str


class Decide(Frozen):
    """A symbol to decide on now."""

    symbol: str | None = None


def wish(view: View, said: str) -> Request:
    """Prepare to keep a preference; ConfigError where none is understood."""
    found = recognised(said, view.tables.symbols, view.tables)
    if found is None:
        raise ConfigError(f"{said!r} is no preference I can keep to; say it like 'never short on Fridays' or 'risk at most 1 %'")
    return Request(
        kind="prefer", what=f"from now on {found.words()}", given={"said": said, "rule": found.model_dump(mode="json")}
    )


def prepared(view: View, name: str, given: Any) -> Request:
    """The request an acting tool prepares."""
    if name == "remember_preference":
        return wish(view, given.said)
    if name == "forget_preference":
        return Request(kind="revoke", what=f"preference {given.id} is no longer kept to", given={"id": given.id})
    if name == "note_lesson":
        return Request(kind="lesson", what=f"keep this lesson: {given.content}", given=given.model_dump())
    if name == "propose_skill":
        return Request(kind="propose_skill", what="hand this skill draft to quarantine", given=given.model_dump())
    if name == "decide_now":
        return Request(kind="decide", what=f"decide now on {given.symbol or 'every symbol'} (paper)", given=given.model_dump())
    words = {"halt": "halt trading", "stop_entries": "stop new entries", "resume": "let trading go on"}[name]
    kinds: dict[str, Kind] = {"halt": "halt", "stop_entries": "stopentry", "resume": "resume"}
    return Request(kind=kinds[name], what=f"{words}: {given.reason}", given=given.model_dump())


def _never(view: View, given: Any) -> Found:
    raise ConfigError("an acting tool only prepares; it is carried out by a person's typed yes")


ACTING: tuple[Tool, ...] = (
    Tool("propose_skill", "Prepare to hand a skill draft to quarantine. A person must confirm.", Draft, _never, acts=True),
    Tool(
        "remember_preference",
        "Prepare to keep a preference that tightens limits. A person must confirm.",
        Wish,
        _never,
        acts=True,
    ),
    Tool("forget_preference", "Prepare to revoke a preference. A person must confirm.", Ident, _never, acts=True),
    Tool("note_lesson", "Prepare to keep a lesson. A person must confirm.", Lesson, _never, acts=True),
    Tool("halt", "Prepare to halt trading. A person must confirm.", Halt, _never, acts=True),
    Tool("stop_entries", "Prepare to stop new entries. A person must confirm.", Halt, _never, acts=True),
    Tool("resume", "Prepare to let trading go on. A person must confirm.", Halt, _never, acts=True),
    Tool("decide_now", "Prepare one decision now, on paper. A person must confirm.", Decide, _never, acts=True),
)
ACTS = {tool.name: tool for tool in ACTING}
Decider = Callable[[str | None], str]


@dataclass(frozen=True)
class Hands:
    """Carries out what a person confirmed, in the run that writing commands change."""

    home: Path
    run: str
    settings: Settings
    principal: str
    clock: Callable[[], datetime]
    session: str
    decide: Decider | None = None

    def carry_out(self, request: Request) -> str:
        """Do it and say what was done; a TradecraftError says why not."""
        return {
            "halt": self._halt, "stopentry": self._halt, "resume": self._resume, "prefer": self._prefer, "revoke": self._revoke,
            "lesson": self._lesson, "propose_skill": self._propose, "decide": self._decide,
        }[request.kind](request)  # fmt: skip

    def _halt(self, request: Request) -> str:
        entries = request.kind == "stopentry"
        with open_journal(self.home, self.run) as journal:
            halt(journal, reason=request.given["reason"], at=self.clock(), principal=self.principal, entries_only=entries)
        return f"{'entries are stopped' if entries else 'trading is halted'} in {self.run}: {request.given['reason']}"

    def _resume(self, request: Request) -> str:
        with open_journal(self.home, self.run) as journal:
            resume(journal, reason=request.given["reason"], at=self.clock(), principal=self.principal)
        return f"trading goes on in {self.run}: {request.given['reason']}"

    def _prefer(self, request: Request) -> str:
        rule = Preference.model_validate(request.given["rule"])
        said = cleaned(request.given["said"]).text
        with open_journal(self.home, self.run) as journal:
            kept = keep_preference(journal, rule, said=said, at=self.clock(), session=self.session, principal=self.principal)
        return (
            f"kept as [memory:{kept.id}] in {self.run}: {kept.words()}; /memory shows it, /memory revoke {kept.id} takes it back"
        )

    def _revoke(self, request: Request) -> str:
        with open_journal(self.home, self.run) as journal:
            held = revoke_preference(journal, request.given["id"], at=self.clock(), principal=self.principal)
        return f"[memory:{held.id}] is no longer kept to in {self.run}: {held.words()}"

    def _lesson(self, request: Request) -> str:
        now = self.clock()
        kept = cleaned(request.given["content"])
        with open_journal(self.home, self.run) as journal, journal.write() as w:
            seq = remember(
                w, kind="lesson", content=kept.text, key=f"said:{now.isoformat()}", happened_at=now, known_at=now,
                symbol=request.given.get("symbol"), metadata={"session": self.session, "flags": list(kept.flags)},
                writer=self.principal, trust="outside",
            )  # fmt: skip
        return f"kept as [memory:m{seq}] in {self.run}"

    def _propose(self, request: Request) -> str:
        from skills.admit import admit

        with open_catalogue(self.home, self.run, self.settings) as (journal, catalogue), journal.write() as w:
            found = admit(
                w, catalogue, request.given["draft"], principal="outside", at=self.clock(), sources=[f"chat:{self.session}"]
            )
        why = "; ".join(f"{r.rule}: {r.excerpt}" for r in found.reasons)
        where = f" as {found.status} v{found.version} [skill:{found.id}]" if found.id else ""
        return f"{found.verdict}{where} in {self.run}{f' ({why})' if why else ''}"

    def _decide(self, request: Request) -> str:
        if self.decide is None:
            raise ConfigError("there are no bars to decide on; start chat with --data FILE")
        return self.decide(request.given.get("symbol"))


__all__ = ["ACTING", "ACTS", "Hands", "Request", "prepared", "wish"]
