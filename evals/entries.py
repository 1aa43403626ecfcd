"""Do entries pay more than bars do? What the agent's entries and its voters chose, beside every bar of the same series.

    python -m evals.entries [FILE..]

Every bar has a standard trade on either side: from the next open, with the standard exits, net of costs. ``entries`` compares
those of the bars where the agent entered, on the side it took, with those of all bars on that side; ``momentum`` and the other
voters likewise, on the bars where they spoke. Above 0, choosing helped; nothing is learnt from it. Intervals
(95 %) are block bootstrap over bars, entries and all bars drawn together; ``all series`` lays the series end to end. Each file
is walked whole by itself, with all defaults. The files' default are the two price indices that come with the installation.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.analysts.base import VOTERS
from agent.market.bars import Bars
from agent.market.feed import builtin, read_bars
from agent.settings import Settings
from agent.statistics import interval
from evals import script
from evals.runs import Walked, plan_of, walked

Json = dict[str, Any]
Table = NDArray[np.float64]
ENTRIES = "entries"
POOLED = "all series"
_BLOCK = 4  # holding windows that are drawn together


def chosen(run: Walked) -> dict[tuple[str, str], Table]:
    """Return, for who chose and on which side, a row a bar: what a standard trade on that side paid, and 1 where chosen."""
    paid = {fact["situation"]: fact for fact in run.of("shadow")}
    told: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for record in run.of("cycle"):
        shadow = paid.get(record["id"])
        if shadow is None:
            continue
        scores = {vote["voter"]: vote["direction"] for vote in record["votes"] if not vote["abstained"]}
        action = (record.get("decision") or {}).get("action")
        for side, sign in (("buy", 1), ("sell", -1)):
            told[ENTRIES, side].append((shadow[side], float(action == side)))
            for voter in VOTERS:
                told[voter, side].append((shadow[side], float(scores.get(voter, 0) * sign > 0)))
    return {key: np.array(rows) for key, rows in told.items() if any(picked for _, picked in rows)}


def row(name: str, who: str, side: str, table: Table, horizon: int, seed: int = 0) -> Json:
    """Return what the chosen bars paid (R, net), what all did, and the difference with its interval."""
    said = interval(table, _difference, block=_BLOCK * horizon, seed=seed)
    picked = table[:, 1] > 0
    return {
        "series": name,
        "who": who,
        "side": side,
        "n": int(picked.sum()),
        "paid": float(table[picked, 0].mean()),
        "all bars": float(table[:, 0].mean()),
        "difference": float(table[picked, 0].mean() - table[:, 0].mean()),
        "interval": [said.low, said.high] if said else None,
    }


def _difference(drawn: Table) -> Table:
    paid, picked = drawn[..., 0, :], drawn[..., 1, :]
    found: Table = (paid * picked).sum(axis=-1) / picked.sum(axis=-1) - paid.mean(axis=-1)
    return found


def measure(series: list[Bars], settings: Settings) -> Iterator[Json]:
    """Yield a row for each series, chooser and side as soon as it is known, then for all series together if there are several."""
    together: dict[tuple[str, str], list[Table]] = defaultdict(list)
    horizon = settings.plan.horizon
    for bars in series:
        tables = chosen(walked(plan_of([bars], settings)))
        for (who, side), table in sorted(tables.items()):
            yield row(f"{bars.symbol}-{bars.interval}", who, side, table, horizon, settings.seed)
            together[who, side].append(_centred(table))
    if len(series) > 1:
        for (who, side), parts in sorted(together.items()):
            yield row(POOLED, who, side, np.concatenate(parts), horizon, settings.seed)


def _centred(table: Table) -> Table:
    """What bars paid beyond their own series' mean: else a series that fell would speak against who traded there most."""
    return np.column_stack([table[:, 0] - table[:, 0].mean(), table[:, 1]])


def main(files: list[str]) -> None:
    """Print a JSON line per figure."""
    bars = [read_bars(Path(name))[0] for name in files] or [builtin("SP500"), builtin("NASDAQ")]
    for found in measure(bars, Settings()):
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    script.run(main, __doc__)
