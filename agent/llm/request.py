"""One request to a model, as a value: what the Messages API is sent, and the hash it is recorded under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from prompts import Fence

Json = dict[str, Any]
EPHEMERAL: Json = {"cache_control": {"type": "ephemeral"}}


@dataclass(frozen=True)
class Turn:
    """One message: a text, or content blocks, those of an earlier reply exactly as they came."""

    role: Literal["user", "assistant"]
    content: str | tuple[Json, ...]

    def param(self) -> Json:
        """As the API takes it."""
        return {"role": self.role, "content": self.content if isinstance(self.content, str) else list(self.content)}

    def marked(self) -> Json:
        """As the API takes it, with a cache breakpoint after its last block."""
        blocks = [{"type": "text", "text": self.content}] if isinstance(self.content, str) else list(self.content)
        return {"role": self.role, "content": [*blocks[:-1], {**blocks[-1], **EPHEMERAL}]}


@lru_cache(maxsize=1)
def _kinds() -> frozenset[str]:
    """The kinds of block that a request may hold, by the SDK's own types."""
    from typing import get_args, get_type_hints

    from anthropic.types.content_block_param import ContentBlockParam

    return frozenset(kind for block in get_args(ContentBlockParam) for kind in get_args(get_type_hints(block)["type"]))


def resendable(blocks: Iterable[Json]) -> tuple[Json, ...]:
    """The blocks of a reply that may be sent back, each as it came: no kind that no request may hold, no empty text."""
    return tuple(b for b in blocks if b.get("type") in _kinds() and (b["type"] != "text" or str(b.get("text", "")).strip()))


@lru_cache(maxsize=16)
def _schema(shape: type[BaseModel]) -> Json:
    from anthropic import transform_schema

    return dict(transform_schema(shape))


@dataclass(frozen=True)
class Request:
    """A task for a model. ``system`` never changes between calls and is marked for caching; data is in the turns.

    ``shape`` is the type the reply must have, None for free text; ``prompt`` the version of the words. ``tools`` are offered
    in the API's own form. ``endpoint`` tells two servers of one model's name apart. ``growing`` marks the conversation so
    far for caching too: for turns that will be sent again.
    """

    task: str
    model: str
    system: str
    turns: tuple[Turn, ...]
    max_tokens: int
    shape: type[BaseModel] | None = None
    effort: str | None = None
    prompt: str = ""
    fence: Fence | None = None
    tools: tuple[Json, ...] = ()
    growing: bool = False
    endpoint: str = ""

    def params(self) -> Json:
        """The body of ``/v1/messages``: tools and system first and cacheable, then the turns; no sampling, no forced tool."""
        body: Json = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "system": [{"type": "text", "text": self.system, **EPHEMERAL}],
            "messages": [turn.param() for turn in self.turns],
        }
        if self.tools:
            body["tools"] = list(self.tools)
        if self.growing and self.turns[-1].role == "user":
            body["messages"][-1] = self.turns[-1].marked()
        output: Json = {"effort": self.effort} if self.effort else {}
        if self.shape is not None:
            output["format"] = {"type": "json_schema", "schema": _schema(self.shape)}
        return {**body, "output_config": output} if output else body

    def body(self) -> bytes:
        """The parameters in one canonical form."""
        return json.dumps(self.params(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def hash(self) -> str:
        """SHA-256 of the content with the fence's marker replaced: equal in every home."""
        text = self.body().decode() + (f"|{self.endpoint}" if self.endpoint else "")
        return hashlib.sha256((self.fence.neutral(text) if self.fence else text).encode()).hexdigest()

    def said(self, content: str | Sequence[Json]) -> Request:
        """The same conversation with the next user turn; earlier turns stay as they were."""
        turn = Turn("user", content if isinstance(content, str) else tuple(content))
        return replace(self, turns=(*self.turns, turn))

    def answered(self, reply: Iterable[Json]) -> Request:
        """The same conversation with a reply, as far as it may be sent back; one that leaves nothing adds nothing."""
        blocks = resendable(reply)
        return replace(self, turns=(*self.turns, Turn("assistant", blocks))) if blocks else self
