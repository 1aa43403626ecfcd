"""Which of many findings to believe: the false-discovery rate over everything that was compared.

Benjamini & Hochberg (1995), JRSS B 57(1), 289-300; with ``dependent`` the bound of Benjamini &
Yekutieli (2001), Annals of Statistics 29(4), which holds under any dependence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from agent.errors import ConfigError


def q_values(p: npt.ArrayLike, *, dependent: bool = False) -> npt.NDArray[np.float64]:
    """Adjust p-values in the order given; rejecting all q <= a keeps the false share of rejections at most a.

    Raises ConfigError when a value is no probability.
    """
    values = np.asarray(p, dtype=np.float64)
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise ConfigError(f"p-value {values[bad][0]} is not between 0 and 1; leave out what could not be tested")
    if values.size == 0:
        return values
    return np.asarray(false_discovery_control(values, method="by" if dependent else "bh"), dtype=np.float64)
