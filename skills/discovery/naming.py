"""From an accepted hypothesis to a draft: a readable name from its conditions, the exits it was found with.

A ``namer`` may give another name and description; it is shown the words and never touches the
typed part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from agent.domain import Side
from agent.errors import ConfigError
from agent.risk.sizing import Exits
from skills.conditions import sentence
from skills.discovery.discover import Hypothesis
from skills.schema import SkillDraft, parse_draft

Namer = Callable[[str], tuple[str, str] | None]
"""Takes a sentence saying what was found; returns a name and a description, None when it has none that will do."""

_SAFE = re.compile(r"[^a-z0-9]+")


def readable(hypothesis: Hypothesis) -> str:
    """Return a name such as ``buy-low-rsi-14-in-ranging``: side, then each condition in a word or two."""
    parts = hypothesis.when.get("all", [hypothesis.when])
    words = [_word(part) for part in parts]
    side = [hypothesis.side] if hypothesis.side else []
    return "-".join(side + words)[:64].strip("-")


def _word(part: dict[str, Any]) -> str:
    if "regime" in part:
        return f"in-{part['regime']}"
    return f"{'low' if part['op'] == '<' else 'high'}-{_SAFE.sub('-', str(part['feature']).lower()).strip('-')}"


def draft_of(hypothesis: Hypothesis, side: Side, exits: Exits, namer: Namer | None = None) -> SkillDraft:
    """Return the hypothesis as a strategy; exits are in ATR. SkillRejected when it leaves the vocabulary."""
    if hypothesis.side not in (None, side):
        raise ConfigError(f"the hypothesis is for {hypothesis.side}, not {side}; give its own side")
    typed: dict[str, Any] = {
        "name": f"{side}-{readable(hypothesis).removeprefix(f'{side}-')}"[:64].strip("-"),
        "description": "Found by discovery.",
        "category": "discovered",
        "when": hypothesis.when,
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
    said = _said(draft, hypothesis)
    name, description = (namer(said) if namer else None) or (draft.name, said)
    return parse_draft({**typed, "name": name, "description": description[:280]})


def _said(draft: SkillDraft, hypothesis: Hypothesis) -> str:
    condition = sentence(draft.condition) if draft.condition is not None else ""
    later = hypothesis.holdout
    return (
        f"Applies when {condition}. Won {hypothesis.win_rate:.0%} of {hypothesis.support} trades "
        f"(base {hypothesis.base_rate:.0%}), later {later['win_rate']:.0%} of {later['support']}."
    )
