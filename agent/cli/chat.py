"""``tradecraft chat``: ask the trader why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import inputs
from agent.cli.globals import GLOBALS
from agent.cli.output import console, lines, logs_to_stderr
from agent.errors import ConfigError

if TYPE_CHECKING:
    from agent.chat.acting import Decider
    from agent.chat.engine import Conversation


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(chat)


def chat(
    prompt: Annotated[str | None, typer.Option("--prompt", "-p", help="Answer this once; - reads it from stdin.")] = None,
    newest: Annotated[bool, typer.Option("--continue", "-c", help="Go on with the last conversation.")] = False,
    reopen: Annotated[str | None, typer.Option("--reopen", "-r", metavar="ID", help="Go on with a conversation.")] = None,
    data: Annotated[list[Path] | None, typer.Option("--data", help="Bars to decide on when you ask for a decision now.")] = None,
) -> int:
    """Ask why it traded; answered from the record, with ids.

    Nothing changes without a yes typed at the terminal. Without a key questions are answered from the record alone.
    """
    from agent.chat.opening import open_conversation
    from agent.wiring.clock import wall_clock

    logs_to_stderr()
    one = _given(prompt)
    if newest and reopen:
        raise ConfigError(f"-c and -r {reopen} name two conversations; give one of them")
    with open_conversation(
        GLOBALS.home,
        GLOBALS.read_run(),
        GLOBALS.settings(),
        wall_clock,
        acting_run=(GLOBALS.run or "paper") if one is None else None,
        principal=GLOBALS.principal,
        reopened=reopen,
        newest=newest,
        decide=_decider(data or []),
    ) as conversation:
        if one is not None:
            return _once(conversation, one)
        return _talk(conversation)


def _given(prompt: str | None) -> str | None:
    """What is to be answered once: -p, with what is piped in behind it; None for a conversation."""
    piped = not sys.stdin.isatty()
    if prompt == "-":
        return sys.stdin.read().strip()
    if prompt is not None:
        return prompt
    if GLOBALS.json:
        text = sys.stdin.read().strip() if piped else ""
        if not text:
            raise ConfigError('--json answers once: give -p "your question", or pipe one in')
        return text
    return None


def _once(conversation: Conversation, said: str) -> int:
    answer = conversation.say(said)
    if GLOBALS.json:
        lines([answer.document()])
    else:
        from agent.chat.render import footer, shown

        shown(answer, console())
        sys.stderr.write(f"{footer(answer, conversation.session)}\n")
    return 0


def _talk(conversation: Conversation) -> int:
    from agent.chat.terminal import banner, converse, lines_of, prompt

    out = console()
    if not sys.stdin.isatty():  # a script of questions: each line one, nothing can be confirmed
        conversation.hands = None
        sys.stderr.write(f"{banner(conversation)}\n")
        return _script(conversation)
    conversation.view.warm()
    session = prompt(conversation)
    converse(conversation, out, lines_of(session), session_ask)
    return 0


def session_ask(question: str) -> str:
    """A word typed at the terminal, outside the history of questions."""
    from prompt_toolkit import prompt

    return prompt(question)


def _script(conversation: Conversation) -> int:
    from agent.chat.render import shown
    from agent.errors import TradecraftError

    failed = 0
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            shown(conversation.say(line), console(), conversation.session)
        except TradecraftError as err:
            failed = 1
            sys.stderr.write(f"error: {err}\n")
        if conversation.over:
            break
    return failed


def _decider(data: list[Path]) -> Decider | None:
    """How a decision is made now, on the newest bars given; None without bars."""
    if not data:
        return None

    def decide(symbol: str | None) -> str:
        from agent.cycle import run_bar
        from agent.wiring.desks import open_desk
        from agent.wiring.recorded import RecordedFeed, prepared

        settings = GLOBALS.settings()
        bars = [inputs.load(path, inputs.Reading()) for path in data]
        desk = open_desk(
            GLOBALS.home, GLOBALS.run or "paper", RecordedFeed(prepared(bars, settings)), settings,
            started=min(one.timestamp(0) for one in bars),
        )  # fmt: skip
        try:
            wanted = tuple(s for s in desk.feed.symbols if symbol in (None, s))
            if not wanted:
                raise ConfigError(f"{symbol} is not in the bars given; they hold {', '.join(desk.feed.symbols)}")
            records = run_bar(desk, wanted, max(inputs.known_by(one, None) for one in bars))
        finally:
            desk.memory.close()
        return "; ".join(f"{r.symbol} {r.bar_time:%Y-%m-%d}: {r.decision.action} [decision:{r.id[:8]}]" for r in records)

    return decide
