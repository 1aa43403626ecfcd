"""What an embedder promises: unit vectors of a fixed dimension, under a name that changes when they would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into L2-normalised float32 rows.

    ``fingerprint`` names model, dimension and content: vectors are comparable only under
    one fingerprint, and reading it loads no model.
    """

    @property
    def fingerprint(self) -> str:
        """The name under which the vectors are kept."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text, in order (shape n x dimension)."""
