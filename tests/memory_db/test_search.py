from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from agent.domain import Memory
from agent.errors import ConfigError
from agent.guard.signing import Signer
from agent.settings import Settings
from memory_db.episodes import KINDS
from memory_db.lexical import Document, Lexical, Postings, bm25
from memory_db.relevance import best, relevance, rest
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, START, HashingEmbedder, remember

LATER = START + 1000 * DAY
TEXTS = (
    "breakout above the range failed and lost two R",
    "pullback to the rising average won three R",
    "gap down was bought too early",
    "volatility spike: stops were hit before the rebound",
    "a quiet range paid nothing",
)


def keys(found: list[Memory]) -> list[str]:
    return [memory.content for memory in found]


@pytest.mark.parametrize("mode", ["hybrid", "text", "vector"])
@pytest.mark.parametrize("indexed", [False, True])
def test_search_finds_the_memory_that_answers(store: MemoryStore, mode: str, indexed: bool) -> None:
    for day, content in enumerate(TEXTS):
        remember(store, content, day=day)
    if indexed:
        assert store.index()["words"] == len(TEXTS)
    found = store.search("did a breakout of the range fail?", as_of=LATER, mode=mode)  # type: ignore[arg-type]
    assert found[0].content == TEXTS[0]
    assert found[0].id == "m1"


def test_search_words_are_found_in_other_forms(store: MemoryStore) -> None:
    remember(store, "stopped out after chasing breakouts")
    assert store.search("stop chase breakout", as_of=LATER, mode="text")


def test_search_what_became_known_later_is_not_found(store: MemoryStore) -> None:
    remember(store, TEXTS[0], day=10)
    for mode in ("hybrid", "text", "vector"):
        assert store.search("breakout", as_of=START + 9 * DAY, mode=mode) == []
        assert len(store.search("breakout", as_of=START + 10 * DAY, mode=mode)) == 1


def test_search_filters_by_symbol_and_kind(store: MemoryStore) -> None:
    remember(store, "breakout one", symbol="A")
    remember(store, "breakout two", symbol="B", kind="event")
    remember(store, "breakout three")
    assert keys(store.search("breakout", as_of=LATER, symbol="B")) == ["breakout two"]
    assert keys(store.search("breakout", as_of=LATER, kind="event")) == ["breakout two"]
    assert len(store.search("breakout", as_of=LATER)) == 3


def test_search_equally_relevant_the_recent_one_is_first(store: MemoryStore) -> None:
    for day in (5, 300, 40):
        remember(store, "the same lesson", day=day)
    for mode in ("hybrid", "text", "vector"):
        found = store.search("same lesson", as_of=LATER, mode=mode)
        assert [(m.happened_at - START) // DAY for m in found] == [300, 40, 5]


def test_search_relevance_beats_recency_and_importance(store: MemoryStore) -> None:
    remember(store, "gap down after earnings was bought too early", day=0)
    for day in range(900, 990):
        remember(store, f"note {day} on a quiet range", day=day, importance=2.0)
    assert store.search("gap down bought early", as_of=LATER)[0].key.startswith("0:")


def test_search_score_is_the_weighted_sum_of_its_parts(store: MemoryStore, settings: Settings) -> None:
    remember(store, TEXTS[0], day=635, importance=2.0)
    weights = settings.recall
    (memory,) = store.search(TEXTS[0], as_of=LATER, mode="vector")
    assert memory.parts.similarity == pytest.approx(1.0)
    assert memory.parts.importance == 1.0
    assert memory.parts.recency == pytest.approx(0.5)
    assert memory.score == pytest.approx(weights.weight_similarity + weights.weight_importance + weights.weight_recency / 2)
    (additive,) = store.search(TEXTS[0], as_of=LATER, mode="vector", formula="additive")
    assert additive.score == pytest.approx(2.0 * 0.5 + 1.0)
    (finmem,) = store.search(TEXTS[0], as_of=LATER, mode="vector", formula="finmem")
    assert finmem.score == pytest.approx(1.0 + 1.0 + np.exp(-1.0))


def test_search_additive_orders_by_its_own_score(store: MemoryStore) -> None:
    remember(store, "breakout range fail", day=0)
    remember(store, "breakout", day=999, importance=2.0)
    assert store.search("breakout range fail", as_of=LATER)[0].key.startswith("0:")
    assert store.search("breakout range fail", as_of=LATER, formula="additive")[0].key.startswith("999:")


def test_search_without_an_embedder_is_by_words_and_says_so_for_meaning(
    tmp_path: Path, signer: Signer, settings: Settings
) -> None:
    with MemoryStore.open(tmp_path / "plain", signer=signer, embedder=None, settings=settings, durable=False) as store:
        remember(store, TEXTS[0])
        assert len(store.search("breakout", as_of=LATER)) == 1
        with pytest.raises(ConfigError, match="mode vector needs an embedder"):
            store.search("breakout", as_of=LATER, mode="vector")


def test_search_facts_of_the_same_kind_that_are_no_texts_are_passed_over(store: MemoryStore) -> None:
    with store.write() as w:
        w.add("outcome", {"r": 1.5}, key="o1", happened_at=START, known_at=START)
    remember(store, "outcome of the breakout", kind="outcome")
    assert keys(store.search("outcome", as_of=LATER)) == ["outcome of the breakout"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"query": "  "}, "query is empty"),
        ({"k": 0}, "k = 0"),
        ({"kind": "rumour"}, "kind 'rumour' is not known; use one of trade,"),
        ({"mode": "magic"}, "mode 'magic'"),
        ({"formula": "magic"}, "formula 'magic'"),
    ],
)
def test_search_that_cannot_be_answered_is_one_line(store: MemoryStore, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        store.search(**{"query": "x", "as_of": LATER, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"content": ""}, "content is empty"),
        ({"content": "x" * 20_001}, "content has 20001 characters"),
        ({"content": "a\x1b[31m"}, r"content holds the control character U\+001B"),
        ({"key": "a\nb\0"}, r"key holds the control character U\+0000"),
        ({"symbol": " "}, "symbol is empty"),
        ({"kind": "rumour"}, "kind 'rumour'"),
        ({"importance": 2.5}, "importance 2.5"),
        ({"importance": float("nan")}, "importance nan"),
    ],
)
def test_remember_bad_input_is_refused_by_field(store: MemoryStore, arguments: dict[str, object], message: str) -> None:
    good = {"kind": "lesson", "content": "fine", "key": "k", "happened_at": START, "known_at": START}
    with pytest.raises(ConfigError, match=message), store.write() as w:
        store.remember(w, **{**good, **arguments})  # type: ignore[arg-type]
    assert store.journal.last_seq == 0


