"""The loop: decides on schedule, unattended, and stops by itself when it should."""

from agent.loop.runner import Loop

__all__ = ["Loop"]
