"""Conversations for tests: a model that is a script over HTTP, and a clock that goes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from agent.chat.acting import Hands
from agent.chat.asking import Asking
from agent.chat.engine import Conversation
from agent.chat.sessions import begin, open_sessions, reopen
from agent.chat.view import open_view
from agent.doubles import Double
from agent.settings import Llm, Settings
from tests.chat.conftest import NOW
from tests.llm.test_talk import over


def ticking() -> datetime:
    """A moment later than the last."""
    return NOW + timedelta(seconds=next(_ticks))


_ticks = count()


@contextmanager
def conversing(
    home: Path, run: str, double: Double | None = None, *, acting: str | None = "paper", ident: str | None = None
) -> Iterator[Conversation]:
    """A conversation about a run; with ``double`` a model answers, without ``acting`` nothing may be changed."""
    settings = Settings()
    with ExitStack() as stack:
        view = stack.enter_context(open_view(home, run, settings, ticking))
        journal = stack.enter_context(open_sessions(home))
        session = reopen(journal, ticking, ident) if ident else begin(journal, ticking)
        asking = Asking(over(double, Llm(stream=True)), Llm(), b"secret", ticking) if double else None
        hands = Hands(home, acting, settings, "operator", ticking, session.id) if acting else None
        yield Conversation(view, session, asking, hands)
