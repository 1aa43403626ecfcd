"""The instrument that measures promotion: models are as accurate as they are said to be, and better ones win more often."""

from typing import Any

import numpy as np
import pytest

from evals import promotion
from evals.suites import SUITES


@pytest.mark.parametrize("accuracy", [0.55, 0.65])
def test_a_model_made_for_an_accuracy_has_it_and_is_calibrated(accuracy: float) -> None:
    draw = np.random.default_rng(0)
    truth, error = draw.normal(size=200_000), draw.normal(size=200_000)
    p = promotion._calibrated(truth, error, accuracy)
    assert np.mean((p >= 0.5) == (truth > 0)) == pytest.approx(accuracy, abs=0.005)
    near = (p > 0.6) & (p < 0.65)
    assert np.mean(truth[near] > 0) == pytest.approx(p[near].mean(), abs=0.01)


def test_moving_averages_share_what_labels_share() -> None:
    values = promotion._moving(np.random.default_rng(0), 100_000, 10)
    assert values.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(values[:-5], values[5:])[0, 1] == pytest.approx(0.5, abs=0.03)
    assert np.corrcoef(values[:-10], values[10:])[0, 1] == pytest.approx(0.0, abs=0.03)


def test_an_equal_model_is_hardly_ever_promoted_and_a_much_better_one_is() -> None:
    assert promotion.power(400, 0.0, 20, 1, overlap=1)["promoted"] <= 1
    assert promotion.power(1000, 0.25, 10, 1, overlap=1)["promoted"] >= 9


def test_nothing_is_promoted_on_shuffled_answers() -> None:
    assert promotion.shuffled(3, 1) == {"promoted": 0, "trials": 3}


def test_gates_name_what_was_measured() -> None:
    found: dict[str, dict[str, Any]] = {
        "shuffled": {"promoted": 1, "trials": 10},
        "ten-1": {"promoted": 9, "trials": 10, "rows": 10_000, "points": 0.05, "overlap": 1},
        "default-5": {"promoted": 1, "trials": 10, "rows": 400, "points": 0.05, "overlap": 10},
        "planted": {"skill": 0.05, "bayes": 0.1, "ece": 0.02, "trust": 1.0},
    }
    gates = {gate.name: gate for gate in SUITES["forecast"].gates(found)}
    assert not gates["promoted for nothing"].passed
    assert gates["5 points on 10,000 rows, independent rows"].passed
    assert gates["5 points on 400 rows, labels over 10 rows"].threshold is None
    assert not gates["planted label"].passed
    assert gates["calibration"].passed
