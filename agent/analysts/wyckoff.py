"""Wyckoff: is a trading range being bought or sold, by explicit rules on ranges and volume.

The range is the high and low of the 60 bars before the last three. A spring: one of the last three bars went below
the range and the close is back inside. An upthrust: the same above. Effort against result: volume of the
last five bars over its 60-bar mean, against their price movement over its usual size; much effort with little
result warns of a turn. Phase: after a fall of the 60 bars before the range accumulation, after a rise distribution.
Its memory: what springs and upthrusts of the last 252 bars came to within 10 bars, as far as that is known.
After R. D. Wyckoff (1931) as set down by H. Pruden (2007), The Three Skills of Top Trading.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from agent.analysts.memory import Past, remembered
from agent.analysts.speech import abstain, vote
from agent.domain import Vote
from agent.market.bars import Floats
from agent.market.series import Series

RANGE, RECENT, AFTER = 60, 3, 10
NEEDS = 2 * RANGE + RECENT
_YEAR = 252
_FEWEST = 4  # past events from which something is concluded
_EFFORT = 1.3


def events(high: Floats, low: Floats, close: Floats) -> npt.NDArray[np.int8]:
    """+1 for a spring, -1 for an upthrust, 0 for neither, for each bar from RANGE + RECENT - 1 on."""
    top = sliding_window_view(high, RANGE)[: len(high) - RANGE - RECENT + 1].max(axis=1)
    bottom = sliding_window_view(low, RANGE)[: len(low) - RANGE - RECENT + 1].min(axis=1)
    lowest = sliding_window_view(low, RECENT)[RANGE:].min(axis=1)
    highest = sliding_window_view(high, RECENT)[RANGE:].max(axis=1)
    now = close[RANGE + RECENT - 1 :]
    inside = (now > bottom) & (now < top)
    spring, upthrust = inside & (lowest < bottom), inside & (highest > top)
    found: npt.NDArray[np.int8] = spring.astype(np.int8) - upthrust.astype(np.int8)
    return found


def outcomes(found: npt.NDArray[np.int8], close: Floats) -> list[bool]:
    """Whether each earlier event, the first of its run, was followed by a move its way over AFTER bars; known ones only."""
    first = np.flatnonzero((found != 0) & (np.concatenate([[0], found[:-1]]) != found))
    first = first[first + AFTER < len(found)]
    tail = close[len(close) - len(found) :]
    return [bool((tail[i + AFTER] - tail[i]) * found[i] > 0) for i in first.tolist()]


def wyckoff(series: Series, past: Past) -> Vote:
    """What the rules say of the last bar."""
    n = min(len(series), _YEAR)
    if n < NEEDS:
        return abstain("wyckoff", f"{n} bars known, {NEEDS} needed.")
    bars, cut = series.bars, slice(len(series) - n, None)
    scale = bars.growth[cut] / bars.growth[-1]
    high, low, close = bars.high[cut] * scale, bars.low[cut] * scale, bars.close[cut] * scale
    if not high[-NEEDS:].max() > low[-NEEDS:].min():
        return abstain("wyckoff", "The price has not moved.")
    found = events(high, low, close)
    came = outcomes(found, close)
    before = float(close[-RANGE - RECENT] / close[-NEEDS] - 1)
    evidence = {"before_range": before, "past_events": float(len(came))}
    evidence |= _effort(close, bars.volume[cut])
    if found[-1] == 0:
        return abstain("wyckoff", "No spring and no upthrust in the last three bars.", evidence)
    return remembered(_speak(int(found[-1]), before, evidence, came), past, _by_past_events(came, evidence))


def _effort(close: Floats, volume: Floats) -> dict[str, float]:
    moves = np.abs(np.diff(close[-RANGE - 1 :]))
    usual = float(moves.mean())
    out = {"result": float(moves[-5:].mean()) / usual} if usual > 0 else {}
    recent = volume[-RANGE:]
    if np.isfinite(recent).all() and recent.mean() > 0:
        out["effort"] = float(recent[-5:].mean() / recent.mean())
    return out


def _speak(side: int, before: float, evidence: dict[str, float], came: list[bool]) -> Vote:
    phase = "accumulation" if before < 0 else "distribution"
    fits = (side > 0) == (before < 0)
    effort = evidence.get("effort", 0.0) > _EFFORT * max(evidence.get("result", 1.0), 1e-9)
    confidence = 0.5 + 0.15 * fits + 0.15 * effort
    name = "A spring below" if side > 0 else "An upthrust above"
    reason = f"{name} the 60-bar range closed back inside, {'as' if fits else 'though not as'} {phase} would have it"
    reason += ", with much effort and little result" if effort else ""
    if len(came) >= _FEWEST:
        reason += f"; {sum(came)} of the last {len(came)} such events held"
    return vote("wyckoff", side, confidence, reason + ".", evidence)


def _by_past_events(came: list[bool], evidence: dict[str, float]) -> float:
    if len(came) < _FEWEST:
        return 1.0
    share = sum(came) / len(came)
    evidence["past_held"] = share
    return 0.8 if share < 0.4 else 1.1 if share > 0.6 else 1.0
