"""Do similar situations go on alike? What followed the situations found, beside random ones and those found by text.

    python -m evals.closeness [FILE..]

For every fifth bar, ten past situations are chosen whose next 20 bars were known by then: the nearest by the agent's own
search with the weights that stood then, the nearest by the documented distance, ten at random, and the ten whose line of words is
nearest in meaning. Each choice keeps the same distance in time between its own. Compared are the volatility of the next 20 bars
(absolute log ratio of the mean of the ten to what came) and the regime at their end (share of the ten that ended in the regime
that came). Weights are learnt and put to their trial along the way, as the agent does it: every bar is held out. ``learnt`` is
the share of questions that were answered by learnt weights. Intervals are block bootstrap over bars, paired; a difference above 0
favours the situations; of several files the last rows are of all questions. Without files: the two price indices that come
with the installation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.brokers.fills import shadow_r
from agent.domain import REGIMES
from agent.embedding import Embedder
from agent.market.feed import builtin, read_bars
from agent.market.series import Series
from agent.market.situation import LAYOUT
from agent.market.words import describe
from agent.settings import Settings
from agent.statistics import Interval, interval
from agent.wiring.homes import text_embedder
from agent.wiring.recorded import prepared
from evals import script
from memory_db.nearest import Columns, Search
from memory_db.weights import Weights, due, look

AHEAD, CHOSEN, EVERY, FIRST = 20, 10, 5, 250
BLOCK = 4  # months
FIGURES = ("volatility", "regime")
WAYS = ("random", "text", "documented")
Json = dict[str, Any]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Answers:
    """What followed the situations that each way found: of every question the error in volatility and the share of its regime.

    ``months`` says when each was asked, ``learnt`` whether learnt weights answered it.
    """

    series: str
    months: Rows
    learnt: NDArray[np.bool_]
    found: dict[str, Floats]


def measure(series: Series, embedder: Embedder, settings: Settings, seed: int = 0) -> Answers:
    """Ask about every fifth bar of a series, each way."""
    usable = np.flatnonzero(np.isfinite(series.situations).all(axis=1))
    usable = usable[(usable >= series.ready) & (usable < len(series) - AHEAD)]
    truth = _volatility(series), series.frame.regimes.astype(np.int64)
    lines, vectors = _lines(series, usable, embedder)
    columns, ids = _columns(series, usable, settings), [str(bar) for bar in usable]
    looks = _looks(columns, ids)
    plain = weighed = columns.seen(columns.vectors[:, : LAYOUT.compared])
    chance = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in ("similar", *WAYS)}
    places, learnt = range(FIRST, len(usable), EVERY), []
    for place in places:
        now = int(usable[place])
        past = np.flatnonzero(usable[:place] + AHEAD <= now)
        while looks and looks[0][0] < place:
            weights = looks.pop(0)[1]
            weighed = columns.seen(weights.see(columns.vectors)) if weights.learnt else plain
        learnt.append(weighed is not plain)
        documented = _nearest(plain, ids, place, past)
        ways = {
            "similar": _nearest(weighed, ids, place, past) if learnt[-1] else documented,
            "random": _spread(chance.permutation(past), usable),
            "text": _spread(past[np.argsort(-(vectors[lines[past]] @ vectors[lines[place]]), kind="stable")], usable),
            "documented": documented,
        }
        for name, rows in ways.items():
            found[name].append(_close(usable[rows], now, truth))
    months = series.bars.start[usable[list(places)]].astype("datetime64[M]").astype(np.int64)
    name = f"{series.bars.symbol}-{series.bars.interval}"
    return Answers(name, months, np.array(learnt), {way: np.array(each) for way, each in found.items()})


def rows(answers: Answers, seed: int = 0) -> list[Json]:
    """Return a row per figure and alternative: the difference with its interval, and what each way reached."""

    # neighbouring questions share bars of what follows
    def said(gain: Floats) -> Interval | None:
        return interval(gain, lambda drawn: drawn.mean(axis=-1), block=4 * AHEAD / EVERY, seed=seed)

    return [_row(answers, i, other, said) for i in range(len(FIGURES)) for other in WAYS]


def together(several: list[Answers], seed: int = 0) -> list[Json]:
    """Return the rows of all questions of several series, each question alike; blocks are of months, which series share."""
    every = Answers(
        "all",
        np.concatenate([one.months for one in several]),
        np.concatenate([one.learnt for one in several]),
        {way: np.concatenate([one.found[way] for one in several]) for way in several[0].found},
    )
    month = every.months - every.months.min()

    def said(gain: Floats) -> Interval | None:
        table = np.column_stack([np.bincount(month, gain), np.bincount(month)])
        return interval(table, lambda drawn: drawn[:, 0].sum(axis=-1) / drawn[:, 1].sum(axis=-1), block=BLOCK, seed=seed)

    return [_row(every, i, other, said) for i in range(len(FIGURES)) for other in WAYS]


def _row(answers: Answers, figure: int, other: str, said: Callable[[Floats], Interval | None]) -> Json:
    similar, against = answers.found["similar"][:, figure], answers.found[other][:, figure]
    gain = against - similar if FIGURES[figure] == "volatility" else similar - against
    reach = said(gain)
    return {
        "series": answers.series,
        "figure": FIGURES[figure],
        "against": other,
        "similar": float(similar.mean()),
        "other": float(against.mean()),
        "better by": float(gain.mean()),
        "interval": [reach.low, reach.high] if reach else None,
        "n": len(gain),
        "learnt": float(answers.learnt.mean()),
    }


def _looks(columns: Columns, ids: list[str]) -> list[tuple[int, Weights]]:
    """Return every look that the agent would have taken, with how many situations had come."""
    looks: list[tuple[int, Weights]] = []
    for place in range(len(ids)):
        last = looks[-1] if looks else None
        if place >= due(last[1] if last else None, 1):
            now = int(columns.made[place])
            weights = look(columns, ids, LAYOUT, now, (last[1], int(columns.made[last[0]])) if last else None)
            looks += [(place, weights)] if weights else []
    return looks


def _nearest(columns: Columns, ids: list[str], place: int, past: Rows) -> Rows:
    return Search(columns, ids, columns.vectors[place], CHOSEN, AHEAD, 0, int(columns.bar[place])).exactly(past).picked


def _volatility(series: Series) -> Floats:
    """Log of the deviation of the 20 log returns after each bar; NaN where there are not as many."""
    returns = np.diff(np.log(series.bars.close * series.bars.growth))
    windows = np.lib.stride_tricks.sliding_window_view(returns, AHEAD)
    out = np.full(len(series), np.nan)
    out[: len(windows)] = np.log(np.maximum(windows.std(axis=1, ddof=1), 1e-9))
    return out


def _close(rows: Rows, now: int, truth: tuple[Floats, Rows]) -> tuple[float, float]:
    volatility, regimes = truth
    error = abs(float(volatility[rows].mean()) - float(volatility[now]))
    return error, float((regimes[rows + AHEAD] == regimes[now + AHEAD]).mean())


def _columns(series: Series, usable: Rows, settings: Settings) -> Columns:
    columns = Columns(len(usable), series.situations.shape[1])
    columns.vectors[:] = series.situations[usable]
    columns.bar[:] = columns.made[:] = usable  # bars stand for time here: so does the distance kept between the chosen
    columns.known[:] = usable + settings.plan.horizon
    for row, bar in enumerate(usable.tolist()):
        columns.buy[row], columns.sell[row] = _shadows(series, bar, settings)
    return columns


def _shadows(series: Series, bar: int, settings: Settings) -> tuple[float, float]:
    """Net R of the standard trade on both sides, as the agent's shadow outcomes have it."""
    plan, path = settings.plan, slice(bar + 1, bar + 1 + settings.plan.horizon)
    bars, scale = series.bars, series.bars.growth[path] / series.bars.growth[bar]
    prices = (bars.open[path] * scale, bars.high[path] * scale, bars.low[path] * scale, bars.close[path] * scale)
    atr = float(series.frame.column("atr_14")[bar])
    cost = series.instrument.fee_bps + series.instrument.slippage_bps
    buy, sell = (shadow_r(prices, side, plan.stop_atr * atr, plan.target_atr * atr, cost) for side in ("buy", "sell"))
    return buy, sell


