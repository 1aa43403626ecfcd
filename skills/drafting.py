"""From conditions that the data spoke for to a draft: a readable name, the exits they were found with, and the words.

A ``namer`` may give another name and description; it is shown a sentence and never touches the typed part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from agent.domain import Side
from agent.market.features import FeatureFrame
from agent.risk.sizing import Exits
from skills.catalogue import Catalogue
from skills.conditions import overlap
from skills.lifecycle import UNSOUND
from skills.schema import SkillDraft, parse_draft
from skills.sentence import sentence

Namer = Callable[[str], tuple[str, str] | None]
"""Takes a sentence saying what was found; returns a name and a description, None when it has none that will do."""

_SAFE = re.compile(r"[^a-z0-9]+")
_LONGEST = 64


def readable(side: Side | None, when: dict[str, Any]) -> str:
    """Return a name such as ``buy-low-rsi-14-in-ranging``: side, then each condition in a word or two, the regime last."""
    parts = sorted(when.get("all", [when]), key=lambda part: "regime" in part)
    return "-".join([*([side] if side else []), *map(_word, parts)])[:_LONGEST].strip("-")


def _word(part: dict[str, Any]) -> str:
    if "regime" in part:
        return f"in-{part['regime']}"
    return f"{'low' if part['op'] == '<' else 'high'}-{_SAFE.sub('-', str(part['feature']).lower()).strip('-')}"


def drafted(
    side: Side, when: dict[str, Any], exits: Exits, *, category: str, record: str = "", namer: Namer | None = None
) -> SkillDraft:
    """Return a strategy that applies ``when``; ``exits`` are in ATR, ``record`` is told after the condition.

    SkillRejected when the condition leaves the vocabulary.
    """
    typed: dict[str, Any] = {
        "name": readable(side, when),
        "description": "Found in the record.",
        "category": category,
        "when": when,
        "plan": {
            "side": side,
            "stop_atr": exits.stop_distance,
            "target_atr": exits.target_distance,
            "max_bars": exits.max_bars,
        },
        "steps": [
            {"stage": "entry", "text": f"{side.capitalize()} at the next bar's open"},
            {"stage": "management", "text": "Keep the stop {stop_atr} ATR from the entry"},
            {"stage": "exit", "text": "Take {target_atr} ATR, or close after {max_bars} bars"},
        ],
    }
    draft = parse_draft(typed)
    condition = sentence(draft.condition) if draft.condition is not None else ""
    said = f"Applies when {condition}. {record}".strip()
    name, description = (namer(said) if namer else None) or (draft.name, said)
    return parse_draft({**typed, "name": name, "description": description[:280]})


def known(catalogue: Catalogue, draft: SkillDraft, frames: Sequence[FeatureFrame], most: float) -> bool:
    """Say whether a skill has the draft's name, or one of its side in use holds on the same bars (a share ``most`` or more)."""
    if draft.condition is None or draft.plan is None:
        return True
    for key, skill in catalogue.skills.items():
        if skill.name == draft.name:
            return True
        if skill.condition is None or skill.plan is None or catalogue.standings[key].status in UNSOUND:
            continue
        shared = overlap(draft.condition, skill.condition, frames)
        if skill.plan.side == draft.plan.side and shared is not None and shared >= most:
            return True
    return False
