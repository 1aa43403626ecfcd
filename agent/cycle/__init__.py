"""One function is the program: settle, learn, perceive, recall, consult, match, reason, limit, place, record."""

from agent.cycle.control import Control, halt, read_control, resume
from agent.cycle.cycle import decide_symbol, run_bar, run_cycle, settle_bar
from agent.cycle.desk import Desk, Feed
from agent.cycle.sending import reconcile
from agent.cycle.watching import watch

__all__ = [
    "Control",
    "Desk",
    "Feed",
    "decide_symbol",
    "halt",
    "read_control",
    "reconcile",
    "resume",
    "run_bar",
    "run_cycle",
    "settle_bar",
    "watch",
]
