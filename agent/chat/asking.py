"""A turn with a language model: it looks things up with the same tools, its answer is checked against what they said.

Promises: what tools return is data in the user turn; acting tools only prepare a request; an answer that is not grounded goes
back once and is then shown with a warning; whatever fails leaves the conversation as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import ValidationError

from agent.chat.acting import ACTING, ACTS, Request, prepared
from agent.chat.answer import Answer
from agent.chat.found import Found
from agent.chat.grounding import cited, problems
from agent.chat.tools import BY_NAME, READING
from agent.chat.view import View
from agent.domain import Usage
from agent.errors import TradecraftError
from agent.llm import Call, Hear
from agent.llm import Request as Asked
from agent.llm.model import Model, text_of
from agent.llm.request import Turn
from agent.llm.talk import ToolResult, ToolUse, talk
from agent.settings import Llm
from prompts import fenced, render, version

TASK = "chat"
MOST_RESULT = 6000  # characters of one tool's result that are shown


@dataclass
class Asking:
    """A model, and the conversation with it so far."""

    model: Model
    settings: Llm
    secret: bytes
    now: Callable[[], datetime]
    conversation: Asked | None = None
    sources: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The model that is asked."""
        return self.settings.tasks.get(TASK, self.settings.name)

    def use(self, name: str) -> None:
        """Ask another model from now on; the conversation begins anew, for its earlier turns are another's."""
        self.settings = self.settings.model_copy(update={"tasks": {**self.settings.tasks, TASK: name}})
        self.conversation = None

    def answer(
        self, view: View, said: str, hear: Hear | None = None, before: str = "", prepare: Callable[[Request], None] | None = None
    ) -> Answer:
        """Ask; ModelFault when there is no answer, and then nothing of the turn is kept."""
        begun = self.model.clock()
        turn = _Turn(view, prepare)
        request = self._question(view, said, before)
        calls: list[Call] = []
        deadline = begun + self.settings.deadline
        as_of = view.now
        sources = [*self.sources, said, before]
        call, request = talk(self.model, request, turn.run, calls, as_of=as_of, deadline=deadline, hear=hear)
        text = text_of(call)
        found = problems(text, [*sources, *turn.sources])
        if found:
            request = request.said(_repair(found))
            call, request = talk(self.model, request, turn.run, calls, as_of=as_of, deadline=deadline, hear=hear)
            text = text_of(call)
            found = problems(text, [*sources, *turn.sources])
        self.conversation = request
        self.sources = [*sources, *turn.sources]
        usage, cost = Usage(), 0.0
        for one in calls:
            usage, cost = usage.plus(one.usage), cost + (one.cost_usd if one.paid else 0.0)
        whole = {ident for result in turn.results for ident in result.ids}
        ids = tuple(dict.fromkeys(_whole(ident, whole) for ident in cited(text)))
        return Answer(
            text=text, tools=tuple(turn.used), citations=ids, usage=usage, cost_usd=cost, model=call.model,
            table=next((r.table for r in turn.results if r.table), None),
            chart=next((r.chart for r in turn.results if r.chart), None),
            seconds=self.model.clock() - begun, warnings=tuple(f"not grounded: {problem}" for problem in found),
            certainty="unsure" if found else "sure",
        )  # fmt: skip

    def _question(self, view: View, said: str, before: str) -> Asked:
        fence = fenced(self.secret, before)
        words = render(TASK, as_of=view.now.isoformat(), run=view.run, question=said, before=before, fence=fence)
        if self.conversation is not None:
            return self.conversation.said(words.user)
        return Asked(
            task=TASK, model=self.name, system=words.system, turns=(Turn("user", words.user),),
            max_tokens=self.settings.max_tokens,
            effort=self.settings.effort, prompt=version(TASK), fence=fence, growing=True,
            tools=_schemas(),
        )  # fmt: skip


@cache
def _schemas() -> tuple[dict[str, Any], ...]:
    """Every tool in the API's form; made once, for making it takes longer than all else before a first word."""
    return tuple(tool.schema() for tool in (*READING, *ACTING))


def _repair(found: list[str]) -> str:
    return render("chat-repair", problems=found).user


def _whole(ident: str, whole: set[str]) -> str:
    """An id in full where it was shown short."""
    return next((full for full in sorted(whole) if full == ident or full.startswith(ident) or full.endswith(f":{ident}")), ident)


class _Turn:
    """The tools of one turn, and what they said."""

    def __init__(self, view: View, prepare: Callable[[Request], None] | None) -> None:
        self.view, self.prepare = view, prepare
        self.sources: list[str] = []
        self.results: list[Found] = []
        self.used: list[str] = []

    def run(self, use: ToolUse) -> ToolResult:
        """One call: looked up, prepared, or refused in one line."""
        self.used += [use.name] if use.name not in self.used else []
        tool = BY_NAME.get(use.name) or ACTS.get(use.name)
        if tool is None:
            return ToolResult(f"there is no tool {use.name!r}", True)
        try:
            given = tool.takes.model_validate(use.input)
        except ValidationError as err:
            first = err.errors()[0]
            return ToolResult(f"{use.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}", True)
        if tool.acts:
            return self._act(use.name, given)
        found: Found = tool.run(self.view, given)
        self.results.append(found)
        text = found.text + (f" (Doubt: {found.doubt}.)" if found.doubt else "")
        text += f"\nids: {', '.join(found.ids[:30])}" if found.ids else ""
        self.sources.append(text)
        return ToolResult(text[:MOST_RESULT])

    def _act(self, name: str, given: object) -> ToolResult:
        if self.prepare is None:
            return ToolResult("Refused: nothing can be changed in this conversation.", True)
        try:
            request = prepared(self.view, name, given)
        except TradecraftError as err:
            return ToolResult(str(err), True)
        self.prepare(request)
        return ToolResult(f"Prepared, not done: {request.what}. It is carried out only if the person types yes at the terminal.")
