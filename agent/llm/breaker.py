"""The circuit breaker: after some failures in a row nothing is asked for a while, then one call tries whether it is over."""

from __future__ import annotations

from collections.abc import Callable

from agent.llm.faults import ModelFault


class Breaker:
    """Closed (calls pass), open (they are refused), half open (one passes; its end decides)."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        """Open after ``failures`` in a row, for ``seconds`` of a monotonic ``clock``."""
        self._most, self._seconds, self._clock = failures, seconds, clock
        self._failed = 0
        self._opened: float | None = None

    def check(self) -> None:
        """Let a call pass or raise ModelFault ``breaker``."""
        if self._opened is None:
            return
        left = self._seconds - (self._clock() - self._opened)
        if left > 0:
            raise ModelFault("breaker", f"the last {self._failed} calls failed; the model is asked again in {left:.0f} s")
        self._opened = self._clock()  # half open: whoever comes meanwhile waits for this one's end

    def succeeded(self) -> None:
        """A reply came."""
        self._failed, self._opened = 0, None

    def failed(self) -> None:
        """The server or the way to it failed."""
        self._failed += 1
        if self._failed >= self._most:
            self._opened = self._clock()
