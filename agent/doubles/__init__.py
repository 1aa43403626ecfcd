"""Stand-ins for a language model that speak the Messages API: for tests, evals and anyone without a key.

``double(name)`` gives one; ``respond`` answers a request with it; ``serve`` offers it on a local
port; ``transport`` puts it under the official SDK without a network.
"""

from agent.doubles.behaviours import BEHAVIOURS, Double, Knowing, Script, double
from agent.doubles.protocol import BadRequest, check_request
from agent.doubles.respond import Response, respond
from agent.doubles.server import DoubleServer, serve
from agent.doubles.transport import transport

__all__ = [
    "BEHAVIOURS",
    "BadRequest",
    "Double",
    "DoubleServer",
    "Knowing",
    "Response",
    "Script",
    "check_request",
    "double",
    "respond",
    "serve",
    "transport",
]
