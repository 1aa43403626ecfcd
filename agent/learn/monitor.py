"""The performance monitor: the last settled trades change size, threshold and stop, for a while.

A win rate below 45 % over the last 20 trades, though a fair coin shows it a quarter of the time, takes
size x0.7 and the entry threshold to 0.70 until a shadow book on the old threshold wins half of its last 20,
or 60 bars at the latest (the periodic reset that stops the loop from feeding on itself). The shadow book goes on from the
trades that raised the alert, and enters where a decision would have without one. Losing streaks pause a symbol.

At least 20 trades whose mean net R has a lower bound above 0, which is break-even after costs, take size x1.1 and the stop
to x0.9 of its distance: 0.99 of the risk a trade had before, so nothing passes what a person allowed. The bound holds
however often one looks, for one looks after every trade: a 95 % interval of the last 20 trades would come to lie above 0
within 100 trades for more than half of all traders without an edge. It ends when the last 20 trades lost together, with an alert,
or after 250 bars, and must then be earned anew.

When an alert or a success ends, the change that ends it says what it was worth against the shadow book, with its interval.
"""

from __future__ import annotations

import math
from typing import Any

from pydantic import AliasChoices, Field
from scipy.special import stdtrit

from agent.domain import Frozen, Outcome, ParameterChange
from agent.settings import Learning, Limits

Change = tuple[str, str, Any]
MOST_GAINS = 500  # signals of one alert or success that are kept for its impact
TIGHTEST = 20.0  # trades at which the lower bound lies closest to the mean


class Evidence(Frozen):
    """Net R of the trades since the start or the end of the last success.

    How many, their mean and the sum of squared distances from it (Welford 1962).
    """

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def joined(self, r: float) -> Evidence:
        """With one trade more."""
        n = self.n + 1
        mean = self.mean + (r - self.mean) / n
        return Evidence(n=n, mean=mean, squares=self.squares + (r - self.mean) * (r - mean))

    def lower(self, level: float) -> float:
        """A bound that the true mean lies above at all times with probability 1 - ``level``; -inf before two trades.

        The one-sided normal-mixture confidence sequence of Waudby-Smith, Arbour, Sinha and Kennedy ("Time-uniform central
        limit theory and asymptotic confidence sequences", Annals of Statistics 2024, proposition B.1). It takes trades for
        independent: trades of symbols that move together say less than it believes.
        """
        if self.n < 2:
            return -math.inf
        scale = (self.n + TIGHTEST) / self.n**2
        variance = self.squares / (self.n - 1)
        return self.mean - math.sqrt(variance * scale * math.log(1 + (self.n + TIGHTEST) / (TIGHTEST * 4 * level**2)))


class MonitorState(Frozen):
    """What the monitor remembers: recent wins and net R, the shadow book's wins, and each symbol's bars since a change began.

    ``gains`` are, for each signal closed since, its net R under the changed parameters less its net R under the old ones.
    """

    wins: list[bool] = []
    recent: list[float] = []
    tested: Evidence = Evidence()
    shadow_wins: list[bool] = []
    alert: bool = False
    success: bool = False
    bars: dict[str, int] = Field({}, validation_alias=AliasChoices("bars", "alert_bars"))
    gains: list[float] = []
    seen: int = 0

    @property
    def changed(self) -> bool:
        """Whether parameters differ from the settings' own."""
        return self.alert or self.success


class Streak(Frozen):
    """Losses in a row of one symbol and the bars its entries still wait."""

    losses: int = 0
    cooldown: int = 0


