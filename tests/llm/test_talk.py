"""A conversation with tools: streamed to whoever listens, and no request that the API would refuse, whatever happens."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from agent.doubles import Double, Script, check_request, double, transport
from agent.doubles.behaviours import Reply, calls, says
from agent.errors import ConfigError
from agent.llm import Budget, Call, MemoryCalls, ModelFault, Piece, Prices, Request, Turn
from agent.llm.client import Client
from agent.llm.model import Model, text_of
from agent.llm.talk import ToolResult, ToolUse, talk
from agent.settings import Llm
from tests.llm.kit import NOW, Api, Clock, client, error, model, ok, request
from tests.llm.test_client import BEGUN, _sdk, _server

LOOK = {"name": "look", "description": "Look a figure up.", "input_schema": {"type": "object", "properties": {}}}
HALF = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hal"}}\n\n'
)
THINKING = {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}


def conversation(text: str = "Why did it buy?", **changes: Any) -> Request:
    fields: dict[str, Any] = {"task": "chat", "model": "claude-opus-5-5", "system": "Be brief.", "max_tokens": 500}
    return Request(**{**fields, "turns": (Turn("user", text),), "tools": (LOOK,), "growing": True, **changes})


def over(script: Double, settings: Llm | None = None) -> Model:
    """A model whose API is a stand-in that checks every request by the protocol's rules."""
    from anthropic import Anthropic

    chosen, clock = settings or Llm(), Clock()
    http = httpx2.Client(transport=transport(script))
    budget = Budget(chosen, Prices(chosen, lambda: NOW), lambda: NOW)
    sdk = lambda: Anthropic(api_key="none", base_url="http://stand-in.test", max_retries=0, http_client=http)  # noqa: E731
    asked = Client(chosen, sdk, budget, clock=clock, sleep=clock.sleep)
    return Model("live", asked, MemoryCalls(), None, clock=clock, today=lambda: NOW)


def _talk(asked: Model, run: Callable[[ToolUse], ToolResult], **more: Any) -> tuple[Call, Request, list[Call], list[Piece]]:
    made: list[Call] = []
    heard: list[Piece] = []
    request = more.pop("request", conversation())
    call, after = talk(asked, request, run, made, as_of=NOW, deadline=60.0, hear=heard.append, **more)
    return call, after, made, heard


def test_every_call_of_a_turn_is_answered_at_once_and_the_answer_is_heard_as_it_comes() -> None:
    two = Reply((THINKING, *calls("look", {"a": 1}, "t1").content, *calls("look", {"a": 2}, "t2").content), "tool_use")
    script = Script([two, says("It bought because momentum rose."), says("Later it sold.")])
    ran: list[ToolUse] = []

    def run(use: ToolUse) -> ToolResult:
        ran.append(use)
        return ToolResult(f"figure {use.input['a']}")

    asked = over(script)
    call, after, made, heard = _talk(asked, run)
    assert text_of(call) == "It bought because momentum rose."
    assert "".join(piece.text for piece in heard if piece.kind == "text") == text_of(call)
    assert [piece.text for piece in heard if piece.kind == "tool"] == ["look", "look"]
    assert "".join(piece.text for piece in heard if piece.kind == "thinking") == "Let me see."
    assert [use.id for use in ran] == ["t1", "t2"]
    results = script.seen[1]["messages"][-1]["content"]
    assert [(block["tool_use_id"], block["content"]) for block in results] == [("t1", "figure 1"), ("t2", "figure 2")]
    assert script.seen[1]["messages"][1]["content"][0] == THINKING
    assert len(made) == 2
    assert asked.spent.total == pytest.approx(sum(one.cost_usd for one in made))
    again, _, _, _ = _talk(asked, run, request=after.said("And then?"))
    assert text_of(again) == "Later it sold."
    assert script.seen[2]["messages"][:3] == _unmarked(script.seen[1]["messages"])


