"""A call at work in a thread of its own: its pieces are heard as they come, and at the deadline it is left behind.

A server that sends a byte now and then never trips a read timeout, so the waiting is done here. Whoever asked hears every
piece in its own thread; when it stops listening (an interrupt, an error of its own) the call is told and ends by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Literal

from agent.llm.faults import ModelFault


@dataclass(frozen=True)
class Piece:
    """What came: words of the ``text`` or of the ``thinking``, the name of a ``tool`` about to be called, or ``again``: the
    connection broke, and everything heard of this reply so far counts for nothing.
    """

    kind: Literal["text", "thinking", "tool", "again"]
    text: str = ""


Hear = Callable[[Piece], None]
Gone = Callable[[], bool]
Work = Callable[[Hear, Gone], bytes]


def within(seconds: float, clock: Callable[[], float], hear: Hear | None, work: Work) -> bytes:
    """What ``work`` returns or raises, waiting no longer than ``seconds``; ModelFault ``deadline`` after that.

    ``work`` is given where to put its pieces, and a question: has nobody been listening any more?
    """
    coming: SimpleQueue[Piece | bytes | BaseException] = SimpleQueue()
    gone, context, end = threading.Event(), copy_context(), clock() + seconds

    def run() -> None:
        try:
            coming.put(context.run(work, coming.put, gone.is_set))
        except BaseException as err:  # noqa: BLE001 - handed to the waiting thread, which raises it
            coming.put(err)

    threading.Thread(target=run, daemon=True, name="model-call").start()
    try:
        while True:
            found = coming.get(timeout=max(0.0, end - clock()))
            if isinstance(found, bytes):
                return found
            if isinstance(found, BaseException):
                raise found
            if hear is not None:
                hear(found)
    except Empty:
        raise ModelFault("deadline", f"no whole reply within {seconds:.1f} s; raise --deadline") from None
    finally:
        gone.set()
