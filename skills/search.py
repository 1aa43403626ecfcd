"""Finding a skill by words: in its name, tags, category and description, best first."""

from __future__ import annotations

import re
from typing import Any

from skills.catalogue import Catalogue
from skills.schema import Skill

_WORD = re.compile(r"[a-z0-9]+")
_WEIGHTS = {"name": 3.0, "tags": 2.0, "category": 2.0, "steps": 1.0, "description": 1.0}


def search(catalogue: Catalogue, query: str, k: int = 10) -> list[dict[str, Any]]:
    """Return the skills that share words with the query: id, name, version, score in [0, 1] and reasons.

    A word counts with the weight of the best place it stands in; the score is the share of the
    largest possible sum. Ties go by name.
    """
    wanted = sorted(set(_WORD.findall(query.lower())))
    found = [_scored(skill, wanted) for skill in _in_force(catalogue)]
    hits = [hit for hit in found if hit["score"] > 0]
    return sorted(hits, key=lambda hit: (-hit["score"], hit["name"]))[:k]


def _in_force(catalogue: Catalogue) -> list[Skill]:
    return [catalogue.get(name) for name in sorted({skill.name for skill in catalogue.versions()})]


def _places(skill: Skill) -> dict[str, str]:
    return {
        "name": skill.name,
        "tags": " ".join(skill.tags),
        "category": skill.category,
        "steps": " ".join(step.text for step in skill.steps),
        "description": skill.description,
    }


def _scored(skill: Skill, wanted: list[str]) -> dict[str, Any]:
    places = {place: set(_WORD.findall(text.lower())) for place, text in _places(skill).items()}
    score, reasons = 0.0, []
    for word in wanted:
        place = next((place for place in _WEIGHTS if _stands_in(word, places[place])), None)
        if place is not None:
            score += _WEIGHTS[place]
            reasons.append(f"{word} in {place}")
    best = _WEIGHTS["name"] * len(wanted)
    return {
        "id": skill.id,
        "name": skill.name,
        "version": skill.version,
        "score": score / best if best else 0.0,
        "reasons": reasons,
    }


def _stands_in(word: str, words: set[str]) -> bool:
    """Say whether the word, or one it begins or that begins it, is among the words: "pullbacks" finds "pullback"."""
    return word in words or (len(word) > 3 and any(w.startswith(word) or (len(w) > 3 and word.startswith(w)) for w in words))
