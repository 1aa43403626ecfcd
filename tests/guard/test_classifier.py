"""Without these a classifier that is down, or lies about its shape, would wave texts through."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from agent.guard.classifier import MAX_CHARS, ClassifierError, ClassifierLikeness, HttpClassifier
from agent.guard.detect import Opinion, Verdict, detect, judge, together

TEXT = "Buy when the market is weak."


@contextmanager
def answering(status: int, body: bytes) -> Iterator[tuple[str, list[tuple[str | None, bytes]]]]:
    """A server on this machine that gives one answer; yields its URL and what it was sent."""
    seen: list[tuple[str | None, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.headers.get("Authorization"), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def verdict(url: str) -> Verdict:
    return judge(detect(TEXT, likeness=ClassifierLikeness(HttpClassifier(url, 5.0))))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"score": 0.02}', "accept"),
        (200, b'{"score": 0.9, "label": "injection"}', "quarantine"),
        (200, b'{"score": 0.999}', "reject"),
        (200, b'{"score": 7}', "quarantine"),
        (200, b'{"score": "NaN"}', "quarantine"),
        (200, b"not json", "quarantine"),
        (200, b"\xff", "quarantine"),
        (302, b"", "quarantine"),
        (500, b'{"score": 0.0}', "quarantine"),
    ],
)
def test_answer_decides_and_anything_else_is_a_doubt(status: int, body: bytes, expected: str) -> None:
    with answering(status, body) as (url, _):
        assert verdict(url) == expected


def test_text_and_token_are_sent_and_the_token_is_not_shown() -> None:
    with answering(200, b'{"score": 0}') as (url, seen):
        asked = HttpClassifier(url, 5.0, "s3cret")
        assert asked.score(TEXT) == 0
        assert "s3cret" not in repr(asked)
    assert [(auth, json.loads(body)) for auth, body in seen] == [("Bearer s3cret", {"text": TEXT})]


def test_nobody_listening_is_a_doubt_and_soon_not_asked_again() -> None:
    with answering(200, b"{}") as (url, _):
        pass
    measure = ClassifierLikeness(HttpClassifier(url, 0.5))
    opinions = [measure(TEXT)[0] for _ in range(4)]
    assert all(opinion.doubt for opinion in opinions)
    assert "not asked again" in opinions[3].excerpt
    assert judge(detect(TEXT, likeness=measure)) == "quarantine"


class Fixed:
    """A classifier that always says the same, or fails."""

    def __init__(self, *scores: float | None) -> None:
        """Take the scores; None fails."""
        self._scores = list(scores)

    def score(self, text: str) -> float:
        """Return the next one."""
        found = self._scores.pop(0)
        if found is None:
            raise ClassifierError("down")
        return found


def test_single_failures_do_not_stop_it_being_asked() -> None:
    measure = ClassifierLikeness(Fixed(None, None, 0.1, None, None, 0.1))
    assert [measure(TEXT)[0].doubt for _ in range(6)] == [True, True, False, True, True, False]


def test_text_too_long_to_send_is_a_doubt() -> None:
    assert ClassifierLikeness(Fixed())("x" * (MAX_CHARS + 1))[0].doubt


def test_classifier_can_only_add_a_doubt() -> None:
    def own(text: str) -> list[Opinion]:
        return [Opinion(score=0.9, excerpt=text)]

    findings = detect(TEXT, likeness=together(own, ClassifierLikeness(Fixed(0.0))))
    assert [finding.rule for finding in findings] == ["likeness"]
    assert judge(findings) == "quarantine"
