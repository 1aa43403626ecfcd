"""How active a model is: a model that hardly ever acts, while arithmetic would have, is an alarm and no judgement.

Language models that recall their own past holds go on holding; errors and doubts end there too. The last decisions are kept
as one letter each: ``h`` a hold, ``H`` a hold where arithmetic would have entered, ``a`` and ``A`` anything else.
"""

from __future__ import annotations

WINDOW, LEAST, MOST_HOLDS = 100, 20, 0.95  # decisions looked at, how many are enough, and the share of holds that is an alarm


def extended(activity: str, held: bool, arithmetic_acts: bool) -> str:
    """The activity with one more decision."""
    letter = "h" if held else "a"
    return (activity + (letter.upper() if arithmetic_acts else letter))[-WINDOW:]


def hold_share(activity: str) -> float | None:
    """The share of holds; None before the first decision."""
    return activity.lower().count("h") / len(activity) if activity else None


def passive(activity: str) -> str | None:
    """Why the model's passivity is alarming; None while it is not."""
    held, acting = activity.lower().count("h"), sum(letter.isupper() for letter in activity)
    if len(activity) < LEAST or held < MOST_HOLDS * len(activity) or not acting:
        return None
    return f"the model held {held} of its last {len(activity)} decisions, arithmetic would have entered {acting} times"
