"""Thousands of conditions asked at once about one bar, with the same answers as one by one.

Every tree becomes rows of a table: leaves of one kind are evaluated together on arrays, then
each level of the trees is reduced together (least for ``all``, greatest for ``any``, the
opposite for ``not``). Only the bars up to the one asked about are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agent.domain import REGIMES, Vote
from agent.market.features import FEATURES, FeatureFrame
from skills.conditions import FALSE, TRUE, UNKNOWN, compiled
from skills.tree import All, AnyOf, Between, Changes, Compare, Condition, Crosses, Not, RegimeIs, VoterSays, children

Truths = NDArray[np.int8]
Rows = NDArray[np.int64]
Matrix = NDArray[np.float64]

_COLUMN = {name: i for i, name in enumerate(FEATURES)}
_OPS = ("<", "<=", ">", ">=")


@dataclass(frozen=True, eq=False, slots=True)
class _Level:
    """Nodes of one level: which rows they are, which they reduce, and where each one's children begin."""

    alls: Rows
    all_children: Rows
    all_starts: Rows
    anys: Rows
    any_children: Rows
    any_starts: Rows
    nots: Rows
    not_children: Rows


@dataclass(frozen=True, eq=False, slots=True)
class _Held:
    """Leaves of one kind: rows, feature columns, other feature (or -1), numbers held against, and bars looked back."""

    rows: Rows
    column: Rows
    other: Rows
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    bars: Rows

    @classmethod
    def of(cls, table: _Table, kind: type[Compare | Between | Crosses | Changes], sort: int) -> _Held:
        """Gather the leaves of a kind: of one operator, or of one direction of crossing."""
        found = [(row, node) for row, node in enumerate(table.nodes) if isinstance(node, kind) and _sort(node) == sort]
        for _, node in found:
            compiled(node)  # refuses what is not bound
        low = [_first(node) for _, node in found]
        high = [float(node.between[1]) if isinstance(node, Between) else np.nan for _, node in found]
        other = [_COLUMN[name] if (name := getattr(node, "other", None)) else -1 for _, node in found]
        column = [_COLUMN[node.feature] for _, node in found]
        rows = _ints([row for row, _ in found])
        return cls(rows, _ints(column), _ints(other), np.array(low), np.array(high), _ints([_bars(node) for _, node in found]))

    def reference(self, matrix: Matrix, i: int) -> NDArray[np.float64]:
        """Return what each feature is held against at bar ``i``."""
        return np.where(self.other >= 0, matrix[i, self.other], self.low)

    def where(self, mask: NDArray[np.bool_]) -> _Held:
        """Return some of the leaves."""
        return _Held(*(getattr(self, name)[mask] for name in ("rows", "column", "other", "low", "high", "bars")))


def _sort(node: Compare | Between | Crosses | Changes) -> int:
    if isinstance(node, Compare | Changes):
        return _OPS.index(node.op)
    return int(isinstance(node, Crosses) and node.crosses == "above")


def _first(node: Compare | Between | Crosses | Changes) -> float:
    value = node.between[0] if isinstance(node, Between) else node.value
    return np.nan if value is None else float(value)


def _bars(node: Compare | Between | Crosses | Changes) -> int:
    if isinstance(node, Changes):
        return node.change_over
    return node.within if isinstance(node, Crosses) else 1


@dataclass
class _Table:
    """The rows while they are gathered: conditions by row, and each row's children and level."""

    row_of: dict[Condition, int] = field(default_factory=dict)
    nodes: list[Condition] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)

    def row(self, node: Condition) -> int:
        """Return the node's row, the same for the same condition wherever it stands."""
        if node in self.row_of:
            return self.row_of[node]
        below = [self.row(child) for child in children(node)]
        self.row_of[node] = len(self.nodes)
        self.nodes.append(node)
        self.levels.append(1 + max((self.levels[k] for k in below), default=-1))
        return self.row_of[node]


