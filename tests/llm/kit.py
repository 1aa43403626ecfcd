"""A Messages API under the official SDK, without a socket: answers as told, and takes no request that is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import anthropic
import httpx2
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter

from agent.llm import Budget, MemoryCalls, Prices, Request, Spent, Turn
from agent.llm.client import Client
from agent.llm.model import Mode, Model
from agent.settings import Llm
from prompts import fenced

Json = dict[str, Any]
NOW = datetime(2026, 11, 20, tzinfo=UTC)
_ADAPTER: TypeAdapter[Any] = TypeAdapter(MessageCreateParamsNonStreaming)


def check(request: Json) -> None:
    """Refuse what the API would: by the SDK's own types, read to the end of every lazily validated list."""
    body = {k: v for k, v in request.items() if k != "stream"}
    assert not {"temperature", "top_p", "top_k", "tool_choice"} & set(body)
    assert set(body) <= set(MessageCreateParamsNonStreaming.__annotations__) | _inherited()
    _consume(_ADAPTER.validate_python(body))
    roles = [message["role"] for message in body["messages"]]
    assert roles[0] == "user"
    assert all(message["content"] for message in body["messages"])
    assert json.dumps(body).count('"cache_control"') <= 4


def _inherited() -> set[str]:
    return set(MessageCreateParamsNonStreaming.__required_keys__ | MessageCreateParamsNonStreaming.__optional_keys__)


def _consume(value: Any) -> None:
    if isinstance(value, Mapping):
        for inner in value.values():
            _consume(inner)
    elif isinstance(value, Iterator) or (hasattr(value, "__iter__") and not isinstance(value, str | bytes)):
        for inner in value:
            _consume(inner)


def message(text: str | list[Json], stop: str = "end_turn", **usage: int) -> Json:
    """A reply as the API sends it."""
    content = [{"type": "text", "text": text}] if isinstance(text, str) else text
    counts = {"input_tokens": 100, "output_tokens": 50, **usage}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5-5",
        "content": content, "stop_reason": stop, "stop_sequence": None, "usage": counts,
    }  # fmt: skip


def said(**changes: Any) -> str:
    """The JSON of a usable opinion."""
    plain = {
        "action": "buy", "confidence": 0.6, "size": 1.0, "stop": None, "target": None, "horizon": 5,
        "thesis": "Momentum goes on.", "change_mind": "A lower close.", "citations": ["vote:momentum"], "dissent": "It is late.",
    }  # fmt: skip
    return json.dumps({**plain, **changes})


def error(status: int, kind: str = "api_error", **headers: str) -> httpx2.Response:
    """An error as the API sends it."""
    return httpx2.Response(status, json={"type": "error", "error": {"type": kind, "message": f"told {status}"}}, headers=headers)


Answer = Callable[[httpx2.Request], httpx2.Response]


def ok(text: str | list[Json], stop: str = "end_turn", **usage: int) -> Answer:
    """Answer so."""
    return lambda request: httpx2.Response(200, json=message(text, stop, **usage))


@dataclass
class Clock:
    """A clock that moves only when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Api:
    """Answers in order, the last one from then on; keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.seen: list[Json] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.read())
        check(body)
        self.seen.append(body)
        return self.answers[min(len(self.seen), len(self.answers)) - 1](request)

    def sdk(self) -> anthropic.Anthropic:
        http = httpx2.Client(transport=httpx2.MockTransport(self))
        return anthropic.Anthropic(api_key="test", base_url="http://api.test", max_retries=0, http_client=http)


def client(api: Api | Callable[[], anthropic.Anthropic], settings: Llm | None = None, clock: Clock | None = None) -> Client:
    """A client whose time stands still unless it sleeps."""
    chosen, ticks = settings or Llm(), clock or Clock()
    budget = Budget(chosen, Prices(chosen, lambda: NOW), lambda: NOW, Spent())
    return Client(chosen, api.sdk if isinstance(api, Api) else api, budget, clock=ticks, sleep=ticks.sleep)


def model(
    api: Api,
    settings: Llm | None = None,
    mode: Mode = "live",
    kept: MemoryCalls | None = None,
    recorded: MemoryCalls | None = None,
) -> Model:
    """A model over a fake API, its replies kept in memory."""
    clock = Clock()
    return Model(mode, client(api, settings, clock), kept or MemoryCalls(), recorded, clock=clock, today=lambda: NOW)


def request(text: str = "What now?", **changes: Any) -> Request:
    """A small request with a fence."""
    fence = fenced(b"home", text)
    turn = Turn("user", f"{fence.open}\n{text}\n{fence.close}")
    fields: Json = {"task": "decide", "model": "claude-opus-5-5", "system": "Be brief.", "turns": (turn,), "max_tokens": 500}
    return Request(**{**fields, "prompt": "p1", "fence": fence, **changes})
