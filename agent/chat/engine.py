"""One conversation, whatever shows it: a terminal, a page, a program.

``say`` takes a question, a preference or a command and gives an answer, and keeps the turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from agent.chat.answer import Answer
from agent.chat.commands import run_command
from agent.chat.talk import Talk
from agent.errors import ConfigError
from agent.llm import Hear


@dataclass
class Conversation(Talk):
    """A conversation about a run. ``asking`` is None where no model answers, ``hands`` where nothing may be changed."""

    def say(self, text: str, hear: Hear | None = None) -> Answer:
        """Answer what was said, and keep the turn. A TradecraftError is one line for the person, and no turn."""
        said = text.strip()
        if not said:
            raise ConfigError("nothing was asked; /help shows what can be")
        self.pending = None  # whatever was waiting waits no more: a yes belongs to the question before it
        begun = perf_counter()
        self.view.follow()
        answer = run_command(self, said) if said.startswith("/") else self.spoken(said, hear)
        if answer.seconds == 0.0:
            answer = answer.model_copy(update={"seconds": perf_counter() - begun})
        self.session.add(said, answer, self.view.run)
        if "what_if" in answer.tools or "without_skill" in answer.tools:
            self.session.note("hypothetical", {"said": said, "text": answer.text, "run": self.view.run})
        return answer
