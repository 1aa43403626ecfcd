"""Does a model have to earn its place? How often retraining promotes what is worth nothing, and what is worth something.

    python -m evals.promotion [TRIALS]      prints the power table of the documentation

``shuffled`` retrains on real bars whose answers were dealt out anew in blocks as long as labels overlap. ``power`` judges two
models of known accuracy on rows made for it, by the rule that retraining uses: their scores are Gaussian and correlate with what
comes so that the incumbent is right in 60 % and the candidate in 60 % and the points planted, both calibrated; answers and errors
are moving averages over as many rows as labels overlap (``overlap`` 1: independent rows). Half of the models' error is shared,
since both see the same features. ``planted`` asks the default model about rows whose true probabilities have a Brier skill of
0.10.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from scipy.special import ndtr

from agent.errors import ConfigError
from agent.forecast.figures import figures
from agent.forecast.model import fit, probabilities, trust
from agent.forecast.rows import NAMES, Rows, labelled
from agent.forecast.train import judge, parts
from agent.market.bars import Floats
from agent.market.feed import builtin
from agent.settings import Forecasting, Settings
from agent.statistics import wilson
from agent.wiring.recorded import prepared
from evals import script

Json = dict[str, Any]
RULE = Forecasting()
ACCURACY, SHARED = 0.60, 0.5
DEFAULT_ROWS = round(RULE.window_bars * RULE.validation)  # what judges a candidate when nothing is set


def shuffled(trials: int, seed: int) -> Json:
    """How many of ``trials`` retrainings on dealt-out answers are promoted over the base rate."""
    series = prepared([builtin("SP500")], Settings())["SP500"]
    draw = np.random.default_rng(seed)
    promoted, block = 0, 2 * RULE.horizon
    for _ in range(trials):
        end = int(draw.integers(2800, len(series)))
        rows = labelled(series.head(end), RULE.horizon, RULE.reversal_atr, newest=RULE.window_bars)
        pieces = np.array_split(np.arange(len(rows)), len(rows) // block)
        order = np.concatenate([pieces[i] for i in draw.permutation(len(pieces))])
        dealt = Rows(rows.at, rows.x, rows.y[order])
        learn, held = parts(dealt, RULE)
        base = float(learn.y.mean())
        said = probabilities(fit(learn, RULE.model, RULE.horizon, RULE.embargo), held.x)
        promoted += judge(said, np.full(len(held), base), held, base, RULE, "the base rate").promoted
    return {"promoted": promoted, "trials": trials}


def power(rows: int, points: float, trials: int, seed: int, *, overlap: int = RULE.horizon) -> Json:
    """How many of ``trials`` candidates that are ``points`` more accurate than the incumbent are promoted on ``rows`` rows."""
    draw = np.random.default_rng(seed)
    promoted = 0
    for _ in range(trials):
        truth, common, *own = (_moving(draw, rows, overlap) for _ in range(4))
        y = (truth > 0).astype(np.int8)
        said = [
            _calibrated(truth, SHARED**0.5 * common + (1 - SHARED) ** 0.5 * error, accuracy)
            for error, accuracy in zip(own, (ACCURACY, ACCURACY + points), strict=True)
        ]
        held = Rows(np.arange(rows), np.zeros((rows, len(NAMES))), y)
        promoted += judge(said[1], said[0], held, float(y.mean()), RULE, "the incumbent").promoted
    return {"promoted": promoted, "trials": trials, "rows": rows, "points": points, "overlap": overlap}


def _moving(draw: np.random.Generator, n: int, overlap: int) -> Floats:
    """Standard normal values of which ``overlap`` neighbours share their parts."""
    parts_ = draw.normal(size=n + overlap - 1)
    values: Floats = np.convolve(parts_, np.ones(overlap), mode="valid") / overlap**0.5
    return values


def _calibrated(truth: Floats, error: Floats, accuracy: float) -> Floats:
    """The probability that ``truth`` is positive by a score that is on its side in a share ``accuracy`` of all cases."""
    r = np.sin((accuracy - 0.5) * np.pi)  # two normals that correlate by r agree in sign with probability 1/2 + asin(r) / pi
    score = r * truth + (1 - r * r) ** 0.5 * error
    p: Floats = ndtr(score * r / (1 - r * r) ** 0.5)
    return p


def planted(rows: int, seed: int) -> Json:
    """Brier skill and calibration on the later half of rows whose answers have a Bayes Brier skill of 0.10."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, len(NAMES)))
    truth = 1 / (1 + np.exp(-0.62 * (x[:, 0] - 0.5 * x[:, 1] + 0.3 * x[:, 2] * np.abs(x[:, 0])) + 0.3))
    made = Rows(np.arange(rows), x, (draw.random(rows) < truth).astype(np.int8))
    known, later = made.take(slice(0, rows // 2)), made.take(slice(rows // 2, rows))
    learn, held = parts(known, RULE)
    base = float(learn.y.mean())
    estimator = fit(learn, RULE.model, RULE.horizon, RULE.embargo)
    share = trust(probabilities(estimator, held.x) - base, held.y - np.float64(base), 2 * RULE.horizon)
    found = figures(base + share * (probabilities(estimator, later.x) - base), later.y, base)
    bayes = figures(truth[rows // 2 :], later.y, base)
    return {"skill": found.brier_skill, "bayes": bayes.brier_skill, "ece": found.ece, "trust": share}


def main(words: list[str]) -> None:
    """Print the power of the promotion rule, a JSON line each."""
    if words and not words[0].isdecimal():
        raise ConfigError(f"TRIALS {words[0]!r} is not a number of trials; give a whole number such as 200")
    trials = int(words[0]) if words else 200
    cases = [(10_000, 0.05, 1), (10_000, 0.05, RULE.horizon), (10_000, 0.02, RULE.horizon)]
    cases += [(DEFAULT_ROWS, points, RULE.horizon) for points in (0.05, 0.10, 0.15, 0.20, 0.25)]
    for rows, points, overlap in cases:
        found = power(rows, points, trials, 1, overlap=overlap)
        sys.stdout.write(json.dumps({**found, "interval": wilson(found["promoted"], trials)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    script.run(main, __doc__)
