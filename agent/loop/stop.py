"""How people stop a loop: a signal to end, a signal or a file to halt. What was asked is kept until it is done."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from types import FrameType

HALT_FILE = "HALT"


class Stop:
    """Requests from outside; safe to set from a signal handler."""

    def __init__(self, home: Path) -> None:
        """Watch for the halt file in this home."""
        self.event = Event()
        self._file = home / HALT_FILE
        self._signalled = False

    def install(self) -> None:
        """Let SIGTERM and SIGINT end the loop gracefully, and SIGUSR1 halt trading."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGUSR1, self._halt)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self.event.is_set():
            raise KeyboardInterrupt  # a second request does not wait for what is at work
        self.event.set()

    def _halt(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True

    def halt_reason(self) -> str | None:
        """Why trading is to be halted, if anyone asks for it now; a file asks as long as it is there."""
        if self._signalled:
            self._signalled = False
            return "signal SIGUSR1"
        if self._file.exists():
            text = self._file.read_text(encoding="utf-8", errors="replace").strip()[:200]
            return f"file {self._file.name}" + (f": {text}" if text else "")
        return None
