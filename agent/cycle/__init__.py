"""One function is the program: settle, learn, perceive, recall, consult, match, reason, limit, place, record."""

from agent.cycle.control import Control, halt, read_control, resume
from agent.cycle.cycle import run_bar, run_cycle
from agent.cycle.desk import Desk, Feed

__all__ = ["Control", "Desk", "Feed", "halt", "read_control", "resume", "run_bar", "run_cycle"]
