"""Recall: what memory brings to a decision, as far as it was known by then."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from agent.domain import LocalRecord, Recollection
from agent.market.series import Series
from agent.market.situation import SITUATION
from memory_db.store import MemoryStore

SHOWN = 8  # analogues kept on the record; the estimate rests on all that were chosen


def recollect(
    memory: MemoryStore,
    series: Series,
    as_of: datetime,
    k: int | None = None,
    *,
    shuffle: int | None = None,
    shown: bool = False,
) -> Recollection:
    """Situations like the last of ``series``, with what followed and who was right in them, and what was remembered lately.

    Empty while the features of its last bar are not known.

    The holding window is the time that the standard horizon took on this series, so that no two
    chosen situations of a symbol share bars. ``shuffle`` seeds a control: outcomes permuted among memories.
    ``shown`` is for a person rather than for a decision: learnt weights may then say what is near.
    """
    vector, horizon = series.situations[-1], memory.settings.plan.horizon
    if len(series) <= horizon or not np.isfinite(vector).all():
        return Recollection()
    window = int((series.bars.start[-1] - series.bars.start[-1 - horizon]).astype("timedelta64[ns]").astype(np.int64))
    voted = memory.reliability(vector, as_of=as_of, horizon_ns=window, shuffle=shuffle)
    found = memory.recall(vector, symbol=series.bars.symbol, as_of=as_of, horizon_ns=window, k=k, shuffle=shuffle, shown=shown)
    return Recollection(
        analogues=found.analogues[: k or SHOWN],
        estimate=found.estimate,
        other_side=found.other_side,
        counter_evidence=found.counter_evidence,
        reliability=[
            LocalRecord(voter=one.voter, by=SITUATION[one.dimension], share=one.share, rate=one.rate, n_eff=one.n_eff)
            for one in voted
        ],
        memories=memory.window(series.bars.symbol, as_of),
    )
