"""What our server says is read by a client that is not the SDK, and what our client sends by a server that is not ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import anthropic
import httpx2

from agent.doubles import Script, serve
from agent.doubles.behaviours import Reply, calls, says
from agent.llm import Piece, Request, Turn
from agent.llm.talk import ToolResult, talk
from tests.llm.kit import NOW, Api, client, model

Json = dict[str, Any]
THINKING = {"type": "thinking", "thinking": "One moment, I will look that up first.", "signature": "c2lnbmF0dXJl"}
REPLY = Reply((THINKING, *says("Let me look.").content, *calls("look", {"symbol": "SP500", "n": 3}).content), "tool_use")
ASKED: Json = {
    "model": "claude-opus-5-5", "max_tokens": 100, "messages": [{"role": "user", "content": "Why?"}],
    "tools": [{"name": "look", "input_schema": {"type": "object", "properties": {}}}],
}  # fmt: skip


def assembled(body: str) -> Json:
    """A message put together from server-sent events by hand, as the API documents them."""
    message: Json = {}
    partial: dict[int, str] = {}
    for frame in body.strip().split("\n\n"):
        name, data = (line.partition(": ")[2] for line in frame.split("\n"))
        event = json.loads(data)
        assert event["type"] == name
        if name == "message_start":
            message = event["message"]
        elif name == "content_block_start":
            assert event["index"] == len(message["content"])
            message["content"].append(event["content_block"])
        elif name == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            if delta["type"] == "input_json_delta":
                partial[event["index"]] = partial.get(event["index"], "") + delta["partial_json"]
            else:
                key = delta["type"].removesuffix("_delta")
                block[key] += delta[key]
        elif name == "content_block_stop" and event["index"] in partial:
            message["content"][event["index"]]["input"] = json.loads(partial[event["index"]])
        elif name == "message_delta":
            message |= event["delta"]
            message["usage"] |= event["usage"]
    assert name == "message_stop"
    return message


def test_stream_of_our_server_adds_up_to_its_plain_reply_for_a_client_by_hand() -> None:
    with serve(Script([REPLY, REPLY])) as server, httpx2.Client(base_url=server.url) as http:
        plain = http.post("/v1/messages", json=ASKED).json()
        streamed = http.post("/v1/messages", json={**ASKED, "stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream")
    whole = assembled(streamed.text)
    assert whole["content"] == plain["content"] == list(REPLY.content)
    for part in ("role", "model", "stop_reason", "usage"):
        assert whole[part] == plain[part]


@contextmanager
def by_hand(answers: list[list[Json]]) -> Iterator[tuple[str, list[Json]]]:
    """A server written from the API's documentation alone: events with pings and odd line ends, one answer a request."""
    seen: list[Json] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            assert self.headers["authorization"] == "Bearer test"
            assert self.headers["anthropic-version"]
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for event in answers[len(seen) - 1]:
                self.wfile.write(f"event: {event['type']}\r\ndata: {json.dumps(event)}\r\n\r\n".encode())
                self.wfile.write(b'event: ping\ndata: {"type": "ping"}\n\n')

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _events(blocks: list[tuple[Json, list[Json]]], stop: str) -> list[Json]:
    start: Json = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1},
    }  # fmt: skip
    out: list[Json] = [{"type": "message_start", "message": start}]
    for at, (block, deltas) in enumerate(blocks):
        out.append({"type": "content_block_start", "index": at, "content_block": block})
        out += [{"type": "content_block_delta", "index": at, "delta": delta} for delta in deltas]
        out.append({"type": "content_block_stop", "index": at})
    done = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": 7}}
    return [*out, done, {"type": "message_stop"}]


def test_turn_with_a_tool_goes_through_a_server_that_is_not_ours() -> None:
    tool = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    half = [{"type": "input_json_delta", "partial_json": part} for part in ('{"symbol": ', '"SP500"}')]
    text = [{"type": "text_delta", "text": part} for part in ("It ", "bought.")]
    first, second = _events([(tool, half)], "tool_use"), _events([({"type": "text", "text": ""}, text)], "end_turn")
    heard: list[Piece] = []
    with by_hand([first, second]) as (url, seen):
        sdk = anthropic.Anthropic(api_key="test", base_url=url, max_retries=0)
        asked = model(Api())
        asked._client = client(lambda: sdk)
        request = Request(
            "chat", "claude-opus-5-5", "Be brief.", (Turn("user", "Why?"),), 100, tools=tuple(ASKED["tools"]), growing=True
        )
        used: list[Json] = []

        def look(use: Any) -> ToolResult:
            used.append(use.input)
            return ToolResult("RSI was 28.")

        call, _ = talk(asked, request, look, [], as_of=NOW, deadline=60.0, hear=heard.append)
        sdk.close()
    assert used == [{"symbol": "SP500"}]
    assert call.content[0]["text"] == "It bought."
    assert call.usage.input_tokens == 100
    assert call.usage.cached_tokens == 90
    assert [body["stream"] for body in seen] == [True, True]
    assert seen[1]["messages"][1] == {"role": "assistant", "content": [{**tool, "input": {"symbol": "SP500"}}]}
    assert seen[1]["messages"][2]["content"][0]["tool_use_id"] == "toolu_1"
    assert [piece.text for piece in heard] == ["look", "It ", "bought."]
