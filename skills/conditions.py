"""Whether a condition holds: on one bar, and over a whole series, with the same answer.

Logic is three-valued (Kleene): a leaf over a null feature, an unknown regime, a voter that
abstained or history that does not reach back far enough is *unknown*. ``not`` of unknown is
unknown, ``all`` is the least and ``any`` the greatest of its parts with false < unknown <
true, and unknown at the root means the condition does not hold. So missing data never
fires a skill, not even through ``not``.

Nothing after the bar asked about is ever read. ``compiled`` turns a tree into closures once;
``holds`` and ``series`` are the two ways to ask.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.domain import REGIMES, Vote
from agent.errors import ConfigError
from agent.market.features import FeatureFrame
from skills.tree import (
    MAX_WITHIN,
    All,
    AnyOf,
    Between,
    Changes,
    Compare,
    Condition,
    Crosses,
    Not,
    Number,
    Op,
    RegimeIs,
    VoterSays,
)

Truth = NDArray[np.int8]
Check = Callable[[FeatureFrame, int, Sequence[Vote]], int]

TRUE, UNKNOWN, FALSE = 1, 0, -1
_OPS: dict[Op, Callable[[float, float], bool]] = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_ARRAY_OPS: dict[Op, Callable[..., NDArray[np.bool_]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def holds(condition: Condition, frame: FeatureFrame, i: int = -1, votes: Sequence[Vote] = ()) -> bool:
    """Say whether the condition holds at bar ``i`` (negative counts from the end) given that bar's votes."""
    at = i + len(frame.matrix) if i < 0 else i
    return compiled(condition)(frame, at, votes) == TRUE


def series(condition: Condition, frame: FeatureFrame, votes: Sequence[Sequence[Vote]] | None = None) -> NDArray[np.bool_]:
    """Say for every bar whether the condition holds; ``votes`` gives each bar's votes, None means none were cast."""
    holding: NDArray[np.bool_] = _truth(condition, frame, votes) == TRUE
    return holding


def overlap(one: Condition, other: Condition, frames: Iterable[FeatureFrame]) -> float | None:
    """Return on what share of the bars where either holds both do; None where neither ever does."""
    both = either = 0
    for frame in frames:
        a, b = series(one, frame), series(other, frame)
        both, either = both + int((a & b).sum()), either + int((a | b).sum())
    return both / either if either else None


def firing_rate(condition: Condition, frames: Iterable[FeatureFrame], last: int) -> float | None:
    """Return the share of the last ``last`` bars of every frame, of those with a known answer, on which it holds.

    None when no answer is known, as for a condition on votes, which no frame holds.
    """
    fired = decided = 0
    for frame in frames:
        recent = frame.since(max(0, len(frame) - last - MAX_WITHIN))  # enough before the window for every look back
        truth = _truth(condition, recent, None)[-last:]
        fired += int(np.count_nonzero(truth == TRUE))
        decided += int(np.count_nonzero(truth != UNKNOWN))
    return fired / decided if decided else None


@lru_cache(maxsize=4096)
def compiled(condition: Condition) -> Check:
    """Turn a bound condition into one closure ``(frame, i, votes) -> 1, 0 or -1``; ``i`` must not be negative.

    ConfigError when a parameter name still stands where a number should.
    """
    if isinstance(condition, All):
        return _compile_all([compiled(part) for part in condition.all])
    if isinstance(condition, AnyOf):
        return _compile_any([compiled(part) for part in condition.any])
    if isinstance(condition, Not):
        inner = compiled(condition.not_)
        return lambda frame, i, votes: -inner(frame, i, votes)
    if isinstance(condition, RegimeIs):
        return _compile_regime(condition)
    if isinstance(condition, VoterSays):
        return lambda frame, i, votes: _says(condition, votes)
    return _compile_numeric(condition)


def _compile_all(parts: list[Check]) -> Check:
    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        least = TRUE
        for part in parts:
            truth = part(frame, i, votes)
            if truth == FALSE:
                return FALSE
            least = min(least, truth)
        return least

    return check


def _compile_any(parts: list[Check]) -> Check:
    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        greatest = FALSE
        for part in parts:
            truth = part(frame, i, votes)
            if truth == TRUE:
                return TRUE
            greatest = max(greatest, truth)
        return greatest

    return check


def _compile_regime(condition: RegimeIs) -> Check:
    wanted = REGIMES.index(condition.regime)

    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        code = frame.regimes.item(i)
        return UNKNOWN if code < 0 else TRUE if code == wanted else FALSE

    return check


def _says(condition: VoterSays, votes: Sequence[Vote]) -> int:
    vote = next((vote for vote in votes if vote.voter == condition.voter), None)
    if vote is None or vote.abstained:
        return UNKNOWN
    agrees = vote.direction > 0 if condition.says == "buy" else vote.direction < 0
    return TRUE if agrees and vote.confidence >= condition.min_confidence else FALSE


def _compile_numeric(condition: Compare | Between | Crosses | Changes) -> Check:
    if isinstance(condition, Compare):
        return _compile_compare(condition)
    if isinstance(condition, Between):
        return _compile_between(condition)
    return _compile_crosses(condition) if isinstance(condition, Crosses) else _compile_changes(condition)


