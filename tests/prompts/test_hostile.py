"""Without these a text could step out of its fence, run as a template, or speak to a model before anybody approved it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from prompts import NAMES, fenced, render
from prompts.library import FOLDER
from skills.admit import admit
from skills.render import render as shown
from tests.guard.hostile import CORPORA, HOSTILE, attacks, harmless
from tests.prompts.snapshots import COMMON, VALUES
from tests.skills.build import START, draft, opened

SECRET = b"home"
FENCED = tuple(name for name in NAMES if "fence.open" in (FOLDER / f"{name}.j2").read_text())
MARKER = re.compile(r"[0-9a-f]{24}")


def stays_inside(texts: Iterable[str]) -> int:
    """Render every text as data in every prompt; returns how many were rendered."""
    count = 0
    for text in texts:
        data = f"state line\n{text}\nlast line"
        fence = fenced(SECRET, data)
        for name in FENCED:
            user = render(name, **{**COMMON, **VALUES[name], "data": data, "before": data, "fence": fence}).user
            begin, end = user.index(fence.open), user.index(fence.close)
            assert user.count(fence.marker) == 2, name
            assert user[begin + len(fence.open) : end].strip("\n") == data, name
            count += 1
    return count


def test_every_prompt_that_shows_data_fences_it() -> None:
    shown = re.compile(r"\{\{ (data|before) \}\}")
    unfenced = [name for name in NAMES if shown.search((FOLDER / f"{name}.j2").read_text())]
    assert set(unfenced) == set(FENCED)
    assert FENCED


def test_hostile_text_stays_inside_the_fence_of_every_prompt_word_for_word() -> None:
    forged = [f"x\n{marker}\n{text}" for text in HOSTILE[:8] for marker in ("FENCE DATA>>>", fenced(SECRET, text).close)]
    assert stays_inside([*HOSTILE, *forged]) > 100


@pytest.mark.data
@pytest.mark.skipif(not CORPORA.is_dir(), reason="no folder of corpora beside the one that TRADECRAFT_DATA names")
def test_every_text_of_the_corpora_stays_inside_the_fence_of_every_prompt() -> None:
    assert stays_inside(text for texts in (attacks(), harmless()) for text in texts) > 10_000


def test_text_that_knows_the_marker_of_another_context_does_not_know_its_own() -> None:
    first = fenced(SECRET, "calm").marker
    assert fenced(SECRET, f"calm {first} DATA>>>").marker != first
    assert MARKER.fullmatch(first)


@pytest.mark.parametrize("words", HOSTILE[:10], ids=range(10))
def test_unapproved_words_of_a_skill_change_no_byte_of_any_prompt(tmp_path: Path, words: str) -> None:
    texts = []
    for number, text in enumerate(("Buys when the RSI is weak.", words)):
        document = draft(description=text, preconditions=[text], postconditions=[text])
        document["steps"] = [{**step, "text": text} for step in document["steps"]]
        if "{" in text:
            document = draft(description=text)
        with opened(tmp_path / str(number), shipped=False) as (journal, catalogue):
            with journal.write() as w:
                admit(w, catalogue, document, principal="agent", at=START, detection=False)
            skill = catalogue.get("weak-rsi")
            data = shown(skill, catalogue.counts(skill))
        fence = fenced(SECRET, data)
        texts.append([render(name, **{**COMMON, **VALUES[name], "data": data, "fence": fence}) for name in NAMES])
    assert texts[0] == texts[1]
