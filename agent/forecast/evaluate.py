"""Walking a model forward over a whole series: every probability is of a bar its model had not seen.

Blocks of bars in order; before each, the model learns from the window that ends there, by the same
steps as a retraining, but without the promotion rule: here the question is how good it is. How far it is believed beyond the
base rate is what the held-out rows of the window before had borne out by then: on a series without skill that is nothing, and
the base rate is said. Cutting the series changes nothing of what was said before the cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.errors import MarketDataError
from agent.forecast.figures import CLAIMED, figures, reliability
from agent.forecast.model import Kind, fit, probabilities, trust
from agent.forecast.rows import Rows, inputs, labelled, labels
from agent.forecast.splits import walk_forward
from agent.forecast.train import parts, window_bars
from agent.market.bars import Floats, to_datetime
from agent.market.series import Series
from agent.settings import Forecasting
from agent.statistics.bootstrap import interval

SHORTEST = 63  # rows of a block at least: a quarter of a year of days

Tell = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Forward:
    """Held-out rows with the probability and the base rate known at each; ``trust`` is how far the next would be believed."""

    rows: Rows
    p: Floats
    base: Floats
    trust: float


@dataclass(frozen=True, eq=False)
class _Judged:
    """A block after the fact: its bars, and the estimator's probabilities and the outcomes, both less the base rate."""

    at: npt.NDArray[np.int64]
    said: Floats
    came: Floats


def forward(series: Series, settings: Forecasting, kind: Kind, tell: Tell, *, raw: bool = False) -> Forward:
    """Walk ``kind`` forward; ``raw`` leaves out calibration and trust, as the figures others state do.

    Raises MarketDataError when no block has enough to learn from.
    """
    rows = labelled(series, settings.horizon, settings.reversal_atr)
    start = settings.min_rows + settings.horizon + settings.embargo
    window = window_bars(series, settings)
    blocks = list(
        walk_forward(rows.at, start=start, shortest=SHORTEST, window=window, horizon=settings.horizon, embargo=settings.embargo)
    )
    judged: list[_Judged] = []
    p: list[Floats] = []
    base: list[Floats] = []
    for i, (past, ahead) in enumerate(blocks):
        tell(i, len(blocks))
        known = rows.take(np.isin(np.arange(len(rows)), past))
        try:
            said, rate = _said(known, rows.x[ahead], settings, kind, raw=raw)
        except MarketDataError:
            continue  # one answer too rare in that window: nothing is said of this block, and it is not judged
        share = 1.0 if raw else _borne_out(judged, int(rows.at[ahead[0]]), window, settings.horizon)
        judged.append(_Judged(rows.at[ahead], said - rate, rows.y[ahead] - np.float64(rate)))
        p.append(rate + share * (said - rate))
        base.append(np.full(len(ahead), rate))
    if not judged:
        need = f"too few to learn from and to judge; give at least {start + SHORTEST}"
        raise MarketDataError(f"{series.bars.symbol} has {len(rows)} labelled bars, {need}")
    places = np.isin(rows.at, np.concatenate([one.at for one in judged]))
    return Forward(
        rows.take(places), np.concatenate(p), np.concatenate(base), _borne_out(judged, len(series), window, settings.horizon)
    )


def _said(known: Rows, asked: Floats, settings: Forecasting, kind: Kind, *, raw: bool) -> tuple[Floats, float]:
    """What an estimator that learnt from ``known`` says of rows, and the base rate it knew."""
    learn = known if raw else parts(known, settings)[0]
    estimator = fit(learn, kind, settings.horizon, settings.embargo, raw=raw)
    return probabilities(estimator, asked), float(known.y.mean())


def _borne_out(judged: list[_Judged], bar: int, window: int, horizon: int) -> float:
    """How far held-out rows of the last ``window`` bars bear the estimators out, by labels known at ``bar``; 0 without any."""
    if not judged:
        return 0.0
    at, said, came = (np.concatenate(part) for part in zip(*((one.at, one.said, one.came) for one in judged), strict=True))
    seen = (at + horizon < bar) & (at >= bar - window)
    return trust(said[seen], came[seen], 2 * horizon)


