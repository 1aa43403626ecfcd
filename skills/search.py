"""Finding a skill for a task: by words (and meaning, where vectors are given), reliability and recency, with reasons.

The match score is 0.6 similarity + 0.3 reliability + 0.1 recency. Similarity is the weight of the
words found over the largest possible one, a word counting with the best place it stands in; a
composite is found by its components' words too. Reliability is the lower bound of its posterior
in the regime asked about, recency 1 / (1 + 0.1 days since it was last used). The words of
all skills are indexed once; a skill without a word (or meaning) in common is never returned.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skills.catalogue import Catalogue
from skills.counts import NONE
from skills.priors import prior_of
from skills.records import UNKNOWN_REGIME
from skills.reliability import contract, in_regime
from skills.schema import Skill

_WORD = re.compile(r"[a-z0-9]+")
_WEIGHTS = {"name": 3.0, "tags": 2.0, "category": 2.0, "preconditions": 1.0, "steps": 1.0, "description": 1.0}
_COMMON = frozenset(
    ("a", "an", "and", "are", "at", "by", "do", "does", "for", "how", "in", "is", "it", "of", "on", "or", "our", "should")
    + ("the", "to", "we", "what", "when", "which", "with", "you")
)
_COMPONENT = 0.5  # what a component's word weighs in its composite
SIMILARITY, RELIABILITY, RECENCY = 0.6, 0.3, 0.1
_LEAST_MEANING = 0.35  # a cosine below this is no likeness
_POOL = 200  # the most similar that are ranked by reliability and recency too


@dataclass(frozen=True)
class Filters:
    """What a skill must have to be returned; None asks for nothing."""

    category: str | None = None
    tag: str | None = None
    min_reliability: float | None = None
    regime: str | None = None


@dataclass(frozen=True, eq=False)
class Shelf:
    """The skills in force, one version each, with an index from words to where they stand, and each composite's components."""

    skills: tuple[Skill, ...]
    words: tuple[str, ...]
    postings: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]
    places: Mapping[tuple[str, int], str]
    components: Mapping[int, tuple[int, ...]]


def shelf_of(catalogue: Catalogue) -> Shelf:
    """Index the skills as they are now; build it again when a version was added."""
    skills = _in_force(catalogue)
    by_id = {skill.id: skill for skill in skills}
    found: dict[str, dict[int, float]] = {}
    places: dict[tuple[str, int], str] = {}
    for row, skill in enumerate(skills):
        for place, weight, text in _texts(skill, by_id):
            for word in set(_WORD.findall(text.lower())):
                if weight > found.setdefault(word, {}).get(row, 0.0):
                    found[word][row] = weight
                    places[word, row] = place
    postings = {word: (np.array(list(rows)), np.array(list(rows.values()))) for word, rows in found.items()}
    rows = {skill.id: row for row, skill in enumerate(skills)}
    composites = ((rows[skill.id], tuple(rows[part] for part in skill.sub_skills if part in rows)) for skill in skills)
    components = {row: parts for row, parts in composites if parts}
    return Shelf(tuple(skills), tuple(sorted(postings)), postings, places, components)


def _in_force(catalogue: Catalogue) -> list[Skill]:
    """Return one version of each skill: the one that trades, else the newest; none that was rejected."""
    best: dict[str, tuple[bool, int, Skill]] = {}
    for key, skill in catalogue.skills.items():
        status = catalogue.standings[key].status
        if status not in ("rejected", "superseded"):
            rank = (status in ("active", "watch"), skill.version, skill)
            if skill.name not in best or rank[:2] > best[skill.name][:2]:
                best[skill.name] = rank
    return [best[name][2] for name in sorted(best)]


def _texts(skill: Skill, by_id: Mapping[str, Skill]) -> list[tuple[str, float, str]]:
    own = {
        "name": skill.name,
        "tags": " ".join(skill.tags),
        "category": skill.category,
        "preconditions": " ".join(skill.preconditions),
        "steps": " ".join(step.text for step in skill.steps),
        "description": skill.description,
    }
    texts = [(place, _WEIGHTS[place], text) for place, text in own.items()]
    for component in skill.sub_skills:
        if component in by_id:
            part = by_id[component]
            texts.append((f"component {part.name}", _COMPONENT, f"{part.name} {part.description} {' '.join(part.tags)}"))
    return texts


