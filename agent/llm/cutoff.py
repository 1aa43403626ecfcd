"""Until when a model's training data reach: bars before that may be remembered instead of reasoned about.

As published by the maker (November 2026); settings say it for a model that is not named here. An agent that is measured on
bars its model has read about measures memory: such results are flagged, and ``--mask`` hides what they could be known by.
"""

from __future__ import annotations

from datetime import date

from agent.settings import Llm

CUTOFFS = {
    "claude-opus-5-5": date(2026, 6, 30),
    "claude-sonnet-5-5": date(2026, 6, 30),
    "claude-haiku-5-5": date(2026, 6, 30),
}


def cutoff_of(model: str, settings: Llm) -> date | None:
    """The last day of a model's training data; None where nobody said it."""
    return settings.cutoffs.get(model) or CUTOFFS.get(model)