def told(found: Forward, horizon: int) -> dict[str, Any]:
    """The figures of a walk with intervals (95 %, blocks of twice the horizon) and its reliability diagram."""
    y, block = found.rows.y, 2.0 * horizon
    whole = figures(found.p, y, found.base)
    right = ((found.p >= 0.5) == (y == 1)).astype(float)
    better = (found.base - y) ** 2 - (found.p - y) ** 2
    mean = partial(np.mean, axis=-1)
    accuracy, gained = interval(right, mean, block=block), interval(better, mean, block=block)
    skill = bool(gained is not None and gained.low > 0)
    worse = bool(gained is not None and gained.high < 0)
    return {
        **whole.model_dump(),
        "accuracy_interval": [accuracy.low, accuracy.high] if accuracy else None,
        "brier_gain": float(better.mean()),
        "brier_gain_interval": [gained.low, gained.high] if gained else None,
        "skill": skill,
        "reading": _reading(skill, worse, whole.brier_skill),
        "reliability": reliability(found.p, y),
    }


def _reading(skill: bool, worse: bool, brier_skill: float) -> str:
    if skill:
        return f"skill: better than the base rate by {brier_skill:.1%} of its Brier score, and the interval excludes none"
    if worse:
        return f"no skill: worse than the base rate by {-brier_skill:.1%} of its Brier score"
    return f"no skill: its gain over the base rate ({brier_skill:+.1%} of the Brier score) cannot be told from none"


def evaluate(series: Series, settings: Forecasting, kinds: tuple[Kind, ...], tell: Tell) -> dict[str, Any]:
    """Both models over the held-out bars of a series, beside what others claim for the reference."""
    out: dict[str, Any] = {
        "symbol": series.bars.symbol,
        "label": f"reverses by {settings.reversal_atr:g} ATR within {settings.horizon} bars",
        "claimed": CLAIMED,
        "models": {},
    }
    for kind in kinds:
        found = forward(series, settings, kind, tell, raw=kind == "reference")
        first, last = (to_datetime(series.bars.start[int(found.rows.at[i])]).isoformat() for i in (0, -1))
        out["models"][kind] = {**told(found, settings.horizon), "first": first, "last": last}
    return out


def predictions(series: Series, settings: Forecasting, kind: Kind, tell: Tell) -> list[dict[str, Any]]:
    """A line for each held-out bar: when it started, the probability, the label, and when that was known.

    The last bars, whose label is still open, are given by the model that learnt last, with a label of None.
    """
    found = forward(series, settings, kind, tell)
    step = series.instrument.step
    lines = []
    for at, p, y in zip(found.rows.at.tolist(), found.p.tolist(), found.rows.y.tolist(), strict=True):
        known = series.bars.timestamp(at + settings.horizon) + step
        lines.append({"timestamp": series.bars.timestamp(at).isoformat(), "p": p, "label": y, "known_at": known.isoformat()})
    return lines + _open(series, settings, kind, found.trust)


def _open(series: Series, settings: Forecasting, kind: Kind, share: float) -> list[dict[str, Any]]:
    known = labelled(series, settings.horizon, settings.reversal_atr, newest=window_bars(series, settings))
    unknown = np.flatnonzero(np.isnan(labels(series, settings.horizon, settings.reversal_atr)))
    unknown = unknown[unknown >= max(series.ready, len(series) - settings.horizon)]
    try:
        said, rate = _said(known, inputs(series)[unknown], settings, kind, raw=False)
    except MarketDataError:
        return []
    stamps = [series.bars.timestamp(int(at)).isoformat() for at in unknown]
    p = (rate + share * (said - rate)).tolist()
    return [{"timestamp": s, "p": one, "label": None, "known_at": None} for s, one in zip(stamps, p, strict=True)]
