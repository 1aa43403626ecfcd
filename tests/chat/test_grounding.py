"""What in an answer no source holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.chat.grounding import cited, problems

SOURCE = "NASDAQ closed at 4,403.90 on 2016-01-20, -0.81 R, 48.0% won of 171 [decision:871dec4c] [skill:gap-fade]"


@pytest.mark.parametrize(
    "text",
    [
        "It closed at 4,403.90 [decision:871dec4c].",
        "It closed near 4,404 on 2016-01-20 [decision:871dec4c].",
        "A share of 0.48 won [skill:gap-fade].",
        "It lost 0.8 R [decision:871dec4c].",
        "I do not know.",
        "1. The trade lost.\n2. So did the next.",
    ],
)
def test_what_a_source_holds_is_grounded_as_it_is_or_rounded(text: str) -> None:
    assert problems(text, [SOURCE]) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("It closed at 4,503.90 [decision:871dec4c].", "figure 4,503.90"),
        ("It closed at 4,403.90.", "without the id"),
        ("It closed at 4,403.90 [decision:0badcafe].", "id 0badcafe"),
        ("It closed on 2016-01-21 [decision:871dec4c].", "date 2016-01-21"),
        ("171 trades [skill:made-up].", "id made-up"),
    ],
)
def test_what_no_source_holds_is_named(text: str, what: str) -> None:
    assert any(what in found for found in problems(text, [SOURCE]))


@given(st.floats(10, 1e6, allow_nan=False))
def test_any_figure_of_a_source_is_grounded_at_two_decimals(value: float) -> None:
    assert problems(f"{value:,.2f} [run:x]", [f"it was {value:.6f} [run:x]"]) == []


def test_ids_are_given_in_their_order_each_once() -> None:
    assert cited(SOURCE + " and 871dec4c again") == ("871dec4c", "gap-fade")
