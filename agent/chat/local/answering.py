"""A question answered without a model: read, routed, looked up, told in the tools' own words."""

from __future__ import annotations

import re
from dataclasses import replace

from pydantic import ValidationError

from agent.chat.answer import Answer
from agent.chat.found import Found
from agent.chat.local.clauses import clauses, following, points_back
from agent.chat.local.demands import unmet
from agent.chat.local.reading import Names, Question, read
from agent.chat.local.route import Step
from agent.chat.local.routes import Reading, route
from agent.chat.tools import BY_NAME
from agent.chat.view import View
from agent.wiring.homes import restored_voters

LABEL = "no model: answered from the record"


def names_of(view: View) -> Names:
    """What the run names."""
    skills = {skill.name: skill.id for skill in view.catalogue.versions()}
    voters = (*restored_voters(view.journal, view.settings).voters, "memory", "forecast")
    return Names(tuple(view.tables.symbols), skills, voters)


def answer(view: View, said: str, last: str | None = None) -> Answer:
    """Answer a question from the record, part by part; what is not sure is marked, what is not known is said to be.

    ``last`` is the decision that was spoken of before: "how did it end?" is asked of it where it makes no sense by itself.
    """
    names = names_of(view)
    parts: list[Answer] = []
    before: Question | None = None
    for clause in clauses(said):
        question = read(clause, names, view.today)
        if before is not None:
            if all(token.bare for token in question.tokens) and not (question.slots or question.periods or question.symbols):
                continue  # "is there anything in it?" asks nothing more
            question = following(question, before, parts[-1], names)
        parts.append(_answered(view, question, last if before is None else None))
        before = question
    return _joined(parts)


def _answered(view: View, question: Question, last: str | None = None) -> Answer:
    found = route(question, view)
    if last is not None and points_back(question) and (found is None or found.left or _of_all(found)):
        about = question.only(idents=(last,), doubts=(*question.doubts, f"I take it that you mean {last[:8]}"))
        again = route(about, view)
        if again is not None and not again.left and again.route.words is None:
            question, found = about, again
    if found is None:
        return Answer(text=unknown(view), label=LABEL, certainty="unknown")
    if found.route.words is not None:
        ids = (f"run:{view.run}",) if f"[run:{view.run}]" in found.route.words else ()
        return Answer(text=found.route.words, label=LABEL, certainty="unknown" if found.route.unknown else "sure", citations=ids)
    return _told(view, question, found)


def _of_all(found: Reading) -> bool:
    """Whether a reading is of the whole run where one decision may be meant."""
    return bool(found.route.steps) and found.route.steps[0].tool in ("run", "decisions", "trades", "market_state", "positions")


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


def _told(view: View, question: Question, found: Reading) -> Answer:
    results = [looked_up(view, step) for step in found.route.steps]
    told = text = "\n".join(dict.fromkeys(r.text for r in results))
    found = replace(found, left=tuple(word for word in found.left if not _restated(word, told)))
    unused = f"I made no use of {', '.join(repr(word) for word in found.left)}" if found.left else None
    loosely = f"I took it for {found.name}" if found.loose else None
    beyond = f"{question.strangers[0]} is not in this run" if question.strangers else None
    missed = unmet(question.text, told)
    lacking = f"it says nothing of {', '.join(missed)}" if missed else None
    doubts = [
        d for d in (found.route.doubt, unused, loosely, beyond, lacking, *question.doubts, *(r.doubt for r in results)) if d
    ]
    if doubts:
        text = f"I am not sure this is what you ask ({'; '.join(dict.fromkeys(doubts))}). {text}"
    ids = tuple(dict.fromkeys(ident for r in results for ident in r.ids))
    strange = len(found.left) > 1 and len(found.left) > 2 * found.explained + len(question.periods)
    if strange:
        text = f"I do not know: I made no use of {', '.join(repr(word) for word in found.left)}. The nearest I can tell: {told}"
    certainty = "unknown" if strange or all(r.empty for r in results) else "unsure" if doubts else "sure"
    return Answer(
        text=text,
        label=LABEL,
        certainty=certainty,
        tools=tuple(dict.fromkeys(step.tool for step in found.route.steps)),
        citations=ids,
        table=next((r.table for r in results if r.table), None),
        chart=next((r.chart for r in results if r.chart), None),
    )


_FIGURE = re.compile(r"-?[\d,]*\.?\d+")


def _restated(word: str, told: str) -> bool:
    """Whether a figure of the question only says again what the answer holds: "why was the size only 6.2 %"."""
    figure = _FIGURE.search(word)
    return (
        figure is not None
        and not word[0].isalpha()
        and re.search(rf"(?<![\d.]){re.escape(figure.group(0))}(?![\d.]*\d)", told) is not None
    )


def _joined(parts: list[Answer]) -> Answer:
    """The answers of all clauses as one; it is as sure as the least sure of them."""
    if len(parts) == 1:
        return parts[0]
    known = [part for part in parts if part.certainty != "unknown"]
    certainty = "unknown" if not known else "sure" if all(part.certainty == "sure" for part in parts) else "unsure"
    return parts[0].model_copy(
        update={
            "text": "\n".join(dict.fromkeys(part.text for part in parts)),
            "certainty": certainty,
            "tools": tuple(dict.fromkeys(tool for part in parts for tool in part.tools)),
            "citations": tuple(dict.fromkeys(ident for part in parts for ident in part.citations)),
            "table": next((part.table for part in parts if part.table), None),
            "chart": next((part.chart for part in parts if part.chart), None),
        }
    )
