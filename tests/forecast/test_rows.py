"""What the forecast sees and is asked: by hand, and unchanged by a later bar."""

import numpy as np

from agent.forecast.rows import NAMES, inputs, labelled, labels, side
from tests.forecast.build import series


def test_label_is_what_a_loop_over_the_definition_gives() -> None:
    whole = series(700)
    close = whole.bars.close * whole.bars.growth
    atr, d = whole.frame.column("atr_14") * whole.bars.growth, side(whole)
    found = labels(whole, 10, 1.5)
    for t in range(60, 690):
        came = any(-d[t] * (close[t + h] - close[t]) >= 1.5 * atr[t] for h in range(1, 11))
        assert found[t] == float(came)
    assert np.isnan(found[690:]).all()
    assert np.isnan(found[:10]).all()


def test_rows_of_a_cut_series_equal_the_whole_ones_and_one_bar_equals_many() -> None:
    whole = series(700)
    cut = whole.head(650)
    assert np.array_equal(inputs(cut), inputs(whole)[:650], equal_nan=True)
    assert np.array_equal(inputs(whole, 699)[0], inputs(whole)[699], equal_nan=True)
    assert np.array_equal(labels(cut, 10, 1.5)[:640], labels(whole, 10, 1.5)[:640], equal_nan=True)
    assert inputs(whole).shape[1] == len(NAMES)


def test_rows_wait_for_readiness_and_keep_the_newest() -> None:
    whole = series(900)
    rows = labelled(whole, 10, 1.5)
    assert rows.at[0] == whole.ready
    assert rows.at[-1] == 889
    assert labelled(whole, 10, 1.5, newest=100).at[0] == 800


def test_equal_rows_have_one_digest_and_a_changed_answer_another() -> None:
    rows = labelled(series(700), 10, 1.5)
    again = labelled(series(700), 10, 1.5)
    assert rows.digest() == again.digest()
    again.y[0] = 1 - again.y[0]
    assert rows.digest() != again.digest()
