"""Is this a request the Messages API would take? By the SDK's own types and by the protocol's rules.

Promises: lists are read to their last element (the SDK's types validate them lazily, so a bad role
three turns back would otherwise pass); unknown keys are refused at the top; what the 5.5 models refuse
(sampling parameters, a forced tool) is refused here too; the reason names the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

Json = dict[str, Any]
SAMPLING = ("temperature", "top_p", "top_k")
MOST_BREAKPOINTS = 4


class BadRequest(Exception):
    """The request is not one; the API would answer 400 ``invalid_request_error``."""


@lru_cache(maxsize=2)
def _adapter(counting: bool) -> tuple[TypeAdapter[Any], frozenset[str]]:
    from anthropic.types.message_count_tokens_params import MessageCountTokensParams
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    kind: Any = MessageCountTokensParams if counting else MessageCreateParamsNonStreaming
    names = frozenset(kind.__required_keys__ | kind.__optional_keys__) | {"stream"}
    return TypeAdapter(kind), names


def check_request(request: Any, *, counting: bool = False) -> None:
    """Raise BadRequest unless ``request`` is a valid body of /v1/messages (or of count_tokens)."""
    if not isinstance(request, dict):
        raise BadRequest(f"the body is {type(request).__name__}, not an object")
    adapter, names = _adapter(counting)
    refused = [name for name in SAMPLING if name in request]
    if refused:
        raise BadRequest(f"{refused[0]}: is not accepted by this model")
    unknown = sorted(set(request) - names)
    if unknown:
        raise BadRequest(f"{unknown[0]}: extra inputs are not permitted")
    if not isinstance(request.get("stream", False), bool):
        raise BadRequest("stream: must be true or false")
    try:
        value = adapter.validate_python({k: v for k, v in request.items() if k != "stream"})
    except ValidationError as err:
        raise BadRequest(_reason("", err)) from None
    consume(value)
    _check_choice(request)
    _check_messages(request["messages"])
    _check_tools(request)
    _check_breakpoints(request)


def consume(value: Any, place: str = "") -> None:
    """Read every lazily validated list inside ``value`` to its end; BadRequest names the place of what is wrong."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            consume(inner, f"{place}{key}.")
    elif not isinstance(value, (str, bytes, int, float)) and hasattr(value, "__iter__"):
        try:
            for at, inner in enumerate(value):
                consume(inner, f"{place}{at}.")
        except ValidationError as err:
            raise BadRequest(_reason(place, err)) from None


def _reason(place: str, err: ValidationError) -> str:
    first = err.errors(include_url=False, include_input=False)[0]
    return f"{place}{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _check_choice(request: Json) -> None:
    if request.get("max_tokens", 1) < 1:
        raise BadRequest("max_tokens: must be at least 1")
    choice = (request.get("tool_choice") or {}).get("type")
    if choice in ("any", "tool"):
        raise BadRequest(f"tool_choice: forced tool use ({choice}) is not supported by this model; use auto")


def _blocks(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _check_messages(messages: list[Json]) -> None:
    if not messages:
        raise BadRequest("messages: at least one message is required")
    if messages[0]["role"] != "user":
        raise BadRequest("messages.0: the first message must have role user")
    owed: list[str] = []
    for at, message in enumerate(messages):
        blocks = _blocks(message)
        if not blocks:
            raise BadRequest(f"messages.{at}: content must not be empty")
        if message["role"] == "user":
            _check_results(at, blocks, owed)
            owed = []
        elif owed:
            raise BadRequest(f"messages.{at}: tool_use ids {', '.join(owed)} were not answered in the next user message")
        else:
            owed = _calls(at, blocks) if message["role"] == "assistant" else []
        _check_text(at, blocks)
    if owed:
        raise BadRequest(f"messages.{len(messages) - 1}: tool_use ids {', '.join(owed)} were not answered")


def _calls(at: int, blocks: list[Json]) -> list[str]:
    ids = [block["id"] for block in blocks if block["type"] == "tool_use"]
    if len(set(ids)) != len(ids):
        raise BadRequest(f"messages.{at}: tool_use ids must be unique")
    return ids


def _check_results(at: int, blocks: list[Json], owed: list[str]) -> None:
    """All calls of a turn are answered in one user message, results first, each id once."""
    kinds = [block["type"] == "tool_result" for block in blocks]
    answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    if sorted(kinds, reverse=True) != kinds:
        raise BadRequest(f"messages.{at}: tool_result blocks must come before anything else")
    stray = [ident for ident in answered if ident not in owed]
    if stray or len(set(answered)) != len(answered):
        raise BadRequest(f"messages.{at}: unexpected tool_use_id {(stray or answered)[0]} in a tool_result")
    missing = [ident for ident in owed if ident not in answered]
    if missing:
        raise BadRequest(f"messages.{at}: tool_use ids {', '.join(missing)} have no tool_result")


def _check_text(at: int, blocks: list[Json]) -> None:
    if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
        raise BadRequest(f"messages.{at}: text content blocks must contain non-whitespace text")


def _check_tools(request: Json) -> None:
    names = [tool["name"] for tool in request.get("tools") or [] if "name" in tool]
    if len(set(names)) != len(names):
        raise BadRequest("tools: names must be unique")
    for at, tool in enumerate(request.get("tools") or []):
        if "input_schema" in tool and tool["input_schema"].get("type") != "object":
            raise BadRequest(f"tools.{at}.input_schema.type: must be object")


def _check_breakpoints(request: Json) -> None:
    count = sum(1 for block in walk_blocks(request) if block.get("cache_control"))
    if count > MOST_BREAKPOINTS:
        raise BadRequest(f"cache_control: {count} breakpoints are set; at most {MOST_BREAKPOINTS} are allowed")


def walk_blocks(request: Json) -> Iterator[Json]:
    """Every block of a request in the order of the cache prefix: tools, system, messages."""
    yield from request.get("tools") or []
    system = request.get("system") or []
    yield from [{"type": "text", "text": system}] if isinstance(system, str) else system
    for message in request["messages"]:
        for block in _blocks(message):
            yield {"role": message["role"], **block}
