"""What can go wrong with a model, by kind: what happens next depends on the kind and on nothing else.

| kind | when | tried again |
|---|---|---|
| connection, timeout, broken, server, overloaded, rate_limit | the way there, or the server | yes, within the deadline |
| bad_request, authentication, permission, unknown_model, too_large | what we sent, or who we are | no |
| unusable, invented | the reply came and is no answer | one repair turn |
| refusal, max_tokens, tool_loop, pause, no_text | the reply came and cannot be mended | no |
| breaker, budget, deadline, miss, price | we did not ask | no |
"""

from __future__ import annotations

from typing import Literal

from agent.errors import ModelError

FaultKind = Literal[
    "connection", "timeout", "broken", "server", "overloaded", "rate_limit",
    "bad_request", "authentication", "permission", "unknown_model", "too_large",
    "refusal", "max_tokens", "tool_loop", "pause", "no_text", "unusable", "invented",
    "breaker", "budget", "deadline", "miss", "price",
]  # fmt: skip

TRANSIENT: frozenset[FaultKind] = frozenset({"connection", "timeout", "broken", "server", "overloaded", "rate_limit"})
# the server may have worked and charged although no reply reached us
UNCERTAIN: frozenset[FaultKind] = frozenset({"timeout", "broken", "deadline"})
MENDABLE: frozenset[FaultKind] = frozenset({"unusable", "invented"})


class ModelFault(ModelError):
    """A ModelError of a kind; ``retry_after`` is what the server asked to wait, in seconds."""

    def __init__(self, fault: FaultKind, text: str, *, retry_after: float | None = None) -> None:
        """The message is one line that begins with the kind."""
        super().__init__(f"{fault}: {' '.join(text.split())[:300]}")
        self.fault: FaultKind = fault
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """Whether the same call may go well a little later."""
        return self.fault in TRANSIENT
