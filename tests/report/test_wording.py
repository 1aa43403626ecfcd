"""The opening must not claim more than the intervals allow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.report.document import Explanation, documents
from agent.report.tables import waterfall
from agent.report.wording import number, percent, sentences, verdict
from tests.report.build import comparison, document, explanation, run


def arms(*rows: dict[str, Any]) -> Any:
    return documents([document(comparisons=list(rows)), document("no-memory", 10.1), document("buy-and-hold", 48.2)])


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.1, 2.0, "memory helped"), (-2.0, -0.1, "memory hurt"), (-1.2, 2.0, "memory made no difference this run could see")],
)
def test_verdict_claims_a_difference_only_when_the_interval_excludes_zero(low: float, high: float, words: str) -> None:
    assert words in verdict(arms(comparison("no-memory", (low + high) / 2, low, high)))


def test_verdict_without_interval_claims_nothing_about_memory() -> None:
    row = comparison("no-memory", 5.0, 0, 0) | {"interval": None}
    assert "no difference this run could see" in verdict(arms(row))


def test_verdict_without_comparison_compares_plain_returns() -> None:
    assert verdict(arms()) == "It returned +12.3\u00a0% against +48.2\u00a0% for buying and holding."


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.0, 9.0, "more than chance explains"),
        (-9.0, -1.0, "less than chance explains"),
        (-9.0, 1.0, "chance alone could explain"),
    ],
)
def test_verdict_shows_both_returns_whatever_the_interval_says(low: float, high: float, words: str) -> None:
    opening = verdict(arms(comparison("buy-and-hold", (low + high) / 2, low, high)))
    assert opening.startswith("It returned +12.3\u00a0% against +48.2\u00a0% for buying and holding, ")
    assert words in opening


def test_sentences_give_numbers_interval_and_smallest_effect() -> None:
    first, second, third = sentences(documents(run()))
    assert first.startswith(
        "With memory: +12.3\u00a0% (Sharpe 0.41, invested 48\u00a0% of the time). Without memory: +10.1\u00a0%"
    )
    assert second == (
        "The difference to itself without memory is +0.4\u00a0% a year [−1.2, +2.0]: not distinguishable from zero; "
        "the smallest effect this run could have seen is 2.1\u00a0%."
    )
    assert third == "The difference to buy-and-hold is −6.1\u00a0% a year [−11.0, −1.3]: worse."


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (-0.001, "0.00"), (-1.5, "−1.50"), (1234.5, "1,234.50")])
def test_number_reads_as_people_write_it(value: float | None, text: str) -> None:
    assert number(value) == text


def test_percent_missing_is_a_dash_not_zero() -> None:
    assert percent(None) == "–"


@given(st.lists(st.floats(-1, 1), max_size=8))
def test_waterfall_stays_on_its_track_and_ends_at_the_sum(values: list[float]) -> None:
    parts = [{"source": "base", "id": str(i), "value": value} for i, value in enumerate(values)]
    steps = waterfall(Explanation.model_validate(explanation(contributions=parts)))
    for step in steps:
        assert -0.01 <= step.left <= 100.01
        assert step.left + step.width <= 100.02
        assert -0.01 <= step.zero <= 100.01
    assert not steps or steps[-1].value == number(sum(values), 3, sign=True)
