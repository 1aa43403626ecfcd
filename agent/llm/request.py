"""One request to a model, as a value: what the Messages API is sent, and the hash it is recorded under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from prompts import Fence

Json = dict[str, Any]


@dataclass(frozen=True)
class Turn:
    """One message: a text, or the content blocks of an earlier reply exactly as they came."""

    role: Literal["user", "assistant"]
    content: str | tuple[Json, ...]

    def param(self) -> Json:
        """As the API takes it."""
        return {"role": self.role, "content": self.content if isinstance(self.content, str) else list(self.content)}


@lru_cache(maxsize=16)
def _schema(shape: type[BaseModel]) -> Json:
    from anthropic import transform_schema

    return dict(transform_schema(shape))


@dataclass(frozen=True)
class Request:
    """A task for a model. ``system`` never changes between calls and is marked for caching; data is in the turns.

    ``shape`` is the type the reply must have, None for free text; ``prompt`` the version of the words.
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

    def params(self) -> Json:
        """The body of ``/v1/messages``: system first and cacheable, then the turns; no sampling, no forced tool."""
        body: Json = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "system": [{"type": "text", "text": self.system, "cache_control": {"type": "ephemeral"}}],
            "messages": [turn.param() for turn in self.turns],
        }
        output: Json = {"effort": self.effort} if self.effort else {}
        if self.shape is not None:
            output["format"] = {"type": "json_schema", "schema": _schema(self.shape)}
        return {**body, "output_config": output} if output else body

    def body(self) -> bytes:
        """The parameters in one canonical form."""
        return json.dumps(self.params(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def hash(self) -> str:
        """SHA-256 of the content with the fence's marker replaced: equal in every home."""
        text = self.body().decode()
        return hashlib.sha256((self.fence.neutral(text) if self.fence else text).encode()).hexdigest()

    def answered(self, reply: Sequence[Json], question: str | None) -> Request:
        """The same conversation with a reply and what is said to it next; earlier turns stay as they were."""
        turns = (*self.turns, Turn("assistant", tuple(reply)))
        if question is not None:
            turns = (*turns, Turn("user", question))
        return Request(
            self.task, self.model, self.system, turns, self.max_tokens, self.shape, self.effort, self.prompt, self.fence
        )
