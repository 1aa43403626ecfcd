"""The forecast of one run: which model is in force for each symbol, and what it says of the last bar.

Promises: a model learns only from bars known at its calendar stamp; without a model that has earned its
place the forecast abstains and says why; the state it holds is what the journal's facts set, so a run that is
taken up again goes on as if it had never stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from agent.domain import Forecast, Frozen
from agent.errors import MarketDataError
from agent.forecast.model import Model
from agent.forecast.rows import inputs, side
from agent.forecast.schedule import Schedule, stamp
from agent.forecast.store import ModelStore
from agent.forecast.train import Attempt, train
from agent.market.series import Series
from agent.settings import Forecasting

SPACE = "forecast"


class Standing(Frozen):
    """A symbol's forecast as it stands: the model in force, those before it, the last attempt's stamp and words."""

    model: str | None = None
    earlier: list[str] = []
    stamp: str | None = None
    reason: str = "nothing has been trained yet"


@dataclass(frozen=True)
class Opinion:
    """A forecast, or why there is none."""

    forecast: Forecast | None
    reason: str


class Forecaster:
    """Renews models on schedule and predicts with the one in force."""

    def __init__(self, settings: Forecasting, store: ModelStore, schedule: Schedule) -> None:
        """Start without any model."""
        self.settings, self._store, self._schedule = settings, store, schedule
        self._standings: dict[str, Standing] = {}
        self._kept: dict[str, tuple[tuple[str, int], float]] = {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the journal's ``forecast`` state."""
        self._standings = {symbol: Standing.model_validate(value) for symbol, value in state.items()}
        self._kept.clear()

    def standing(self, symbol: str) -> Standing:
        """How a symbol's forecast stands."""
        return self._standings.get(symbol, Standing())

    def renew(self, series: Series, as_of: datetime) -> tuple[Attempt | None, list[tuple[str, str, Any]]]:
        """Learn anew if a stamp has passed since the last attempt; returns the attempt and the state changes."""
        symbol, due = series.bars.symbol, stamp(as_of, self._schedule)
        held = self.standing(symbol)
        if held.stamp is not None and datetime.fromisoformat(held.stamp) >= due:
            return None, []
        seen = series if self._schedule == "once" else series.until(due)
        if seen is None or len(seen) <= seen.ready:
            attempt = Attempt(
                symbol=symbol,
                stamp=due.isoformat(),
                kind=self.settings.model,
                promoted=False,
                reason="0 labelled bars with every feature known before this date",
                incumbent=held.model,
            )
        else:
            attempt = train(seen, self._model(held), self._store, self.settings, due.isoformat())
        return attempt, self.adopt(attempt)

    def learn(self, series: Series, as_of: datetime) -> tuple[Attempt, list[tuple[str, str, Any]]]:
        """Learn now from all of ``series``, whatever the schedule says."""
        held = self.standing(series.bars.symbol)
        attempt = train(series, self._model(held), self._store, self.settings, as_of.isoformat())
        return attempt, self.adopt(attempt)

    def adopt(self, attempt: Attempt) -> list[tuple[str, str, Any]]:
        """Put an attempt into force; returns the state changes."""
        held = self.standing(attempt.symbol)
        model, earlier = held.model, held.earlier
        if attempt.promoted:
            model, earlier = attempt.candidate, [*earlier, *([held.model] if held.model else [])]
        new = Standing(model=model, earlier=earlier, stamp=attempt.stamp, reason=attempt.reason)
        self._standings[attempt.symbol] = new
        return [(SPACE, attempt.symbol, new.model_dump())]

    def predict(self, series: Series) -> Opinion:
        """What the model in force says of the last bar of ``series``."""
        held = self.standing(series.bars.symbol)
        model = self._model(held)
        if model is None:
            return Opinion(None, f"No model has earned its place: {held.reason}.")
        d = float(side(series)[-1])
        if d == 0 or np.isnan(d):
            return Opinion(None, "The last 10 bars made no move that could reverse.")
        return opinion(model, self._p(model, series), d)

    def _p(self, model: Model, series: Series) -> float:
        """The prediction of the last bar, kept while the bar is the last one."""
        symbol, key = series.bars.symbol, (model.papers.id, int(series.bars.start[-1].astype(np.int64)))
        if symbol not in self._kept or self._kept[symbol][0] != key:
            self._kept[symbol] = (key, float(model.predict(inputs(series, len(series) - 1))[0]))
        return self._kept[symbol][1]

    def _model(self, held: Standing) -> Model | None:
        if held.model is None:
            return None
        found = self._store.get(held.model)
        if found is None:
            raise MarketDataError(f"model {held.model} is not in the home's models folder; run `tradecraft forecast train` again")
        return found


def opinion(model: Model, p: float, d: float) -> Opinion:
    """From the probability of a reversal to a signed forecast.

    A probability above the model's base rate speaks against the last move's direction ``d``, one below it for
    it; the confidence is the share of the way from the base rate to certainty.
    """
    base = model.papers.base_rate
    lift = (p - base) / (1 - base) if p >= base else (p - base) / base
    direction = 0.0 if lift == 0 else (-d if lift > 0 else d)
    label = f"reverses by {model.papers.reversal_atr:g} ATR within {model.papers.horizon} bars"
    forecast = Forecast(model=model.papers.id, label=label, p=p, direction=direction, confidence=min(1.0, abs(lift)))
    move = "rise" if d > 0 else "fall"
    return Opinion(forecast, f"The last 10 bars' {move} {label} with probability {p:.2f}; {base:.2f} of all do.")
