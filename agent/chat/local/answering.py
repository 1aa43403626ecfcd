"""A question answered without a model: read, routed, looked up, told in the tools' own words."""

from __future__ import annotations

import re

from pydantic import ValidationError

from agent.chat.answer import Answer
from agent.chat.found import Found
from agent.chat.local.reading import Names, Question, read
from agent.chat.local.route import Route, Step
from agent.chat.local.routes import route
from agent.chat.tools import BY_NAME
from agent.chat.view import View
from agent.wiring import restored_voters

LABEL = "no model: answered from the record"


def names_of(view: View) -> Names:
    """What the run names."""
    skills = {skill.name: skill.id for skill in view.catalogue.versions()}
    voters = (*restored_voters(view.journal, view.settings).voters, "memory", "forecast")
    return Names(tuple(view.tables.symbols), skills, voters)


def answer(view: View, said: str) -> Answer:
    """Answer a question from the record; what is not sure is marked, what is not known is said to be."""
    question = read(said, names_of(view), view.today)
    found = route(question, view)
    if found is None:
        return Answer(text=unknown(view), label=LABEL, certainty="unknown")
    if found.words is not None:
        ids = (f"run:{view.run}",) if f"[run:{view.run}]" in found.words else ()
        return Answer(text=found.words, label=LABEL, certainty="unknown" if found.unknown else "sure", citations=ids)
    return _told(view, question, found)


def unknown(view: View) -> str:
    """What is said where nothing fits."""
    return (
        "I do not know: nothing in the record answers that as I read it. /help shows what can be asked; naming a day, a symbol, "
        "a skill or an id helps."
    )


def looked_up(view: View, step: Step) -> Found:
    """One tool asked."""
    tool = BY_NAME[step.tool]
    try:
        return tool.run(view, tool.takes.model_validate(step.input))
    except ValidationError as err:
        first = err.errors()[0]
        return Found(text=f"I cannot look that up: {first['loc']} {first['msg']}.", empty=True)


def _unused(question: Question, found: Route) -> str | None:
    """A figure in the question that the answer has nothing to do with."""
    whole = {"trades", "decisions", "result", "skills"}
    if question.tests or question.limit or question.top > 1 or not question.amounts or {s.tool for s in found.steps} - whole:
        return None
    return f"I made no use of {question.amounts[0]:g}"


_OF_MOODS = re.compile(r"\b(?:bear(?:ish)?|bull(?:ish)?|falling|rising|up|down) (?:markets?|phases?|years?)\b|\brecessions?\b")


def _left_aside(question: Question, found: Route) -> tuple[str, ...]:
    """What the question names and no step was asked about: the answer is then of more than was meant."""
    inputs = [step.input for step in found.steps]
    if any(name in given for given in inputs for name in ("id", "query", "task")):
        return ()
    asked = " ".join(str(value) for given in inputs for value in given.values())
    told = {step.tool for step in found.steps}
    split = {given.get("by") for given in inputs}
    left = [s for s in question.symbols if s not in asked and "symbol" not in split and "run" not in told]
    left += [
        f"{r} markets"
        for r in question.regimes
        if r not in asked and "how volatile" not in question.text and not told & _WITH_REGIMES and "regime" not in split
    ]
    left += [name for name in question.skills if name not in asked and not question.voters]
    dated = any(name in given for given in inputs for name in ("start", "end", "at", "since", "until", "a"))
    if question.period is not None and not dated and "run" not in told:
        left.append("those days")
    if _OF_MOODS.search(question.text) and not question.day:
        left.append("rising or falling markets")
    return tuple(f"this is not of {name} alone" for name in left)


_WITH_REGIMES = {"market_state", "regimes", "skill", "similar", "what_if"}


def _told(view: View, question: Question, found: Route) -> Answer:
    results = [looked_up(view, step) for step in found.steps]
    named = question.symbols or question.idents or question.skills or question.day
    strange = f"I do not know the word {question.strange[0]!r}" if question.strange and not named else None
    unused = _unused(question, found)
    guessed = (*_left_aside(question, found), *question.doubts, *(r.doubt for r in results))
    doubts = [d for d in (found.doubt, strange, unused, *guessed) if d]
    text = "\n".join(dict.fromkeys(r.text for r in results))
    if doubts:
        text = f"I am not sure this is what you ask ({'; '.join(dict.fromkeys(doubts))}). {text}"
    ids = tuple(dict.fromkeys(ident for r in results for ident in r.ids))
    certainty = "unknown" if all(r.empty for r in results) else "unsure" if doubts else "sure"
    return Answer(
        text=text,
        label=LABEL,
        certainty=certainty,
        tools=tuple(dict.fromkeys(step.tool for step in found.steps)),
        citations=ids,
        table=next((r.table for r in results if r.table), None),
        chart=next((r.chart for r in results if r.chart), None),
    )
