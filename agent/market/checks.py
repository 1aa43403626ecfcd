"""What is suspicious about a series: gaps, likely splits, bad prints, opens that are no opens.

Promises: nothing is changed here; each finding names the bar and says in one line what is
wrong with it. A real crash is at most a warning.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from agent.domain import Frozen, Utc
from agent.market.bars import Bars, Floats
from agent.market.instrument import AssetClass, asset_class, interval_step

Severity = Literal["info", "warning", "error"]

_RATIOS = np.array([2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 50], dtype=float)
_RATIOS = np.concatenate([_RATIOS, 1 / _RATIOS])
_CLOSED_DAYS = 4  # exchanges close for a long weekend, not for longer
_SIGMAS = 8.0
_SAME_OPEN = 0.30
_FLAT_RUN = 20
_ALWAYS_OPEN: tuple[AssetClass, ...] = ("crypto", "fx")


class Finding(Frozen):
    """One thing found in a series; ``row`` counts data rows from 1."""

    check: str
    at: Utc | None
    row: int | None
    detail: str
    severity: Severity


def likely_splits(opening: Floats, high: Floats, low: Floats, close: Floats) -> list[tuple[int, float]]:
    """Bars that open like a split not adjusted for, with the shares per share it would have given.

    The open stands near a simple ratio to the last close, the close stays at that level and
    the bar is quiet: a crash that happens to halve the price swings far more. An overnight
    multiple of 4 and more is a reverse split even when the day is wild.
    """
    jump = np.log(opening[1:] / close[:-1])
    # nearly all bars are nowhere near a split
    places = np.flatnonzero(np.abs(jump) > 0.5)
    found: list[tuple[int, float]] = []
    for place in places:
        ratio = float(_RATIOS[np.abs(jump[place] - np.log(_RATIOS)).argmin()])
        bar = int(place) + 1
        at_open = abs(float(jump[place]) - float(np.log(ratio)))
        at_close = abs(float(np.log(close[bar] / close[bar - 1])) - float(np.log(ratio)))
        swing = float(high[bar] / low[bar])
        if _is_split(ratio, at_open, at_close, swing):
            found.append((bar, 1 / ratio))
    return found


def _is_split(ratio: float, at_open: float, at_close: float, swing: float) -> bool:
    exact = at_open <= 0.01 and at_close <= 0.12 and swing <= 1.20
    quiet = at_open <= 0.025 and at_close <= 0.05 and swing <= 1.15
    reverse = ratio >= 4 and at_open <= 0.15 and at_close <= 0.25
    return exact or quiet or reverse


def split_words(shares: float) -> str:
    """A split as people write it: 7:1 for seven shares per share, 1:20 for one per twenty."""
    return f"{shares:g}:1" if shares >= 1 else f"1:{1 / shares:g}"


def split_findings(bars: Bars, factors_given: bool) -> list[Finding]:
    """Likely splits of a symbol that can have any, in prices adjusted by the factors given."""
    if asset_class(bars.symbol) in _ALWAYS_OPEN:
        return []
    growth = bars.growth
    missed = " that the factors do not hold" if factors_given else ""
    return [
        _finding(bars, "likely_split", i, f"opens like a {split_words(shares)} split{missed}", "error")
        for i, shares in likely_splits(bars.open * growth, bars.high * growth, bars.low * growth, bars.close * growth)
    ]


def check(bars: Bars, factors_given: bool) -> list[Finding]:
    """Everything suspicious in a series, by kind and then by time.

    With ``factors_given`` splits are looked for in the adjusted prices, so only those the
    factors miss are found.
    """
    kind = asset_class(bars.symbol)
    found = [*_contradictions(bars), *split_findings(bars, factors_given), *_bad_prints(bars), *_gaps(bars, kind)]
    return [*found, *_same_opens(bars, kind), *_flat(bars), *_no_volume(bars)]


def _finding(bars: Bars, name: str, i: int, detail: str, severity: Severity) -> Finding:
    return Finding(check=name, at=bars.timestamp(i), row=i + 1, detail=detail, severity=severity)


def _contradictions(bars: Bars) -> list[Finding]:
    body_top, body_bottom = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    rows = np.flatnonzero((bars.high < body_top) | (bars.low > body_bottom))
    detail = "high and low do not contain open and close; --repair widens them"
    return [_finding(bars, "contradictory", int(i), detail, "error") for i in rows]


def _bad_prints(bars: Bars) -> list[Finding]:
    """One-bar spikes of high, low or close that the neighbours do not share."""
    if len(bars) < _FLAT_RUN:
        return []
    growth = bars.growth
    close = np.log(bars.close * growth)
    sigma = _noise(np.diff(close, prepend=close[0]))
    near_high, near_low = _neighbourhood(np.log(bars.open * growth), close)
    found = {int(i): "low" for i in np.flatnonzero(near_low - np.log(bars.low * growth) > _SIGMAS * sigma)}
    found |= {int(i): "high" for i in np.flatnonzero(np.log(bars.high * growth) - near_high > _SIGMAS * sigma)}
    found |= {int(i): "close" for i in _reverting(close, sigma)}
    values = {"low": bars.low, "high": bars.high, "close": bars.close}
    return [
        _finding(bars, "bad_print", i, f"{name} {values[name][i]:g} stands alone among its neighbours", "warning")
        for i, name in sorted(found.items())
    ]


def _noise(returns: Floats) -> Floats:
    """The usual size of a bar's return: a year's median absolute return as a standard deviation."""
    typical = pd.Series(np.abs(returns)).rolling(252, min_periods=_FLAT_RUN).median().bfill().to_numpy()
    return np.maximum(typical / 0.6745, 1e-4)


def _neighbourhood(opening: Floats, close: Floats) -> tuple[Floats, Floats]:
    """The highest and lowest of each bar's open and close and its neighbours' closes."""
    before, after = np.concatenate([close[:1], close[:-1]]), np.concatenate([close[1:], close[-1:]])
    around = np.column_stack([opening, close, before, after])
    return around.max(axis=1), around.min(axis=1)


def _reverting(close: Floats, sigma: Floats) -> npt.NDArray[np.int64]:
    """Closes far from the last one whose next close is back."""
    there, back = close[1:-1] - close[:-2], close[2:] - close[:-2]
    return np.flatnonzero((np.abs(there) > _SIGMAS * sigma[1:-1]) & (np.abs(back) < 0.25 * np.abs(there))) + 1


def _gaps(bars: Bars, kind: AssetClass) -> list[Finding]:
    step = interval_step(bars.interval)
    allowed = np.timedelta64(step, "ns")
    if kind != "crypto":
        allowed = max(allowed, np.timedelta64(_CLOSED_DAYS, "D").astype("timedelta64[ns]"))
    distance = np.diff(bars.start)
    found: list[Finding] = []
    for i in np.flatnonzero(distance > allowed):
        missing = int(distance[i] // np.timedelta64(step, "ns")) - 1
        detail = (
            f"{missing} bars missing before it"
            if kind == "crypto"
            else f"{distance[i] / np.timedelta64(1, 'D'):.1f} days after the last bar"
        )
        found.append(_finding(bars, "gap", int(i) + 1, detail, "warning"))
    return found


def _same_opens(bars: Bars, kind: AssetClass) -> list[Finding]:
    years = bars.start[1:].astype("datetime64[Y]").astype(int) + 1970
    same = bars.open[1:] == bars.close[:-1]
    shares = {int(year): float(same[years == year].mean()) for year in np.unique(years)}
    high = {year: share for year, share in shares.items() if share > _SAME_OPEN}
    if not high:
        return []
    listed = ", ".join(f"{year} {share:.0%}" for year, share in high.items())
    natural = kind in _ALWAYS_OPEN or interval_step(bars.interval) < timedelta(days=1)
    meaning = "usual where bars follow without a pause" if natural else "fills at the open are not real there"
    detail = f"open equals the previous close on many bars ({listed}): {meaning}"
    return [Finding(check="open_is_previous_close", at=None, row=None, detail=detail, severity="info" if natural else "warning")]


def _flat(bars: Bars) -> list[Finding]:
    """Stretches of equal closes, each reported once with its length."""
    edges = np.flatnonzero(np.diff(bars.close) != 0) + 1
    starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(bars)]])
    return [
        _finding(bars, "constant", int(first), f"the close does not move for {int(last - first)} bars", "warning")
        for first, last in zip(starts, ends, strict=True)
        if last - first >= _FLAT_RUN
    ]


def _no_volume(bars: Bars) -> list[Finding]:
    if not np.isnan(bars.volume).all():
        return []
    return [Finding(check="no_volume", at=None, row=None, detail="no volume: no fill is capped by it", severity="info")]
