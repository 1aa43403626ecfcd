"""Opening a conversation: a run, a session, a model where one can be asked, hands where a person may change something."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

from agent.chat.acting import Decider, Hands
from agent.chat.asking import Asking
from agent.chat.engine import Conversation
from agent.chat.sessions import begin, open_sessions, reopen
from agent.chat.view import open_view
from agent.minds import fence_secret, model_mode, open_model
from agent.settings import Settings
from agent.wiring.homes import signer_for


@contextmanager
def open_conversation(
    home: Path,
    run: str,
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    acting_run: str | None = None,
    principal: str = "operator",
    reopened: str | None = None,
    newest: bool = False,
    decide: Decider | None = None,
) -> Iterator[Conversation]:
    """A conversation about a run; ``acting_run`` is what a confirmed change is made in, None where nothing may be changed.

    ConfigError in one line where there is no such run, no such conversation, or the model's mode cannot work.
    """
    with ExitStack() as stack:
        view = stack.enter_context(open_view(home, run, settings, clock))
        journal = stack.enter_context(open_sessions(home))
        session = reopen(journal, clock, reopened) if reopened or newest else begin(journal, clock)
        asking = None
        if model_mode(settings) != "none":
            signer = signer_for(home)
            # what the model said is kept beside the conversation: talking about a run writes nothing into it
            asking = Asking(open_model(home, signer, journal, settings, clock), settings.model, fence_secret(signer), clock)
            asking.sources = [turn.text for turn in session.turns]
        hands = Hands(home, acting_run, settings, principal, clock, session.id, decide) if acting_run else None
        yield Conversation(view, session, asking, hands)