def _bound(value: Number | None) -> float:
    if isinstance(value, str) or value is None:
        raise ConfigError(f"the condition still names the parameter {value!r}; bind the skill's parameters first")
    return value


def _reference(condition: Compare | Crosses) -> Callable[[FeatureFrame, int], float]:
    """Return what the feature is held against, as a function of the bar."""
    other = condition.other
    if other is not None:
        return lambda frame, i: frame.matrix.item(i, frame.index[other])
    value = _bound(condition.value)
    return lambda frame, i: value


def _compile_compare(condition: Compare) -> Check:
    feature, compare, reference = condition.feature, _OPS[condition.op], _reference(condition)

    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        left, right = frame.matrix.item(i, frame.index[feature]), reference(frame, i)
        if left != left or right != right:  # NaN: null
            return UNKNOWN
        return TRUE if compare(left, right) else FALSE

    return check


def _compile_between(condition: Between) -> Check:
    feature, low, high = condition.feature, _bound(condition.between[0]), _bound(condition.between[1])

    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        value = frame.matrix.item(i, frame.index[feature])
        if value != value:
            return UNKNOWN
        return TRUE if low <= value <= high else FALSE

    return check


def _compile_crosses(condition: Crosses) -> Check:
    feature, reference, within = condition.feature, _reference(condition), condition.within
    above = condition.crosses == "above"

    def at(frame: FeatureFrame, j: int) -> int:
        if j < 1:
            return UNKNOWN
        column = frame.index[feature]
        before, now = frame.matrix.item(j - 1, column), frame.matrix.item(j, column)
        old, new = reference(frame, j - 1), reference(frame, j)
        if before != before or now != now or old != old or new != new:
            return UNKNOWN
        crossed = before <= old and now > new if above else before >= old and now < new
        return TRUE if crossed else FALSE

    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        return max(at(frame, j) for j in range(i, i - within, -1))

    return check


def _compile_changes(condition: Changes) -> Check:
    feature, bars, compare, value = condition.feature, condition.change_over, _OPS[condition.op], _bound(condition.value)

    def check(frame: FeatureFrame, i: int, votes: Sequence[Vote]) -> int:
        if i < bars:
            return UNKNOWN
        column = frame.index[feature]
        change = frame.matrix.item(i, column) - frame.matrix.item(i - bars, column)
        return UNKNOWN if change != change else TRUE if compare(change, value) else FALSE

    return check


def _truth(condition: Condition, frame: FeatureFrame, votes: Sequence[Sequence[Vote]] | None) -> Truth:
    """Return the three-valued answer at every bar."""
    if isinstance(condition, All):
        least: Truth = np.minimum.reduce([_truth(part, frame, votes) for part in condition.all])
        return least
    if isinstance(condition, AnyOf):
        greatest: Truth = np.maximum.reduce([_truth(part, frame, votes) for part in condition.any])
        return greatest
    if isinstance(condition, Not):
        return -_truth(condition.not_, frame, votes)
    if isinstance(condition, RegimeIs):
        return _three(frame.regimes == REGIMES.index(condition.regime), frame.regimes >= 0)
    if isinstance(condition, VoterSays):
        cast = votes if votes is not None else [()] * len(frame.matrix)
        return np.array([_says(condition, at) for at in cast], dtype=np.int8)
    return _numeric_truth(condition, frame)


def _three(true: NDArray[np.bool_], is_known: NDArray[np.bool_]) -> Truth:
    return np.where(is_known, np.where(true, TRUE, FALSE), UNKNOWN).astype(np.int8)


def _numeric_truth(condition: Compare | Between | Crosses | Changes, frame: FeatureFrame) -> Truth:
    values = frame.column(condition.feature)
    if isinstance(condition, Between):
        low, high = _bound(condition.between[0]), _bound(condition.between[1])
        return _three((values >= low) & (values <= high), ~np.isnan(values))
    if isinstance(condition, Changes):
        change = np.full(len(values), np.nan)
        change[condition.change_over :] = values[condition.change_over :] - values[: -condition.change_over]
        return _three(_ARRAY_OPS[condition.op](change, _bound(condition.value)), ~np.isnan(change))
    against = frame.column(condition.other) if condition.other else np.full(len(values), _bound(condition.value))
    if isinstance(condition, Compare):
        return _three(_ARRAY_OPS[condition.op](values, against), ~(np.isnan(values) | np.isnan(against)))
    return _crosses_truth(condition, values, against)


def _crosses_truth(condition: Crosses, values: NDArray[np.float64], against: NDArray[np.float64]) -> Truth:
    at = np.full(len(values), UNKNOWN, dtype=np.int8)
    over, under = values > against, values < against
    came, left = (over[1:], ~over[:-1]) if condition.crosses == "above" else (under[1:], ~under[:-1])
    missing = np.isnan(values) | np.isnan(against)
    at[1:] = _three(came & left, ~(missing[1:] | missing[:-1]))
    greatest = at.copy()
    for back in range(1, min(condition.within, len(at))):
        greatest[back:] = np.maximum(greatest[back:], at[:-back])
    # before the series begins nothing is known, so a window that reaches there cannot be false
    greatest[: condition.within] = np.maximum(greatest[: condition.within], UNKNOWN)
    return greatest
