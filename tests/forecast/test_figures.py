"""Figures agree with scikit-learn's; a gain is believed when it is there and not when it is luck."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, precision_score, recall_score

from agent.forecast.figures import Marks, calibration_error, figures, gain, reliability
from agent.market.bars import Floats


def test_figures_agree_with_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    p = draw.random(500)
    y = (draw.random(500) < p).astype(np.int8)
    found = figures(p, y, 0.4)
    said = p >= 0.5
    assert found.accuracy == pytest.approx(accuracy_score(y, said))
    assert found.precision == pytest.approx(precision_score(y, said))
    assert found.recall == pytest.approx(recall_score(y, said))
    assert found.f1 == pytest.approx(f1_score(y, said))
    assert found.brier == pytest.approx(brier_score_loss(y, p))
    assert found.base_brier == pytest.approx(brier_score_loss(y, np.full(500, 0.4)))


def test_calibration_error_is_the_weighted_distance_of_the_diagram() -> None:
    p, y = np.array([0.15, 0.15, 0.85, 0.85]), np.array([0, 1, 1, 1], dtype=np.int8)
    assert [(row["n"], row["came"]) for row in reliability(p, y)] == [(2, 0.5), (2, 1.0)]
    assert calibration_error(p, y) == pytest.approx((2 * 0.35 + 2 * 0.15) / 4)


def test_never_saying_yes_has_no_precision() -> None:
    found = figures(np.full(10, 0.2), np.array([0, 1] * 5, dtype=np.int8), 0.3)
    assert (found.precision, found.recall, found.f1) == (None, 0.0, None)


def _overlapping(draw: np.random.Generator, n: int, points: float) -> tuple[Floats, Floats, Marks]:
    """Answers and two models' opinions, each opinion lasting some bars, the first model right more often by ``points``."""
    runs = np.repeat(draw.random((2, n // 5 + 1)), 5, axis=1)[:, :n]
    y = np.repeat(draw.random(n // 5 + 1) < 0.45, 5)[:n]
    right = runs < np.array([[0.55 + points], [0.55]])
    return np.where(right, y, ~y)[0].astype(float), np.where(right, y, ~y)[1].astype(float), y.astype(np.int8)


def test_a_gain_of_five_points_is_seen_in_four_of_five_cases_with_10000_rows() -> None:
    draw = np.random.default_rng(0)
    seen = 0
    for seed in range(25):
        found = gain(*_overlapping(draw, 10_000, 0.05), block=21.5, samples=400, seed=seed)
        seen += found.points >= 0.02 and found.p < 0.01
    assert seen >= 20


def test_two_equally_good_models_are_rarely_told_apart() -> None:
    draw = np.random.default_rng(0)
    false = 0
    for seed in range(60):
        found = gain(*_overlapping(draw, 400, 0.0), block=20, samples=400, seed=seed)
        false += found.points >= 0.02 and found.p < 0.01
    assert false <= 3
