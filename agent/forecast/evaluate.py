"""Walking a model forward over a whole series: every probability is of a bar its model had not seen.

Blocks of bars in order; before each, the model learns from the window that ends there, by the same
steps as a retraining, but without the promotion rule: here the question is how good it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

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

BLOCKS = 24  # at most so many refits a series
_SHORTEST = 63  # bars, a quarter of a year of days

Tell = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Forward:
    """Held-out rows with the probability and the base rate known at each."""

    rows: Rows
    p: Floats
    base: Floats


def forward(series: Series, settings: Forecasting, kind: Kind, tell: Tell, *, raw: bool = False) -> Forward:
    """Walk ``kind`` forward; ``raw`` leaves out calibration and trust, as the figures others state do.

    Raises MarketDataError when no block has enough to learn from.
    """
    rows = labelled(series, settings.horizon, settings.reversal_atr)
    start = settings.min_rows + settings.horizon + settings.embargo
    block = max(_SHORTEST, -(-max(len(rows) - start, 1) // BLOCKS))
    window = window_bars(series, settings)
    blocks = list(
        walk_forward(rows.at, start=start, block=block, window=window, horizon=settings.horizon, embargo=settings.embargo)
    )
    judged: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    p: list[Floats] = []
    base: list[Floats] = []
    for i, (past, ahead) in enumerate(blocks):
        tell(i, len(blocks))
        known, asked = rows.take(np.isin(np.arange(len(rows)), past)), rows.x[ahead]
        try:
            said, rate = _block(known, asked, settings, kind, raw=raw)
        except MarketDataError:
            continue  # one answer too rare in that window: nothing is said of this block, and it is not judged
        judged.append(ahead)
        p.append(said)
        base.append(np.full(len(ahead), rate))
    if not judged:
        need = f"too few to learn from and to judge; give at least {start + _SHORTEST}"
        raise MarketDataError(f"{series.bars.symbol} has {len(rows)} labelled bars, {need}")
    places = np.concatenate(judged)
    return Forward(Rows(rows.at[places], rows.x[places], rows.y[places]), np.concatenate(p), np.concatenate(base))


def _block(known: Rows, asked: Floats, settings: Forecasting, kind: Kind, *, raw: bool) -> tuple[Floats, float]:
    if raw:
        estimator = fit(known, kind, settings.horizon, settings.embargo, raw=True)
        return probabilities(estimator, asked), float(known.y.mean())
    learn, judged = parts(known, settings)
    estimator = fit(learn, kind, settings.horizon, settings.embargo)
    base = float(known.y.mean())
    share = trust(probabilities(estimator, judged.x), judged.y, base)
    return base + share * (probabilities(estimator, asked) - base), base


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
    return lines + _open(series, settings, kind)


def _open(series: Series, settings: Forecasting, kind: Kind) -> list[dict[str, Any]]:
    known = labelled(series, settings.horizon, settings.reversal_atr, newest=window_bars(series, settings))
    unknown = np.flatnonzero(np.isnan(labels(series, settings.horizon, settings.reversal_atr)))
    unknown = unknown[unknown >= max(series.ready, len(series) - settings.horizon)]
    try:
        said, _ = _block(known, inputs(series)[unknown], settings, kind, raw=False)
    except MarketDataError:
        return []
    stamps = [series.bars.timestamp(int(at)).isoformat() for at in unknown]
    return [{"timestamp": s, "p": p, "label": None, "known_at": None} for s, p in zip(stamps, said.tolist(), strict=True)]
