"""A double that takes what the API refuses lets a broken request pass every test and fail in production."""

from typing import Any

import pytest

from agent.doubles import BadRequest, check_request

TOOL = {"name": "bars", "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "a", "name": "bars", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "x"}
USER, TURN = {"role": "user", "content": "x"}, {"role": "assistant", "content": [CALL]}


def request(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"model": "claude-haiku-5-5", "max_tokens": 10, "messages": list(messages) or [USER], **more}


GOOD = [
    request(),
    request(system="rules", tools=[TOOL], tool_choice={"type": "auto"}, stream=True),
    request(USER, TURN, {"role": "user", "content": [RESULT, {"type": "text", "text": "and?"}]}),
    request(output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}, "effort": "low"}),
]
BAD = [
    (request(temperature=0.0), "temperature"),
    (request(tool_choice={"type": "any"}, tools=[TOOL]), "forced"),
    (request(nonsense=1), "nonsense"),
    (request(max_tokens=0), "max_tokens"),
    (request(max_tokens="many"), "max_tokens"),
    (request({"role": "assistant", "content": "x"}), "first message"),
    # the SDK's own types let a bad role or block behind a good first one pass unless every list is read
    (request(USER, {"role": "robot", "content": "x"}), "role"),
    (request(USER, {"role": "assistant", "content": [{"type": "text", "text": "x"}, {"type": "wat"}]}), "messages"),
    (request(tools=[TOOL, {"name": 7, "input_schema": {"type": "object"}}]), "tools"),
    (request(tools=[TOOL, TOOL]), "unique"),
    (request(USER, TURN), "not answered"),
    (request(USER, TURN, USER), "no tool_result"),
    (request(USER, TURN, {"role": "user", "content": [{"type": "text", "text": "x"}, RESULT]}), "before anything"),
    (request({"role": "user", "content": [RESULT]}), "unexpected tool_use_id"),
    (request({"role": "user", "content": " "}), "non-whitespace"),
    (request(system=[{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}] * 5), "breakpoints"),
    ([], "object"),
]


@pytest.mark.parametrize("body", GOOD)
def test_check_request_valid_passes(body: Any) -> None:
    check_request(body)


@pytest.mark.parametrize(("body", "words"), BAD)
def test_check_request_invalid_is_refused_by_place(body: Any, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        check_request(body)


def test_check_request_counting_needs_no_max_tokens() -> None:
    body = request()
    del body["max_tokens"]
    check_request(body, counting=True)
    with pytest.raises(BadRequest, match="max_tokens"):
        check_request(body)
