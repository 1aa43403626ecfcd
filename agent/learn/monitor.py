"""The performance monitor: the last settled trades change size and threshold, for a while.

A win rate below 45 % over the last 20 trades, though a fair coin shows it a quarter of the time, takes
size x0.7 and the entry threshold to 0.70 until a shadow book on the old threshold wins half of its last 20,
or 60 bars at the latest (the periodic reset that stops the loop from feeding on itself). The shadow book goes on from the
trades that raised the alert, and enters where a decision would have without one. Losing streaks pause a symbol.
When an alert ends, the change that ends it says what the alert was worth against that shadow book, with its interval.
"""

from __future__ import annotations

import math
from typing import Any

from scipy.special import stdtrit

from agent.domain import Frozen, Outcome, ParameterChange
from agent.settings import Learning, Limits

Change = tuple[str, str, Any]
MOST_GAINS = 500  # signals of one alert that are kept for its impact


class MonitorState(Frozen):
    """What the monitor remembers: recent wins, the shadow book's, and each symbol's bars since the alert began.

    ``gains`` are, for each signal closed since, its net R under the alert's parameters less its net R under the old ones.
    """

    wins: list[bool] = []
    shadow_wins: list[bool] = []
    alert: bool = False
    alert_bars: dict[str, int] = {}
    gains: list[float] = []
    seen: int = 0


class Streak(Frozen):
    """Losses in a row of one symbol and the bars its entries still wait."""

    losses: int = 0
    cooldown: int = 0


class Monitor:
    """Holds the adaptive parameters and says when and why they change."""

    def __init__(self, learning: Learning, limits: Limits, min_confidence: float) -> None:
        """Start from the settings' threshold and full size."""
        self._learning, self._limits, self._threshold = learning, limits, min_confidence
        self.state = MonitorState()
        self.streaks: dict[str, Streak] = {}
        self._saved = self.state
        self._touched: set[str] = set()

    def restore(self, spaces: dict[str, dict[str, Any]]) -> None:
        """Take up the journal's state."""
        if "state" in spaces["monitor"]:
            self.state = self._saved = MonitorState.model_validate(spaces["monitor"]["state"])
        self.streaks = {k: Streak.model_validate(v) for k, v in spaces["streaks"].items()}

    @property
    def parameters(self) -> dict[str, float]:
        """The adaptive parameters in force."""
        if self.state.alert:
            threshold = max(self._learning.alert_confidence, self._threshold)
            return {"size_multiplier": self._learning.alert_size, "min_confidence": threshold}
        return {"size_multiplier": 1.0, "min_confidence": self._threshold}

    def cooldown(self, symbol: str) -> int:
        """Bars this symbol's entries still wait."""
        return self.streaks.get(symbol, Streak()).cooldown

    def tick(self, symbol: str) -> list[Change]:
        """A bar of this symbol has passed."""
        changes: list[Change] = []
        streak = self.streaks.get(symbol, Streak())
        if streak.cooldown:
            changes += self._set_streak(symbol, streak.model_copy(update={"cooldown": streak.cooldown - 1}))
        if self.state.alert:
            bars = self.state.alert_bars
            self.state = self.state.model_copy(update={"alert_bars": {**bars, symbol: bars.get(symbol, 0) + 1}})
            changes.append(self._dump())
        return changes

    def settle(self, outcome: Outcome) -> list[Change]:
        """Count a settled trade of the book."""
        won = outcome.r > 0
        kept = [*self.state.wins, won][-self._learning.window :]
        self.state = self.state.model_copy(update={"wins": kept, "seen": self.state.seen + 1})
        streak = self.streaks.get(outcome.symbol, Streak())
        losses = 0 if won else streak.losses + 1
        if losses >= self._limits.max_consecutive_losses:
            streak = Streak(losses=0, cooldown=self._limits.cooldown_bars)
        else:
            streak = streak.model_copy(update={"losses": losses})
        return [self._dump(), *self._set_streak(outcome.symbol, streak)]

    def shadow(self, r: float, *, taken: bool) -> list[Change]:
        """Count a trade of net ``r`` that the old threshold would have made while the alert lasts; ``taken``: the alert's did."""
        if not self.state.alert:
            return []
        kept = [*self.state.shadow_wins, r > 0][-self._learning.window :]
        made = self.parameters["size_multiplier"] * r if taken else 0.0
        gains = [*self.state.gains, made - r][-MOST_GAINS:]
        self.state = self.state.model_copy(update={"shadow_wins": kept, "gains": gains})
        return [self._dump()]

    def review(self) -> tuple[list[ParameterChange], list[Change]]:
        """Decide whether the parameters change now; returns what changed and the state to commit.

        The state is everything touched since the last review as it stands now, so that whoever commits it last
        commits nothing older than what other facts of the same bar carried.
        """
        made, changes = self._reviewed()
        touched: list[Change] = [self._dump()] if self.state != self._saved else []
        touched += [("streaks", symbol, self.streaks[symbol].model_dump()) for symbol in sorted(self._touched)]
        self._saved, self._touched = self.state, set()
        return made, [*touched, *changes]

    def _reviewed(self) -> tuple[list[ParameterChange], list[Change]]:
        before = self.parameters
        learning, state = self._learning, self.state
        trigger = None
        if not state.alert and len(state.wins) == learning.window and _rate(state.wins) < learning.low_win_rate:
            trigger = f"win rate {_rate(state.wins):.0%} over the last {learning.window} trades"
            self.state = state.model_copy(update={"alert": True, "alert_bars": {}, "shadow_wins": state.wins, "gains": []})
        elif state.alert and max(state.alert_bars.values(), default=0) >= learning.reset_bars:
            trigger = f"{learning.reset_bars} bars have passed: periodic reset"
        elif state.alert and len(state.shadow_wins) == learning.window and _rate(state.shadow_wins) >= learning.reset_win_rate:
            trigger = f"the shadow book on the old threshold won {_rate(state.shadow_wins):.0%} of its last {learning.window}"
        if trigger is None:
            return [], []
        if state.alert:
            self.state = MonitorState(seen=state.seen)
        after = self.parameters
        why = "reduce exposure while results are weak" if self.state.alert else "return to the mandate's own values"
        ended = _impact(state.gains) if state.alert else {}
        made = [
            ParameterChange(name=name, from_=before[name], to=after[name], reason=why, trigger=trigger, **ended)
            for name in sorted(after)
            if before[name] != after[name]
        ]
        return made, [("parameters", "current", after)]

    def _dump(self) -> Change:
        return ("monitor", "state", self.state.model_dump())

    def _set_streak(self, symbol: str, streak: Streak) -> list[Change]:
        self.streaks[symbol] = streak
        self._touched.add(symbol)
        return [("streaks", symbol, streak.model_dump())]


def _impact(gains: list[float]) -> dict[str, Any]:
    """Mean gain a signal with its 90 % t interval: size and threshold changed together and are measured together.

    The alert's own signals are counted whatever they led to; comparing before with after would count luck that ran out.
    """
    n = len(gains)
    if n < 2:
        return {"signals": n}
    mean = math.fsum(gains) / n
    spread = math.sqrt(math.fsum((gain - mean) ** 2 for gain in gains) / (n - 1) / n)
    half = float(stdtrit(n - 1, 0.95)) * spread
    return {"impact": mean, "interval": (mean - half, mean + half), "signals": n}


def _rate(wins: list[bool]) -> float:
    return sum(wins) / len(wins)