class Matcher:
    """Which of many bound conditions hold at a bar."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        """Compile the conditions; ConfigError when one still names a parameter."""
        table = _Table()
        self._roots = np.array([table.row(condition) for condition in conditions], dtype=np.int64)
        self._rows = len(table.nodes)
        self._compare = [_Held.of(table, Compare, op) for op in range(len(_OPS))]
        self._changes = [_Held.of(table, Changes, op) for op in range(len(_OPS))]
        self._crosses = [_Held.of(table, Crosses, up) for up in (0, 1)]
        self._between = _Held.of(table, Between, 0)
        found = list(enumerate(table.nodes))
        self._regimes = [(row, REGIMES.index(node.regime)) for row, node in found if isinstance(node, RegimeIs)]
        self._votes = [(row, compiled(node)) for row, node in found if isinstance(node, VoterSays)]
        self._levels = [_level(table, k) for k in range(1, max(table.levels, default=0) + 1)]

    def holding(self, frame: FeatureFrame, i: int, votes: Sequence[Vote] = ()) -> NDArray[np.bool_]:
        """Say of each condition whether it holds at bar ``i``, which must not be negative."""
        truth = np.full(self._rows, UNKNOWN, dtype=np.int8)
        with np.errstate(invalid="ignore"):
            self._numeric(truth, frame.matrix, i)
        code = int(frame.regimes[i])
        for row, wanted in self._regimes if code >= 0 else ():
            truth[row] = TRUE if code == wanted else FALSE
        for row, check in self._votes if votes else ():
            truth[row] = check(frame, i, votes)
        for level in self._levels:
            _reduce(truth, level)
        found: NDArray[np.bool_] = truth[self._roots] == TRUE
        return found

    def _numeric(self, truth: Truths, matrix: Matrix, i: int) -> None:
        for op, leaf in enumerate(self._compare):
            truth[leaf.rows] = _three(_holds(op, matrix[i, leaf.column], leaf.reference(matrix, i)))
        for op, leaf in enumerate(self._changes):
            then = np.where(leaf.bars <= i, matrix[i - np.minimum(leaf.bars, i), leaf.column], np.nan)
            truth[leaf.rows] = _three(_holds(op, matrix[i, leaf.column] - then, leaf.low))
        leaf = self._between
        value = matrix[i, leaf.column]
        truth[leaf.rows] = _three((np.isnan(value), (value >= leaf.low) & (value <= leaf.high)))
        for up, leaf in enumerate(self._crosses):
            self._crossed(truth, matrix, i, leaf, up=bool(up))

    @staticmethod
    def _crossed(truth: Truths, matrix: Matrix, i: int, leaf: _Held, *, up: bool) -> None:
        greatest = np.full(len(leaf.rows), FALSE, dtype=np.int8)
        for back in range(int(leaf.bars.max(initial=0))):
            part = leaf if back == 0 else leaf.where(leaf.bars > back)
            at = np.full(len(part.rows), UNKNOWN, dtype=np.int8)
            if i - back >= 1:
                before, now = matrix[i - back - 1, part.column], matrix[i - back, part.column]
                old, new = part.reference(matrix, i - back - 1), part.reference(matrix, i - back)
                missing = np.isnan(before) | np.isnan(now) | np.isnan(old) | np.isnan(new)
                at = _three((missing, (before <= old) & (now > new) if up else (before >= old) & (now < new)))
            reached = leaf.bars > back
            greatest[reached] = np.maximum(greatest[reached], at)
        truth[leaf.rows] = greatest


def _holds(op: int, a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    held = (np.less, np.less_equal, np.greater, np.greater_equal)[op](a, b)
    return np.isnan(a) | np.isnan(b), held


def _three(found: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> Truths:
    """Return the three-valued answer of (missing, held)."""
    missing, held = found
    return np.where(missing, UNKNOWN, np.where(held, TRUE, FALSE)).astype(np.int8)


def _reduce(truth: Truths, level: _Level) -> None:
    if len(level.alls):
        truth[level.alls] = np.minimum.reduceat(truth[level.all_children], level.all_starts)
    if len(level.anys):
        truth[level.anys] = np.maximum.reduceat(truth[level.any_children], level.any_starts)
    truth[level.nots] = -truth[level.not_children]


def _level(table: _Table, level: int) -> _Level:
    """Gather the nodes of one level with the rows of their children."""
    here = [(row, node) for row, node in enumerate(table.nodes) if table.levels[row] == level]
    alls, anys = [(r, n) for r, n in here if isinstance(n, All)], [(r, n) for r, n in here if isinstance(n, AnyOf)]
    nots = [(r, n) for r, n in here if isinstance(n, Not)]
    return _Level(
        _ints([row for row, _ in alls]),
        *_children(table, [node for _, node in alls]),
        _ints([row for row, _ in anys]),
        *_children(table, [node for _, node in anys]),
        _ints([row for row, _ in nots]),
        _ints([table.row_of[node.not_] for _, node in nots]),
    )


def _children(table: _Table, nodes: Sequence[Condition]) -> tuple[Rows, Rows]:
    below = [[table.row_of[child] for child in children(node)] for node in nodes]
    starts = np.cumsum([0, *(len(rows) for rows in below)])[:-1]
    return _ints([row for rows in below for row in rows]), starts.astype(np.int64)


def _ints(values: Sequence[int]) -> Rows:
    return np.array(values, dtype=np.int64)