Turn = tuple[MonitorState, str, str]  # what is remembered from now on, the reason and what set it off


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
        """The adaptive parameters in force; ``stop_multiplier`` draws a stop nearer."""
        learning, size, stop, threshold = self._learning, 1.0, 1.0, self._threshold
        if self.state.alert:
            size, threshold = learning.alert_size, max(learning.alert_confidence, threshold)
        elif self.state.success:
            size, stop = learning.success_size, learning.success_stop
        return {"size_multiplier": size, "min_confidence": threshold, "stop_multiplier": stop}

    def cooldown(self, symbol: str) -> int:
        """Bars this symbol's entries still wait."""
        return self.streaks.get(symbol, Streak()).cooldown

    def tick(self, symbol: str) -> list[Change]:
        """A bar of this symbol has passed."""
        changes: list[Change] = []
        streak = self.streaks.get(symbol, Streak())
        if streak.cooldown:
            changes += self._set_streak(symbol, streak.model_copy(update={"cooldown": streak.cooldown - 1}))
        if self.state.changed:
            bars = self.state.bars
            self.state = self.state.model_copy(update={"bars": {**bars, symbol: bars.get(symbol, 0) + 1}})
            changes.append(self._dump())
        return changes

    def settle(self, outcome: Outcome) -> list[Change]:
        """Count a settled trade of the book."""
        won = outcome.r > 0
        state, window = self.state, self._learning.window
        self.state = state.model_copy(
            update={
                "wins": [*state.wins, won][-window:],
                "recent": [*state.recent, outcome.r][-window:],
                "tested": state.tested.joined(outcome.r),
                "seen": state.seen + 1,
            }
        )
        streak = self.streaks.get(outcome.symbol, Streak())
        losses = 0 if won else streak.losses + 1
        if losses >= self._limits.max_consecutive_losses:
            streak = Streak(losses=0, cooldown=self._limits.cooldown_bars)
        else:
            streak = streak.model_copy(update={"losses": losses})
        return [self._dump(), *self._set_streak(outcome.symbol, streak)]

    def shadow(self, standard: float, adapted: float, *, taken: bool) -> list[Change]:
        """Count a signal that the settings' own parameters would have traded, while others are in force.

        ``standard`` is its net R with the settings' stop, ``adapted`` with the stop in force, both in units of the former's
        risk; ``taken`` says that the parameters in force traded it too.
        """
        if not self.state.changed:
            return []
        kept = [*self.state.shadow_wins, standard > 0][-self._learning.window :]
        made = self.parameters["size_multiplier"] * adapted if taken else 0.0
        gains = [*self.state.gains, made - standard][-MOST_GAINS:]
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
        before, state = self.parameters, self.state
        turn = self._to_alert(state) or self._ended(state) or self._to_success(state)
        if turn is None:
            return [], []
        self.state, why, trigger = turn
        after = self.parameters
        ended = _impact(state.gains) if state.changed else {}
        made = [
            ParameterChange(name=name, from_=before[name], to=after[name], reason=why, trigger=trigger, **ended)
            for name in sorted(after)
            if before[name] != after[name]
        ]
        return made, [("parameters", "current", after)]

    def _to_alert(self, state: MonitorState) -> Turn | None:
        learning = self._learning
        if state.alert or len(state.wins) < learning.window or _rate(state.wins) >= learning.low_win_rate:
            return None
        begun = MonitorState(wins=state.wins, shadow_wins=state.wins, tested=state.tested, seen=state.seen, alert=True)
        return (
            begun,
            "reduce exposure while results are weak",
            f"win rate {_rate(state.wins):.0%} over the last {learning.window} trades",
        )

    def _ended(self, state: MonitorState) -> Turn | None:
        """Why an alert or a success is over, if it is; both are only for a while."""
        learning, trigger = self._learning, None
        passed = max(state.bars.values(), default=0)
        longest = learning.reset_bars if state.alert else learning.success_bars
        if state.changed and passed >= longest:
            trigger = f"{longest} bars have passed: periodic reset"
        elif state.alert and len(state.shadow_wins) == learning.window and _rate(state.shadow_wins) >= learning.reset_win_rate:
            trigger = f"the shadow book on the old threshold won {_rate(state.shadow_wins):.0%} of its last {learning.window}"
        elif state.success and len(state.recent) == learning.window and math.fsum(state.recent) <= 0:
            trigger = f"the last {learning.window} trades made {math.fsum(state.recent):+.2f} R together"
        if trigger is None:
            return None
        # an alert does not begin the evidence anew: so many chances would find an edge where there is none
        kept = {"wins": state.wins} if state.success else {"tested": state.tested}
        own = MonitorState(seen=state.seen).model_copy(update=kept)
        return own, "return to the mandate's own values", trigger

    def _to_success(self, state: MonitorState) -> Turn | None:
        learning, tested = self._learning, state.tested
        if state.changed or tested.n < learning.window or (least := tested.lower(learning.success_level)) <= 0:
            return None
        begun = MonitorState(wins=state.wins, recent=state.recent, seen=state.seen, success=True)
        trigger = (
            f"{tested.n} trades made {tested.mean:+.2f} R each, net; break-even lies below their lower bound of {least:+.2f} R "
            f"({1 - learning.success_level:.0%}, however often one looks)"
        )
        return begun, "use a proven edge: more size on a nearer stop, no more at risk", trigger

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
