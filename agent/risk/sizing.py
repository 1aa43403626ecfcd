"""How large a trade wants to be, before any limit.

Fixed-fractional sizing: the distance to the stop decides how much may be bought so that a stop
costs a set share of equity; then volatility scaling toward a yearly target (Moreira and Muir,
"Volatility-Managed Portfolios", Journal of Finance 2017), the plan's own fraction and the
multipliers of the market's condition and of recent performance.
"""

from __future__ import annotations

from agent.domain import Frozen, Side
from agent.settings import Limits


class Exits(Frozen):
    """Where a trade ends: distances in price units, longest holding in bars, and whose plan it is."""

    stop_distance: float
    target_distance: float
    max_bars: int
    fraction: float = 1.0
    plan: str = "standard"
    trail_distance: float | None = None


class Condition(Frozen):
    """Multipliers that the market's condition asks for, with the reason."""

    size: float = 1.0
    stop: float = 1.0
    target: float = 1.0
    reason: str | None = None


def condition(features: dict[str, float | None], regime: str | None) -> Condition:
    """Wild markets: wider stops, smaller size. Strong uptrends: larger. Choppy: tighter stops.

    A strong uptrend is a trending market that is heading up (p_up above 0.5) with ADX above 25; a choppy one ranges, is heading
    neither up nor down (each at most 0.5), and has ADX below 15.
    """
    volatility_z = features.get("volatility_z")
    if volatility_z is not None and volatility_z > 2:
        return Condition(size=0.8, stop=1.5, target=1.3, reason="volatility above two standard deviations")
    up, down, adx = (features.get(name) for name in ("p_up", "p_down", "adx_14"))
    if up is None or down is None or adx is None:
        return Condition()
    if regime == "trending" and up > 0.5 and adx > 25:
        return Condition(size=1.2, reason="strong uptrend")
    if regime == "ranging" and max(up, down) <= 0.5 and adx < 15:
        return Condition(stop=0.8, reason="choppy market")
    return Condition()


def bounded_exits(exits: Exits, atr: float, limits: Limits) -> Exits:
    """Hold a plan's stop and holding time inside what the limits allow."""
    stop = min(max(exits.stop_distance, limits.min_stop_atr * atr), limits.max_stop_atr * atr)
    return exits.model_copy(update={"stop_distance": stop, "max_bars": min(exits.max_bars, limits.max_bars)})


def drawn_in(exits: Exits, share: float, atr: float, limits: Limits) -> Exits:
    """The same exits with the stop at ``share`` of its distance, but not nearer than the limits allow."""
    nearest = min(exits.stop_distance, limits.min_stop_atr * atr)
    return exits.model_copy(update={"stop_distance": max(exits.stop_distance * share, nearest)})


def target_fraction(side: Side, price: float, exits: Exits, volatility: float | None, multiplier: float, limits: Limits) -> float:
    """The signed fraction of equity that risks ``limits.risk_per_trade`` at the stop, scaled by volatility."""
    fraction = limits.risk_per_trade * price / exits.stop_distance
    if volatility is not None and volatility > limits.target_volatility:
        fraction *= limits.target_volatility / volatility
    size = fraction * exits.fraction * multiplier
    return size if side == "buy" else -size
