"""What a model sees of a decision when nothing may be known by heart: names, dates and price levels replaced.

Promises: arithmetic, records and results keep the true values, for only the copy that is shown is changed; every symbol, time
and price of that copy is the masked one, in typed fields and in words; ratios, ranges, weekdays and times of day stay; what
the model answers is turned back. The same seed masks alike.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from agent.domain import Analogue, MarketState, Memory, Peers, Position, Recollection, Signal, Vote
from agent.market.features import PRICE_LEVELS
from agent.market.masking import FIRST_CLOSE, Mask
from agent.reason.context import Context
from agent.reason.reply import ModelSignal
from agent.risk.sizing import Exits

_DATE = re.compile(r"(?<![\w-])(\d{4})-(\d{2})-(\d{2})(?!\d)")
_PERIOD = re.compile(r"(?<![\w.,-])((?:19|20)\d{2})(?:Q([1-4])|-(\d{2}))?(?![\w.,]*\d)")
_FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
_SPREAD = 20.0  # a price level nobody could scale by a first close is moved by up to this factor


@dataclass(frozen=True)
class Veil:
    """The masks of a run by symbol; a symbol without one gets a name and a level of its own. One shift of dates for all."""

    masks: Mapping[str, Mask]
    seed: int
    shift: timedelta

    @classmethod
    def over(cls, symbols: Iterable[str], first_close: Mapping[str, float], seed: int) -> Veil:
        """Names in the order of a seeded shuffle, one shift of whole weeks, levels from each symbol's first close where known."""
        shift = timedelta(weeks=52 + _draw(seed, "weeks") % (52 * 39))
        ranked = sorted(symbols, key=lambda symbol: _draw(seed, symbol))
        masks = {
            symbol: Mask(symbol, f"ASSET{number}", shift, _factor(seed, symbol, first_close.get(symbol)))
            for number, symbol in enumerate(ranked, start=1)
        }
        return cls(masks, seed, shift)

    def mask(self, symbol: str) -> Mask:
        """A symbol's mask."""
        found = self.masks.get(symbol)
        return found or Mask(symbol, f"ASSETX{_draw(self.seed, symbol) % 10**6}", self.shift, _factor(self.seed, symbol, None))

    def context(self, context: Context) -> Context:
        """The copy that is shown."""
        mask, state = self.mask(context.state.symbol), context.state
        levels = [state.close, *(v for k in PRICE_LEVELS if (v := state.features.get(k)) is not None)]
        return context.model_copy(
            update={
                "state": self._state(state, mask),
                "votes": [self._vote(vote, mask, levels) for vote in context.votes],
                "recollection": self._recollection(context.recollection),
                "plans": {name: _scaled(exits, mask.factor) for name, exits in context.plans.items()},
                "standard": _scaled(context.standard, mask.factor),
                "position": None if context.position is None else self._position(context.position, mask),
            }
        )

    def signal(self, symbol: str, signal: Signal) -> Signal:
        """The arithmetic signal as it is shown."""
        factor = self.mask(symbol).factor
        return signal.model_copy(update={"stop": _times(signal.stop, factor), "target": _times(signal.target, factor)})

    def words(self, text: str) -> str:
        """A text with every symbol and date masked."""
        return self._dated(self._named(text, self._true_names), -self.shift)

    def true_words(self, text: str, symbol: str | None = None) -> str:
        """A text of the model's with true names and dates; its figures stay as it wrote them."""
        back = {mask.masked: true for true, mask in self.masks.items()}
        if symbol is not None:
            back[self.mask(symbol).masked] = symbol
        return self._dated(self._named(text, (_names(back), back)), self.shift)

    def lifted(self, symbol: str, said: ModelSignal) -> ModelSignal:
        """What the model said, in true prices, names and dates; figures inside its words stay as it wrote them."""
        factor = 1 / self.mask(symbol).factor
        words = {name: self.true_words(getattr(said, name), symbol) for name in ("thesis", "change_mind", "dissent")}
        prices = {"stop": _times(said.stop, factor), "target": _times(said.target, factor)}
        return said.model_copy(update={**words, **prices})

    @cached_property
    def _true_names(self) -> tuple[re.Pattern[str], Mapping[str, str]]:
        names = {symbol: mask.masked for symbol, mask in self.masks.items()}
        return _names(names), names

    def _named(self, text: str, names: tuple[re.Pattern[str], Mapping[str, str]]) -> str:
        pattern, table = names
        upper = {name.upper(): other for name, other in table.items()}
        return pattern.sub(lambda found: upper[found[0].upper()], text) if table else text

    def _dated(self, text: str, by: timedelta) -> str:
        """Dates, quarters, months and years moved; a year alone is moved from its middle."""

        def period(found: re.Match[str]) -> str:
            month = {None: 7, "1": 2, "2": 5, "3": 8, "4": 11}[found[2]] if found[3] is None else int(found[3])
            moved = _moved(int(found[1]), month, 15, by)
            if moved is None or (found[2] is None and found[3] is None):
                return found[0] if moved is None else str(moved.year)
            return f"{moved.year}Q{(moved.month + 2) // 3}" if found[2] else f"{moved:%Y-%m}"

        kept: list[str] = []

        def day(found: re.Match[str]) -> str:
            moved = _moved(int(found[1]), int(found[2]), int(found[3]), by)
            kept.append(found[0] if moved is None else moved.isoformat())
            return f"\0{len(kept) - 1}\0"  # so that the year of a moved date is not moved again

        moved = _PERIOD.sub(period, _DATE.sub(day, text))
        return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], moved)

    def _state(self, state: MarketState, mask: Mask) -> MarketState:
        features = {
            name: value * mask.factor if name in PRICE_LEVELS and value is not None else value
            for name, value in state.features.items()
        }
        return state.model_copy(
            update={
                "symbol": mask.masked,
                "as_of": self._when(state.as_of),
                "bar_time": self._when(state.bar_time),
                "close": state.close * mask.factor,
                "features": features,
                "peers": self._peers(state.peers),
            }
        )

    def _peers(self, peers: Peers | None) -> Peers | None:
        return peers and peers.model_copy(update={"symbols": [self.mask(symbol).masked for symbol in peers.symbols]})

    def _vote(self, vote: Vote, mask: Mask, levels: list[float]) -> Vote:
        """Prices in a reason are those that equal, as written, a level or something of the evidence as large as a price."""
        near = [v for k, v in vote.evidence.items() if levels[0] / 2 < v < levels[0] * 2 and not k.endswith("_to_usual")]
        known = [*levels, *near]

        def price(found: re.Match[str]) -> str:
            decimals = len(found[0].partition(".")[2])
            value = float(found[0].replace(",", ""))
            same = any(abs(value - abs(level)) <= 0.5 * 10**-decimals + 1e-9 for level in known)
            return f"{value * mask.factor:,.{decimals}f}" if same else found[0]

        return vote.model_copy(update={"reason": _FIGURE.sub(price, self.words(vote.reason)), "evidence": {}})

    def _recollection(self, found: Recollection) -> Recollection:
        def analogue(one: Analogue) -> Analogue:
            return one.model_copy(update={"symbol": self.mask(one.symbol).masked, "bar_time": self._when(one.bar_time)})

        def memory(one: Memory) -> Memory:
            times = {"happened_at": self._when(one.happened_at), "known_at": self._when(one.known_at)}
            symbol = None if one.symbol is None else self.mask(one.symbol).masked
            return one.model_copy(update={**times, "symbol": symbol, "key": "", "content": self.words(one.content)})

        return found.model_copy(
            update={
                "analogues": [analogue(one) for one in found.analogues],
                "counter_evidence": [analogue(one) for one in found.counter_evidence],
                "memories": [memory(one) for one in found.memories],
            }
        )

    def _position(self, held: Position, mask: Mask) -> Position:
        prices = ("entry_price", "stop", "target", "risk", "worst", "best", "last")
        scaled = {name: _times(getattr(held, name), mask.factor) for name in prices}
        return held.model_copy(update={"symbol": mask.masked, "entry_bar": self._when(held.entry_bar), **scaled})

    def _when(self, moment: datetime) -> datetime:
        return moment - self.shift


def _moved(year: int, month: int, day: int, by: timedelta) -> date | None:
    try:
        return date(year, month, day) + by
    except (ValueError, OverflowError):
        return None


def _names(table: Iterable[str]) -> re.Pattern[str]:
    """Any of the names by itself, the longest first."""
    longest = sorted(table, key=lambda name: (-len(name), name))
    return re.compile(r"(?<![A-Za-z0-9])(?:" + "|".join(map(re.escape, longest)) + r")(?![A-Za-z0-9])", re.IGNORECASE)


def _draw(seed: int, what: str) -> int:
    return int.from_bytes(hashlib.sha256(f"veil|{seed}|{what}".encode()).digest()[:8])


def _factor(seed: int, symbol: str, first_close: float | None) -> float:
    share = (_draw(seed, f"level|{symbol}") % 10**6) / 10**6
    if first_close is None:
        return math.exp((2 * share - 1) * math.log(_SPREAD))
    low, high = FIRST_CLOSE
    return (low + (high - low) * share) / first_close


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _scaled(exits: Exits, factor: float) -> Exits:
    distances = {"stop_distance": exits.stop_distance * factor, "target_distance": exits.target_distance * factor}
    return exits.model_copy(update=distances)
