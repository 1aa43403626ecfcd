"""Asking a language model: one request, one deadline, one owner of retries, every reply kept by content.

Promises: an answer or a ModelFault of a named kind, never anything else; no call whose worst case would exceed the money
set; a reply that was paid for is kept before anything is done with it; nothing imports the SDK before a call is made.

``Model.ask`` (``agent.llm.model``) is one question; ``hear`` gets its reply streamed as ``Piece`` after ``Piece``.
``talk`` (``agent.llm.talk``, with an example) is a turn in which the model may call tools.
"""

from agent.llm.calls import Call, CallLog, MemoryCalls, Miss
from agent.llm.faults import FaultKind, ModelFault
from agent.llm.hearing import Hear, Piece
from agent.llm.money import Budget, Prices, Spent
from agent.llm.request import Request, Turn

__all__ = [
    "Budget",
    "Call",
    "CallLog",
    "FaultKind",
    "Hear",
    "MemoryCalls",
    "Miss",
    "ModelFault",
    "Piece",
    "Prices",
    "Request",
    "Spent",
    "Turn",
]
