"""How far a memory answers a question: its own meaning, its meaning in context, its words, and who and when it names.

The parts are added as they are, not as ranks: a cosine of 0.7 among 0.2s, or a text that holds every rare word of the
question, says more than being first. What a rank can not see is that nothing fits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# exact (float64) or rough (float32)
Cosines = NDArray[np.float64] | NDArray[np.float32]
Bools = NDArray[np.bool_]
Seqs = NDArray[np.int64]
Rows = Seqs | slice

# weights beside the two cosines, whose sum has weight 1 each
WORDS = 0.6
# the named person's own turn, a turn of their conversation, a turn of the time that is named
SPOKEN, PRESENT, TIMELY = 0.15, 0.15, 0.15
_MOST = 2.0 + WORDS
# below this a rounded product may order two rows otherwise than the exact one
_SLACK = 5e-5


def relevance(own: Cosines, context: Cosines, rest: Floats) -> Floats:
    """Return cosine + cosine in context + the rest, over 2.6: 1 for a text that is the question, every word of it."""
    return (own + context + rest) / _MOST


def rest(words: Floats, spoken: Bools | None = None, present: Bools | None = None, timely: Bools | None = None) -> Floats:
    """Return what does not depend on meaning: 0.6 of the BM25 score and 0.15 for each of what the question names."""
    total = WORDS * words
    for weight, holds in ((SPOKEN, spoken), (PRESENT, present), (TIMELY, timely)):
        if holds is not None:
            total += weight * holds
    return total


def best(values: Cosines, allowed: Bools, depth: int) -> Seqs:
    """Return the ``depth`` best allowed rows, in row order, and those that rounding may have put behind them."""
    rows = np.flatnonzero(allowed)
    if len(rows) <= depth:
        return rows
    chosen = values[rows]
    limit = np.partition(chosen, len(rows) - depth)[len(rows) - depth]
    kept: Seqs = rows[chosen >= limit - _SLACK]
    return kept
