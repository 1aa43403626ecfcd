"""How much of a question a reading explains, and which of its words it leaves over. Pure.

Every word that is not bare, every day, symbol, skill and number has to be accounted for: by what the intent needs, by what else
it tells of, or by standing in a tool's input. What is left over makes the reading worse, and the answer unsure.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from agent.chat.local.reading import Question
from agent.chat.local.route import Route
from agent.chat.local.slot import Slot

LONG = 5  # words that mean something: in a shorter question one that is needed says enough
NEEDED, TOLD, LEFT, SLOT_LEFT = 1.0, 0.75, -1.0, -1.6
ALWAYS = frozenset({"list", "make", "r_unit"})


@dataclass(frozen=True)
class Coverage:
    """The score of a reading, what of the question it does not account for, and whether more is only told of than asked for."""

    score: float
    left: tuple[str, ...]
    loose: bool = False
    explained: int = 0


def covered(q: Question, route: Route, needs: frozenset[str], tells: frozenset[str]) -> Coverage:
    """What a route explains of a question."""
    given = json.dumps([step.input for step in route.steps], default=_plain)
    told = tells | route.tells | ALWAYS
    told = told | {"dayunit"} if "when" in told | needs else told
    told = told | {"barunit"} if {"holding", "how_long", "decision", "period"} & (told | needs) else told
    told = told if "compare" in q.concepts else told | {"overall"}
    used = [slot for slot in q.slots if _used(slot, q, route, given, told)]
    score, left, strong, weak = 0.0, [], len(_names(q)), 0
    for token in q.tokens:
        if any(slot.begin <= token.begin and token.end <= slot.end for slot in used) or token.concepts & needs:
            score += 0.0 if token.bare else NEEDED
            strong += not token.bare
        elif token.concepts & told:
            score += 0.0 if token.bare else TOLD
            weak += not token.bare
        elif not token.bare:
            score += LEFT
            left.append(token.text)
    for number in (s for s in q.slots if s.kind in ("amount", "top", "nth", "bound") and s not in used):
        score += SLOT_LEFT
        left.append(q.text[number.begin : number.end].strip())
    if any(slot.kind == "after" and slot not in used for slot in q.slots):
        score += SLOT_LEFT
        left.append("after what")
    names = _names_left(q, route, given, told)
    score += SLOT_LEFT * (len(names) + len(set(names) & {*q.idents, *q.skills})) + (len(_names(q)) - len(names)) * NEEDED
    return Coverage(
        score,
        tuple(dict.fromkeys([*names, *left])),
        loose=weak > strong and weak + strong >= LONG,
        explained=strong + weak - len(_names(q)),
    )


def _plain(value: object) -> object:
    return value.model_dump() if hasattr(value, "model_dump") else str(value)


def _used(slot: Slot, q: Question, route: Route, given: str, told: frozenset[str]) -> bool:
    """Whether what is named stands in a tool's input, or the route says that it tells of it."""
    if f"@{slot.kind}" in told:
        return True
    if slot.kind == "bound":
        inputs = [step.input for step in route.steps]
        return any(
            slot.value in (*i.get("bounds", ()), *i.get("tests", ()), i.get("having"))
            or slot.value.feature == "count"
            and any(b.feature == "executions" and b.op == slot.value.op for b in i.get("bounds", ()))
            for i in inputs
        )
    if slot.kind == "after":
        return any(step.input.get("after") == slot.value for step in route.steps)
    if slot.kind in ("top", "nth", "weekday"):
        key = {"top": "n", "nth": "nth", "weekday": "weekday"}[slot.kind]
        said_of_day = slot.kind == "weekday" and any(p.day and p.day.weekday() == slot.value for p in q.periods)
        return said_of_day or any(step.input.get(key) == slot.value for step in route.steps)
    if slot.kind == "amount":
        return False
    return json.dumps(str(slot.value)) in given


def _names(q: Question) -> list[str]:
    return [*q.symbols, *(f"{p.start} to {p.end}" for p in q.periods), *q.skills, *q.idents]


def _names_left(q: Question, route: Route, given: str, told: frozenset[str]) -> list[str]:
    """The symbols, days, skills and ids that the route does not ask about."""
    left = [s for s in q.symbols if s not in given and "@symbol" not in told]
    if "@period" not in told:
        left += [
            _said(p.start, p.end) for p in q.periods
            if not any(edge is not None and str(edge) in given for edge in (p.start, p.end))
        ]  # fmt: skip
    left += [name for name in q.skills if json.dumps(name) not in given and "@skill" not in told]
    left += [ident for ident in q.idents if ident not in given]
    return left


def _said(start: object, end: object) -> str:
    return str(start) if start == end else f"{start} to {end}"
