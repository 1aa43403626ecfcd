"""Which of many vectors may lie near another, by the signs of their numbers alone: a twentieth of the bytes, one count a word.

The share of differing signs estimates the angle (Charikar 2002), to some 0.05 of the cosine at 384 dimensions. It says which
vectors are worth multiplying, never how near they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Signs = NDArray[np.uint64]
# vectors whose signs are compared at once: what is counted stays in the processor's cache
_AT_ONCE = 16_384


class Sketch:
    """The signs and lengths of some vectors."""

    def __init__(self, matrix: Matrix) -> None:
        """Take them from a row per vector."""
        self._signs = _signs(matrix)
        self._lengths = np.linalg.norm(matrix, axis=1).astype(np.float32)

    def products(self, vector: Matrix) -> Matrix:
        """Return about what each vector times a unit vector comes to."""
        asked = _signs(vector[None, :])[:, 0]
        by_differing = np.cos(np.pi * np.arange(len(vector) + 1) / len(vector)).astype(np.float32)
        out = np.empty(self._signs.shape[1], dtype=np.float32)
        for low in range(0, len(out), _AT_ONCE):
            part = self._signs[:, low : low + _AT_ONCE]
            differing, mixed = np.zeros(part.shape[1], dtype=np.uint16), np.empty(part.shape[1], dtype=np.uint64)
            for held, word in zip(part, asked, strict=True):
                differing += np.bitwise_count(np.bitwise_xor(held, word, out=mixed))
            np.take(by_differing, differing, out=out[low : low + _AT_ONCE])
        out *= self._lengths
        return out


def _signs(matrix: Matrix) -> Signs:
    """Return which numbers are positive, 64 of them a word: a row per word, a column per vector."""
    bits = np.packbits(matrix > 0, axis=1)
    missing = -bits.shape[1] % 8
    whole = np.pad(bits, ((0, 0), (0, missing))) if missing else bits
    return np.ascontiguousarray(whole.view(np.uint64).T)
