"""A prepared series: bars with every feature, regime and situation, cut to any moment at no cost.

Promises: ``until`` holds nothing later than its time and equals, bit for bit, what preparing
only the earlier bars would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from agent.domain import REGIMES, Direction, MarketState, Peers, Regime
from agent.errors import MarketDataError
from agent.market.bars import Bars, frozen
from agent.market.features import FEATURES, FeatureFrame, compute, frame_of
from agent.market.instrument import Instrument
from agent.market.regime import classify
from agent.market.situation import vectors
from agent.market.words import describe
from agent.settings import Market


@dataclass(frozen=True, eq=False, slots=True)
class Series:
    """Bars and what they mean.

    ``ready`` is the first bar with every feature, the regime and the situation known and the
    set warm-up before it; it may lie beyond the last bar. ``volume_ratio`` is not waited
    for: whether volume ever comes is not known in advance.
    """

    bars: Bars
    instrument: Instrument
    frame: FeatureFrame
    situations: npt.NDArray[np.float32]
    ready: int

    def __len__(self) -> int:
        return len(self.bars)

    def head(self, n: int) -> Series:
        """The first n bars, sharing memory."""
        return Series(self.bars.head(n), self.instrument, self.frame.until_index(n), self.situations[:n], self.ready)

    def until(self, as_of: datetime) -> Series | None:
        """Only what was known at ``as_of``, sharing memory; None when no bar was."""
        n = self.bars.count_known(as_of)
        return self.head(n) if n else None

    def state(self, as_of: datetime, peers: Peers | None = None) -> MarketState:
        """The last bar as the agent sees it, with how it stands among others; raises MarketDataError when that bar is not
        known at ``as_of``.
        """
        bars = self.bars
        if bars.count_known(as_of) < len(bars) or not len(bars):
            raise MarketDataError(
                f"{bars.symbol}: its last bar is not known at {as_of.isoformat()}; cut the series with until() first"
            )
        features = self.frame.row(-1)
        regime = self._regime(features)
        return MarketState(
            symbol=bars.symbol,
            interval=bars.interval,
            as_of=as_of,
            bar_time=bars.timestamp(-1),
            close=float(bars.close[-1]),
            features=features,
            regime=regime,
            peers=peers,
            text=describe(features, regime.label, peers),
        )

    def _regime(self, features: Mapping[str, float | None]) -> Regime:
        code = int(self.frame.regimes[-1])
        shares: list[float] = self.frame.probabilities[-1].tolist()
        up, down = features["p_up"], features["p_down"]
        headed: dict[Direction, float] = {}
        if up is not None and down is not None:
            headed = {"up": up, "flat": max(0.0, 1.0 - up - down), "down": down}
        return Regime(
            label=REGIMES[code] if code >= 0 else None,
            probabilities=dict(zip(REGIMES, shares, strict=True)) if code >= 0 else {},
            direction=max(headed, key=headed.__getitem__) if headed else None,
            directions=headed,
        )


def prepare(bars: Bars, instrument: Instrument, market: Market) -> Series:
    """Compute everything a decision sees of a series, once."""
    features = compute(bars, instrument.bars_per_year)
    kinds = classify(features["volatility_20"], features["trend_strength"], features["adx_14"], market.regime_window)
    frame = frame_of(bars, features, kinds)
    situations = frozen(vectors(frame, bars.close))
    return Series(bars, instrument, frame, situations, _ready(frame, situations, market.warmup))


def _ready(frame: FeatureFrame, situations: npt.NDArray[np.float32], warmup: int) -> int:
    """The first bar from which everything but volume has been known; the warm-up at the least."""
    known = [~np.isnan(frame.column(name)) for name in FEATURES if name != "volume_ratio"]
    known += [frame.regimes >= 0, ~np.isnan(situations[:, 0])]  # a situation is known as a whole or not at all
    firsts = [int(values.argmax()) if values.any() else len(frame) for values in known]
    return max(warmup, *firsts)
