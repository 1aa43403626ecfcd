"""Rows with a planted answer, and series to learn from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agent.forecast.rows import NAMES, Rows
from agent.market.series import Series
from tests.market.build import bars_of, series_of, walk


def planted(n: int, *, strength: float = 0.62, seed: int = 0) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Rows whose answer depends on three columns, and each row's true probability.

    At the default strength the true probabilities have a Brier skill of 0.10 over the base rate.
    """
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, len(NAMES)))
    truth = 1 / (1 + np.exp(-strength * (x[:, 0] - 0.5 * x[:, 1] + 0.3 * x[:, 2] * np.abs(x[:, 0])) + 0.3))
    y = (draw.random(n) < truth).astype(np.int8)
    return Rows(np.arange(n), x, y), truth


def series(n: int = 1500, seed: int = 3) -> Series:
    """A prepared random walk."""
    return series_of(bars_of(walk(n, seed=seed), seed=seed))
