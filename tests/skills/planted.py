"""Trades whose winners are known: drawn by a seed, with or without a condition under which more of them win."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from skills.discovery import Trade
from tests.skills.build import START

FEATURES = ("rsi_14", "adx_14", "bb_position", "volume_ratio", "momentum_10", "oc_range", "hl_range", "volatility_z")


def trades(seed: int, n: int = 1500, rate: float | None = None) -> list[Trade]:
    """``rate`` is the share won while rsi_14 < -0.6 and volume_ratio > 0.3 (about 10 % of trades); all others win half."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, len(FEATURES)))
    planted = (values[:, 0] < -0.6) & (values[:, 3] > 0.3)
    chance = np.where(planted & (rate is not None), rate or 0.5, 0.5)
    won = generator.random(n) < chance
    return [
        Trade(
            id=str(i),
            features=dict(zip(FEATURES, values[i].tolist(), strict=True)),
            side="buy",
            r=1.0 if won[i] else -1.0,
            opened_at=START + timedelta(days=i),
            closed_at=START + timedelta(days=i, hours=20),
        )
        for i in range(n)
    ]