def _lines(series: Series, usable: Rows, embedder: Embedder) -> tuple[Rows, NDArray[np.float32]]:
    """Return the number of each bar's line of words, and the vectors of the different lines."""
    texts = [
        describe(series.frame.row(int(i)), REGIMES[series.frame.regimes[i]] if series.frame.regimes[i] >= 0 else None)
        for i in usable
    ]
    names = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return np.array([names[text] for text in texts]), embedder.embed(list(names))


def _spread(order: Rows, usable: Rows) -> Rows:
    """Return the first ten in order that are at least a holding apart, as the search keeps them."""
    picked: list[int] = []
    for row in order.tolist():
        if all(abs(int(usable[row]) - int(usable[other])) >= AHEAD for other in picked):
            picked.append(row)
        if len(picked) == CHOSEN:
            break
    return np.array(picked, dtype=np.int64)


def main(files: list[str]) -> None:
    """Print a JSON line per figure."""
    settings = Settings()
    bars = [read_bars(Path(name))[0] for name in files] or [builtin("SP500"), builtin("NASDAQ")]
    embedder, several = text_embedder(settings), []
    for one in bars:
        several.append(measure(prepared([one], settings)[one.symbol], embedder, settings))
        _print(rows(several[-1]))
    if len(several) > 1:
        _print(together(several))


def _print(found: list[Json]) -> None:
    for row in found:
        sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    script.run(main, __doc__)
