"""A fitted model with its papers: what it saw, how it was made, how it did.

Two kinds: ``default`` is histogram gradient boosting calibrated by Platt's method over purged folds;
``reference`` is the gradient boosting others state figures for (200 trees, depth 5, rate 0.1, min samples
split 20, random state 42), calibrated likewise unless ``raw``. Promises: the same rows and kind give
the same model and the same predictions, whatever the number of threads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from agent.domain import Frozen
from agent.errors import MarketDataError
from agent.forecast.figures import Figures
from agent.forecast.rows import NAMES, Rows
from agent.forecast.splits import purged_folds
from agent.market.bars import Floats

Kind = Literal["default", "reference"]
FORMAT = 2
FOLDS = 3
FEWEST = 30  # rows of each answer that a fit needs
DOUBT = 2.0  # squared distance from the base rate, summed over rows, that a believer must bring to be believed half


class Papers(Frozen):
    """What a model file says of itself; ``importance`` is the Brier score lost when one column is shuffled;
    ``trust`` is the share of the way from the base rate to the estimator's probability that the judged rows bear out.
    """

    id: str
    kind: Kind
    format: int = FORMAT
    library: str
    names: list[str]
    data_hash: str
    rows: int
    base_rate: float
    horizon: int
    reversal_atr: float
    trust: float = 1.0
    symbol: str
    first_bar: str
    last_bar: str
    figures: Figures | None = None
    importance: dict[str, float] = {}


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted estimator and its papers."""

    papers: Papers
    estimator: Any

    def predict(self, x: Floats) -> Floats:
        """The probability of a reversal for each row, as far as the judged rows bear the estimator out."""
        base = self.papers.base_rate
        return base + self.papers.trust * (probabilities(self.estimator, x) - base)


def probabilities(estimator: Any, x: Floats) -> Floats:
    """The probability of class 1 for each row, bit for bit that of ``predict_proba``.

    On one thread: for a few rows starting more costs far more than it saves. A calibrated estimator's one score and its one
    calibrator are asked directly: what scikit-learn checks around them takes twice their time for a single row.
    """
    from sklearn import config_context

    with one_thread(), config_context(assume_finite=True, skip_parameter_validation=True):
        if not hasattr(estimator, "calibrated_classifiers_"):
            plain: Floats = estimator.predict_proba(_filled(x))[:, 1]
            return plain
        (inner,) = estimator.calibrated_classifiers_
        found: Floats = inner.calibrators[0].predict(inner.estimator.decision_function(_filled(x)))
    return found


def _filled(x: Floats) -> Floats:
    """Zero for what is not known: neither kind then needs to know of it, and a column unknown throughout splits nothing."""
    return np.nan_to_num(x, nan=0.0)


@lru_cache(maxsize=1)
def _pools() -> Any:
    import sklearn.ensemble  # noqa: F401 - its thread pool must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="openmp")


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep scikit-learn to one thread; on busy cores its waiting threads cost a hundredfold."""
    with _pools().limit(limits=1):
        yield


def library() -> str:
    """The library whose version shapes a fit."""
    import sklearn

    return f"scikit-learn {sklearn.__version__}"


def model_id(rows: Rows, kind: Kind, horizon: int, embargo: int) -> str:
    """Identify a model by what makes it: rows, kind, folds and library."""
    text = f"{FORMAT}|{kind}|{library()}|{FOLDS}|{horizon}|{embargo}|{rows.digest()}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def estimator_of(kind: Kind) -> Any:
    """The estimator before fitting."""
    if kind == "default":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            max_iter=80,
            learning_rate=0.05,
            max_leaf_nodes=8,
            min_samples_leaf=30,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=42,
        )
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(n_estimators=200, max_depth=5, learning_rate=0.1, min_samples_split=20, random_state=42)


def fit(rows: Rows, kind: Kind, horizon: int, embargo: int, *, raw: bool = False) -> Any:
    """Fit and calibrate; ``raw`` leaves the calibration out.

    Raises MarketDataError when one of the answers is too rare to learn from.
    """
    rare = int(min(rows.y.sum(), len(rows) - rows.y.sum()))
    if rare < FEWEST:
        raise MarketDataError(f"only {rare} of {len(rows)} labelled bars have the rarer answer; {FEWEST} are needed to fit")
    estimator = estimator_of(kind)
    if not raw:
        from sklearn.calibration import CalibratedClassifierCV

        folds = purged_folds(rows.at, FOLDS, horizon, embargo)
        estimator = CalibratedClassifierCV(estimator, method="sigmoid", cv=folds, ensemble=False)
    with one_thread():
        return estimator.fit(_filled(rows.x), rows.y)


def trust(said: Floats, came: Floats, block: int) -> float:
    """How far to believe probabilities, 0 to 1, from rows that judged them: ``said`` and ``came`` are probabilities and outcomes
    less the base rate, in order of time.

    The slope of one on the other is the weight of the mixture with the base rate that has the least Brier score on these rows.
    It is drawn toward 0 by ``DOUBT`` (ridge; Hoerl and Kennard 1970) and by its own uncertainty, 1 - (standard error / slope)^2
    (James and Stein 1961), the error by sums over ``block`` rows, since labels overlap.
    """
    spread = float(said @ said) + DOUBT
    slope = float(said @ came) / spread
    if slope <= 0:
        return 0.0
    sums = np.bincount(np.arange(len(said)) // block, weights=said * (came - slope * said))
    error = float(np.sqrt(sums @ sums)) / spread
    return min(1.0, slope * max(0.0, 1 - (error / slope) ** 2))


def importance(estimator: Any, rows: Rows, seed: int = 0) -> dict[str, float]:
    """How much worse the Brier score gets when a column's values are dealt out at random (Breiman 2001)."""
    draw = np.random.default_rng(seed)
    whole = float(np.mean((probabilities(estimator, rows.x) - rows.y) ** 2))
    lost = {}
    for column, name in enumerate(NAMES):
        x = rows.x.copy()
        x[:, column] = x[draw.permutation(len(x)), column]
        lost[name] = float(np.mean((probabilities(estimator, x) - rows.y) ** 2)) - whole
    return dict(sorted(lost.items(), key=lambda item: (-item[1], item[0])))
