"""Models put into force and out of it by a person, and what is on record of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.errors import ConfigError
from agent.forecast.forecaster import SPACE, Forecaster, Standing
from agent.forecast.train import Attempt
from agent.market.series import Series
from memory_db.journal import Journal

Json = dict[str, Any]


def retrain(journal: Journal, forecaster: Forecaster, series: Series) -> Attempt:
    """Learn now from all of ``series``; the attempt is a fact of the run. The same bars twice are one attempt."""
    as_of = series.bars.timestamp(-1) + series.instrument.step
    attempt, sets = forecaster.learn(series, as_of)
    with journal.write() as w:
        w.add(
            "forecast_attempt",
            attempt.model_dump_json(),
            key=f"forecast:{attempt.symbol}:{attempt.stamp}:{attempt.kind}:by-hand",
            symbol=attempt.symbol,
            happened_at=as_of,
            known_at=as_of,
            sets=sets,
        )
    return attempt


def roll_back(journal: Journal, symbol: str, reason: str, at: datetime, principal: str) -> Standing:
    """Put the model before the one in force back; ConfigError when none is in force."""
    held = journal.state(SPACE).get(symbol)
    standing = Standing.model_validate(held) if held else Standing()
    if standing.model is None:
        have = ", ".join(sorted(journal.state(SPACE))) or "none"
        raise ConfigError(f"--symbol {symbol!r} has no model in force; symbols with an attempt on record: {have}")
    back = standing.earlier[-1] if standing.earlier else None
    new = Standing(model=back, earlier=standing.earlier[:-1], stamp=standing.stamp, reason=f"rolled back: {reason}")
    with journal.write() as w:
        w.add(
            "forecast_rollback",
            {"symbol": symbol, "from": standing.model, "to": back, "reason": reason, "principal": principal},
            key=f"forecast-rollback:{symbol}:{at.isoformat()}",
            symbol=symbol,
            happened_at=at,
            known_at=at,
            sets=[(SPACE, symbol, new.model_dump())],
        )
    return new


def status_rows(journal: Journal) -> list[Json]:
    """Each symbol's model in force, its last attempt and why it ended so."""
    return [{"symbol": symbol, **value} for symbol, value in sorted(journal.state(SPACE).items())]


def history_rows(journal: Journal) -> list[Json]:
    """Every attempt, oldest first, with the figures it was judged by."""
    return [{"at": fact.known_at.isoformat(), **fact.data} for fact in journal.facts(kinds=("forecast_attempt",))]
