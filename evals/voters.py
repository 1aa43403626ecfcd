"""Voters with a known record: one that reads the plant, and any number that toss coins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial

from agent.domain import MarketState, Vote

SURE, UNSURE = 0.7, 0.5  # the middle and the least of what the house's own voters say


def follows_spikes(state: MarketState, *, threshold: float | None, confidence: float) -> Vote:
    """Vote for the direction of the last bar: always, or only where volume_ratio exceeds ``threshold``."""
    body, volume = state.features.get("oc_range"), state.features.get("volume_ratio")
    if not body or volume is None or (threshold is not None and volume <= threshold):
        return Vote(voter="planted", direction=0, confidence=0, abstained=True, reason="no spike")
    return Vote(voter="planted", direction=1 if body > 0 else -1, confidence=confidence, reason="goes on as it went")


def coin(state: MarketState, *, name: str, seed: int, confidence: float) -> Vote:
    """Vote at random: the same seed, name and bar give the same vote."""
    text = f"{seed}|{name}|{state.bar_time.isoformat()}"
    up = hashlib.sha256(text.encode()).digest()[0] < 128
    return Vote(voter=name, direction=1 if up else -1, confidence=confidence, reason="a coin")


def panel(seed: int, coins: int, threshold: float | None) -> tuple[tuple[str, ...], Callable[[MarketState], list[Vote]]]:
    """Names and the consultation of one planted voter among ``coins`` that know nothing.

    One without a threshold speaks on every bar and is unsure each time, so that
    what memory adds or takes decides whether to enter.
    """
    confidence = UNSURE if threshold is None else SURE
    names = tuple(f"coin_{n}" for n in range(1, coins + 1))
    voters: list[Callable[[MarketState], Vote]] = [partial(follows_spikes, threshold=threshold, confidence=confidence)]
    voters += [partial(coin, name=name, seed=seed, confidence=confidence) for name in names]
    return ("planted", *names), lambda state: [voter(state) for voter in voters]
