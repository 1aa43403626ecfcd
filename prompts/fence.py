"""The fence around data in a prompt: a marker that the data cannot contain.

The marker is the first 96 bits of HMAC-SHA-256(home secret, data and counter), drawn again while the data contains it: who
writes a memory or a headline cannot know it beforehand, and the same context gives the same bytes. Requests are hashed with
a placeholder in its place, so that a recording made in one home is found in another.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

PLACEHOLDER = "FENCE"


@dataclass(frozen=True)
class Fence:
    """The lines between which everything is data."""

    marker: str

    @property
    def open(self) -> str:
        """The line that begins the data."""
        return f"<<<DATA {self.marker}"

    @property
    def close(self) -> str:
        """The line that ends it."""
        return f"{self.marker} DATA>>>"

    def neutral(self, text: str) -> str:
        """The text with the marker replaced by a placeholder, for hashing."""
        return text.replace(self.marker, PLACEHOLDER)


def fenced(secret: bytes, data: str) -> Fence:
    """A fence that ``data`` does not contain."""
    counter = 0
    while True:
        marker = hmac.new(secret, f"{counter}|{data}".encode("utf-8", "backslashreplace"), hashlib.sha256).hexdigest()[:24]
        if marker not in data:
            return Fence(marker)
        counter += 1
