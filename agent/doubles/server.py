"""A stand-in on a local port, for the official SDK or any other client of the Messages API.

Promises: listens on 127.0.0.1 alone; each request has its own thread; a script that runs out answers
500 and is kept in ``failure``, so that a test sees it however the client hides it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from agent.doubles.behaviours import Double, Exhausted, Reply
from agent.doubles.respond import Response, failed, respond
from agent.doubles.usage import PromptCache
from agent.errors import ConfigError

LARGEST = 32 * 1024 * 1024


class DoubleServer(ThreadingHTTPServer):
    """Serves one stand-in; ``url`` is what ANTHROPIC_BASE_URL takes."""

    daemon_threads = True

    def __init__(self, double: Double, port: int = 0, *, log: bool = False) -> None:
        """Bind to the port (0: any free one); ConfigError when it is taken."""
        self.double, self.log, self.cache = double, log, PromptCache()
        self.failure: Exhausted | None = None
        self.stopped = threading.Event()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as err:
            raise ConfigError(f"--port {port} cannot be used: {err.strerror}; choose another, or 0 for any free one") from None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str, body: bytes) -> Response:
        """Respond to a request; a script that ran out is remembered."""
        try:
            return respond(path, body, self.double, self.cache)
        except Exhausted as err:
            self.failure = err
            return failed(Reply(status=500, error="api_error", message=str(err)))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: DoubleServer

    def do_POST(self) -> None:
        """Answer a request."""
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST:
            self._send(failed(Reply(status=413, error="request_too_large", message=f"{length} bytes are too many")))
            return
        self._send(self.server.answer(self.path, self.rfile.read(length)))

    def do_GET(self) -> None:
        """Say that only POST is spoken."""
        self._send(failed(Reply(status=404, error="not_found_error", message=f"no such path: {self.path}")))

    def _send(self, response: Response) -> None:
        if response.delay:
            self.server.stopped.wait(response.delay)
        self.send_response(response.status)
        for name, value in (*response.headers, ("content-length", str(len(response.body))), ("request-id", "req_double")):
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(response.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting, which is what a slow double is for

    def log_message(self, format: str, *args: object) -> None:
        """One line a request on stderr when asked for."""
        if self.server.log:
            sys.stderr.write(f"{self.address_string()} {format % args}\n")


@contextmanager
def serve(double: Double, port: int = 0) -> Iterator[DoubleServer]:
    """Serve in a thread of its own for the length of the block."""
    server = DoubleServer(double, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
