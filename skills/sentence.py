"""A condition as a sentence that a person can read."""

from __future__ import annotations

from skills.tree import All, AnyOf, Between, Changes, Compare, Condition, Crosses, Not, Number, Op, RegimeIs, VoterSays

_WORDS: dict[Op, str] = {"<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}


def sentence(condition: Condition) -> str:
    """Say the condition in words, for people and models: made from the typed parts alone."""
    if isinstance(condition, All):
        return " and ".join(_inner(part) for part in condition.all)
    if isinstance(condition, AnyOf):
        return " or ".join(_inner(part) for part in condition.any)
    if isinstance(condition, Not):
        return f"not ({sentence(condition.not_)})"
    if isinstance(condition, RegimeIs):
        return f"the regime is {condition.regime}"
    if isinstance(condition, VoterSays):
        return f"{condition.voter} says {condition.says} with confidence of at least {condition.min_confidence:g}"
    return _numeric_sentence(condition)


def _inner(part: Condition) -> str:
    several = (isinstance(part, All) and len(part.all) > 1) or (isinstance(part, AnyOf) and len(part.any) > 1)
    return f"({sentence(part)})" if several else sentence(part)


def _said(value: Number | None) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


def _numeric_sentence(condition: Compare | Between | Crosses | Changes) -> str:
    if isinstance(condition, Between):
        return f"{condition.feature} is between {_said(condition.between[0])} and {_said(condition.between[1])}"
    if isinstance(condition, Changes):
        bars = "1 bar" if condition.change_over == 1 else f"{condition.change_over} bars"
        return f"the change of {condition.feature} over {bars} {_WORDS[condition.op]} {_said(condition.value)}"
    against = condition.other or _said(condition.value)
    if isinstance(condition, Compare):
        return f"{condition.feature} {_WORDS[condition.op]} {against}"
    when = "at this bar" if condition.within == 1 else f"within the last {condition.within} bars"
    return f"{condition.feature} crossed {condition.crosses} {against} {when}"
