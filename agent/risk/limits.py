"""The limits: what a signal may become. Pure, and each step only ever reduces.

Promises: |decision size| <= |signal size|; halted or paused means no entry while exits still work;
every reduction is a Clamp with its reason.
"""

from __future__ import annotations

from datetime import datetime

from agent.domain import Action, Clamp, Decision, Frozen, Position, Signal, Utc
from agent.settings import SESSION, WEEKDAYS, Limits


class Standing(Frozen):
    """What the limits need to know of the book and its recent past, for one symbol.

    Exposures are fractions of equity, entries that wait included; ``correlated`` is what moves with the symbol; ``liquid``
    is the mean traded value of a bar as a fraction of equity, None where volume is unknown; ``jump`` is the last bar's move,
    ``price`` its close.
    """

    equity: float
    exposure: float
    drawdown: float
    daily_loss: float
    position: Position | None
    cooldown: int = 0
    halted: str | None = None
    entries_stopped: str | None = None
    can_short: bool = True
    weekly_loss: float = 0.0
    symbol: str = ""
    at: Utc | None = None
    symbol_exposure: float = 0.0
    correlated: float = 0.0
    liquid: float | None = None
    jump: float = 0.0
    price: float | None = None
    orders_minute: int = 0
    venue: str | None = None


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
    return found + _improper(standing, limits)


def _improper(standing: Standing, limits: Limits) -> list[tuple[str, str]]:
    """Reasons that lie in the week, the market and the hour rather than in the signal."""
    found: list[tuple[str, str]] = []
    if standing.weekly_loss >= limits.max_weekly_loss:
        found.append(("max_weekly_loss", f"the week has lost {standing.weekly_loss:.1%}"))
    if limits.symbols and standing.symbol not in limits.symbols:
        found.append(("symbols", f"{standing.symbol} is not among the symbols that may be entered"))
    if limits.sessions and (standing.at is None or not any(inside(text, standing.at) for text in limits.sessions)):
        found.append(("sessions", f"entries are made only in {', '.join(limits.sessions)} UTC"))
    if standing.jump > limits.max_jump:
        found.append(("max_jump", f"the last bar moved {standing.jump:.0%}, which is not believed"))
    if standing.orders_minute >= limits.max_orders_minute:
        found.append(("max_orders_minute", f"{standing.orders_minute} orders were sent in the last minute"))
    if standing.venue is not None:
        found.append(("venue_away", standing.venue))
    return found


def inside(session: str, at: datetime) -> bool:
    """Whether a time (UTC) lies in a session such as ``mon-fri 14:00-20:30``; one that ends before it begins wraps midnight."""
    match = SESSION.fullmatch(session)
    if match is None:
        return False
    first, last = WEEKDAYS.index(match[1]), WEEKDAYS.index(match[2] or match[1])
    days = {(first + i) % 7 for i in range((last - first) % 7 + 1)}
    now, begin, end = f"{at:%H:%M}", match[3], match[4]
    if begin < end:
        return at.weekday() in days and begin <= now < end
    return (at.weekday() in days and now >= begin) or ((at.weekday() - 1) % 7 in days and now < end)


def _ceilings(signal: Signal, standing: Standing, limits: Limits) -> list[tuple[str, float, str]]:
    """Upper bounds of the absolute size, in the order they are applied."""
    found = [
        ("max_position", limits.max_position, f"one position holds at most {limits.max_position:.0%} of equity"),
        (
            "max_exposure",
            max(0.0, limits.max_exposure - standing.exposure),
            f"the book holds at most {limits.max_exposure:.0%} and has {standing.exposure:.1%}",
        ),
        (
            "max_leverage",
            max(0.0, limits.max_leverage - standing.exposure),
            f"gross exposure is at most {limits.max_leverage:.2f} times equity and is {standing.exposure:.2f}",
        ),
        (
            "max_symbol",
            max(0.0, limits.max_symbol - standing.symbol_exposure),
            f"one symbol holds at most {limits.max_symbol:.0%} and has {standing.symbol_exposure:.1%}",
        ),
        (
            "max_correlated",
            max(0.0, limits.max_correlated - standing.correlated),
            f"what moves together holds at most {limits.max_correlated:.0%} and has {standing.correlated:.1%}",
        ),
    ]
    if standing.price is not None and signal.stop is not None and signal.stop != standing.price:
        most = limits.max_risk * standing.price / abs(standing.price - signal.stop)
        found.append(("max_risk", most, f"an entry risks at most {limits.max_risk:.2%} of equity between price and stop"))
    if standing.liquid is not None and limits.max_liquidity_share < 1:
        most = limits.max_liquidity_share * standing.liquid
        found.append(
            ("max_liquidity_share", most, f"an entry is at most {limits.max_liquidity_share:.1%} of a bar's traded value")
        )
    return found


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
    for name, ceiling, reason in _ceilings(signal, standing, limits):
        if size > ceiling:
            clamps.append(Clamp(limit=name, from_=size, to=ceiling, reason=reason))
            size = ceiling
    action: Action = signal.action if size > 0 else "hold"
    return Decision(action=action, size=size if signal.action == "buy" else -size), clamps
