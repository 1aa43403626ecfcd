"""Which rows may learn and which may judge, without sharing a bar of their future.

A label looks ``horizon`` bars ahead, so a row learns nothing of a judged one only when their label
windows do not meet (purging) and, since features are slow, when a few bars more lie between them
(embargo): M. Lopez de Prado (2018), Advances in Financial Machine Learning, ch. 7.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
_SIXTEENTH = 16


def apart(at: Places, first: int, last: int, horizon: int, embargo: int) -> npt.NDArray[np.bool_]:
    """Mark the rows at bars ``at`` that share nothing with the judged bars ``first`` to ``last``.

    Before them the row's own label must have been known ``embargo`` bars earlier; after them the
    judged labels must have been.
    """
    before = at + horizon + embargo < first
    after = at > last + horizon + embargo
    marked: npt.NDArray[np.bool_] = before | after
    return marked


def purged_folds(at: Places, folds: int, horizon: int, embargo: int) -> list[tuple[Places, Places]]:
    """Contiguous blocks of rows, each with the rows apart from it: (learn from, judge), as row numbers.

    Every row is judged exactly once, so that a calibration sees no fitted row.
    """
    out = []
    for block in np.array_split(np.arange(len(at)), folds):
        keep = apart(at, int(at[block[0]]), int(at[block[-1]]), horizon, embargo)
        out.append((np.flatnonzero(keep), block))
    return out


def walk_forward(
    at: Places, *, start: int, shortest: int, window: int, horizon: int, embargo: int
) -> Iterator[tuple[Places, Places]]:
    """Blocks of rows from row ``start`` on: (learn from, judge).

    What a block learns from are the rows of the ``window`` bars before it whose labels were known by then. A block has
    ``shortest`` rows, or a sixteenth of the rows before it where that is more, so that a long series is not refitted
    without end; where a block begins does not depend on how many rows come later.
    """
    first = start
    while first < len(at):
        judged = np.arange(first, min(first + max(shortest, first // _SIXTEENTH), len(at)))
        opening = int(at[first])
        known = (at + horizon + embargo < opening) & (at >= opening - window)
        yield np.flatnonzero(known), judged
        first = int(judged[-1]) + 1
