from __future__ import annotations

import numpy as np
import pytest

from agent.brokers.fills import shadow_r
from agent.domain import Side
from agent.risk.sizing import Exits
from skills.trial import apart, outcomes, trials
from tests.cycle.build import market

SERIES = market("SP500", seed=3, bars=500)


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize(("stop", "target", "holding"), [(1.0, 1.5, 1), (0.5, 0.7, 6), (2.0, 3.0, 20)])
def test_all_trades_at_once_pay_to_the_bit_what_each_pays_alone(side: Side, stop: float, target: float, holding: int) -> None:
    """A person could not trust a discovery whose trades are not those of the shadow book."""
    at, atr, bars = np.arange(len(SERIES)), SERIES.frame.column("atr_14"), SERIES.bars
    exits = Exits(stop_distance=stop, target_distance=target, max_bars=holding)
    found = outcomes(SERIES, at, side, exits, 4.0)
    for i in at.tolist():
        if i + holding >= len(bars) or not atr[i] > 0:
            assert np.isnan(found[i])
            continue
        path = slice(i + 1, i + 1 + holding)
        scale = bars.growth[path] / bars.growth[i]
        prices = (bars.open[path] * scale, bars.high[path] * scale, bars.low[path] * scale, bars.close[path] * scale)
        assert found[i] == shadow_r(prices, side, stop * atr[i], target * atr[i], 4.0)


def test_trades_of_one_symbol_never_overlap() -> None:
    exits = Exits(stop_distance=2.0, target_distance=3.0, max_bars=7)
    made = trials(SERIES, np.ones(len(SERIES), dtype=np.bool_), "buy", exits, 4.0)
    assert len(made.at) > 10
    assert made.at[0] >= SERIES.ready
    assert (made.at[1:] >= made.until[:-1]).all()
    assert apart(np.arange(3), np.full(3, np.nan), 2).mean_r is None
