"""What a conversation about a run holds, and all it can do but be told something: answers, requests that wait, its account.

Whatever would change something becomes ``pending``; only ``confirm`` carries it out, and only a door that has a person at its
keys calls that. Pure of any terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.chat.acting import Hands, Request, wish
from agent.chat.answer import Answer
from agent.chat.asking import Asking
from agent.chat.local.answering import answer as local_answer
from agent.chat.orders import order_of
from agent.chat.sessions import Session, begin, shortened
from agent.chat.view import View
from agent.chat.wishes import recognised
from agent.cycle.preferences import read_preferences
from agent.errors import ConfigError, ModelError, TradecraftError
from agent.llm import Hear
from agent.risk.preferences import Preference
from agent.wiring.homes import open_journal, run_place
from prompts import tokens

LONG = 60_000  # estimated tokens of a conversation from which it is shortened by itself
YES = "yes"


@dataclass
class Talk:
    """A conversation about a run. ``asking`` is None where no model answers, ``hands`` where nothing may be changed."""

    view: View
    session: Session
    asking: Asking | None = None
    hands: Hands | None = None
    pending: Request | None = None
    over: bool = False
    told: Callable[[str], None] = field(default=lambda text: None)

    def spoken(self, said: str, hear: Hear | None) -> Answer:
        """The answer to what is no command: a wish, an order that is not carried out, a question."""
        wanted = recognised(said, self.view.tables.symbols, self.view.tables)
        if wanted is not None and self.hands is not None:
            return self.ask_yes(wish(self.view, said))
        if wanted is not None:
            text = f"I understood: {wanted.words()}. It is kept only from a conversation at a terminal, after a typed yes."
            return Answer(text=text, certainty="unknown")
        demanded = order_of(said)
        if demanded is not None:
            return Answer(text=demanded, certainty="unknown")
        if self.asking is None:
            return local_answer(self.view, said, self.last_decision())
        return self._modelled(said, hear)

    def locally(self, said: str) -> Answer:
        """The answer from the record, whoever else could be asked."""
        return local_answer(self.view, said)

    def _modelled(self, said: str, hear: Hear | None) -> Answer:
        asking = self.asking
        if asking is None:
            return local_answer(self.view, said)
        if asking.conversation is not None and sum(tokens(str(t.content)) for t in asking.conversation.turns) > LONG:
            self.compact()
        before = self.before() if asking.conversation is None else ""
        try:
            return asking.answer(self.view, said, hear, before, self._prepare if self.hands else None)
        except ModelError as err:
            found = local_answer(self.view, said)
            return found.model_copy(update={"label": f"the model did not answer ({err}); answered from the record"})

    def _prepare(self, request: Request) -> None:
        self.pending = request
        self.session.note("chat_request", {"request": request.model_dump(mode="json")})

    def ask_yes(self, request: Request) -> Answer:
        """Prepare a change and say what it will do."""
        if self.hands is None:
            raise ConfigError(
                f"nothing can be changed here; at a terminal `tradecraft chat` would ask before it would {request.what}"
            )
        self._prepare(request)
        where = f" in {self.hands.run}" if self.hands.run != self.view.run else ""
        return Answer(text=f"This would, once you type yes{where}: {request.what}. Nothing is done yet.")

    def confirm(self, typed: str) -> str:
        """Carry out what waits if exactly yes was typed; otherwise it is dropped. Says what was done."""
        request, self.pending = self.pending, None
        if request is None or self.hands is None:
            return "nothing waits for a yes"
        if typed.strip().lower() != YES:
            self.session.note("chat_request_dropped", {"request": request.model_dump(mode="json")})
            return "not done"
        try:
            done = self.hands.carry_out(request)
        except TradecraftError as err:
            self.session.note("chat_request_failed", {"request": request.model_dump(mode="json"), "why": str(err)})
            return f"not done: {err}"
        self.session.note("chat_request_done", {"request": request.model_dump(mode="json"), "done": done})
        return done

    def preferences(self) -> list[Preference]:
        """The preferences in force in the run that would be written, and in the run in view."""
        runs = {self.view.run: self.view.journal}
        held = read_preferences(self.view.journal)
        target = self.hands.run if self.hands else self.view.run
        if target not in runs and run_place(self.view.home, target).exists():
            with open_journal(self.view.home, target) as journal:
                held = [*held, *read_preferences(journal)]
        return held

    def last_decision(self) -> str | None:
        """The decision last spoken of."""
        for turn in reversed(self.session.turns):
            for ident in turn.citations:
                if ident in self.view.tables.by_id:
                    return ident
        return None

    def before(self) -> str:
        """What was said before, shortened, with the preferences in force."""
        if not self.session.turns:
            return ""
        wishes = [f"preference {one.id}: {one.words()}" for one in self.preferences()]
        return "\n".join([shortened(self.session, keep=0), *wishes])

    def compact(self) -> None:
        """Let a shortened account stand for the turns so far; no id, decision or preference is lost."""
        self.session.compacted(self.before())
        if self.asking is not None:
            self.asking.conversation = None
            self.asking.sources = [self.session.summary]

    def clear(self) -> None:
        """Begin a new conversation."""
        self.session = begin(self.session.journal, self.session.clock)
        if self.asking is not None:
            self.asking.conversation, self.asking.sources = None, []

    def export(self, name: str) -> Path:
        """Write the conversation as Markdown or JSON, by the name's ending; ConfigError when it cannot be."""
        path = Path(name or f"conversation-{self.session.id}.md")
        text = json.dumps(self.session.document(), indent=1) if path.suffix == ".json" else self.session.markdown()
        if path.exists():
            raise ConfigError(f"{path} exists; name a new file")
        try:
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        except OSError as err:
            raise ConfigError(f"{path} cannot be written: {err.strerror}; name another place") from None
        return path
