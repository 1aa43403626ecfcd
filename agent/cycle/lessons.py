"""Lessons a model wrote: which of them a decision sees, and what later markets make of them.

A lesson is a text memory with its evidence; beside it stands its claim, typed. At every look back, entries since the lesson
on the claim's side where its condition held, one a holding window and symbol, are taken together: ten or more whose mean net
R contradicts the claim at 90 % (one-sided, normal) halve its importance; the model's own word against it takes a fifth. Below
a fifth of its first importance a lesson is no longer shown. Nothing is deleted, and as of an earlier time all is as it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import datetime
from statistics import fmean, stdev
from typing import Literal

import numpy as np
from pydantic import TypeAdapter

from agent.domain import Frozen, Memory, Recollection, ScoreParts, Side, Utc
from agent.market.series import Series
from agent.settings import Settings
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from memory_db.writer import Writer
from skills.conditions import holds, series
from skills.tree import Condition

SPACE = "lessons"
FIRST_IMPORTANCE, SHOWN, FORGOTTEN = 1.5, 3, 0.2
BY_MARKET, BY_MODEL = 0.5, 0.8  # what a contradiction leaves of the importance
LEAST, Z = 10, 1.2816
HALF_LIFE_DAYS = 365.0
_CONDITION: TypeAdapter[Condition] = TypeAdapter(Condition)


class Against(Frozen):
    """A contradiction: since when, by whom."""

    at: Utc
    by: Literal["market", "model"]


class Standing(Frozen):
    """What is kept of a lesson beside its text; ``judged`` is until when the market has been asked about its claim."""

    key: str
    known_at: Utc
    judged: Utc
    when: dict[str, object] | None = None
    side: Side | None = None
    pays: bool | None = None
    against: tuple[Against, ...] = ()

    def importance(self, as_of: datetime) -> float:
        """What it counts as of a time."""
        left = [BY_MARKET if one.by == "market" else BY_MODEL for one in self.against if one.at <= as_of]
        return FIRST_IMPORTANCE * math.prod(left)

    def condition(self) -> Condition | None:
        """Its claim's condition."""
        return None if self.when is None else _CONDITION.validate_json(json.dumps(self.when))


def standing(journal: Journal | Writer) -> list[Standing]:
    """Every lesson, in the order of their keys."""
    return [Standing.model_validate(value) for _, value in sorted(journal.state(SPACE).items())]


def contradicted(pays: bool, rs: list[float]) -> bool:
    """Whether what entries made speaks against a claim that they pay (or do not)."""
    if len(rs) < LEAST:
        return False
    mean, spread = fmean(rs), Z * stdev(rs) / math.sqrt(len(rs))
    return mean + spread < 0 if pays else mean - spread > 0


def weaken(w: Writer, lesson: Standing, by: Literal["market", "model"], at: datetime, evidence: object) -> Standing:
    """Record a contradiction with the transaction of ``w``."""
    weaker = lesson.model_copy(update={"against": (*lesson.against, Against(at=at, by=by)), "judged": at})
    w.add(
        "lesson_contradicted",
        {"lesson": lesson.key, "by": by, "importance": weaker.importance(at), "evidence": evidence},
        key=f"contradicted:{lesson.key}:{by}:{at.isoformat()}",
        happened_at=at,
        known_at=at,
        sets=[(SPACE, lesson.key, weaker.model_dump(mode="json"))],
    )
    return weaker


def outcomes_since(
    lesson: Standing, bars: Iterable[Series], shadows: dict[tuple[str, datetime], dict[str, float]]
) -> list[float]:
    """Net R of entries on the claim's side where its condition held since it was last judged; ``shadows`` by symbol and bar."""
    condition, side = lesson.condition(), lesson.side
    if condition is None or side is None:
        return []
    found = []
    for one in bars:
        held = series(condition, one.frame)
        free = 0
        for i in np.flatnonzero(held).tolist():
            start = one.bars.timestamp(i)
            shadow = shadows.get((one.bars.symbol, start))
            if i < free or start < lesson.judged or shadow is None:
                continue
            found.append(shadow[side])
            free = i + int(shadow["bars"])
    return found


def with_lessons(memory: MemoryStore, settings: Settings, found: Recollection, view: Series, as_of: datetime) -> Recollection:
    """The recollection with the lessons that matter most now."""
    ranked = sorted(
        (scored for one in standing(memory.journal) if (scored := _scored(one, settings, view, as_of))),
        key=lambda scored: (-scored[0], scored[1].key),
    )
    texts = [_memory(memory.journal, one, score, parts) for score, one, parts in ranked[:SHOWN]]
    return found.model_copy(update={"memories": [*found.memories, *(text for text in texts if text is not None)]})


def _scored(one: Standing, settings: Settings, view: Series, as_of: datetime) -> tuple[float, Standing, ScoreParts] | None:
    importance = one.importance(as_of)
    if one.known_at > as_of or importance < FORGOTTEN * FIRST_IMPORTANCE:
        return None
    condition, weights = one.condition(), settings.recall
    similarity = 0.5 if condition is None else float(holds(condition, view.frame))
    recency = 0.5 ** ((as_of - one.known_at).total_seconds() / 86_400 / HALF_LIFE_DAYS)
    parts = ScoreParts(similarity=similarity, importance=importance / 2, recency=recency)
    score = weights.weight_similarity * similarity + weights.weight_importance * importance / 2 + weights.weight_recency * recency
    return score, one, parts


def _memory(journal: Journal, one: Standing, score: float, parts: ScoreParts) -> Memory | None:
    fact = journal.get(one.key)
    if fact is None or fact.payload is None:
        return None
    return Memory(
        id=f"m{fact.seq}",
        key=one.key,
        kind="lesson",
        symbol=None,
        content=fact.data["content"],
        happened_at=fact.happened_at,
        known_at=fact.known_at,
        score=score,
        parts=parts,
    )
