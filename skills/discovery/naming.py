"""From an accepted hypothesis to a draft: its conditions, the exits it was found with, and its record in words."""

from __future__ import annotations

from agent.domain import Side
from agent.errors import ConfigError
from agent.risk.sizing import Exits
from skills.discovery.discover import Hypothesis
from skills.drafting import Namer, drafted
from skills.schema import SkillDraft


def draft_of(hypothesis: Hypothesis, side: Side, exits: Exits, namer: Namer | None = None) -> SkillDraft:
    """Return the hypothesis as a strategy; exits are in ATR. SkillRejected when it leaves the vocabulary."""
    if hypothesis.side not in (None, side):
        raise ConfigError(f"the hypothesis is for {hypothesis.side}, not {side}; give its own side")
    later = hypothesis.holdout
    record = (
        f"Won {hypothesis.win_rate:.0%} of {hypothesis.support} trades "
        f"(base {hypothesis.base_rate:.0%}), later {later['win_rate']:.0%} of {later['support']}."
    )
    return drafted(side, hypothesis.when, exits, category="discovered", record=record, namer=namer)
