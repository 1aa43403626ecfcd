"""Composites: skills joined into one, phase by phase, with what each needs and what each is.

A composite of strategies applies where all of its components do and is as careful as the most
careful of them; its steps are its components' steps with their phase named. It keeps its components' ids,
so a retired component suspends it. A composite may not contain itself, however deep, and
composites stand at most ``MAX_LEVELS`` levels high.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.errors import ConfigError
from skills.catalogue import Catalogue
from skills.phases import joined_description, joined_name, phase_lines
from skills.schema import Skill, SkillDraft, parse_draft, skill_id
from skills.tree import All

MAX_LEVELS = 3


def compose(
    catalogue: Catalogue, components: Sequence[Skill], name: str | None = None, description: str | None = None
) -> SkillDraft:
    """Return the composite as a draft for the write door; ConfigError says why skills cannot be joined."""
    name = name or joined_name(components)
    if not 2 <= len({skill.id for skill in components}) == len(components):
        raise ConfigError("a composite needs at least two different skills; name each once")
    if len({skill.kind for skill in components}) > 1:
        raise ConfigError("strategies and procedures cannot be joined; compose skills of one kind")
    _check_levels(catalogue, skill_id(name), components)
    document: dict[str, Any] = {
        "name": name,
        "kind": components[0].kind,
        "description": description or joined_description(components),
        "category": components[0].category,
        "tags": _union(tag for skill in components for tag in skill.tags)[:12],
        "preconditions": _union(line for skill in components for line in skill.preconditions)[:12],
        "postconditions": _union(line for skill in components for line in skill.postconditions)[:12],
        "steps": _steps(components),
        "sub_skills": [skill.id for skill in components],
    }
    if components[0].kind == "strategy":
        document |= _typed(components)
    return parse_draft(document)


def _check_levels(catalogue: Catalogue, own: str, components: Sequence[Skill]) -> None:
    """Refuse a composite that would contain itself or stand too high."""

    def levels(ident: str, above: tuple[str, ...]) -> int:
        if ident in above:
            raise ConfigError(f"the composite would contain itself through {catalogue.get(above[-1]).name}; leave that one out")
        below = catalogue.get(ident).sub_skills
        return 1 + max((levels(part, (*above, ident)) for part in below), default=0)

    height = 1 + max(levels(skill.id, (own,)) for skill in components)
    if height > MAX_LEVELS:
        raise ConfigError(f"the composite would stand {height} levels high; {MAX_LEVELS} are allowed")


def _typed(components: Sequence[Skill]) -> dict[str, Any]:
    plans = [skill.plan for skill in components if skill.plan is not None]
    if len({plan.side for plan in plans}) > 1:
        raise ConfigError("the skills trade on different sides; compose those of one side")
    conditions = [skill.condition for skill in components if skill.condition is not None]
    return {
        "when": All(all=tuple(conditions)).model_dump(mode="json", exclude_defaults=True),
        "plan": {
            "side": plans[0].side,
            "size": min(plan.size for plan in plans),
            "stop_atr": min(plan.stop_atr for plan in plans),
            "target_atr": min(plan.target_atr for plan in plans),
            "max_bars": min(plan.max_bars for plan in plans),
        },
    }


def _steps(components: Sequence[Skill]) -> list[dict[str, str]]:
    """Return every component's steps with their phase."""
    found = [{"stage": stage, "text": text} for stage, text in phase_lines(components)]
    if len(found) > 24:
        raise ConfigError(f"the composite would have {len(found)} steps; 24 are allowed, compose fewer or shorter skills")
    return found


def _union(lines: Any) -> list[str]:
    return list(dict.fromkeys(lines))
