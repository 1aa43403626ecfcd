"""A second look at an answer: what it must speak of, and what questions worded like it had asked for."""

from __future__ import annotations

from datetime import date

import pytest

from agent.chat.local.answering import answer
from agent.chat.local.demands import unmet
from agent.chat.local.intents import INTENTS
from agent.chat.local.kinds import kind_of
from agent.chat.local.opinion import other_kind
from agent.chat.local.reading import Names, Question, read
from agent.chat.local.route import Route, Step
from agent.chat.tools import BY_NAME
from agent.chat.view import View
from tests.chat.test_reading import NAMES, TODAY

RUN = Names(("NASDAQ", "SP500"), {"gap-fade": "1"}, ("momentum", "rsi_reversal", "memory"))


def _read(said: str) -> Question:
    return read(said, RUN, date(2018, 12, 31))


@pytest.mark.parametrize(
    ("question", "answered"),
    [
        ("what was the slippage on the last trade", "The last trade: NASDAQ bought, closed by time: +214.49 net."),
        ("in which year did we beat the index", "It fell short of buy and hold by 46.38 points. Return: 2.12%."),
        ("what did the features look like", "hold at confidence 0.07. Why: Hold: leaning buy."),
        ("does the forecast help", "This run returned 2.12 %; the other arms: no-memory -6.96 %."),
        ("what was the biggest drawdown in r", "Maximum drawdown: 8.53%, from 2014-01-22 to 2016-05-13."),
    ],
)
def test_an_answer_that_does_not_speak_of_what_was_asked_is_noticed(question: str, answered: str) -> None:
    assert unmet(question, answered)


def test_an_answer_that_speaks_of_it_is_left_alone() -> None:
    assert not unmet("how much did we pay in fees and slippage", "Fees paid: 10.00. Slippage cost about 30.00 more.")


def test_a_reading_of_another_kind_than_questions_worded_alike_had_is_doubted() -> None:
    """A trader who asks whether results can be trusted would take the weights of voters for an answer."""
    assert other_kind(_read("Can these results be trusted?"), "voters") == "run notes"
    assert other_kind(_read("Can these results be trusted?"), "run notes") is None


def test_the_kinds_of_the_examples_are_kinds_of_routes() -> None:
    """An example with a misspelt kind would mark right answers for ever."""
    from agent.chat.local.opinion import examples

    words = {f"words {one.name}" for one in INTENTS} | {"words "}
    for kind in {str(kind) for kind in examples().kinds}:
        assert kind in words or kind.split()[0] in BY_NAME


def test_kinds_tell_the_same_tool_apart_by_what_it_is_asked() -> None:
    def kind(**given: object) -> str:
        return kind_of("any", Route((Step("trades", dict(given)),)))

    assert len({kind(measure="count"), kind(by="year"), kind(order="best"), kind(order="best", by="year"), kind(rest=True)}) == 5


def test_what_is_slippage_of_one_trade_is_marked(shared_view: View) -> None:
    found = answer(shared_view, "What was the slippage on the last trade?")
    assert found.certainty == "unsure"
    assert "says nothing of slippage" in found.text


def test_a_figure_said_again_needs_no_use() -> None:
    assert read("Why was the size only 6.2%?", NAMES, TODAY).amounts == (0.062,)
