"""Skills in large numbers: which of 10,000 apply to a bar, which are best for a task; and how long discovery takes.

``match`` asks every condition about one bar at once; its baseline asks them one by one. ``retrieve`` ranks by
words, reliability and recency; its baseline is the same over a tenth of the skills. ``discover`` searches 1,500
trades; its baseline is the same with outcomes that follow from nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from agent.guard.signing import Signer
from agent.market.features import FEATURES, FeatureFrame
from agent.settings import SkillRules
from evals import growing
from memory_db.journal import Journal
from skills.catalogue import Catalogue, stored
from skills.conditions import compiled
from skills.matcher import Matcher
from skills.rows import Standing
from skills.schema import Skill, parse_draft
from skills.search import find, shelf_of
from skills.tree import Condition

Json = dict[str, Any]
COUNT = 10_000
_START = datetime(2020, 1, 1, tzinfo=UTC)
_WORDS = (
    "pullback",
    "breakout",
    "reversal",
    "gap",
    "volume",
    "momentum",
    "range",
    "trend",
    "drawdown",
    "spread",
    "quiet",
    "wide",
)


def measure() -> list[Json]:
    """Every figure, in milliseconds but for discovery."""
    return [_matching(), _retrieving(), _discovering()]


def _skills(count: int) -> list[Skill]:
    generator = np.random.default_rng(0)
    made = []
    for k in range(count):
        chosen = generator.choice(len(FEATURES), 3, replace=False)
        words = [_WORDS[i] for i in generator.choice(len(_WORDS), 3, replace=False)]
        leaves = [
            {"feature": FEATURES[i], "op": "<" if generator.random() < 0.5 else ">", "value": float(generator.normal())}
            for i in chosen
        ]
        draft = growing.half(f"{'-'.join(words)}-{k}", FEATURES[0], 0.0) | {
            "description": f"Buys a {words[0]} after a {words[1]}.",
            "tags": words,
            "when": {"all": leaves},
        }
        made.append(stored(parse_draft(draft), version=1, origin="learned", trust="model", writer="agent", at=_START))
    return made


def _matching() -> Json:
    generator = np.random.default_rng(1)
    values = generator.normal(size=(500, len(FEATURES)))
    stamps = np.datetime64("2020-01-01", "ns") + np.arange(500) * np.timedelta64(1, "D")
    frame = FeatureFrame(stamps, FEATURES, values, np.zeros(500, dtype=np.int8), np.full((500, 3), 1 / 3))
    conditions: list[Condition] = [skill.condition for skill in _skills(COUNT) if skill.condition is not None]
    matcher, checks = Matcher(conditions), [compiled(condition) for condition in conditions]
    value = _p50(lambda n: matcher.holding(frame, 400 + n % 100), 200)
    baseline = _p50(lambda n: [check(frame, 400 + n % 100, ()) for check in checks], 5)
    unit = f"ms, p50 of asking {COUNT} conditions about a bar (baseline: one by one)"
    return _row("match", value, unit, baseline, COUNT)


def _retrieving() -> Json:
    skills = _skills(COUNT)
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as folder:
        home = Path(folder)
        with Journal.open(home / "journal.sqlite", Signer.load_or_create(home, "agent"), durable=False) as journal:
            took = []
            for count in (COUNT, COUNT // 10):
                catalogue = Catalogue(journal, SkillRules())
                catalogue.skills = {skill.key: skill for skill in skills[:count]}
                standing = Standing("active", _START, "bench", "bench", "agent")
                catalogue.standings = dict.fromkeys(catalogue.skills, standing)
                took.append(_ranked(catalogue))
    unit = f"ms, p50 of ranking {COUNT} skills for a task (baseline: a tenth of them)"
    return _row("retrieve", took[0], unit, took[1], COUNT)


def _ranked(catalogue: Catalogue) -> float:
    shelf = shelf_of(catalogue)
    asked = [f"what do we do at a {one} when there is a {two}?" for one in _WORDS for two in _WORDS if one != two]
    return _p50(lambda n: find(shelf, catalogue, asked[n % len(asked)], at=_START), 100)


def _discovering() -> Json:
    took = []
    for real in (True, False):
        begun = time.perf_counter()
        tested = growing.edge(601, real=real)["tested"]
        took.append(time.perf_counter() - begun)
    unit = "s of discovery among 1,500 trades (baseline: the same with outcomes that follow from nothing)"
    return _row("discover", took[0], unit, took[1], tested)


def _p50(act: Callable[[int], object], times: int) -> float:
    act(0)
    spent = []
    for n in range(times):
        begun = time.perf_counter()
        act(n)
        spent.append(1000 * (time.perf_counter() - begun))
    return median(spent)


def _row(name: str, value: float, unit: str, baseline: float, n: int) -> Json:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline, "n": n}
