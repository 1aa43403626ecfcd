"""The base strategies: momentum and RSI reversal, as pure functions of features and regime.

Promises: a voter that lacks a feature, or whose rule says nothing here, abstains and says
why; it is never neutral. A vote's direction is +1 or -1, its confidence lies in [0.5, 0.95].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agent.domain import MarketState, RegimeLabel, Vote

Features = Mapping[str, float | None]
Voter = Callable[[Features, RegimeLabel | None], Vote]

_MOMENTUM_NEEDS = ("momentum_10", "trend_strength", "macd_hist", "atr_14", "adx_14")
_LEAST, _MOST = 0.5, 0.95
_STRONG_TREND, _STRONG_ADX, _STRONG_HIST = 3.0, 40.0, 0.5  # in ATR, in ADX points, in ATR
_BUY_BELOW, _SELL_ABOVE, _REACH = 40.0, 60.0, 25.0  # RSI where reversal begins to speak, and points to full voice
_REVERSAL_MOST = 0.9


def momentum(features: Features, regime: RegimeLabel | None) -> Vote:
    """Follow the trend when the last 10 bars and the order of the 20- and 50-bar means agree.

    Confidence is 0.5 plus up to 0.15 each for the means' distance in ATR, for ADX, and for a
    MACD histogram that points the same way; a histogram against the trend adds nothing. It is a tenth higher (at most 0.95) in
    a trending market that is heading that way.
    """
    known = _known(features, _MOMENTUM_NEEDS)
    if known is None:
        return _abstain("momentum", _missing(features, _MOMENTUM_NEEDS))
    change, trend = known["momentum_10"], known["trend_strength"]
    if change * trend <= 0:
        return _abstain("momentum", f"10-bar momentum {change:+.2%} and the trend of {trend:+.2f} ATR do not agree.", known)
    side = 1.0 if trend > 0 else -1.0
    histogram = side * known["macd_hist"] / known["atr_14"]
    parts = (abs(trend) / _STRONG_TREND, known["adx_14"] / _STRONG_ADX, histogram / _STRONG_HIST)
    confidence = _LEAST + sum(0.15 * min(max(part, 0.0), 1.0) for part in parts)
    heading = "p_up" if side > 0 else "p_down"
    if regime == "trending" and (share := features.get(heading)) is not None and share > 0.5:
        confidence, known = confidence * 1.1, {**known, heading: share}
    backing = "confirms" if histogram > 0 else "does not confirm"
    reason = (
        f"Price {'rose' if side > 0 else 'fell'} {abs(change):.2%} in 10 bars with the 20-bar mean {abs(trend):.2f} ATR "
        f"{'above' if side > 0 else 'below'} the 50-bar mean (ADX {known['adx_14']:.0f}); MACD {backing} it."
    )
    return Vote(voter="momentum", direction=side, confidence=min(confidence, _MOST), reason=reason, evidence=known)


def rsi_reversal(features: Features, regime: RegimeLabel | None) -> Vote:
    """Buy weakness below RSI 40 and sell strength above 60, the more the further out.

    Confidence rises from 0.5 to 0.9 over 25 points, is a tenth higher (at most 0.9) in a
    ranging market, and the vote abstains where a trending market runs that way (weakness in a
    downtrend, strength in an uptrend by trend_strength).
    """
    known = _known(features, ("rsi_14", "trend_strength"))
    if known is None:
        return _abstain("rsi_reversal", _missing(features, ("rsi_14", "trend_strength")))
    rsi, trend = known["rsi_14"], known["trend_strength"]
    if _BUY_BELOW <= rsi <= _SELL_ABOVE:
        return _abstain("rsi_reversal", f"RSI {rsi:.1f} lies between {_BUY_BELOW:.0f} and {_SELL_ABOVE:.0f}.", known)
    side, beyond = (1.0, _BUY_BELOW - rsi) if rsi < _BUY_BELOW else (-1.0, rsi - _SELL_ABOVE)
    if regime == "trending" and side * trend < 0:
        return _abstain("rsi_reversal", f"RSI {rsi:.1f} goes with a trending market ({trend:+.2f} ATR).", known)
    confidence = _LEAST + (_REVERSAL_MOST - _LEAST) * min(beyond / _REACH, 1.0)
    if regime == "ranging":
        confidence *= 1.1
    move = "fallen" if side > 0 else "risen"
    reason = f"RSI {rsi:.1f} has {move} {beyond:.1f} points out of its middle in a {regime or 'not yet classified'} market."
    return Vote(voter="rsi_reversal", direction=side, confidence=min(confidence, _REVERSAL_MOST), reason=reason, evidence=known)


VOTERS: Mapping[str, Voter] = MappingProxyType({"momentum": momentum, "rsi_reversal": rsi_reversal})


def consult(state: MarketState) -> list[Vote]:
    """Every base strategy's vote on a state, in the published order."""
    return [voter(state.features, state.regime.label) for voter in VOTERS.values()]


def _known(features: Features, names: tuple[str, ...]) -> dict[str, float] | None:
    """The named features when every one is there."""
    found = {name: value for name in names if (value := features.get(name)) is not None}
    return found if len(found) == len(names) else None


def _missing(features: Features, names: tuple[str, ...]) -> str:
    lacking = ", ".join(name for name in names if features.get(name) is None)
    return f"No {lacking} yet."


def _abstain(voter: str, reason: str, evidence: dict[str, float] | None = None) -> Vote:
    return Vote(voter=voter, direction=0.0, confidence=0.0, abstained=True, reason=reason, evidence=evidence or {})
