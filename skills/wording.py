"""The words of a draft, slot by slot, and what the guard finds in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from agent.guard.detect import Likeness, detect, judge
from agent.guard.provenance import foreign_words
from agent.market.features import FEATURES
from skills.schema import SkillDraft

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt about a draft: the rule, the field, the words; a grave one refuses the draft."""

    rule: str
    where: str
    excerpt: str
    grave: bool = False


def slots(draft: SkillDraft) -> Iterator[tuple[str, str]]:
    """Yield every text that a draft carries with the path to its field; slugs and names with their words apart."""
    yield "name", draft.name.replace("-", " ")
    yield "description", draft.description
    yield "category", draft.category.replace("-", " ")
    yield from ((f"tags.{i}", tag.replace("-", " ")) for i, tag in enumerate(draft.tags))
    for name, parameter in draft.parameters.items():
        yield f"parameters.{name}", name.replace("_", " ")
        if parameter.unit:
            yield f"parameters.{name}.unit", parameter.unit
    yield from ((f"preconditions.{i}", text) for i, text in enumerate(draft.preconditions))
    yield from ((f"steps.{i}.text", step.text) for i, step in enumerate(draft.steps))
    yield from ((f"postconditions.{i}", text) for i, text in enumerate(draft.postconditions))


def doubts_of(draft: SkillDraft, likeness: Likeness | None = None) -> list[Doubt]:
    """Return what detection finds in each slot, in all slots read as one text, and by likeness in the whole."""
    texts = list(slots(draft))
    found = [(where, detect(text, where=where)) for where, text in texts]
    if judge([finding for _, findings in found for finding in findings]) == "accept":
        # an attack may be spread over the slots
        found.append(("text", detect("\n".join(text for _, text in texts), likeness=likeness)))
    gravest = judge([finding for _, findings in found for finding in findings])
    if gravest == "accept":
        return []
    return [
        Doubt(finding.rule, finding.where, finding.excerpt, gravest == "reject") for _, findings in found for finding in findings
    ]


def free_words(draft: SkillDraft, vouched: Collection[str] = ()) -> list[str]:
    """Return words of a draft that no template of ours would use: somebody's own text, which an operator has to read first.

    ``vouched`` are whole texts that were taken over from skills about which there is no doubt.
    """
    known = {*FEATURES, *draft.parameters, *draft.numbers}
    return foreign_words((text for _, text in slots(draft) if text not in vouched), known)[:_SHOWN]
