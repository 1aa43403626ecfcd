"""From a body to a response: checked, answered, counted, and written as JSON or as an event stream."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from agent.doubles.behaviours import Double, Reply, bad_request
from agent.doubles.protocol import BadRequest, check_request
from agent.doubles.usage import PromptCache, input_tokens

Json = dict[str, Any]
MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
PIECE = 24  # characters a text delta carries


@dataclass(frozen=True)
class Response:
    """An HTTP response, with how long to wait before sending it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay: float = 0.0


def respond(path: str, body: bytes, double: Double, cache: PromptCache) -> Response:
    """Answer a POST. A body that is no request is answered with 400 and the reason; a script that ran out raises."""
    route = path.split("?", 1)[0]
    if route not in (MESSAGES, COUNT):
        return failed(Reply(status=404, error="not_found_error", message=f"no such path: {route}"))
    try:
        request = json.loads(body)
        check_request(request, counting=route == COUNT)
    except json.JSONDecodeError as err:
        return failed(bad_request(BadRequest(f"the body is not JSON: {err}")))
    except BadRequest as err:
        return failed(bad_request(err))
    if route == COUNT:
        return _json(200, {"input_tokens": input_tokens(request)})
    reply = double(request)
    if reply.status != 200:
        return failed(reply)
    message = message_of(request, reply, cache)
    if request.get("stream"):
        head = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
        return Response(200, head, b"".join(events(message)), reply.delay)
    return _json(200, message, reply.delay)


def message_of(request: Json, reply: Reply, cache: PromptCache) -> Json:
    """The message a reply makes; its id depends on request and reply alone."""
    content = [dict(block) for block in reply.content]
    text = json.dumps([request, content], sort_keys=True, default=str)
    return {
        "id": f"msg_{hashlib.sha256(text.encode()).hexdigest()[:24]}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": content,
        "stop_reason": reply.stop_reason,
        "stop_sequence": None,
        "usage": cache.usage(request, content),
    }


def events(message: Json) -> list[bytes]:
    """The server-sent events of a message, in the API's order."""
    usage = message["usage"]
    start = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    out = [_event("message_start", message=start)]
    for index, block in enumerate(message["content"]):
        out += _block_events(index, block)
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    return [*out, _event("message_delta", delta=stop, usage={"output_tokens": usage["output_tokens"]}), _event("message_stop")]


def _block_events(index: int, block: Json) -> list[bytes]:
    opened, parts = _streamed(block)
    return [
        _event("content_block_start", index=index, content_block=opened),
        *(_event("content_block_delta", index=index, delta={"type": kind, key: piece}) for kind, key, piece in parts),
        _event("content_block_stop", index=index),
    ]


def _streamed(block: Json) -> tuple[Json, list[tuple[str, str, str]]]:
    """How a block begins, and its deltas: (type, key, piece)."""

    def pieces(kind: str, key: str, text: str) -> list[tuple[str, str, str]]:
        return [(kind, key, text[at : at + PIECE]) for at in range(0, len(text), PIECE)]

    if block["type"] == "text":
        return {**block, "text": ""}, pieces("text_delta", "text", block["text"])
    if block["type"] == "tool_use":
        return {**block, "input": {}}, pieces("input_json_delta", "partial_json", json.dumps(block["input"]))
    if block["type"] == "thinking":
        signed = ("signature_delta", "signature", block["signature"])
        return {**block, "thinking": "", "signature": ""}, [*pieces("thinking_delta", "thinking", block["thinking"]), signed]
    return block, []  # every other kind comes whole


def _event(name: str, **data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


def _json(status: int, value: Json, delay: float = 0.0, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, (("content-type", "application/json"), *headers), json.dumps(value).encode(), delay)


def failed(reply: Reply) -> Response:
    """The response of a reply that is an error."""
    error = {"type": "error", "error": {"type": reply.error, "message": reply.message}, "request_id": "req_double"}
    return _json(reply.status, error, reply.delay, reply.headers)
