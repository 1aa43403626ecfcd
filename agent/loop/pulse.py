"""Signs of life: a heartbeat file, systemd's watchdog, and a look at cycles that take too long.

Promises: the file is replaced as a whole and says when the loop last came round, what waits and whether it is halted;
a loop that hangs stops beating, so whoever watches (systemd, ``tradecraft health``) sees it.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import structlog

log = structlog.get_logger()
HEARTBEAT = "heartbeat.json"
LEAST = 1.0  # seconds between two beats


class Pulse:
    """Beats for one run; ``ticks`` is a clock that never jumps, in seconds."""

    def __init__(self, folder: Path, ticks: Callable[[], float], hung_seconds: float) -> None:
        """Write into the run's folder."""
        self.path = folder / HEARTBEAT
        self.decisions = 0
        self._ticks, self._hung = ticks, hung_seconds
        self._last = -LEAST
        self._working: dict[str, float] = {}
        self._reported: set[str] = set()
        self._lock = Lock()

    def begin(self, symbol: str) -> None:
        """A cycle starts."""
        with self._lock:
            self._working[symbol] = self._ticks()

    def end(self, symbol: str) -> None:
        """A cycle has ended, however it did."""
        with self._lock:
            self._working.pop(symbol, None)
            self._reported.discard(symbol)
            self.decisions += 1

    def busy(self, symbol: str) -> bool:
        """Whether a cycle of this symbol is still at work."""
        return symbol in self._working

    def hung(self) -> list[str]:
        """Symbols whose cycle takes too long, each told once."""
        with self._lock:
            now = self._ticks()
            slow = [s for s, begun in self._working.items() if now - begun > self._hung and s not in self._reported]
            self._reported.update(slow)
        for symbol in slow:
            log.error("cycle hangs", symbol=symbol, seconds=self._hung)
        return slow

    def beat(self, at: datetime, standing: Callable[[], dict[str, Any]], *, force: bool = False) -> None:
        """Say that the loop came round, and how it stands, at most once a second."""
        now = self._ticks()
        if not force and now - self._last < LEAST:
            return
        self._last = now
        said = {"at": at.isoformat(), "pid": os.getpid(), "decisions": self.decisions, "working": sorted(self._working)}
        scratch = self.path.with_suffix(".tmp")
        scratch.write_text(json.dumps(said | standing()), encoding="utf-8")
        scratch.chmod(0o600)
        scratch.replace(self.path)
        notify("WATCHDOG=1")


def notify(message: str) -> None:
    """Tell systemd, where it listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        try:
            out.sendto(message.encode(), address.replace("@", "\0", 1))
        except OSError as err:
            log.warning("systemd was not told", error=str(err))
