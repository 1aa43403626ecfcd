"""How a symbol stands among the others that are given, each known only as far as it was known.

For each of a symbol's last 61 closes the other's newest close known by then is taken, so calendars and bar lengths may differ and
nothing later is reached. With r its 60 log returns and m the others' over the same times, joined with weights of one over their
standard deviation (or the wildest would be the market):

    correlation        = corr(r, m), Pearson
    beta               = cov(r, m) / var(m)
    relative_strength  = sum of (r - m) over the last 20 bars, a log return
    lead               = relative_strength / (standard deviation of r - m over the 60 bars x root of 20)
    breadth            = share of all symbols, this one included, that closed above their own 50-bar mean

An other counts only where at least half of the 60 returns rest on new closes of its own, one of the last ten does and its price
moved; where none counts there is nothing to say, and a figure that cannot be computed is None.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.domain import Peers
from agent.market.bars import Floats
from agent.market.series import Series

BARS, LATELY, FRESH = 60, 20, 10


def among(own: Series, others: Sequence[Series]) -> Peers | None:
    """How the last bar of ``own`` stands among ``others``, all cut to one time; None where no other counts."""
    if len(own) < BARS + 1:
        return None
    found = [(other, moves) for other in others if (moves := _alongside(own, other)) is not None]
    if not found:
        return None
    mine = np.diff(np.log(own.bars.close[-BARS - 1 :] * own.bars.growth[-BARS - 1 :]))
    theirs = np.average([moves for _, moves in found], axis=0, weights=[1 / moves.std() for _, moves in found])
    apart = mine - theirs
    spread = float(apart.std(ddof=1)) * LATELY**0.5
    strength = float(apart[-LATELY:].sum())
    varies = bool(mine.std() > 0 and theirs.std() > 0)
    return Peers(
        symbols=[other.bars.symbol for other, _ in found],
        correlation=float(np.clip(np.corrcoef(mine, theirs)[0, 1], -1, 1)) if varies else None,
        beta=float(np.cov(mine, theirs)[0, 1] / theirs.var(ddof=1)) if varies else None,
        relative_strength=strength,
        lead=strength / spread if spread > 0 else None,
        breadth=_breadth([own, *(other for other, _ in found)]),
    )


def _alongside(own: Series, other: Series) -> Floats | None:
    """The other's log returns between the times of our closes, as far as known then; None where it does not count."""
    bars, times = other.bars, own.bars.start[-BARS - 1 :] + np.timedelta64(own.instrument.step)
    place = bars.start.searchsorted(times - np.timedelta64(other.instrument.step), side="right") - 1
    new = np.diff(place) > 0
    if place[0] < 0 or np.count_nonzero(new) < BARS // 2 or not new[-FRESH:].any():
        return None
    moves: Floats = np.diff(np.log(bars.close[place] * bars.growth[place]))
    return moves if moves.std() > 0 else None


def _breadth(all_of_them: list[Series]) -> float | None:
    """Share of those whose 50-bar mean is known that closed above it."""
    above = [float(one.bars.close[-1]) > mean for one in all_of_them if (mean := float(one.frame.column("sma_50")[-1])) == mean]
    return sum(above) / len(above) if above else None
