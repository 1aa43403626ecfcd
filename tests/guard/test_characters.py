from __future__ import annotations

import pytest

from agent.guard.characters import mixed_word, refusal


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b",
        "a\u200bb",
        "a\u202eb",
        "a\U000e0041b",
        "a\ufe0fb",
        "a\ue000b",
        "a\nb",
        "p\u0430y",
        "\u3164",
        "a\u00adb",
        "\ufdd0",
    ],
)
def test_refusal_what_is_not_shown_as_itself_is_refused(text: str) -> None:
    assert refusal(text) is not None


@pytest.mark.parametrize(
    "text", ["Buy at 30 %", "Kaufe über dem Band", "Покупай ниже", "σ of r is 0.2", "β-neutral", "½ position"]
)
def test_refusal_honest_writing_passes(text: str) -> None:
    assert refusal(text) is None


def test_mixed_word_one_greek_letter_beside_latin_is_notation() -> None:
    assert mixed_word("2σx") is None
    assert mixed_word("\u0440\u0430ypal") == "\u0440\u0430ypal"
