"""One attempt: learn from the past, be judged on its last part, replace the incumbent only by beating it.

A candidate learns from the first 80 % of the window and is judged on the last 20 %, purged and
embargoed. It is promoted when, on those rows, its accuracy is at least 2 points above the incumbent's
with a block-bootstrap p below 0.01, and it beats the base rate in accuracy and Brier score. Where there is no
incumbent, the base rate is one. Every attempt gives its figures, promoted or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.domain import Frozen
from agent.errors import MarketDataError
from agent.forecast.figures import Figures, figures, gain
from agent.forecast.model import Model, Papers, fit, importance, library, model_id, probabilities, trust
from agent.forecast.rows import NAMES, Rows, labelled
from agent.forecast.splits import apart
from agent.forecast.store import ModelStore
from agent.market.bars import Floats
from agent.market.series import Series
from agent.settings import Forecasting


class Attempt(Frozen):
    """What a retraining did. ``points`` and ``p`` compare accuracy with ``against`` on the same rows."""

    symbol: str
    stamp: str
    kind: str
    promoted: bool
    reason: str
    candidate: str | None = None
    incumbent: str | None = None
    against: str = "the base rate"
    points: float | None = None
    p: float | None = None
    rows: int = 0
    figures: Figures | None = None
    incumbent_figures: Figures | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate is promoted, and why or why not."""

    promoted: bool
    reason: str
    points: float
    p: float


def window_bars(series: Series, settings: Forecasting) -> int:
    """The history to learn from in bars: the longer of the set days and bars."""
    days = np.timedelta64(settings.window_days, "D")
    start = series.bars.start
    by_days = len(start) - int(start.searchsorted(start[-1] - days, side="right"))
    return max(settings.window_bars, by_days)


def parts(rows: Rows, settings: Forecasting) -> tuple[Rows, Rows]:
    """The rows to learn from and the later ones that judge, sharing no label."""
    judged = rows.take(slice(len(rows) - round(settings.validation * len(rows)), len(rows)))
    keep = apart(rows.at, int(judged.at[0]), int(judged.at[-1]), settings.horizon, settings.embargo)
    return rows.take(keep & (rows.at < judged.at[0])), judged


def judge(candidate: Floats, incumbent: Floats, rows: Rows, base: float, settings: Forecasting, against: str) -> Verdict:
    """Compare two sets of probabilities on the same rows by the promotion rule."""
    block = max(2.0 * settings.horizon, float(np.cbrt(len(rows))))
    found = gain(candidate, incumbent, rows.y, block=block)
    mine = figures(candidate, rows.y, base)
    said = f"{100 * found.points:+.1f} points of accuracy against {against} on {len(rows)} bars (p = {found.p:.3f})"
    if found.points < settings.promote_points:
        return Verdict(False, f"{said}: less than {100 * settings.promote_points:.0f} points", found.points, found.p)
    if found.p >= settings.promote_p:
        return Verdict(False, f"{said}: not below {settings.promote_p}", found.points, found.p)
    if mine.brier >= mine.base_brier or mine.accuracy <= mine.base_accuracy:
        return Verdict(
            False, f"{said}, but it does not beat the base rate (Brier skill {mine.brier_skill:+.3f})", found.points, found.p
        )
    return Verdict(True, said, found.points, found.p)


def train(series: Series, incumbent: Model | None, store: ModelStore, settings: Forecasting, stamp: str) -> Attempt:
    """Learn from what ``series`` holds and judge; the candidate is stored only when it is promoted, its fit always.

    Too little data is an attempt that failed with its reason, not an error.
    """
    symbol = series.bars.symbol
    rows = labelled(series, settings.horizon, settings.reversal_atr, newest=window_bars(series, settings))

    def failed(why: str) -> Attempt:
        held = incumbent.papers.id if incumbent else None
        return Attempt(
            symbol=symbol, stamp=stamp, kind=settings.model, promoted=False, reason=why, incumbent=held, rows=len(rows)
        )

    if len(rows) < settings.min_rows:
        return failed(f"{len(rows)} labelled bars, {settings.min_rows} are needed to learn")
    learn, judged = parts(rows, settings)
    try:
        model = candidate(series, learn, judged, store, settings)
    except MarketDataError as err:
        return failed(str(err))
    mine = probabilities(model.estimator, judged.x)  # not weighted by a trust that these very rows gave
    base = model.papers.base_rate
    theirs = incumbent.predict(judged.x) if incumbent else np.full(len(judged), base)
    against = f"model {incumbent.papers.id[:8]}" if incumbent else "the base rate"
    verdict = judge(mine, theirs, judged, base, settings, against)
    return Attempt(
        symbol=symbol,
        stamp=stamp,
        kind=settings.model,
        promoted=verdict.promoted,
        reason=verdict.reason,
        candidate=model.papers.id,
        incumbent=incumbent.papers.id if incumbent else None,
        against=against,
        points=verdict.points,
        p=verdict.p,
        rows=len(rows),
        figures=model.papers.figures,
        incumbent_figures=figures(theirs, judged.y, base) if incumbent else None,
    )


def candidate(series: Series, learn: Rows, judged: Rows, store: ModelStore, settings: Forecasting) -> Model:
    """The model of these rows: the stored one where the same was fitted before, else fitted now and stored."""
    ident = model_id(learn, settings.model, settings.horizon, settings.embargo)
    # the judged rows shape the papers, so they are part of the name too
    ident = f"{ident}-{judged.digest()[:8]}"
    found = store.get(ident)
    if found is not None:
        return found
    estimator = fit(learn, settings.model, settings.horizon, settings.embargo)
    base = float(learn.y.mean())
    said = probabilities(estimator, judged.x)
    papers = Papers(
        id=ident,
        kind=settings.model,
        library=library(),
        names=list(NAMES),
        data_hash=learn.digest(),
        rows=len(learn),
        base_rate=base,
        horizon=settings.horizon,
        reversal_atr=settings.reversal_atr,
        symbol=series.bars.symbol,
        first_bar=series.bars.timestamp(int(learn.at[0])).isoformat(),
        last_bar=series.bars.timestamp(int(learn.at[-1])).isoformat(),
        trust=trust(said - base, judged.y - np.float64(base), 2 * settings.horizon),
        figures=figures(said, judged.y, base),
        importance=importance(estimator, judged),
    )
    model = Model(papers, estimator)
    store.put(model)
    return model
