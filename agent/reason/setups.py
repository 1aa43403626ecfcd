"""What a decision is a case of, so that an explanation can count: its side, what leads it, and the regime.

The leader is the skill or vote that contributes most on the decision's side. Pure; who counts is ``agent.learn.setups``.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain import Contribution, Recent, Side, SkillMatch

_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
STREAK = 3  # trades of a regime that all ended alike are worth a word from here on


def setup_of(parts: Sequence[Contribution], side: Side | None, regime: str | None) -> str | None:
    """The setup's name, ``SIDE|SOURCE|ID|REGIME``; None without a side or without a leader on it."""
    sign = 1 if side == "buy" else -1
    leading = [part for part in parts if part.source in ("skill", "vote") and part.value * sign > 0]
    if side is None or not leading:
        return None
    best = max(leading, key=lambda part: (abs(part.value), part.id))
    return f"{side}|{best.source}|{best.id}|{regime or 'unknown'}"


def counted(setup: str | None, recent: Recent, skills: Sequence[SkillMatch], regime: str | None) -> list[str]:
    """What there is to say of how often this came and how trades in this regime ended lately."""
    said = []
    times = 0 if setup is None else recent.setups.get(setup, 0) + (setup != recent.standing)
    if setup is not None and times > 1:
        side, _, ident, where = setup.split("|")
        name = next((skill.name for skill in skills if skill.id == ident), ident)
        said.append(f"the {_nth(times)} such setup in seven days ({side} led by {name}, {where} market)")
    if abs(recent.streak) >= STREAK:
        ended = "won" if recent.streak > 0 else "lost"
        said.append(f"the last {abs(recent.streak)} trades in a {regime or 'unknown'} market {ended}")
    return said


def _nth(n: int) -> str:
    if n < len(_ORDINALS):
        return _ORDINALS[n]
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
