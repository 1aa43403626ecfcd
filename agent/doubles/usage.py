"""What a request would have cost: token counts with the prompt cache's figures.

Tokens are estimated at four characters each: the same text always counts the same, which is all
a test of accounting needs. A prefix up to a breakpoint is written to the cache the first time and read
from it afterwards; below the minimum length nothing is cached, silently, as at the real API.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

from agent.doubles.protocol import walk_blocks

Json = dict[str, Any]
CHARS_PER_TOKEN = 4
LEAST_CACHED = 512


def tokens(value: Any) -> int:
    """Estimated tokens of a text or of anything that can be written as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return -(-len(text) // CHARS_PER_TOKEN)


def input_tokens(request: Json) -> int:
    """Estimated tokens of everything the model reads."""
    return sum(tokens(_content(block)) for block in walk_blocks(request))


def _content(block: Json) -> Any:
    return {key: value for key, value in block.items() if key != "cache_control"}


class PromptCache:
    """The prefixes seen so far; safe to use from several threads."""

    def __init__(self) -> None:
        """Start empty."""
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def usage(self, request: Json, output: Any) -> Json:
        """The usage block of a reply to ``request``; its prefixes are cached from now on."""
        digest, running, prefixes = hashlib.sha256(str(request["model"]).encode()), 0, []
        for block in walk_blocks(request):
            digest.update(json.dumps(_content(block), sort_keys=True, default=str).encode())
            running += tokens(_content(block))
            if block.get("cache_control") and running >= LEAST_CACHED:
                prefixes.append((digest.hexdigest(), running))
        with self._lock:
            read = max((length for key, length in prefixes if key in self._seen), default=0)
            self._seen.update(key for key, _ in prefixes)
        written = max((length for _, length in prefixes), default=0) - read
        return {
            "input_tokens": running - read - written,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "output_tokens": tokens(output),
        }
