"""The terminal: a line to type on, answers as they come, a yes asked for before anything changes.

Promises: Ctrl-C ends the answer and never the program; what was typed is kept in a file only its owner can read; a change is
carried out only after yes was typed at this terminal in answer to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from agent.chat.answer import Answer
from agent.chat.commands import COMMANDS
from agent.chat.engine import Conversation
from agent.chat.render import shown
from agent.errors import TradecraftError
from agent.llm import Piece

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output
    from rich.console import Console

HISTORY = "history"


def banner(conversation: Conversation) -> str:
    """What kind of money this is, and which run."""
    view = conversation.view
    kind = "LIVE" if view.live else "PAPER"
    last = view.tables.last
    to = f", to {view.today}" if last else ", nothing decided yet"
    control = view.control
    state = f" HALTED: {control.reason}" if control.halted else " ENTRIES STOPPED" if control.entries_stopped else ""
    who = conversation.asking.name if conversation.asking else "no model: answered from the record"
    return f"{kind} run {view.run}{to}{state} \u00b7 {who} \u00b7 /help"


def history_file(home: Path) -> Path:
    """Where lines typed are kept, readable by their owner alone."""
    folder = home / "chat"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / HISTORY
    handle = os.open(path, os.O_CREAT | os.O_APPEND, 0o600)
    os.close(handle)
    path.chmod(0o600)
    return path


def candidates(conversation: Conversation) -> list[str]:
    """What may be completed: commands, symbols, skills, the newest ids."""
    view = conversation.view
    words = [f"/{name}" for name in COMMANDS]
    words += view.tables.symbols
    words += sorted({skill.name for skill in view.catalogue.versions()})
    words += [row.id[:8] for row in view.tables.rows[-200:] if row.entered]
    return words


def completer(conversation: Conversation) -> Completer:
    """Completes the word at the cursor; commands only at the beginning of a line."""
    from prompt_toolkit.completion import Completer, Completion

    class Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            before = document.text_before_cursor
            word = before.rsplit(None, 1)[-1] if before and not before[-1].isspace() else ""
            if not word:
                return
            for one in candidates(conversation):
                if one.lower().startswith(word.lower()) and (not one.startswith("/") or before == word):
                    yield Completion(one, start_position=-len(word))

    return Words()


def prompt(conversation: Conversation, *, input_: Input | None = None, output: Output | None = None) -> PromptSession[str]:
    """The line to type on: history with Ctrl-R, Alt-Enter or a backslash for another line, completion."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _another(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor(1)
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    return PromptSession(
        history=FileHistory(str(history_file(conversation.view.home))),
        completer=completer(conversation),
        complete_while_typing=False,
        multiline=True,
        key_bindings=keys,
        prompt_continuation="  ",
        enable_history_search=False,
        input=input_,
        output=output,
    )


def lines_of(session: PromptSession[str]) -> Iterator[str]:
    """Lines as they are typed, to the end of the input; Ctrl-C only empties the line."""
    while True:
        try:
            yield session.prompt("> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


class Streaming:
    """Prints an answer's words as they come."""

    def __init__(self, console: Console) -> None:
        """Nothing was heard yet."""
        self._console, self.text = console, ""

    def __call__(self, piece: Piece) -> None:
        """Hear a piece."""
        if piece.kind == "text":
            self.text += piece.text
            self._console.out(piece.text, end="", highlight=False)
            self._console.file.flush()
        elif self.text and piece.kind in ("again", "tool"):
            self._console.out("")
            self._console.print("(the connection broke: once more)" if piece.kind == "again" else f"({piece.text})", style="dim")
            self.text = ""


def turn(conversation: Conversation, said: str, console: Console, ask: Callable[[str], str]) -> None:
    """One turn: the answer, and a yes where something waits for one."""
    hearing = Streaming(console)
    try:
        answer = conversation.say(said, hearing if conversation.asking is not None else None)
    except KeyboardInterrupt:
        console.print("\n(ended; nothing of it is kept)", style="dim")
        return
    except TradecraftError as err:
        console.print(f"error: {err}", style="red")
        return
    _tell(conversation, answer, hearing, console)
    if conversation.pending is not None:
        _confirm(conversation, console, ask)


def _tell(conversation: Conversation, answer: Answer, hearing: Streaming, console: Console) -> None:
    heard = bool(hearing.text)
    if heard:
        console.out("")
    shown(answer, console, conversation.session, streamed=heard and hearing.text.strip() == answer.text.strip())


def _confirm(conversation: Conversation, console: Console, ask: Callable[[str], str]) -> None:
    request = conversation.pending
    console.print(f"This will {request.what if request else ''}.", style="bold")
    try:
        typed = ask("type yes to do it: ")
    except (KeyboardInterrupt, EOFError):
        typed = ""
    console.print(conversation.confirm(typed))


def converse(conversation: Conversation, console: Console, lines: Iterator[str], ask: Callable[[str], str]) -> None:
    """Talk until it is over."""
    console.print(banner(conversation), style="bold red" if conversation.view.live else "bold")
    for line in lines:
        if line.strip():
            turn(conversation, line, console, ask)
        if conversation.over:
            return
