"""Who and when a question names: found in what is known, and taken out of what is looked for by meaning."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_db.asked import Span, capitalised, spans, speakers, without
from memory_db.schema import vectors
from memory_db.store import MemoryStore
from memory_db.talk import name_code
from tests.memory_db.fakes import DAY, START


def say(store: MemoryStore, key: str, text: str, *, day: int = 0, speaker: str | None = None) -> None:
    at, metadata = START + day * DAY, {"speaker": speaker} if speaker else {}
    with store.write() as w:
        store.remember(w, kind="dialog", content=text, key=key, happened_at=at, known_at=at, metadata=metadata)


def found(store: MemoryStore, query: str, day: int = 99, k: int = 1) -> list[str]:
    return [memory.key for memory in store.search(query, as_of=START + day * DAY, k=k)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Ana do on 8 May, 2023?", [Span(2023, 5, 8)]),
        ("what happened on May 8th 2023", [Span(2023, 5, 8)]),
        ("fills of 2020-03-16 and 2020-04", [Span(2020, 3, 16), Span(2020, 4)]),
        ("Who came in March 2020?", [Span(2020, 3)]),
        ("Where was Ana in july?", [Span(None, 7)]),
        ("losses in 2019", [Span(2019)]),
        ("She may march on, sold 2019 shares", []),
    ],
)
def test_times_of_a_question_are_read(question: str, expected: list[Span]) -> None:
    assert spans(question) == expected


@given(since=st.integers(-(10**9), 4 * 10**9), later=st.integers(0, 30))
def test_a_day_holds_its_own_hours_and_is_told_of_for_ten_days(since: int, later: int) -> None:
    at = datetime.fromtimestamp(since, UTC)
    day = Span(at.year, at.month, at.day)
    micros = np.array([(since + later * 86_400) * 10**6])
    assert day.holds(micros)[0] == (later == 0)
    assert day.told(micros)[0] == (later <= 10)


def test_a_name_is_told_from_the_same_word() -> None:
    known = {name_code("Will"), name_code("Ana")}.__contains__
    assert set(speakers("When will Will call Ana?", known)) == {"Will", "Ana"}
    assert set(speakers("when will ana call?", known)) == {"will", "ana"}
    assert capitalised("What did Ana see in Rome?") == ["Ana", "Rome"]
    assert without("Where is Ana's dog?", ["Ana"]) == "Where is dog?"
    assert without("Ana?", ["Ana"]) == "Ana?"


@pytest.mark.parametrize("labelled", [True, False])
def test_the_turns_of_who_is_asked_about_come_first(store: MemoryStore, labelled: bool) -> None:
    for i, name in enumerate(("Ana", "Ben") * 5):
        text = f"my dog limps since day {i}"
        say(store, f"D1:{i}", text if labelled else f"{name}: {text}", speaker=name if labelled else None)
    assert set(found(store, "Whose dog limps, Ben's?", k=5)) == {f"D1:{i}" for i in range(1, 10, 2)}


def test_a_name_that_is_only_known_later_is_no_name(store: MemoryStore) -> None:
    say(store, "a", "Ana: Ruby is a stone", day=0)
    say(store, "b", "Ruby: hello", day=5)
    early = store.search("Ruby", as_of=START + DAY, k=1)
    assert early[0].key == "a"
    assert early[0].parts.similarity > 0


def test_the_time_that_is_asked_about_decides_between_equal_turns(store: MemoryStore) -> None:
    for month in range(3):
        say(store, f"m{month}", "Ana: we went to the sea again", day=31 * month + 14)
    assert found(store, "When did we go to the sea in February 2014?") == ["m1"]


def test_sessions_are_told_apart_by_their_keys_where_nothing_else_does(store: MemoryStore) -> None:
    for key, text in (("D1:1", "do you play the piano"), ("D1:2", "since spring"), ("D2:1", "not me")):
        say(store, key, text)
    store.embed_texts()
    rows = store.journal.read(vectors.select())
    assert sorted((row.fact_seq, row.part) for row in rows) == [(1, 0), (2, 0), (2, 4095), (3, 0)]


def test_the_same_text_is_embedded_once(store: MemoryStore) -> None:
    for day in range(3):
        say(store, f"k{day}", "Ana: good morning", day=day)
    store.embed_texts()
    say(store, "later", "Ana: good morning", day=9)
    store.embed_texts()
    embedded = store._embedder.embedded  # type: ignore[union-attr]
    assert embedded.count("Ana: good morning") == 1
    assert len(found(store, "good morning", k=9)) == 4