def test_remember_longest_content_of_every_kind_is_kept_whole(store: MemoryStore) -> None:
    content = ("word " * 4000).strip()
    for day, kind in enumerate(KINDS):
        remember(store, content, day=day, kind=kind)
    assert keys(store.recent(99)) == [content] * len(KINDS)


def test_recent_is_the_last_known_whatever_its_age(store: MemoryStore) -> None:
    for day in (3, 500, 20):
        remember(store, f"day {day}", day=day, symbol="A" if day == 20 else None)
    assert keys(store.recent(2)) == ["day 500", "day 20"]
    assert keys(store.recent(5, symbol="A")) == ["day 20"]
    assert keys(store.recent(5, as_of=START + 100 * DAY)) == ["day 20", "day 3"]
    assert store.recent(0) == []


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(min_size=1, max_size=60), query=st.text(min_size=1, max_size=60))
def test_search_any_text_is_a_query(store: MemoryStore, content: str, query: str) -> None:
    lexical = Lexical(None)
    lexical.add([Document(1, "lesson", None, 0, 0, 1.0, content)], 1)
    scores = bm25(Postings([lexical]), np.array([True]), query)
    assert scores.shape == (1,)
    assert scores[0] >= 0
    same = bm25(Postings([lexical]), np.array([True]), content)
    assert (same[0] > 0) == bool(lexical.terms(content))
    lexical.close()
    if query.strip():
        store.search(query, as_of=LATER, mode="text")


@pytest.mark.parametrize("query", ['"', "a AND", "NEAR(", "x*", "col:y", "(", "what?", "-", "^a", "{a b}", "a OR OR b"])
def test_search_query_syntax_of_the_index_is_plain_text(store: MemoryStore, query: str) -> None:
    remember(store, TEXTS[0])
    store.search(query, as_of=LATER)


def test_search_as_of_the_past_equals_a_store_of_only_what_was_known_then(
    tmp_path: Path, signer: Signer, settings: Settings, store: MemoryStore
) -> None:
    generator = np.random.default_rng(11)
    vocabulary = ["breakout", "range", "trend", "gap", "stop", "early", "late", "won", "lost", "quiet", "reversal"]
    contents = [" ".join(generator.choice(vocabulary, size=6)) for _ in range(120)]
    for day, content in enumerate(contents):
        remember(store, content, day=day, importance=float(generator.integers(0, 3)))
        if day == 70:
            store.index()
    for cut in (5, 37, 71, 90):
        with MemoryStore.open(
            tmp_path / f"cut{cut}", signer=signer, embedder=HashingEmbedder(), settings=settings, durable=False
        ) as past:
            for fact in store.journal.facts(known_by=START + cut * DAY):
                remember(past, fact.data["content"], day=(fact.known_at - START) // DAY, importance=fact.data["importance"])
            for query in ("early breakout lost", "quiet range", "stop target trend won"):
                for mode in ("hybrid", "text", "vector"):
                    asked = {"as_of": START + cut * DAY, "k": 8, "mode": mode}
                    assert past.search(query, **asked) == store.search(query, **asked)  # type: ignore[arg-type]


def test_bm25_worked_by_hand() -> None:
    lexical = Lexical(None)
    texts = ("gap gap up", "gap down day", "quiet day here")
    lexical.add([Document(i, "lesson", None, 0, i, 1.0, text) for i, text in enumerate(texts, 1)], 3)
    scores = bm25(Postings([lexical]), np.array([True, True, True]), "gap")
    # every text has three words, so length plays no part: tf * 2.2 / (tf + 1.2)
    assert scores == pytest.approx([2 * 2.2 / 3.2, 1.0, 0.0])
    lexical.close()


def test_relevance_worked_by_hand() -> None:
    words, spoken = np.array([1.0, 0.5, 0.0]), np.array([False, True, True])
    others = rest(words, spoken=spoken, timely=np.array([True, False, False]))
    assert others == pytest.approx([0.6 + 0.15, 0.3 + 0.15, 0.15])
    found = relevance(np.array([1.0, 0.2, 0.4]), np.array([1.0, 0.6, 0.4]), others)
    assert found == pytest.approx(np.array([2.75, 1.25, 0.95]) / 2.6)
    assert best(found, np.array([False, True, True]), 1).tolist() == [1]
    assert best(found, np.array([True, True, True]), 5).tolist() == [0, 1, 2]
