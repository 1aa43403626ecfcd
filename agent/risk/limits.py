"""The limits: what a signal may become. Pure, and each step only ever reduces.

Promises: |decision size| <= |signal size|; halted or paused means no entry while exits still work;
every reduction is a Clamp with its reason.
"""

from __future__ import annotations

from agent.domain import Action, Clamp, Decision, Frozen, Position, Signal
from agent.settings import Limits


class Standing(Frozen):
    """What the limits need to know of the book and its recent past, for one symbol."""

    equity: float
    exposure: float
    drawdown: float
    daily_loss: float
    position: Position | None
    cooldown: int = 0
    halted: str | None = None
    entries_stopped: str | None = None
    can_short: bool = True


def _blocks(signal: Signal, standing: Standing, limits: Limits) -> list[tuple[str, str]]:
    """Every reason that forbids an entry altogether."""
    found: list[tuple[str, str]] = []
    if standing.halted:
        found.append(("halt", standing.halted))
    if standing.entries_stopped:
        found.append(("stop_entry", standing.entries_stopped))
    if signal.action == "sell" and not limits.allow_short:
        found.append(("allow_short", "shorts are not allowed by the settings"))
    if signal.action == "sell" and not standing.can_short:
        found.append(("venue", "the venue does not short this instrument"))
    if standing.position is not None:
        found.append(("one_position", f"{standing.position.symbol} already has a position; close it first"))
    if standing.equity <= 0:
        found.append(("equity", "there is no equity left"))
    if standing.daily_loss >= limits.max_daily_loss:
        found.append(("max_daily_loss", f"the day has lost {standing.daily_loss:.1%}"))
    if standing.drawdown >= limits.max_drawdown:
        found.append(("max_drawdown", f"the drawdown is {standing.drawdown:.1%}"))
    if standing.cooldown > 0:
        found.append(("cooldown", f"{limits.max_consecutive_losses} losses in a row: {standing.cooldown} bars to wait"))
    return found


def _ceilings(standing: Standing, limits: Limits) -> list[tuple[str, float, str]]:
    """Upper bounds of the absolute size, in the order they are applied."""
    return [
        ("max_position", limits.max_position, f"one position holds at most {limits.max_position:.0%} of equity"),
        (
            "max_exposure",
            max(0.0, limits.max_exposure - standing.exposure),
            f"the book holds at most {limits.max_exposure:.0%} and has {standing.exposure:.1%}",
        ),
    ]


def limit(signal: Signal, standing: Standing, limits: Limits) -> tuple[Decision, list[Clamp]]:
    """Reduce a signal to what may be done now."""
    if signal.action not in ("buy", "sell"):
        return Decision(action=signal.action, size=0.0), []
    size, clamps = abs(signal.size), []
    for name, reason in _blocks(signal, standing, limits):
        clamps.append(Clamp(limit=name, from_=size, to=0.0, reason=reason))
        size = 0.0
    if standing.drawdown >= limits.drawdown_throttle and size > 0:
        clamps.append(Clamp(limit="drawdown_throttle", from_=size, to=size / 2, reason=f"drawdown {standing.drawdown:.1%}"))
        size /= 2
    for name, ceiling, reason in _ceilings(standing, limits):
        if size > ceiling:
            clamps.append(Clamp(limit=name, from_=size, to=ceiling, reason=reason))
            size = ceiling
    action: Action = signal.action if size > 0 else "hold"
    return Decision(action=action, size=size if signal.action == "buy" else -size), clamps
