"""No row that learns shares a bar of its future with a row that judges."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.forecast.splits import purged_folds, walk_forward

SPANS = st.tuples(st.integers(60, 300), st.integers(2, 5), st.integers(1, 12), st.integers(0, 10), st.integers(1, 3))


@given(SPANS)
def test_purged_folds_judge_every_row_once_and_share_nothing(span: tuple[int, int, int, int, int]) -> None:
    n, folds, horizon, embargo, step = span
    at = np.arange(n) * step
    seen: list[int] = []
    for learn, judge in purged_folds(at, folds, horizon, embargo):
        seen += judge.tolist()
        gaps = np.abs(at[learn][:, None] - at[judge][None, :])
        assert not len(learn) or gaps.min() > horizon + embargo
    assert seen == list(range(n))


@given(SPANS)
def test_walk_forward_learns_only_from_answers_known_before(span: tuple[int, int, int, int, int]) -> None:
    n, _, horizon, embargo, step = span
    at = np.arange(n) * step
    for learn, judge in walk_forward(at, start=40, block=17, window=100, horizon=horizon, embargo=embargo):
        if len(learn):
            assert at[learn].max() + horizon + embargo < at[judge].min()
            assert at[learn].min() >= at[judge].min() - 100
