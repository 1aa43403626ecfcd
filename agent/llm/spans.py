"""What is at work right now: on every line of the log, and as an OpenTelemetry span where somebody set a tracer provider.

Promises: names, ids and figures only, never a prompt, a reply or a key; where no provider is set nothing is imported and
nothing is made. The SDK writes spans of its own inside these.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from structlog.contextvars import bound_contextvars

Attribute = str | int | float | bool


@contextmanager
def working(name: str, **bound: str) -> Iterator[None]:
    """Do something under a span, with ``bound`` (a cycle's id, its symbol) on every line logged meanwhile."""
    with bound_contextvars(**bound), span(name, **bound):
        yield


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[dict[str, Attribute]]:
    """A span; what is put into the mapping given is on it when it ends. An error marks it and passes."""
    more: dict[str, Attribute] = {}
    with _started(name, attributes) as made:
        try:
            yield more
        except BaseException as err:
            if made is not None:  # the kind alone: an error's text may hold what was sent
                made.set_status(
                    sys.modules["opentelemetry.trace"].StatusCode.ERROR, str(getattr(err, "fault", type(err).__name__))
                )
            raise
        finally:
            if made is not None:
                made.set_attributes({f"tradecraft.{key}": value for key, value in more.items()})


def _started(name: str, attributes: dict[str, Attribute]) -> Any:
    trace: Any = sys.modules.get("opentelemetry.trace")  # whoever set a provider has imported it
    if trace is None or isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return nullcontext()
    told = {f"tradecraft.{key}": value for key, value in attributes.items()}
    return trace.get_tracer("tradecraft").start_as_current_span(
        f"tradecraft.{name}", attributes=told, record_exception=False, set_status_on_exception=False
    )
