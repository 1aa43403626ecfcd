"""Money: what a call costs, the most it could cost, and the hard stop in front of it.

Prices come from the price library, or from settings for what it does not know. The worst case of a call is every byte of
the request as a token (no tokeniser yields more), written to the cache, and the longest reply: a call is made only if what
was spent, what may have been spent and this worst case stay within the bounds. A call that ended without a reply but may
have been charged stays at its worst case.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from agent.domain import Usage
from agent.llm.faults import ModelFault
from agent.settings import Llm

MILLION = 1_000_000
CACHE_WRITE, CACHE_READ = 1.25, 0.1  # of the input price, where settings give the prices


def usage_of(reported: dict[str, Any]) -> Usage:
    """The API's usage block; ``input_tokens`` counts all that was read, the cached part included."""
    read, written = (int(reported.get(f"cache_{k}_input_tokens") or 0) for k in ("read", "creation"))
    return Usage(
        input_tokens=int(reported.get("input_tokens") or 0) + read + written,
        output_tokens=int(reported.get("output_tokens") or 0),
        cached_tokens=read,
        cache_write_tokens=written,
    )


@dataclass(frozen=True)
class Prices:
    """What tokens cost, in USD."""

    settings: Llm
    clock: Callable[[], datetime]

    def cost(self, model: str, usage: Usage) -> float | None:
        """The price of a call; None where nobody knows it."""
        given = self.settings
        if given.price_input is not None and given.price_output is not None:
            plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
            weighed = plain + CACHE_WRITE * usage.cache_write_tokens + CACHE_READ * usage.cached_tokens
            return (weighed * given.price_input + usage.output_tokens * given.price_output) / MILLION
        return _listed(model, usage, self.clock())

    def worst(self, model: str, body: bytes, max_tokens: int) -> float | None:
        """The most a call could cost."""
        most = Usage(input_tokens=len(body), cache_write_tokens=len(body), output_tokens=max_tokens)
        return self.cost(model, most)


def _listed(model: str, usage: Usage, at: datetime) -> float | None:
    if not _known(model):
        return None
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
    )
    return float(calc_price(tokens, model, provider_id="anthropic", genai_request_timestamp=at).total_price)


@lru_cache(maxsize=64)
def _known(model: str) -> bool:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    try:
        calc_price(Tokens(input_tokens=1, output_tokens=1), model, provider_id="anthropic")
    except LookupError:
        return False
    return True


@dataclass
class Spent:
    """What a run has spent: for certain, and at most besides (calls that ended without a reply); and what calls now under way
    may come to. Calls side by side share one.
    """

    total: float = 0.0
    at_risk: float = 0.0
    by_day: dict[date, float] = field(default_factory=dict)
    pending: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, cost: float, day: date, *, certain: bool = True) -> None:
        """Count an amount against the run and its day."""
        with self.lock:
            if certain:
                self.total += cost
            else:
                self.at_risk += cost
            self.by_day[day] = self.by_day.get(day, 0.0) + cost


@dataclass
class Budget:
    """The bounds of a run and a UTC day."""

    settings: Llm
    prices: Prices
    clock: Callable[[], datetime]
    spent: Spent = field(default_factory=Spent)

    @property
    def bounded(self) -> bool:
        """Whether there is any bound."""
        return self.settings.max_cost is not None or self.settings.max_cost_day is not None

    @contextmanager
    def reserved(self, model: str, body: bytes, max_tokens: int) -> Iterator[float]:
        """Hold the worst case of a call while it is under way; ModelFault ``budget`` or ``price`` when it may not be made."""
        worst = self.prices.worst(model, body, max_tokens)
        if worst is None:
            if self.bounded:
                raise ModelFault(
                    "price",
                    f"no price is known for {model}, so --max-cost cannot hold; set model.price_input and model.price_output, "
                    "or model.max_cost and model.max_cost_day to nothing",
                )
            worst = 0.0
        with self.spent.lock:
            self._check(worst)
            self.spent.pending += worst
        try:
            yield worst
        finally:
            with self.spent.lock:
                self.spent.pending -= worst

    def _check(self, worst: float) -> None:
        spent = self.spent
        run, day = spent.total + spent.at_risk + spent.pending, spent.by_day.get(self.clock().date(), 0.0) + spent.pending
        for what, bound, so_far in (
            ("--max-cost", self.settings.max_cost, run),
            ("model.max_cost_day", self.settings.max_cost_day, day),
        ):
            if bound is not None and so_far + worst > bound:
                raise ModelFault(
                    "budget", f"{what} {bound:g} USD: {so_far:.4f} spent and this call could cost {worst:.4f}; raise it to go on"
                )
