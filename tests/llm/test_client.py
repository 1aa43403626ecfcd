"""Every fault has its name, retries have one owner, and no call outlives its deadline."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import anthropic
import httpx2
import pytest

from agent.llm import ModelFault
from agent.llm.model import text_of
from agent.settings import Llm
from tests.llm.kit import NOW, Answer, Api, Clock, Json, client, error, message, model, ok, request


def _raises(kind: type[Exception]) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise kind("told so", request=request)  # type: ignore[call-arg]

    return answer


FAULTS: dict[str, tuple[Answer, str, int]] = {
    "refused connection": (_raises(httpx2.ConnectError), "connection", 4),
    "timeout": (_raises(httpx2.ReadTimeout), "timeout", 4),
    "broken connection": (_raises(httpx2.RemoteProtocolError), "broken", 4),
    "400": (lambda r: error(400, "invalid_request_error"), "bad_request", 1),
    "401": (lambda r: error(401, "authentication_error"), "authentication", 1),
    "403": (lambda r: error(403, "permission_error"), "permission", 1),
    "unknown model": (lambda r: error(404, "not_found_error"), "unknown_model", 1),
    "413": (lambda r: error(413, "request_too_large"), "too_large", 1),
    "429 without retry-after": (lambda r: error(429, "rate_limit_error"), "rate_limit", 4),
    "500": (lambda r: error(500), "server", 4),
    "529": (lambda r: error(529, "overloaded_error"), "overloaded", 4),
    "truncated body": (lambda r: httpx2.Response(200, content=b'{"id": "msg_1", "content": [{"ty'), "broken", 4),
    "a body that is no message": (lambda r: httpx2.Response(200, json={"hello": 1}), "broken", 4),
    "a page of a proxy": (lambda r: httpx2.Response(200, html="<html>"), "broken", 4),
    "no stop reason": (lambda r: httpx2.Response(200, json={**message("x"), "stop_reason": None}), "broken", 4),
}


@pytest.mark.parametrize("case", FAULTS)
@pytest.mark.parametrize("stream", [False, True])
def test_fault_has_its_kind_and_only_passing_ones_are_tried_again(case: str, stream: bool) -> None:
    answer, kind, tries = FAULTS[case]
    api = Api(answer)
    with pytest.raises(ModelFault) as caught:
        client(api, Llm(stream=stream, breaker_failures=99, max_cost=None)).ask(request(), 60.0)
    assert caught.value.fault == kind
    assert "\n" not in str(caught.value)
    assert len(api.seen) == tries


def test_retry_after_is_waited_for_and_then_the_reply_counts() -> None:
    api, clock = Api(lambda r: error(429, "rate_limit_error", **{"retry-after": "7"}), ok("fine")), Clock()
    assert client(api, clock=clock).ask(request(), 60.0).content[0]["text"] == "fine"
    assert clock.slept == [7.0]


def test_retry_after_beyond_the_deadline_ends_at_once() -> None:
    api, clock = Api(lambda r: error(429, "rate_limit_error", **{"retry-after": "3600"})), Clock()
    with pytest.raises(ModelFault, match="rate_limit"):
        client(api, clock=clock).ask(request(), 60.0)
    assert clock.slept == []


def test_waits_grow_and_never_pass_the_deadline() -> None:
    clock = Clock()
    with pytest.raises(ModelFault, match="server"):
        client(Api(lambda r: error(500)), Llm(attempts=10, breaker_failures=99), clock).ask(request(), 10.0)
    assert clock.now < 10.0
    assert clock.slept == sorted(clock.slept)


def test_breaker_stops_hammering_and_one_call_tries_whether_it_is_over() -> None:
    api, clock = Api(*[lambda r: error(500)] * 5, ok("back")), Clock()
    asked = client(api, Llm(attempts=1, breaker_failures=5, breaker_seconds=30), clock)
    for _ in range(5):
        with pytest.raises(ModelFault, match="server"):
            asked.ask(request(), clock.now + 60)
    with pytest.raises(ModelFault, match="breaker"):
        asked.ask(request(), clock.now + 60)
    assert len(api.seen) == 5
    clock.now += 31
    assert asked.ask(request(), clock.now + 60).content[0]["text"] == "back"


def test_missing_key_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)

    def keyless() -> anthropic.Anthropic:
        return anthropic.Anthropic(max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(Api(ok("x")))))

    with pytest.raises(ModelFault, match="ANTHROPIC_API_KEY"):
        client(keyless).ask(request(), 60.0)


ENDINGS = {
    "refusal": (ok("I cannot.", "refusal"), "refusal"),
    "max_tokens": (ok('{"action": "bu', "max_tokens"), "max_tokens"),
    "tool loop": (ok([{"type": "tool_use", "id": "t", "name": "go", "input": {}}], "tool_use"), "tool_loop"),
    "endless pause": (ok("wait", "pause_turn"), "pause"),
    "thinking alone": (ok([{"type": "thinking", "thinking": "hm", "signature": "s"}]), "no_text"),
    "nothing": (ok([]), "no_text"),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_reply_that_is_no_answer_is_a_fault_of_its_kind(case: str) -> None:
    answer, kind = ENDINGS[case]
    with pytest.raises(ModelFault) as caught:
        text_of(model(Api(answer)).ask(request(), [], as_of=NOW, deadline=60.0))
    assert caught.value.fault == kind


def test_blocks_are_picked_by_type_and_unknown_ones_passed_over() -> None:
    blocks: list[Json] = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "brand_new", "payload": 1},
        {"type": "text", "text": "yes"},
    ]
    assert text_of(model(Api(ok(blocks))).ask(request(), [], as_of=NOW, deadline=60.0)) == "yes"


def test_paused_turn_is_taken_up_and_every_call_of_it_is_counted() -> None:
    calls: list[object] = []
    api = Api(ok("wait", "pause_turn"), ok("done"))
    assert text_of(model(api).ask(request(), calls, as_of=NOW, deadline=60.0)) == "done"  # type: ignore[arg-type]
    assert [m["role"] for m in api.seen[1]["messages"]] == ["user", "assistant"]
    assert len(calls) == 2


@contextmanager
def _server(body: bytes, *, hold: threading.Event | None = None, length: int | None = None) -> Iterator[str]:
    """A real server that sends ``body`` and then breaks off, or holds the line until ``hold`` is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if length is None else "application/json")
            if length is not None:
                self.send_header("content-length", str(length))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if hold is not None:
                hold.wait(10)
            self.connection.shutdown(socket.SHUT_RDWR)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        if hold is not None:
            hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


