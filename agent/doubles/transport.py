"""A stand-in under the official SDK without a socket: an httpx2 transport, which is what that SDK uses.

client = anthropic.Anthropic(api_key="none", http_client=httpx2.Client(transport=transport(double("analyst"))))
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from agent.doubles.behaviours import Double
from agent.doubles.respond import respond
from agent.doubles.usage import PromptCache

if TYPE_CHECKING:
    import httpx2


def transport(double: Double) -> httpx2.MockTransport:
    """A transport that answers every POST with the stand-in; a script that runs out raises through the client."""
    import httpx2

    cache = PromptCache()

    def handle(request: httpx2.Request) -> httpx2.Response:
        found = respond(request.url.path, request.read(), double, cache)
        if found.delay:
            threading.Event().wait(found.delay)
        return httpx2.Response(found.status, headers=list(found.headers), content=found.body)

    return httpx2.MockTransport(handle)
