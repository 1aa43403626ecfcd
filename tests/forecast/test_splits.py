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
    for learn, judge in walk_forward(at, start=40, shortest=17, window=100, horizon=horizon, embargo=embargo):
        if len(learn):
            assert at[learn].max() + horizon + embargo < at[judge].min()
            assert at[learn].min() >= at[judge].min() - 100


@given(n=st.integers(60, 3000), cut=st.integers(50, 3000))
def test_where_a_walk_refits_does_not_depend_on_how_long_the_series_is(n: int, cut: int) -> None:
    def blocks(rows: int) -> list[tuple[int, int]]:
        walk = walk_forward(np.arange(rows), start=40, shortest=17, window=100, horizon=10, embargo=10)
        return [(int(judge[0]), int(judge[-1])) for _, judge in walk]

    whole, part = blocks(n), blocks(min(cut, n))
    assert part[:-1] == whole[: len(part) - 1]
    assert part[-1][0] == whole[len(part) - 1][0]
    assert [first for first, _ in whole[1:]] == [last + 1 for _, last in whole[:-1]]
