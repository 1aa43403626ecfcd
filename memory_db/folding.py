"""Near-identical market events are one memory with a count, folded when read and never when written.

Every event is a fact of its own. Asked as of a time, those known by then which say the same but for their numbers, each at
most two weeks after the one before, are shown as the last of them with how often it was seen: so recall as of an
earlier time sees the count as it was, whatever was written since, and in whatever order.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

KINDS = ("market_event", "sentiment_extreme")
WINDOW = timedelta(days=14)
_WINDOW_US = WINDOW // timedelta(microseconds=1)
_NUMBER = re.compile(r"[-+]?\d[\d.,:/T-]*%?")
_SPACE = re.compile(r"\W+")

Rows = NDArray[np.int64]


def shape(kind: str, symbol: str | None, content: str) -> int:
    """Return a number above 0 that is the same for texts of one kind and symbol that differ in numbers and dates only."""
    words = _SPACE.sub(" ", _NUMBER.sub("#", content.lower())).strip()
    digest = hashlib.blake2b(f"{kind}|{symbol or ''}|{words}".encode("utf-8", "replace"), digest_size=7).digest()
    return int.from_bytes(digest, "big") + 1


def folded(shapes: Rows, known: Rows, seqs: Rows, visible: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Return rows that stand for a group, the last known of each, and how many it has; rows without a shape (0) stand apart."""
    rows = np.flatnonzero(visible & (shapes > 0))
    if not len(rows):
        return rows, rows
    rows = rows[np.lexsort((seqs[rows], known[rows], shapes[rows]))]
    same = shapes[rows[1:]] == shapes[rows[:-1]]
    near = known[rows[1:]] - known[rows[:-1]] <= _WINDOW_US
    starts = np.flatnonzero(np.concatenate([[True], ~(same & near)]))
    counts = np.diff(np.concatenate([starts, [len(rows)]]))
    return rows[starts + counts - 1], counts
