"""A person's preferences as limits: what they asked for, applied as tightening alone. Pure.

Promises: |size after| <= |size before|; an exit is never held back; every cut is a Clamp that names the preference; no
preference, and no set of them, allows what the limits forbid.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, model_validator

from agent.domain import Clamp, Decision, Frozen, RegimeLabel, Side, Signal

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ROUNDING = 1e-9  # a size that meets a bound to the last digits is not cut


class Preference(Frozen):
    """One wish: no entries (of a side, on a weekday, in a symbol, in a regime), or a figure that entries keep to.

    Fractions are of equity: ``max_risk`` between price and stop, ``max_position`` of one entry, ``max_exposure`` of the book.
    """

    id: str
    forbids: bool = False
    side: Side | None = None
    weekday: int | None = Field(None, ge=0, le=6)
    symbol: str | None = None
    regime: RegimeLabel | None = None
    max_risk: float | None = Field(None, gt=0, le=1)
    max_position: float | None = Field(None, gt=0, le=1)
    max_exposure: float | None = Field(None, gt=0, le=1)
    min_confidence: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _says_something(self) -> Preference:
        if not self.forbids and self.bounds() == {}:
            raise ValueError("a preference forbids entries or bounds a figure")
        return self

    def bounds(self) -> dict[str, float]:
        """The figures it bounds."""
        found = {n: getattr(self, n) for n in ("max_risk", "max_position", "max_exposure", "min_confidence")}
        return {name: value for name, value in found.items() if value is not None}

    def words(self) -> str:
        """What it does to later decisions, in a sentence."""
        where = f" in {self.symbol}" if self.symbol else ""
        where += f" in {self.regime} markets" if self.regime else ""
        where += f" decided or filled on a {DAYS[self.weekday]}" if self.weekday is not None else ""
        kind = {"buy": "long entries", "sell": "short entries", None: "entries"}[self.side]
        if self.forbids:
            return f"no {kind}{where}"
        told = {
            "max_risk": "risk at most {:.2%} of equity between price and stop",
            "max_position": "are at most {:.1%} of equity",
            "max_exposure": "bring the book to at most {:.1%} of equity",
            "min_confidence": "need a confidence of {:.2f}",
        }
        return f"{kind}{where} " + " and ".join(told[name].format(value) for name, value in self.bounds().items())

    def concerns(self, symbol: str, side: Side, regime: str | None, bar: datetime, as_of: datetime) -> bool:
        """Whether an entry is one that it speaks of; a weekday counts where the entry is decided and where it fills."""
        return (
            self.symbol in (None, symbol)
            and self.side in (None, side)
            and self.regime in (None, regime)
            and (self.weekday is None or self.weekday in (bar.weekday(), as_of.weekday()))
        )


class Entry(Frozen):
    """What the preferences must know of an entry: where and when, at what price, and how full the book is."""

    symbol: str
    regime: RegimeLabel | None
    bar: datetime
    as_of: datetime
    price: float
    exposure: float


def prefer(decision: Decision, signal: Signal, preferences: list[Preference], entry: Entry) -> tuple[Decision, list[Clamp]]:
    """Reduce what the limits let through to what a person prefers; an exit or a hold stays as it is."""
    if decision.action not in ("buy", "sell"):
        return decision, []
    side: Side = "buy" if decision.action == "buy" else "sell"
    size, clamps = abs(decision.size), []
    for preference in preferences:
        if not preference.concerns(entry.symbol, side, entry.regime, entry.bar, entry.as_of):
            continue
        ceiling = _ceiling(preference, signal, entry)
        if size > ceiling * (1 + ROUNDING):
            reason = f"you prefer {preference.words()}"
            clamps.append(Clamp(limit=f"preference:{preference.id}", from_=size, to=ceiling, reason=reason))
            size = ceiling
    if not clamps:
        return decision, []
    return Decision(action=decision.action if size > 0 else "hold", size=size if side == "buy" else -size), clamps


def _ceiling(preference: Preference, signal: Signal, entry: Entry) -> float:
    """The largest size that a preference allows."""
    if preference.forbids:
        return 0.0
    if preference.min_confidence is not None and signal.confidence < preference.min_confidence:
        return 0.0
    ceilings = [1.0]
    if preference.max_position is not None:
        ceilings.append(preference.max_position)
    if preference.max_exposure is not None:
        ceilings.append(max(0.0, preference.max_exposure - entry.exposure))
    if preference.max_risk is not None:
        distance = abs(entry.price - signal.stop) if signal.stop is not None else entry.price
        ceilings.append(preference.max_risk * entry.price / distance if distance > 0 else 0.0)
    return min(ceilings)
