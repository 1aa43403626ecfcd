"""How good predicted probabilities are, beside the base rate; and whether a gain can be believed.

Brier score, its skill 1 - Brier / base rate's Brier (Murphy 1973), the expected calibration error over
ten equal-width bins (Naeini et al. 2015), and accuracy, precision, recall and F1 at 0.5. A gain in accuracy on
the same rows is tested by the stationary block bootstrap, since labels overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.domain import Frozen
from agent.market.bars import Floats
from agent.statistics.bootstrap import draws

BINS = 10
CLAIMED = {"accuracy": 0.78, "precision": 0.72, "recall": 0.68, "f1": 0.70}
"""What others state for the reference model; shown beside ours, never instead."""

Marks = npt.NDArray[np.int8]


class Figures(Frozen):
    """Figures on ``n`` rows. ``base_rate`` is what the learning rows said; None where nothing was predicted."""

    n: int
    base_rate: float
    observed_rate: float
    accuracy: float
    base_accuracy: float
    precision: float | None
    recall: float | None
    f1: float | None
    brier: float
    base_brier: float
    brier_skill: float
    ece: float


def figures(p: Floats, y: Marks, base: float | Floats) -> Figures:
    """Judge probabilities against outcomes; ``base`` is the base rate known when each was made."""
    n, said = len(y), p >= 0.5
    hit = int((said & (y == 1)).sum())
    precision = hit / int(said.sum()) if said.any() else None
    recall = hit / int((y == 1).sum()) if (y == 1).any() else None
    both = (precision or 0.0) + (recall or 0.0)
    brier, base_brier = float(np.mean((p - y) ** 2)), float(np.mean((np.asarray(base) - y) ** 2))
    return Figures(
        n=n,
        base_rate=float(np.mean(base)),
        observed_rate=float(np.mean(y)),
        accuracy=float(np.mean(said == (y == 1))),
        base_accuracy=float(np.mean((np.asarray(base) >= 0.5) == (y == 1))),
        precision=precision,
        recall=recall,
        f1=2 * (precision or 0.0) * (recall or 0.0) / both if both else None,
        brier=brier,
        base_brier=base_brier,
        brier_skill=1 - brier / base_brier if base_brier > 0 else 0.0,
        ece=calibration_error(p, y),
    )


def reliability(p: Floats, y: Marks) -> list[dict[str, Any]]:
    """The reliability diagram: for each tenth of the scale that holds rows, how many, what was said, what came."""
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    return [
        {
            "from": b / BINS,
            "to": (b + 1) / BINS,
            "n": int((place == b).sum()),
            "said": float(p[place == b].mean()),
            "came": float(np.mean(y[place == b])),
        }
        for b in range(BINS)
        if (place == b).any()
    ]


def calibration_error(p: Floats, y: Marks) -> float:
    """Mean distance of what was said from what came, weighted by rows."""
    return float(sum(row["n"] * abs(row["said"] - row["came"]) for row in reliability(p, y)) / len(y))


@dataclass(frozen=True)
class Gain:
    """Accuracy gained on the same rows, and the chance of as much from models that are equally good."""

    points: float
    p: float


def gain(candidate: Floats, incumbent: Floats, y: Marks, *, block: float, samples: int = 2000, seed: int = 0) -> Gain:
    """Test the candidate's accuracy against the incumbent's on the same rows; one-sided.

    ``block`` is the mean length of the blocks drawn, at least the labels' overlap.
    """
    right = ((candidate >= 0.5) == (y == 1)).astype(float) - ((incumbent >= 0.5) == (y == 1))
    found = float(right.mean())
    centred = right - found
    above = sum(int((centred[index].mean(axis=1) >= found).sum()) for index in draws(len(y), samples, block, seed))
    return Gain(found, (1 + above) / (samples + 1))
