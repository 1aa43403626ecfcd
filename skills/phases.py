"""How a composite tells its parts: its name, its description, and each component's steps with their phase.

What is put together here from skills that an operator vouched for says nothing of its own. So
``vouched`` is what the write door does not count as somebody's free text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skills.schema import Skill, SkillDraft
from skills.wording import slots

MAX_LINE = 200
_MAX_NAME = 64
_MAX_DESCRIPTION = 280


def joined_name(components: Sequence[SkillDraft]) -> str:
    """Return the name that a composite has unless it is given another."""
    return "-and-".join(skill.name for skill in components)[:_MAX_NAME].strip("-")


def joined_description(components: Sequence[SkillDraft]) -> str:
    """Return the description that a composite has unless it is given another."""
    return f"Combines {', '.join(skill.name for skill in components)}."[:_MAX_DESCRIPTION]


def phase_lines(components: Sequence[SkillDraft]) -> Iterator[tuple[str, str]]:
    """Yield (stage, text) of every component's steps, numbers filled in, each with the phase it belongs to."""
    for phase, skill in enumerate(components, start=1):
        for text, step in zip(skill.filled_steps(), skill.steps, strict=True):
            line = f"Phase {phase}, {skill.name}: {text}"
            yield step.stage, line if len(line) <= MAX_LINE else text


def vouched(inputs: Sequence[Skill]) -> frozenset[str]:
    """Return the texts that a draft may take over from its inputs: from those whose own text carries no doubt."""
    clean = [skill for skill in inputs if not skill.tainted]
    told = {text for skill in clean for _, text in slots(skill)} | {text for skill in clean for text in skill.filled_steps()}
    if len(clean) == len(inputs) > 1:
        told |= {joined_name(inputs).replace("-", " "), joined_description(inputs)}
        told |= {text for _, text in phase_lines(inputs)}
    return frozenset(told)