def _unmarked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The turns without the moving cache breakpoint, a lone text as the string that it is sent as later."""
    out = []
    for message in messages:
        blocks = message["content"]
        if isinstance(blocks, list):
            blocks = [{k: v for k, v in block.items() if k != "cache_control"} for block in blocks]
            blocks = blocks[0]["text"] if message["role"] == "user" and blocks[0]["type"] == "text" else blocks
        out.append({"role": message["role"], "content": blocks})
    return out


def test_failing_tool_is_told_to_the_model_and_does_not_end_the_turn() -> None:
    script = Script([calls("look", {}), says("I could not look it up.")])

    def run(use: ToolUse) -> ToolResult:
        raise ConfigError("no such decision; give an id")

    call, _, _, _ = _talk(over(script), run)
    result = script.seen[1]["messages"][-1]["content"][0]
    assert result["is_error"] is True
    assert result["content"] == "config: no such decision; give an id"
    assert text_of(call) == "I could not look it up."


def test_endless_tool_calls_are_told_to_end_and_then_are_a_fault() -> None:
    ran: list[str] = []
    script = Script([calls("look", {}, f"t{i}") for i in range(20)])

    def run(use: ToolUse) -> ToolResult:
        ran.append(use.id)
        return ToolResult("")

    with pytest.raises(ModelFault, match="tool_loop"):
        _talk(over(script), run, rounds=3)
    assert ran == ["t0", "t1", "t2"]
    assert "answer with what you have" in script.seen[4]["messages"][-1]["content"][0]["content"]
    assert len(script.seen) == 5


def test_cut_off_or_declined_reply_leaves_a_conversation_that_can_go_on() -> None:
    cut = Reply((*says("I was about to").content, *calls("look", {}).content), "max_tokens")
    for ending in (cut, Reply((), "refusal")):
        script = Script([ending, says("fine")])
        asked = over(script)
        call, after, _, _ = _talk(asked, lambda use: ToolResult("x"))
        with pytest.raises(ModelFault):
            text_of(call)
        again, _, _, _ = _talk(asked, lambda use: ToolResult("x"), request=after.said("Go on."))
        assert text_of(again) == "fine"


def test_stand_in_that_uses_tools_goes_through_its_turn() -> None:
    call, _, made, _ = _talk(over(double("analyst")), lambda use: ToolResult("rsi_14: 25, memory:abcdef"))
    assert text_of(call).startswith("buy")
    assert len(made) == 2


def test_blocks_that_no_request_may_hold_are_not_sent_back() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "brand_new", "x": 1},
        {"type": "text", "text": " "},
        {"type": "tool_use", "id": "t", "name": "look", "input": {}},
    ]
    api = Api(ok(blocks, "tool_use"), ok("done"))
    talk(model(api), conversation(), lambda use: ToolResult("x"), [], as_of=NOW, deadline=60.0)
    assert [block["type"] for block in api.seen[1]["messages"][1]["content"]] == ["tool_use"]
    for body in api.seen:
        check_request(body)


def test_conversation_is_marked_for_the_cache_and_stays_within_its_breakpoints() -> None:
    turns = tuple(Turn(role, f"turn {i}") for i in range(9) for role in ("user", "assistant"))
    body = conversation(turns=(*turns, Turn("user", "last"))).params()
    check_request(body)
    assert json.dumps(body).count("cache_control") == 2
    assert body["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}


def test_reply_that_broke_off_is_asked_for_again_and_the_listener_is_told_to_start_over() -> None:
    events = BEGUN + HALF
    whole = events.replace(b'"Hal"', b'"Whole"') + (
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
        b'"usage":{"output_tokens":5}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
    )
    sse = {"content-type": "text/event-stream"}
    api = Api(*(lambda r, body=body: httpx2.Response(200, content=body, headers=sse) for body in (events, whole)))
    heard: list[Piece] = []
    answer = client(api).ask(request(), 60.0, heard.append)
    assert [(piece.kind, piece.text) for piece in heard] == [("text", "Hal"), ("again", ""), ("text", "Whole")]
    assert answer.content[0]["text"] == "Whole"


def test_refused_stream_is_tried_again_within_the_deadline() -> None:
    api = Api(lambda r: error(529, "overloaded_error"), lambda r: error(429, "rate_limit_error", **{"retry-after": "900"}))
    with pytest.raises(ModelFault, match="rate_limit"):
        client(api).ask(request(), 60.0, lambda piece: None)
    assert len(api.seen) == 2


class Interrupted(BaseException):
    """The person pressed Ctrl-C."""


def test_interrupt_in_the_middle_gets_out_at_once_and_counts_what_may_have_been_charged() -> None:
    hold = threading.Event()

    def stop(piece: Piece) -> None:
        raise Interrupted

    with _server(BEGUN + HALF, hold=hold) as url:
        sdk = _sdk(url)
        asked = client(lambda: sdk)
        with pytest.raises(Interrupted):
            asked.ask(request(), 60.0, stop)
        hold.set()
        sdk.close()
    assert asked.budget.spent.at_risk > 0
    assert asked.budget.spent.total == 0


def test_kept_reply_is_heard_in_one_piece_and_paid_once() -> None:
    api, kept = Api(ok("fine")), MemoryCalls()
    heard: list[Piece] = []
    model(api, kept=kept).ask(request(), [], as_of=NOW, deadline=60.0)
    model(api, kept=kept).ask(request(), [], as_of=NOW, deadline=60.0, hear=heard.append)
    assert heard == [Piece("text", "fine")]
    assert len(api.seen) == 1
