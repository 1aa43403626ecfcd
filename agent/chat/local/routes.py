"""From a question as read to the tools that answer it: every intent that fits is tried, and the one that explains most is taken.

An answer is unsure when words, days or numbers of the question are left over, or when it had to be taken for two questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from agent.chat.local.coverage import Coverage, covered
from agent.chat.local.intents import INTENTS
from agent.chat.local.intents.standing import stranger
from agent.chat.local.kinds import kind_of
from agent.chat.local.opinion import other_kind
from agent.chat.local.reading import Question
from agent.chat.local.route import Intent, Route, Step, named
from agent.chat.view import View


@dataclass(frozen=True)
class Reading:
    """What a question was taken for."""

    route: Route
    left: tuple[str, ...] = ()
    loose: bool = False
    explained: int = 0
    name: str = ""
    score: float = 0.0


def route(q: Question, view: View) -> Reading | None:
    """The reading that explains most of a question; None where none explains anything."""
    if (foreign := stranger(q, view)) is not None:
        return Reading(foreign)
    found = readings(q, view)
    if found and found[0].left:
        found[:1] = [_completed(found)]
    together = _apart(q, view)
    if together is not None and (not found or together.score > found[0].score + 0.2):
        return _doubted(q, together, found)
    return _doubted(q, _beside(q, found), found) if found else None


def _doubted(q: Question, first: Reading, found: list[Reading]) -> Reading:
    """A reading, with a doubt where questions worded like this one had another kind of answer; that answer too, where it fits."""
    if first.route.doubt or first.route.unknown:
        return first
    kind = other_kind(q, kind_of(first.name, first.route))
    if kind is None:
        return first
    fits = (other for other in found if kind_of(other.name, other.route) == kind and other.route.steps)
    meant = next((other for other in fits if len(other.left) <= len(first.left) + 1), None)
    if meant is None or not first.route.steps:
        return replace(
            first,
            route=replace(
                first.route, doubt=f"I took it for {first.name}; questions worded like it mostly ask for something else"
            ),
        )
    steps = (*first.route.steps, *(s for s in meant.route.steps if s not in first.route.steps))
    doubt = f"it may be {meant.name} that you mean, and not {first.name}"
    return replace(first, route=replace(first.route, steps=steps[:MOST_STEPS], doubt=doubt))


def _beside(q: Question, found: list[Reading]) -> Reading:
    """The best reading of a long question, doubtful where another explains everything too, nearly as well and by another tool."""
    first = found[0]
    if first.left or first.route.words or first.route.doubt or sum(not token.bare for token in q.tokens) < LONG:
        return first
    tools = {step.tool for step in first.route.steps}
    for other in found[1:]:
        if other.score < first.score - CLOSE:
            break
        if not other.left and not other.route.words and not tools & {step.tool for step in other.route.steps}:
            return replace(first, route=replace(first.route, doubt=f"it may be {other.name} that you mean, and not {first.name}"))
    return first


CLOSE, LONG = 0.3, 5  # in scores; in words that mean something


_ASKS = 0.15  # what a second reading loses for not being the first


def _completed(found: list[Reading]) -> Reading:
    """The best reading with another beside it that accounts for what it leaves over, where what that one leaves is its own."""
    first = found[0]
    for other in found[1:]:
        both = tuple(word for word in first.left if word in other.left)
        gained = len(first.left) - len(both)
        if not gained or other.route.words or first.route.words or other.score < MOST_BEHIND:
            continue
        if len(other.left) > len(first.left) + 2 or both and gained < 2:
            continue
        steps = (*first.route.steps, *(s for s in other.route.steps if s not in first.route.steps))
        doubt = f"I take it for two questions, {first.name} and {other.name}"
        joined = replace(first.route, steps=steps[:MOST_STEPS], doubt=first.route.doubt or other.route.doubt or doubt)
        return replace(first, route=joined, left=both, score=first.score + gained - _ASKS)
    return first


MOST_BEHIND, MOST_STEPS = -1.0, 8


def readings(q: Question, view: View) -> list[Reading]:
    """Every reading of a question, the best first; equal ones in the order of the intents."""
    found = []
    for intent in INTENTS:
        needs = _needs(q, intent)
        if needs is None:
            continue
        made = intent.make(q, view)
        if made is None or not (made.steps or made.words):
            continue
        seen: Coverage = covered(q, made, needs, intent.tells)
        found.append(Reading(made, seen.left, seen.loose, seen.explained, intent.name, seen.score + intent.weight))
    return sorted(found, key=lambda reading: -reading.score)


def _needs(q: Question, intent: Intent) -> frozenset[str] | None:
    """The concepts of the question that an intent needs; None when one is missing."""
    held: set[str] = set()
    for need in intent.needs:
        present = [one for one in need.split("|") if named(q, one)]
        if not present:
            return None
        held.update(present)
    return frozenset(held)


def _apart(q: Question, view: View) -> Reading | None:
    """The same question of each of two or three days, symbols, regimes or voters that it names, one at a time."""
    for many in (
        _each(q, "periods"),
        _each(q, "symbols"),
        _each_slot(q, "regime"),
        _each_slot(q, "voter"),
        _each_slot(q, "feature"),
        _each_slot(q, "after"),
        _beside_all(q),
    ):
        if not many:
            continue
        parts = [found[0] for one in many if (found := readings(one, view))]
        if len(parts) == len(many) and len({part.name for part in parts}) == 1 and all(part.route.steps for part in parts):
            steps = _unique(parts)
            joined = replace(parts[0].route, steps=steps, tells=parts[0].route.tells | {"compare", "by"})
            left = tuple(word for word in parts[0].left if word not in _COMPARING)
            gained = 1.0 * (len(many) - 1) + sum(1.0 for word in parts[0].left if word in _COMPARING)
            return Reading(joined, left, parts[0].loose, parts[0].explained, parts[0].name, parts[0].score + gained)
    return None


_COMPARING = frozenset(
    {
        "compare",
        "compared",
        "overall",
        "comparison",
        "versus",
        "difference",
        "better",
        "worse",
        "than",
        "against",
        "between",
        "differ",
        "more",
        "less",
        "each",
        "respectively",
        "higher",
        "lower",
        "bigger",
    }
)


def _each(q: Question, name: str) -> list[Question]:
    values = getattr(q, name)
    if not 1 < len(values) <= 4:
        return []
    return [q.only(**{name: (value,)}) for value in values]


def _each_slot(q: Question, kind: str) -> list[Question]:
    values = q.values(kind)
    if not 1 < len(values) <= 3:
        return []
    return [q.only(slots=tuple(s for s in q.slots if s.kind != kind or s.value == value)) for value in values]


def _beside_all(q: Question) -> list[Question]:
    """The same of one regime and of all: "overall versus in ranging markets"."""
    named = [s for s in q.slots if s.kind == "regime"]
    if len(named) != 1 or not _OF_ALL.search(q.text):
        return []
    inside = [t for t in q.tokens if named[0].begin <= t.begin and t.end <= named[0].end]
    tokens = tuple(t for t in q.tokens if t not in inside and "regime" not in t.concepts)
    slots = tuple(s for s in q.slots if s.kind != "regime")
    return [q, q.only(slots=slots, tokens=tokens, concepts=q.concepts - {"regime"})]


_ALL, _VERSUS = r"\b(?:overall|in general|altogether|all markets)\b", r"\b(?:vs|versus|against|compared|than)\b"
_OF_ALL = re.compile(rf"{_ALL}.*{_VERSUS}|{_VERSUS}.*{_ALL}")


def _unique(parts: list[Reading]) -> tuple[Step, ...]:
    out: list[Step] = []
    for part in parts:
        for step in part.route.steps:
            if step not in out:
                out.append(step)
    return tuple(out)
