"""How often the best of what was tried is below the middle afterwards.

Combinatorially symmetric cross-validation: Bailey, Borwein, Lopez de Prado & Zhu (2017), "The
Probability of Backtest Overfitting", Journal of Computational Finance 20(4), 39-69. Dates are
cut into an even number of blocks; every half of them in turn chooses the best column, and the
other half says where it ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from agent.errors import ConfigError

MOST_BLOCKS = 16


@dataclass(frozen=True)
class Overfitting:
    """``probability`` that the choice ranks at or below the median out of sample; ``logits`` of every split."""

    probability: float
    logits: tuple[float, ...]
    splits: int
    columns: int


def overfitting(returns: npt.ArrayLike, blocks: int = 10) -> Overfitting:
    """Probability of backtest overfitting of choosing the column with the highest Sharpe ratio.

    ``returns`` has one row a date and one column a candidate. Raises ConfigError when the table
    cannot be cut that way.
    """
    table = np.asarray(returns, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ConfigError(f"a table of shape {table.shape} has nothing to choose from; give dates by at least two candidates")
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS or table.shape[0] < 2 * blocks:
        raise ConfigError(
            f"{blocks} blocks do not fit {table.shape[0]} dates; give an even number up to {MOST_BLOCKS}, two dates each"
        )
    parts = np.array_split(table, blocks)
    count = np.array([len(part) for part in parts])
    total = np.array([part.sum(axis=0) for part in parts])
    square = np.array([(part**2).sum(axis=0) for part in parts])
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.isin(np.arange(blocks), chosen)
        best = int(_ratios(count[inside], total[inside], square[inside]).argmax())
        outside = _ratios(count[~inside], total[~inside], square[~inside])
        logits.append(_logit(outside, best))
    return Overfitting(float(np.mean(np.array(logits) <= 0)), tuple(logits), len(logits), table.shape[1])


def _ratios(
    count: npt.NDArray[np.int64], total: npt.NDArray[np.float64], square: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Sharpe ratio of each column over the joined blocks; a column that never moved has 0."""
    n = int(count.sum())
    mean = total.sum(axis=0) / n
    variance = np.maximum(square.sum(axis=0) / n - mean**2, 0)
    out: npt.NDArray[np.float64] = np.zeros_like(mean)
    np.divide(mean, np.sqrt(variance), out=out, where=variance > 1e-24)
    return out


def _logit(outside: npt.NDArray[np.float64], best: int) -> float:
    """Log odds of the relative rank of ``best``; ties share the middle rank."""
    below = float((outside < outside[best]).sum()) + 0.5 * (float((outside == outside[best]).sum()) - 1)
    share = (below + 1) / (len(outside) + 1)
    return float(np.log(share / (1 - share)))
