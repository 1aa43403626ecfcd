"""Plain questions without a model: right answers with ids, never wrong without being marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.chat.local.answering import LABEL, answer
from agent.chat.view import View
from tests.chat.questions import MARKED, QUESTIONS, ROUTED, UNANSWERABLE, Facts
from tests.cli.kit import Json


@pytest.mark.parametrize("number", range(len(QUESTIONS)), ids=[q for q, _ in QUESTIONS])
def test_question_is_answered_rightly_with_ids(finished: tuple[Path, Json], shared_view: View, number: int) -> None:
    said, needs = QUESTIONS[number]
    facts = Facts(finished[1])
    found = answer(shared_view, facts.told(said))
    for words in needs(facts):
        assert words in found.text, f"{words!r} is missing from: {found.text[:600]}"
    assert found.label == LABEL
    assert found.certainty != "unknown"
    assert found.citations


@pytest.mark.parametrize("said", UNANSWERABLE)
def test_what_no_record_says_is_not_known(shared_view: View, said: str) -> None:
    found = answer(shared_view, said)
    assert found.certainty == "unknown"
    assert "I do not know" in found.text or "is not in this run" in found.text


@pytest.mark.parametrize("said", ROUTED)
def test_other_wordings_reach_the_tool_that_answers_them(shared_view: View, said: str) -> None:
    found = answer(shared_view, said)
    assert ROUTED[said] in found.tools
    assert found.certainty != "unknown"


@pytest.mark.parametrize("said", MARKED)
def test_an_answer_to_less_than_was_asked_is_marked(shared_view: View, said: str) -> None:
    """A trader would take the figure of the whole run for that of what was named."""
    assert answer(shared_view, said).certainty in ("unsure", "unknown")


def test_enough_questions_are_tried() -> None:
    assert len(QUESTIONS) >= 120
