"""A turn of a conversation in which the model may call tools: streamed, bounded, and valid to the last request.

    conversation = Request(task="chat", ..., tools=(...), growing=True, turns=(Turn("user", question),))
    call, conversation = talk(model, conversation, run_tool, calls, as_of=now, deadline=model.clock() + 60, hear=show)
    text_of(call)                                            # the answer; ModelFault for a refusal or a cut-off one
    conversation = conversation.said("and the next question")  # earlier turns are never rewritten

Every call of a turn is answered in one user message, results first, in the order asked; a tool that fails is told so
(``is_error``) and does not end the turn. After ``rounds`` of tools each further one is refused and the model is asked to
answer; if it calls once more, that is a ``tool_loop``. The conversation that went in stays good whatever is raised, so a
turn that failed or was interrupted is asked again, or dropped, without mending. One deadline holds for the whole turn, tools
included; retries, money and keeping are the model's as ever, and ``calls`` gets every call that was made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agent.errors import TradecraftError
from agent.llm.calls import Call
from agent.llm.faults import ModelFault
from agent.llm.hearing import Hear
from agent.llm.model import CONTINUATIONS, Model
from agent.llm.request import Json, Request

ROUNDS = 8  # of tools in one turn


@dataclass(frozen=True)
class ToolUse:
    """A call as the model made it; ``input`` has not been validated by anyone."""

    id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class ToolResult:
    """What a tool said."""

    text: str
    error: bool = False


RunTool = Callable[[ToolUse], ToolResult]


def talk(
    model: Model,
    request: Request,
    run_tool: RunTool,
    calls: list[Call],
    *,
    as_of: datetime,
    deadline: float,
    rounds: int = ROUNDS,
    decision: str | None = None,
    symbol: str | None = None,
    hear: Hear | None = None,
) -> tuple[Call, Request]:
    """The reply that ends the turn, and the conversation with it. ModelFault otherwise."""
    pauses = used = 0
    while True:
        call = model.reply(request, as_of=as_of, deadline=deadline, decision=decision, symbol=symbol, hear=hear)
        calls.append(call)
        uses = _uses(call)
        if call.stop_reason == "pause_turn":
            pauses += 1
            if pauses > CONTINUATIONS:
                raise ModelFault("pause", f"the turn was paused {pauses} times and never ended")
            request = request.answered(call.content)
        elif call.stop_reason != "tool_use" or not uses:
            return call, request.answered(block for block in call.content if block.get("type") != "tool_use")
        elif used > rounds:
            raise ModelFault("tool_loop", f"the model went on calling tools after {rounds} rounds")
        else:
            used += 1
            request = request.answered(call.content).said([_result(use, run_tool, used > rounds) for use in uses])


def _uses(call: Call) -> list[ToolUse]:
    found = [block for block in call.content if block.get("type") == "tool_use"]
    ids = {block.get("id") for block in found}
    if len(ids) < len(found) or not all(isinstance(block.get("input"), dict) for block in found):
        raise ModelFault("unusable", "the model called tools under one id twice, or without arguments")
    return [ToolUse(str(block["id"]), str(block["name"]), block["input"]) for block in found]


def _result(use: ToolUse, run_tool: RunTool, refused: bool) -> Json:
    try:
        result = ToolResult("No more tools in this turn: answer with what you have.", True) if refused else run_tool(use)
    except TradecraftError as err:
        result = ToolResult(f"{err.kind}: {err}", True)
    block: Json = {"type": "tool_result", "tool_use_id": use.id, "content": result.text.strip() or "(nothing)"}
    return {**block, "is_error": True} if result.error else block
