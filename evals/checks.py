"""The gates of the mutation suite: what an honest run looks like, read from its facts and the bars alone.

Each check looks at a finished walk and returns how many times the rule was broken. None of them trusts the
code it checks: prices, fees and counts are worked out anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from agent.market.bars import to_stamp
from evals.runs import Walked

Json = dict[str, Any]
TOLERANCE = 1e-9


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _row(run: Walked, symbol: str, moment: datetime) -> int:
    return int(np.searchsorted(run.series[symbol].bars.start, to_stamp(moment).astype("datetime64[ns]")))


def clock_goes_forward(run: Walked) -> int:
    """Decisions are committed in the order of their time, each after its bar is known."""
    times = [_time(record["as_of"]) for record in run.of("cycle")]
    early = sum(_time(r["as_of"]) < _time(r["bar_time"]) + run.series[r["symbol"]].instrument.step for r in run.of("cycle"))
    return early + sum(later < sooner for sooner, later in zip(times, times[1:], strict=False))


def fills_at_the_next_open(run: Walked) -> int:
    """An entry fills on the bar after the one it was decided on, at that bar's open and slippage."""
    decided = {record["id"]: record for record in run.of("cycle")}
    broken = 0
    for fill in run.of("fill"):
        record = decided.get(fill["decision"])
        if record is None or fill["client_id"] != fill["decision"]:
            continue
        bars = run.series[fill["symbol"]].bars
        row = _row(run, fill["symbol"], _time(record["bar_time"])) + 1
        late_enough = row < len(bars) and _time(fill["at"]) == bars.timestamp(row)
        broken += not (late_enough and abs(fill["price"] / bars.open[row] - 1) < 0.01)
    return broken


def costs_are_paid(run: Walked) -> int:
    """Every fill pays the instrument's fee, and every entry its slippage on the open."""
    broken = 0
    for fill in run.of("fill"):
        series = run.series[fill["symbol"]]
        terms, bars = series.instrument, series.bars
        due = float(fill["quantity"]) * fill["price"] * terms.fee_bps / 1e4
        broken += abs(fill["fee"] - due) > TOLERANCE * max(1.0, due)
        row = _row(run, fill["symbol"], _time(fill["at"]))
        if not fill["client_id"].endswith(":exit") and row < len(bars):
            worse = (fill["price"] / bars.open[row] - 1) * (1 if fill["side"] == "buy" else -1)
            broken += int(worse < terms.slippage_bps / 1e4 - TOLERANCE)
    return broken


def each_outcome_counts_once(run: Walked) -> int:
    """A closed trade is taught once: the regime table counts what was closed, no record names it twice."""
    closed = run.of("closed_trade")
    counted = sum(row["trades"] for row in run.regimes.values())
    reported = [outcome["position"] for record in run.of("cycle") for outcome in record["outcomes"]]
    counted_wrong = abs(int(counted) - len(closed))
    return counted_wrong + len(reported) - len(set(reported))


def memory_is_of_the_past(run: Walked) -> int:
    """Every recalled situation's horizon had closed by the time it was recalled."""
    broken = 0
    for record in run.of("cycle"):
        for item in record["recollection"]["analogues"]:
            bars = run.series[item["symbol"]].bars
            row = _row(run, item["symbol"], _time(item["bar_time"])) + run.settings.plan.horizon
            step = run.series[item["symbol"]].instrument.step
            broken += row >= len(bars) or bars.timestamp(row) + step > _time(record["as_of"])
    return broken


CHECKS: dict[str, Callable[[Walked], int]] = {
    "clock-goes-forward": clock_goes_forward,
    "fills-at-the-next-open": fills_at_the_next_open,
    "costs-are-paid": costs_are_paid,
    "each-outcome-counts-once": each_outcome_counts_once,
    "memory-is-of-the-past": memory_is_of_the_past,
}
