"""Skills in large numbers: which of 10,000 apply to a bar, which are best for a task; and how long discovery takes.

``match`` asks every condition about one bar at once; its baseline asks them one by one. ``retrieve`` ranks by
words, reliability and recency; its baseline is the same over a tenth of the skills. ``shortlist`` ranks by meaning too, with
what the collection proposes; its baseline compares every skill. Vectors are made up, so no embedding is in either figure.
``discover`` searches 1,500 trades; its baseline is the same with outcomes that follow from nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.guard.signing import Signer
from agent.market.features import FEATURES, FeatureFrame
from agent.settings import SkillRules
from evals import edges, growing
from memory_db.journal import Journal
from skills.catalogue import Catalogue, stored
from skills.conditions import compiled
from skills.matcher import Matcher
from skills.meaning import Meaning
from skills.replay import copy_skills
from skills.rows import Standing
from skills.schema import Skill, parse_draft
from skills.search import Shelf, find, shelf_of
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
    return [_matching(), _retrieving(), _shortlisting(), _discovering()]


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
    took = []
    for count in (COUNT, COUNT // 10):
        with _opened(count) as (_, catalogue):
            shelf = shelf_of(catalogue)
            took.append(_p50(lambda n: find(shelf, catalogue, _asked(n), at=_START), 100))  # noqa: B023 - run at once
    unit = f"ms, p50 of ranking {COUNT} skills for a task (baseline: a tenth of them)"
    return _row("retrieve", took[0], unit, took[1], COUNT)


def _shortlisting() -> Json:
    took = []
    with _opened(COUNT) as (folder, catalogue):
        shelf = shelf_of(catalogue)
        for exact_below in (SkillRules().exact_below, COUNT + 1):
            meaning = Meaning(catalogue.journal, _MadeUp(), folder / "skills", exact_below)
            meaning.refresh(shelf.skills, 1000)
            meaning.cosines(shelf, _asked(0))
            took.append(_p50(lambda n: _found(meaning, shelf, catalogue, _asked(n)), 100))  # noqa: B023 - run at once
            meaning.close()
    unit = f"ms, p50 of ranking {COUNT} skills by meaning and words (baseline: every skill compared)"
    return _row("shortlist", took[0], unit, took[1], COUNT)


def _found(meaning: Meaning, shelf: Shelf, catalogue: Catalogue, query: str) -> object:
    return find(shelf, catalogue, query, at=_START, cosines=meaning.cosines(shelf, query))


class _MadeUp:
    """Unit vectors of made-up meaning: each word has a direction, drawn once."""

    fingerprint = "made-up"
    dimension = 384

    def __init__(self) -> None:
        self._words: dict[str, NDArray[np.float32]] = {}
        self._texts: dict[str, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([self._texts.get(text) if text in self._texts else self._made(text) for text in texts], dtype=np.float32)

    def _made(self, text: str) -> NDArray[np.float32]:
        total = np.zeros(self.dimension, dtype=np.float32)
        for word in text.lower().split():
            if word not in self._words:
                drawn = np.random.default_rng(list(word.encode())).normal(size=self.dimension)
                self._words[word] = drawn.astype(np.float32)
            total += self._words[word]
        self._texts[text] = total / np.linalg.norm(total)
        return self._texts[text]


@contextmanager
def _opened(count: int) -> Iterator[tuple[Path, Catalogue]]:
    """Open a catalogue of so many skills that are active."""
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as name:
        folder = Path(name)
        with Journal.open(folder / "journal.sqlite", Signer.load_or_create(folder, "agent"), durable=False) as journal:
            catalogue = Catalogue(journal, SkillRules())
            standing = Standing("active", _START, "bench", "bench", "agent")
            with journal.write() as w:
                copy_skills(w, catalogue, ((skill, standing) for skill in _skills(count)), _START)
            yield folder, catalogue


def _asked(n: int) -> str:
    asked = [f"what do we do at a {one} when there is a {two}?" for one in _WORDS for two in _WORDS if one != two]
    return asked[n % len(asked)]


def _discovering() -> Json:
    took = []
    for real in (True, False):
        begun = time.perf_counter()
        tested = edges.planted_edge(601, real=real)["tested"]
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
