"""Markov: hidden regimes of returns, filtered forward and never smoothed.

Three Gaussian regimes with their own mean and variance (Hamilton 1989), fitted by statsmodels' EM on at most 2,000 bars
before a stamp fixed by the calendar (the start of the year for daily bars, of the month for shorter ones), then
filtered forward bar by bar. Names are matched across refits by variance, in which order and least distance agree: calm, normal,
turbulent. It abstains
until 500 bars lie before a stamp, and where no regime with a drift of its own is likely. Published: the probabilities, the whole
transition matrix (``calm_to_normal`` ..), how long the present regime lasts on average.
Its memory: how often the likeliest regime changed over the last 60 bars since the stamp; where that is twice what the matrix
expects and more, the regime is not the one that was fitted, and the vote is softer by a fifth.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from agent.analysts.memory import Past, remembered
from agent.analysts.speech import abstain, vote
from agent.domain import Vote
from agent.market.bars import Floats, to_stamp
from agent.market.series import Series

NAMES = ("calm", "normal", "turbulent")
LEAST, MOST = 500, 2000  # returns a fit needs and takes
_LIKELY = 0.6
_LATELY, _RESTLESS = 60, 2.0  # bars its memory looks back, and how many times the expected changes are too many
_DRIFT = 1.0  # standard errors of a regime's mean return


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted chain: ``transition[i, j]`` from i to j, means and variances by NAMES, filtered probabilities at the stamp."""

    transition: Floats
    mean: Floats
    variance: Floats
    share: Floats
    start: Floats
    n: int

    @property
    def durations(self) -> Floats:
        """Expected bars a regime lasts."""
        stay: Floats = 1 / np.maximum(1 - np.diag(self.transition), 1e-9)
        return stay


def fit_chain(returns: Floats) -> Fit | None:
    """Fit to returns; None where they do not vary or the fit does not come out finite."""
    if not np.var(returns) > 0:
        return None
    from statsmodels.tsa.regime_switching.markov_regression import MarkovRegression

    scale = float(returns.std())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # EM is stopped after a set number of steps and says so
        model = MarkovRegression(returns / scale, k_regimes=len(NAMES), switching_variance=True)
        result = model.fit(em_iter=60, maxiter=0, disp=0, cov_type="none")
    mean, variance = np.asarray(result.params[-6:-3]) * scale, np.asarray(result.params[-3:]) * scale**2
    order = np.argsort(variance, kind="stable")
    moving = np.asarray(result.regime_transition)[:, :, 0].T  # statsmodels keeps it by column
    filtered = np.asarray(result.filtered_marginal_probabilities)
    found = (moving[np.ix_(order, order)], mean[order], variance[order], filtered.mean(axis=0)[order], filtered[-1][order])
    return Fit(*found, n=len(returns)) if all(np.isfinite(part).all() for part in found) and variance.min() > 0 else None


def filter_forward(fit: Fit, start: Floats, returns: Floats) -> Floats:
    """Regime probabilities after each return, from ``start`` on (Hamilton's filter)."""
    spread = np.sqrt(2 * np.pi * fit.variance)
    likely = np.exp(-((returns[:, None] - fit.mean) ** 2) / (2 * fit.variance)) / spread
    out, now = np.empty((len(returns), len(NAMES))), start
    for i in range(len(returns)):
        ahead = now @ fit.transition
        joint = ahead * likely[i]
        total = joint.sum()
        now = joint / total if total > 0 else ahead  # a return no regime can explain says nothing
        out[i] = now
    return out


def stamp_before(as_of: datetime, step: timedelta) -> datetime:
    """The latest calendar refit at or before a time: of the year for bars of a day or more, else of the month."""
    opening = as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return opening.replace(month=1) if step >= timedelta(days=1) else opening


@dataclass(frozen=True, eq=False)
class Path:
    """Probabilities at a bar, and the likeliest regimes of the bars up to it, as far back as is remembered."""

    now: Floats
    states: tuple[int, ...]

    @property
    def changes(self) -> int:
        """How often the likeliest regime changed."""
        return sum(a != b for a, b in zip(self.states, self.states[1:], strict=False))

    def expected(self, fit: Fit) -> float:
        """How many changes the fitted chain would make from the regimes it was in."""
        leaves = 1 - np.diag(fit.transition)
        return float(leaves[list(self.states[:-1])].sum())


