"""Does anything depend on what could not be known, or on what should not matter?

Every check walks the index twice: once as it is, once with something changed that an honest agent cannot
notice (what comes later, a name, a date, a price level) or should hardly notice (a hair's breadth in price),
and counts what differs.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from agent.backtest.lookahead import check
from agent.backtest.plan import Plan, TimeRange
from agent.market.bars import Bars, frozen
from agent.market.feed import builtin
from agent.market.masking import mask_of
from agent.settings import Settings
from agent.statistics import paired_permutation
from agent.wiring.arms import ARMS
from agent.wiring.recorded import RecordedFeed
from evals.markets import garch
from evals.runs import Walked, plan_of, returns_of, walked

Json = dict[str, Any]
BARS, HAIR = 700, 1e-7
CHECKS = ("truncated", "garbage", "masked", "perturbed", "outcomes-shuffled")


def task(check: str, seed: int, bars: int = BARS) -> Json:
    """One check; ``differences`` of ``checked`` decisions."""
    whole = builtin("SP500").head(bars)
    settings = Settings.model_validate({"seed": seed, "limits": {"allow_short": True}})
    return _CHECKS[check](whole, settings)


def _truncated(whole: Bars, settings: Settings) -> Json:
    found = check(plan_of([whole], settings), 24, lambda progress: None)
    return {"checked": found["checked"], "differences": len(found["differences"])}


def _garbage(whole: Bars, settings: Settings) -> Json:
    """Everything after the middle of the walk is replaced; what was decided before must not change."""
    plan = plan_of([whole], settings)
    series = plan.series[whole.symbol]
    cut = (series.ready + len(whole)) // 2
    generator = np.random.default_rng(settings.seed)
    noise = 1e3 * np.exp(np.cumsum(generator.normal(0, 0.2, len(whole))))
    changed: dict[str, Any] = {}
    for name, factor in (("open", 1.0), ("high", 1.5), ("low", 0.5), ("close", 1.1)):
        values = getattr(whole, name).copy()
        values[cut:] = factor * noise[cut:]
        changed[name] = frozen(values)
    end = whole.timestamp(cut - 1).date()
    # one plan for both: ids of decisions, and so of memories, hang on the run's name, which hangs on its data
    stopped = replace(plan, timerange=TimeRange(last=end))
    spoilt = plan_of([replace(whole, **changed)], settings).series
    before, after = walked(stopped), walked(stopped, feed=RecordedFeed(spoilt))
    return _compare(before, after, lambda record: record["context_hash"])


def _masked(whole: Bars, settings: Settings) -> Json:
    """Name, dates and price level are hidden; the actions must be the same ones."""
    plan, mask = plan_of([whole], settings), mask_of(whole, settings.seed)
    hidden = Plan(ARMS["full"], {mask.masked: mask.series(whole, settings.market)}, TimeRange(), "none", settings)
    plain, masked = walked(plan), walked(hidden, feed=RecordedFeed(hidden.series))
    moved = {str(mask.true_time(datetime.fromisoformat(r["as_of"]))): r for r in masked.of("cycle")}
    records = plain.of("cycle")
    pairs = [(r, moved.get(str(datetime.fromisoformat(r["as_of"])))) for r in records]
    return {"checked": len(records), "differences": sum(o is None or _act(r) != _act(o) for r, o in pairs)}


def _perturbed(whole: Bars, settings: Settings) -> Json:
    """Every bar is moved by a hair; an action that turns on it rests on nothing."""
    factor = 1 + HAIR * np.random.default_rng(settings.seed).standard_normal(len(whole))
    moved: dict[str, Any] = {name: frozen(getattr(whole, name) * factor) for name in ("open", "high", "low", "close")}
    plain, other = walked(plan_of([whole], settings)), walked(plan_of([replace(whole, **moved)], settings))
    return _compare(plain, other, _act)


def _shuffled(whole: Bars, settings: Settings) -> Json:
    """A memory whose outcomes belong to other situations must not pay, on noise above all."""
    plan = plan_of([garch(settings.seed, len(whole))], settings, "shuffled-memory")
    mixed = returns_of(walked(plan).document["equity"])
    none = returns_of(walked(replace(plan, arm=ARMS["no-memory"])).document["equity"])
    found = paired_permutation(mixed, none, alternative="greater", seed=settings.seed)
    p = found.p if found else 1.0
    return {"checked": 1, "differences": int(p <= 0.01), "p": p}


def _act(record: Json) -> tuple[Any, ...]:
    signal = record["signal"]
    return record["status"], record["decision"]["action"], round(signal["confidence"], 2) if signal else None


def _compare(first: Walked, second: Walked, key: Any) -> Json:
    seen = {(r["symbol"], r["as_of"]): key(r) for r in second.of("cycle")}
    records = first.of("cycle")
    return {"checked": len(records), "differences": sum(seen.get((r["symbol"], r["as_of"])) != key(r) for r in records)}


_CHECKS = dict(zip(CHECKS, (_truncated, _garbage, _masked, _perturbed, _shuffled), strict=True))