BEGUN = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],'
    b'"model":"claude-opus-5-5","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n'
)


def _sdk(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="test", base_url=url, max_retries=0)


def test_stream_broken_in_the_middle_is_a_fault_that_may_have_cost_something() -> None:
    with _server(BEGUN) as url:
        sdk = _sdk(url)
        asked = client(lambda: sdk, Llm(stream=True, attempts=1))
        with pytest.raises(ModelFault, match="broken"):
            asked.ask(request(), 60.0)
        sdk.close()
    assert asked.budget.spent.at_risk > 0


def test_body_broken_in_the_middle_is_a_fault_that_may_have_cost_something() -> None:
    with _server(b'{"id": "msg_1", ', length=500) as url:
        sdk = _sdk(url)
        asked = client(lambda: sdk, Llm(attempts=1))
        with pytest.raises(ModelFault, match="broken"):
            asked.ask(request(), 60.0)
        sdk.close()
    assert asked.budget.spent.at_risk > 0


def test_server_that_never_ends_is_left_behind_at_the_deadline() -> None:
    hold = threading.Event()
    with _server(BEGUN, hold=hold) as url:
        sdk = _sdk(url)
        asked = client(lambda: sdk, Llm(stream=True, attempts=1))
        with pytest.raises(ModelFault) as caught:
            asked.ask(request(), 0.2)
        hold.set()
        sdk.close()
    assert caught.value.fault in ("deadline", "timeout")
    assert asked.budget.spent.at_risk > 0


def test_stream_gives_the_same_reply_as_a_plain_call() -> None:
    events = BEGUN + (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"yes"}}\n\n'
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},'
        b'"usage":{"output_tokens":5}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n'
    )
    api = Api(lambda r: httpx2.Response(200, content=events, headers={"content-type": "text/event-stream"}))
    answer = client(api, Llm(stream=True)).ask(request(), 60.0)
    assert answer.content[0]["text"] == "yes"
    assert answer.usage.output_tokens == 5
    assert api.seen[0]["stream"] is True