class Markov:
    """The analyst with its fits; what it keeps is a cache and changes no answer."""

    def __init__(self) -> None:
        """Start with nothing fitted."""
        self._fits: dict[tuple[str, str, datetime], Fit | None] = {}
        self._last: dict[tuple[str, str, datetime], tuple[int, npt.NDArray[np.datetime64], Path]] = {}

    def __call__(self, series: Series, past: Past) -> Vote:
        """What the chain says of the last bar."""
        bars, step = series.bars, series.instrument.step
        stamp = stamp_before(bars.timestamp(-1) + step, step)
        known = int(bars.start.searchsorted(to_stamp(stamp) - np.timedelta64(step), side="right"))
        if known - 1 < LEAST:
            return abstain("markov", f"{max(known - 1, 0)} returns before {stamp.date()}, {LEAST} needed.")
        key = (bars.symbol, bars.interval, stamp)
        if key not in self._fits:
            self._fits[key] = fit_chain(_returns(series, max(0, known - 1 - MOST), known))
        fit = self._fits[key]
        if fit is None:
            return abstain("markov", "Returns do not vary enough to tell regimes apart.")
        return _say(fit, self._filtered(key, fit, series, known), past)

    def _filtered(self, key: tuple[str, str, datetime], fit: Fit, series: Series, known: int) -> Path:
        """The path to the last bar; goes on from the last call where that saw an earlier bar of the same series."""
        first, path, n = known, Path(fit.start, (int(fit.start.argmax()),)), len(series)
        kept = self._last.get(key)
        if kept is not None and kept[0] <= n and series.bars.start[kept[0] - 1] == kept[1]:
            first, path = kept[0], kept[2]
        if first < n:
            ahead = filter_forward(fit, path.now, _returns(series, first - 1, n))
            path = Path(ahead[-1], (*path.states, *ahead.argmax(axis=1).tolist())[-_LATELY - 1 :])
        self._last[key] = (n, series.bars.start[n - 1], path)
        return path


def _returns(series: Series, first: int, last: int) -> Floats:
    bars = series.bars
    close = bars.close[first:last] * bars.growth[first:last]
    out: Floats = np.diff(np.log(close))
    return out


def _say(fit: Fit, path: Path, past: Past) -> Vote:
    now, changes, expected = path.now, path.changes, path.expected(fit)
    state = int(now.argmax())
    error = np.sqrt(fit.variance / np.maximum(fit.share * fit.n, 1.0))
    drift = float(fit.mean[state] / error[state])
    evidence = {f"p_{name}": float(p) for name, p in zip(NAMES, now, strict=True)}
    evidence |= {f"{a}_to_{b}": float(fit.transition[i, j]) for i, a in enumerate(NAMES) for j, b in enumerate(NAMES)}
    evidence |= {"duration": float(fit.durations[state]), "drift": drift, "changes": float(changes), "expected_changes": expected}
    name = NAMES[state]
    if now[state] < _LIKELY:
        return abstain("markov", f"No regime is likely enough ({name} {now[state]:.0%}).", evidence)
    if abs(drift) < _DRIFT:
        return abstain("markov", f"A {name} market ({now[state]:.0%}) had no drift of its own.", evidence)
    confidence = 0.5 + 0.1 * min(abs(drift) - _DRIFT, 2.0) * float(now[state])
    reason = (
        f"A {name} market ({now[state]:.0%}, lasting {fit.durations[state]:.0f} bars on average) "
        f"{'rose' if drift > 0 else 'fell'} so far, {abs(drift):.1f} standard errors from zero."
    )
    restless = changes >= _RESTLESS * max(expected, 1.0)
    reason = f"{reason[:-1]}; {changes} changes lately where {expected:.1f} were to be expected." if restless else reason
    return remembered(vote("markov", drift, confidence, reason, evidence), past, 0.8 if restless else 1.0)
