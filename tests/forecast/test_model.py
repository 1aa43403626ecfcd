"""Models: they find what was planted, say so in calibrated words, and come back from their files unchanged."""

from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError, MarketDataError
from agent.forecast.figures import figures
from agent.forecast.model import Kind, Model, Papers, fit, importance, library, model_id, probabilities, trust
from agent.forecast.rows import NAMES, Rows
from agent.forecast.store import ModelStore
from tests.forecast.build import planted


def _model(rows: Rows, ident: str = "m") -> Model:
    papers = Papers(
        id=ident, kind="default", library=library(), names=list(NAMES), data_hash=rows.digest(), rows=len(rows),
        base_rate=float(rows.y.mean()), horizon=10, reversal_atr=1.5, symbol="X", first_bar="a", last_bar="b",
    )  # fmt: skip
    return Model(papers, fit(rows, "default", 10, 10))


def test_a_planted_answer_is_found_and_its_probabilities_are_calibrated() -> None:
    rows, truth = planted(12_000)
    learn, judge = rows.take(slice(0, 8000)), rows.take(slice(8000, 12_000))
    base = float(learn.y.mean())
    bayes = figures(truth[8000:], judge.y, base)
    found = figures(probabilities(fit(learn, "default", 10, 10), judge.x), judge.y, base)
    assert bayes.brier_skill == pytest.approx(0.10, abs=0.02)
    assert found.brier_skill >= 0.06
    assert found.ece <= 0.05


def test_without_an_answer_to_find_it_stays_with_the_base_rate() -> None:
    rows, _ = planted(3000, strength=0.0)
    learn, judge, later = (rows.take(slice(a, a + 1000)) for a in (0, 1000, 2000))
    estimator = fit(learn, "default", 10, 10)
    base = float(learn.y.mean())
    share = trust(probabilities(estimator, judge.x) - base, judge.y - np.float64(base), 20)
    found = figures(base + share * (probabilities(estimator, later.x) - base), later.y, base)
    assert found.brier <= found.base_brier + 0.001
    assert found.ece <= 0.05


def test_trust_is_the_slope_that_rows_bear_out_less_what_could_be_luck() -> None:
    draw = np.random.default_rng(0)
    said = draw.normal(0, 0.15, 4000)
    base = np.full(4000, 0.4)
    true = (draw.random(4000) < base + said).astype(float) - base
    half = (draw.random(4000) < base + said / 2).astype(float) - base
    assert 0.85 < trust(said, true, 20) <= 1.0
    assert 0.35 < trust(said, half, 20) < 0.6
    assert trust(said, -true, 20) == 0.0
    assert trust(np.zeros(50), true[:50], 20) == 0.0
    luck = [trust(said[:400], draw.permutation(true)[:400], 20) for _ in range(200)]
    assert np.mean([share == 0.0 for share in luck]) > 0.75
    assert np.mean(luck) < 0.06


def test_trust_in_few_rows_is_less_than_in_many_that_say_the_same() -> None:
    said, came = np.tile([0.1, -0.1], 40), np.tile([0.1, -0.1], 40)
    shares = [trust(said[:n], came[:n], 20) for n in (4, 20, 80)]
    assert shares == sorted(shares)
    assert shares[0] < 0.05


def test_the_same_rows_give_the_same_model_and_a_row_alone_the_same_probability() -> None:
    rows, _ = planted(900)
    first, second = fit(rows, "default", 10, 10), fit(rows, "default", 10, 10)
    many = probabilities(first, rows.x[:40])
    assert np.array_equal(many, probabilities(second, rows.x[:40]))
    assert many.tolist() == [float(probabilities(first, rows.x[i : i + 1])[0]) for i in range(40)]


@pytest.mark.parametrize("kind", ["default", "reference"])
@pytest.mark.parametrize("raw", [True, False])
def test_what_is_said_is_what_the_library_says_to_the_bit(kind: Kind, raw: bool) -> None:
    rows, _ = planted(400)
    estimator = fit(rows, kind, 10, 10, raw=raw)
    assert np.array_equal(probabilities(estimator, rows.x), estimator.predict_proba(rows.x)[:, 1])


def test_importance_names_the_planted_column_first() -> None:
    rows, _ = planted(3000)
    assert next(iter(importance(fit(rows, "default", 10, 10), rows))) == NAMES[0]


def test_too_rare_an_answer_is_refused_in_words() -> None:
    rows, _ = planted(500)
    with pytest.raises(MarketDataError, match="only 0 of 500"):
        fit(Rows(rows.at, rows.x, np.zeros(500, dtype=np.int8)), "default", 10, 10)


def test_the_name_of_a_model_changes_with_what_makes_it() -> None:
    rows, _ = planted(300)
    names = {model_id(rows, "default", 10, 10), model_id(rows, "reference", 10, 10), model_id(rows, "default", 5, 10)}
    assert len(names | {model_id(rows.take(slice(1, 300)), "default", 10, 10)}) == 4


def test_a_model_file_gives_back_the_same_predictions(tmp_path: Path) -> None:
    rows, _ = planted(600)
    model = _model(rows)
    ModelStore(tmp_path / "models").put(model)
    back = ModelStore(tmp_path / "models").get("m")
    assert back is not None
    assert back.papers == model.papers
    assert np.array_equal(back.predict(rows.x), model.predict(rows.x))
    assert (tmp_path / "models" / "m.skops").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["default", "reference"])
def test_a_column_that_is_never_known_hurts_neither_kind(tmp_path: Path, kind: Kind) -> None:
    rows, _ = planted(400)
    rows.x[:, 8] = np.nan
    model = Model(_model(rows).papers, fit(rows, kind, 10, 10))
    ModelStore(tmp_path).put(model)
    back = ModelStore(tmp_path).get("m")
    assert back is not None
    assert np.array_equal(back.predict(rows.x), model.predict(rows.x))


def test_a_model_file_with_a_foreign_type_is_refused(tmp_path: Path) -> None:
    import skops.io

    store = ModelStore(tmp_path)
    store.put(_model(planted(300)[0]))
    (tmp_path / "m.skops").write_bytes(skops.io.dumps({"call": Path}))
    with pytest.raises(ConfigError, match="not trusted"):
        ModelStore(tmp_path).get("m")
