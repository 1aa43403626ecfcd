"""Do the regime labels see what changed, how late, and how steadily?

    python -m evals.regimes [FILE..]        a JSON line for the planted market and each file (default: the built-in indices)

``planted`` is a market of known kinds: up, down, flat (pulled back to a level) and wild (three times the deviation), in
stretches of 60 to 140 bars. ``real`` has no known answer, so change points of volatility stand in for one: placed with hindsight,
over the whole series at once, by least-cost partitioning (PELT; Killick, Fearnhead and Eckley 2012) of returns with mean 0 and a
variance of each stretch, penalty 3 ln n. They serve as labels here and nowhere else: they look ahead.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import DIRECTIONS, REGIMES
from agent.market.bars import Bars, Floats
from agent.market.feed import builtin, read_bars
from agent.market.series import Series
from agent.settings import Settings
from agent.wiring.recorded import prepared
from evals import script

Json = dict[str, Any]
Codes = NDArray[np.int64]
SHORTEST, LATE = 20, 15  # bars of a stretch at least; bars after a change that are not judged
KINDS = ("up", "down", "flat", "wild")


def change_points(returns: Floats, penalty: float | None = None) -> list[int]:
    """Where the variance changed, as the first place of each new stretch, with hindsight."""
    n = len(returns)
    total = np.concatenate([[0.0], np.cumsum(returns**2)])
    fine = 3 * np.log(n) if penalty is None else penalty
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -fine
    open_: Codes = np.array([0])
    for end in range(SHORTEST, n + 1):
        size = end - open_
        cost = best[open_] + size * np.log(np.maximum((total[end] - total[open_]) / size, 1e-18))
        chosen = int(cost.argmin())
        best[end], last[end] = cost[chosen] + fine, open_[chosen]
        kept = open_[cost <= best[end]]  # any other can never be the last change again
        open_ = np.append(kept, end - SHORTEST + 1) if end - SHORTEST + 1 >= SHORTEST else kept
    found, end = [], n
    while end > 0:
        end = int(last[end])
        found.append(end)
    return sorted(found)[1:]


def market(seed: int, stretches: int = 60) -> tuple[Bars, Codes]:
    """Daily bars of known kinds, and each bar's number in KINDS."""
    draw = np.random.default_rng(seed)
    kinds = np.concatenate([np.full(draw.integers(60, 141), draw.integers(len(KINDS))) for _ in range(stretches)])
    moves = np.empty(len(kinds))
    level = 0.0
    for i, kind in enumerate(kinds.tolist()):
        level = 0.0 if i == 0 or kinds[i - 1] != kind else level
        pull = (0.004, -0.004, -0.25 * level, 0.0)[kind]
        moves[i] = pull + draw.normal(0, 0.03 if KINDS[kind] == "wild" else 0.01)
        level += moves[i]
    close = 100 * np.exp(np.cumsum(moves))
    opening = np.concatenate([close[:1], close[:-1]])
    reach = np.exp(np.abs(draw.normal(0, 0.004, len(close))))
    high, low = np.maximum(opening, close) * reach, np.minimum(opening, close) / reach
    start = np.datetime64("1990-01-01", "ns") + np.arange(len(close)) * np.timedelta64(1, "D")
    ones = np.ones(len(close))
    bars = Bars("PLANTED", "1d", start, opening, high, low, close, draw.lognormal(14, 0.3, len(close)), ones, ones, 0 * ones)
    return bars, kinds.astype(np.int64)


def planted(seed: int) -> Json:
    """How often label and direction are right, from ``LATE`` bars after each change on, and how late they first are."""
    bars, kinds = market(seed)
    series = prepared([bars], Settings())["PLANTED"]
    labels, directions = _labels(series), _directions(series)
    wanted = np.array(["trending", "trending", "ranging", "volatile"])[kinds]
    heading = np.array(["up", "down", "flat", ""])[kinds]
    first = np.flatnonzero(np.diff(kinds, prepend=-1))
    since = np.arange(len(kinds)) - first[np.searchsorted(first, np.arange(len(kinds)), side="right") - 1]
    judged = (since >= LATE) & (np.arange(len(kinds)) >= series.ready)
    headed = judged & (heading != "")
    return {
        "market": "planted",
        "label right": float(np.mean(labels[judged] == wanted[judged])),
        "direction right": float(np.mean(directions[headed] == heading[headed])),
        "up taken for down or down for up": float(_opposite(directions, heading)[judged & (kinds < 2)].mean()),
        **_steady(series),
    }


def _opposite(directions: NDArray[np.str_], heading: NDArray[np.str_]) -> NDArray[np.bool_]:
    wrong: NDArray[np.bool_] = ((directions == "up") & (heading == "down")) | ((directions == "down") & (heading == "up"))
    return wrong


def real(series: Series) -> Json:
    """How the label ``volatile`` lies in stretches that hindsight calls wild, and how late it comes after one begins."""
    close = series.bars.close * series.bars.growth
    returns = np.diff(np.log(close))
    edges = [0, *change_points(returns), len(returns)]
    deviation = np.concatenate([np.full(b - a, returns[a:b].std()) for a, b in zip(edges, edges[1:], strict=False)])
    usual = np.array([np.median(np.abs(returns[max(0, i - 504) : i + 1])) for i in range(len(returns))]) / 0.6745
    wild = np.concatenate([[False], deviation > 1.5 * usual])
    labels, known = _labels(series), np.arange(len(close)) >= series.ready
    volatile = labels == "volatile"
    begins = [i for i in np.flatnonzero(wild[1:] & ~wild[:-1]) + 1 if i >= series.ready]
    late = [int(np.argmax(volatile[i : i + 60])) if volatile[i : i + 60].any() else 60 for i in begins]
    return {
        "market": f"{series.bars.symbol}-{series.bars.interval}",
        "change points": len(edges) - 2,
        "volatile in wild stretches": float(volatile[known & wild].mean()) if (known & wild).any() else None,
        "volatile elsewhere": float(volatile[known & ~wild].mean()),
        "bars until volatile, median": float(np.median(late)) if late else None,
        **_steady(series),
    }


def _steady(series: Series) -> Json:
    out: Json = {}
    for name, words in (("label", _labels(series)), ("direction", _directions(series))):
        known = words[series.ready :]
        edges = np.flatnonzero(np.concatenate([[True], known[1:] != known[:-1], [True]]))
        spells = np.diff(edges)
        out |= {f"{name}: mean spell": float(spells.mean()), f"{name}: spells of one bar": float((spells == 1).mean())}
    return out


def _labels(series: Series) -> NDArray[np.str_]:
    words: NDArray[np.str_] = np.array([*REGIMES, "unknown"])[series.frame.regimes]
    return words


def _directions(series: Series) -> NDArray[np.str_]:
    up, down = series.frame.column("p_up"), series.frame.column("p_down")
    shares = np.column_stack([up, 1 - up - down, down])
    words: NDArray[np.str_] = np.array(DIRECTIONS)[np.nan_to_num(shares, nan=-1.0).argmax(axis=1)]
    return words


def main(files: list[str]) -> None:
    """Print a line for the planted market and one for each file."""
    bars = [read_bars(Path(name))[0] for name in files] or [builtin("SP500"), builtin("NASDAQ")]
    rows = [planted(1), *(real(prepared([one], Settings())[one.symbol]) for one in bars)]
    sys.stdout.write("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    script.run(main, __doc__)
