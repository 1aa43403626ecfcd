"""A model speaks only after it has beaten what stood before; attempts come by the calendar and are remembered."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from agent.forecast.forecaster import Forecaster
from agent.forecast.model import Model, Papers, fit, library, probabilities
from agent.forecast.rows import NAMES, labelled
from agent.forecast.schedule import Schedule, stamp
from agent.forecast.store import ModelStore
from agent.forecast.train import Attempt, judge, parts, train
from agent.market.series import Series
from agent.settings import Forecasting
from tests.forecast.build import planted, series

SETTINGS = Forecasting()


def _last(whole: Series) -> datetime:
    return whole.bars.timestamp(-1) + timedelta(days=1)


@pytest.mark.parametrize(
    ("schedule", "at", "due"),
    [
        ("daily", "2024-03-05T01:59:00+00:00", "2024-03-04T02:00:00+00:00"),
        ("daily", "2024-03-05T02:00:00+00:00", "2024-03-05T02:00:00+00:00"),
        ("month", "2024-03-05T01:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("quarter", "2024-12-31T23:00:00+00:00", "2024-10-01T00:00:00+00:00"),
    ],
)
def test_stamps_are_fixed_by_the_calendar(schedule: Schedule, at: str, due: str) -> None:
    assert stamp(datetime.fromisoformat(at), schedule) == datetime.fromisoformat(due)


def test_on_a_random_walk_nothing_is_promoted_and_the_forecast_says_why() -> None:
    whole = series(1500)
    desk = Forecaster(SETTINGS, ModelStore(None), "quarter")
    attempt, sets = desk.renew(whole, _last(whole))
    assert attempt is not None
    assert not attempt.promoted
    assert attempt.figures is not None
    assert sets[0][:2] == ("forecast", "ACME")
    said = desk.predict(whole)
    assert said.forecast is None
    assert "No model has earned its place" in said.reason
    assert desk.renew(whole, _last(whole)) == (None, [])


def test_too_little_data_is_an_attempt_that_says_so() -> None:
    whole = series(800)
    attempt = train(whole, None, ModelStore(None), SETTINGS, "now")
    assert not attempt.promoted
    assert "are needed to learn" in attempt.reason


def test_learning_at_a_stamp_sees_only_what_was_known_then() -> None:
    whole = series(1500)
    due = stamp(_last(whole), "quarter")
    cut = whole.until(due)
    assert cut is not None
    late, _ = Forecaster(SETTINGS, ModelStore(None), "quarter").renew(whole, _last(whole))
    early, _ = Forecaster(SETTINGS, ModelStore(None), "quarter").renew(cut, due)
    assert late == early


def _with_model(whole: Series) -> tuple[Forecaster, ModelStore]:
    store = ModelStore(None)
    rows = labelled(whole, 10, 1.5)
    papers = Papers(
        id="m1", kind="default", library=library(), names=list(NAMES), data_hash="", rows=len(rows),
        base_rate=float(rows.y.mean()), horizon=10, reversal_atr=1.5, symbol="ACME", first_bar="a", last_bar="b",
    )  # fmt: skip
    store.put(Model(papers, fit(rows, "default", 10, 10)))
    made = Forecaster(SETTINGS, store, "quarter")
    made.restore({"ACME": {"model": "m1", "earlier": [], "stamp": _last(whole).isoformat(), "reason": "it won"}})
    return made, store


def test_a_model_in_force_speaks_against_the_move_when_a_reversal_is_likelier_than_usual() -> None:
    whole = series(1500)
    made, _ = _with_model(whole)
    seen = set()
    for n in range(1000, 1100):
        said = made.predict(whole.head(n)).forecast
        assert said is not None
        move = np.sign(whole.frame.column("momentum_10")[n - 1])
        base = labelled(whole, 10, 1.5).y.mean()
        assert said.direction == (-move if said.p > base else move)
        assert 0 <= said.confidence <= 1
        seen.add(said.p > base)
    assert seen == {True, False}


def test_a_restored_forecaster_goes_on_with_the_model_in_force() -> None:
    whole = series(1500)
    made, store = _with_model(whole)
    again = Forecaster(SETTINGS, store, "quarter")
    again.restore({"ACME": made.standing("ACME").model_dump()})
    assert again.predict(whole) == made.predict(whole)


def test_shuffled_answers_are_promoted_at_most_once_in_twenty() -> None:
    rows, _ = planted(1000)
    draw = np.random.default_rng(5)
    promoted = 0
    for _ in range(20):
        shuffled = type(rows)(rows.at, rows.x, draw.permutation(rows.y))
        learn, held = parts(shuffled, SETTINGS)
        said = probabilities(fit(learn, "default", 10, 10), held.x)
        base = float(learn.y.mean())
        promoted += judge(said, np.full(len(held), base), held, base, SETTINGS, "the base rate").promoted
    assert promoted <= 1


def test_a_real_gain_is_promoted_over_the_incumbent_and_the_incumbent_is_kept_for_rollback() -> None:
    rows, truth = planted(4000, strength=3.0)
    verdict = judge(truth, np.full(4000, 0.45), rows, 0.45, SETTINGS, "the base rate")
    assert verdict.promoted
    made = Forecaster(SETTINGS, ModelStore(None), "daily")
    made.restore({"X": {"model": "old", "earlier": [], "stamp": "2024-01-01T02:00:00+00:00", "reason": ""}})
    attempt = Attempt(symbol="X", stamp="2024-01-02T02:00:00+00:00", kind="default", promoted=True, reason="won", candidate="new")
    _, _, value = made.adopt(attempt)[0]
    assert (value["model"], value["earlier"]) == ("new", ["old"])
    assert datetime.fromisoformat(value["stamp"]).tzinfo == UTC
