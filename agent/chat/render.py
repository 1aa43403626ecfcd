"""An answer on a terminal: words wrapped to its width, a table where looking beats reading, one dim line below.

Promises: right at any width from 40 columns; colours are the terminal's own sixteen, so that light and dark both read; with
NO_COLOR or into a pipe there are none, and a pipe gets plain lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.chat.answer import Answer
from agent.chat.charts import lines
from agent.chat.sessions import Session

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

MOST_ROWS = 30


def shown(answer: Answer, console: Console, session: Session | None = None, *, streamed: bool = False) -> None:
    """Print an answer; ``streamed`` says that its words are on the screen already."""
    from rich.text import Text

    if not streamed:
        for paragraph in answer.text.split("\n"):
            console.print(_marked(paragraph))
    for warning in answer.warnings:
        console.print(Text(f"warning: {warning}", style="yellow"))
    if answer.table is not None and answer.table.rows:
        console.print(_table(answer))
    if answer.chart is not None:
        plain = not console.is_terminal or not _blocks(console)
        for line in lines(answer.chart, min(console.width, 100), plain=plain):
            console.print(Text(line, style="cyan" if line is not None else ""), no_wrap=True, overflow="crop")
    if session is not None:
        console.print(Text(footer(answer, session), style="dim"))


def _blocks(console: Console) -> bool:
    return (console.encoding or "").lower().startswith("utf")


def _marked(paragraph: str) -> RenderableType:
    """Ids stand out, and nothing else does."""
    from rich.text import Text

    text = Text(paragraph)
    text.highlight_regex(r"\[[a-z]+:[^\]\s]+\]", "cyan")
    return text


def _table(answer: Answer) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    given = answer.table
    made = Table(title=None, box=box.SIMPLE, pad_edge=False, show_edge=False)
    if given is None:
        return made
    for i, column in enumerate(given.columns):
        made.add_column(Text(column), justify="right" if i in given.right else "left", overflow="fold")
    for row in given.rows[:MOST_ROWS]:
        made.add_row(*(Text(cell) for cell in row))
    if len(given.rows) > MOST_ROWS:
        made.caption = f"{len(given.rows) - MOST_ROWS} more rows"
    return made


def footer(answer: Answer, session: Session) -> str:
    """The dim line: who answered, tokens, cached share, cost, seconds, the session's total."""
    parts = [answer.label or answer.model or ""]
    used = answer.usage
    if used.input_tokens:
        parts.append(f"{used.input_tokens} in ({used.cached_tokens / used.input_tokens:.0%} cached), {used.output_tokens} out")
        parts.append(f"{answer.cost_usd:.4f} USD")
    parts.append(f"{answer.seconds:.2f} s")
    if session.cost:
        parts.append(f"session {session.cost:.4f} USD")
    if answer.certainty != "sure":
        parts.append({"unsure": "not sure", "unknown": "not known"}[answer.certainty])
    return " \u00b7 ".join(part for part in parts if part)
