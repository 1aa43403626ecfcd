"""What a finished run looks like to a person: one self-contained page, one short terminal table.

Rooms hand in the plain JSON documents that ``backtest`` prints; nothing here runs, decides
or reads a journal.
"""

from agent.report.page import render, write
from agent.report.terminal import summary

__all__ = ["render", "summary", "write"]