def find(
    shelf: Shelf,
    catalogue: Catalogue,
    query: str,
    *,
    k: int = 5,
    at: datetime | None = None,
    filters: Filters | None = None,
    cosines: NDArray[np.float64] | None = None,
) -> list[dict[str, Any]]:
    """Return the best ``k`` skills for a task: id, name, version, score in [0, 1], its parts, and reasons.

    ``cosines`` are the query's likeness to each skill of the shelf, by meaning; without
    them words alone decide. ``at`` is now, for recency; without it recency is not known and counts 0.
    """
    wanted = sorted(set(_WORD.findall(query.lower())) - _COMMON) or sorted(set(_WORD.findall(query.lower())))
    similarity = _similarity(shelf, wanted)
    if cosines is not None:
        similarity = np.maximum(similarity, np.where(cosines >= _LEAST_MEANING, cosines, 0.0))
    pool = np.flatnonzero(similarity > 0)
    if len(pool) > _POOL:
        pool = pool[np.argsort(-similarity[pool], kind="stable")[:_POOL]]
    asked = filters or Filters()
    ranked = [(row, hit) for row in pool.tolist() if (hit := _hit(shelf, catalogue, row, float(similarity[row]), at, asked))]
    ranked.sort(key=lambda pair: (-pair[1]["score"], pair[1]["name"]))
    return [hit | {"reasons": _reasons(shelf, row, wanted, hit)} for row, hit in ranked[:k]]


def search(catalogue: Catalogue, query: str, k: int = 10) -> list[dict[str, Any]]:
    """Return the best ``k`` skills for a task by words, indexing the catalogue for this one question."""
    return find(shelf_of(catalogue), catalogue, query, k=k)


def _similarity(shelf: Shelf, wanted: list[str]) -> NDArray[np.float64]:
    total = np.zeros(len(shelf.skills))
    for word in wanted:
        best = np.zeros(len(shelf.skills))
        for same in _like(shelf, word):
            rows, weights = shelf.postings[same]
            best[rows] = np.maximum(best[rows], weights)
        total += best
    return total / (max(_WEIGHTS.values()) * len(wanted)) if wanted else total


def _like(shelf: Shelf, word: str) -> list[str]:
    """Return the indexed words that are this one, begin with it, or that it begins with: "pullbacks" finds "pullback"."""
    found = [word] if word in shelf.postings else []
    if len(word) > 3:
        at = bisect_left(shelf.words, word)
        while at < len(shelf.words) and shelf.words[at].startswith(word):
            found += [shelf.words[at]] if shelf.words[at] != word else []
            at += 1
        found += [word[:n] for n in range(4, len(word)) if word[:n] in shelf.postings]
    return found


def _hit(
    shelf: Shelf, catalogue: Catalogue, row: int, similarity: float, at: datetime | None, asked: Filters
) -> dict[str, Any] | None:
    skill = shelf.skills[row]
    if asked.category not in (None, skill.category) or (asked.tag is not None and asked.tag not in skill.tags):
        return None
    book = catalogue.counts(skill)
    if asked.min_reliability is not None and contract(book, skill.prior) < asked.min_reliability:
        return None
    here = catalogue.counts(skill, "book", asked.regime or UNKNOWN_REGIME) if asked.regime else NONE
    low = in_regime(here, book, catalogue.rules.regime_backoff, prior=prior_of(catalogue, skill)).low
    days = (at - book.last_used).total_seconds() / 86400 if at is not None and book.last_used is not None else None
    recency = 0.0 if days is None else 1 / (1 + 0.1 * max(days, 0.0))
    score = SIMILARITY * min(similarity, 1.0) + RELIABILITY * low + RECENCY * recency
    return {
        "id": skill.id,
        "name": skill.name,
        "version": skill.version,
        "score": score,
        "parts": {"similarity": min(similarity, 1.0), "reliability": low, "recency": recency},
    }


def _reasons(shelf: Shelf, row: int, wanted: list[str], hit: dict[str, Any]) -> list[str]:
    told = []
    for word in wanted:
        place = next((shelf.places[same, row] for same in _like(shelf, word) if (same, row) in shelf.places), None)
        if place is not None:
            told.append(f"{word} in {place}")
    parts = hit["parts"]
    return [*(told or ["alike in meaning"]), f"reliability at least {parts['reliability']:.2f}"]
