"""What is found of long conversations and long texts: by any part, in context, and better than by one way alone."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.embedding import SentenceEmbedder
from agent.guard.signing import Signer
from agent.settings import Settings
from memory_db.meaning import CONTEXT, windows
from memory_db.schema import vectors
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, START, remember
from tests.memory_db.talks import LOOKED_AT, UNSEEN, talk
from tests.memory_db.talks.otherwise_worded import otherwise_worded


def say(store: MemoryStore, key: str, text: str, minutes: int, session: int = 1, symbol: str | None = None) -> None:
    at = START + timedelta(minutes=minutes)
    with store.write() as w:
        store.remember(
            w, kind="dialog", content=text, key=key, happened_at=at, known_at=at, symbol=symbol, metadata={"session": session}
        )


def parts(store: MemoryStore) -> list[tuple[int, int]]:
    rows = store.journal.read(vectors.select().order_by(vectors.c.fact_seq, vectors.c.part))
    return [(row.fact_seq, row.part) for row in rows]


def test_windows_cover_the_whole_text_and_overlap() -> None:
    text = "".join(f"{i:05d}" for i in range(1000))
    cut = windows(text)
    assert windows("short") == ["short"]
    assert all(len(part) <= 800 for part in cut)
    assert "".join(part[:650] for part in cut[:-1]) + cut[-1] == text


def test_a_long_text_is_found_by_its_end(store: MemoryStore) -> None:
    remember(store, "the committee spoke about rates at length. " * 60 + "zebra crossing repainted " * 30)
    for i in range(20):
        remember(store, f"note {i} about the committee and rates", day=1)
    assert store.search("zebra crossing repainted", as_of=START + 9 * DAY, mode="vector")[0].key.startswith("0:")


def test_what_was_said_has_a_context_of_its_own_session_only(store: MemoryStore) -> None:
    say(store, "a", "we bought an old piano", 0)
    say(store, "b", "who plays it", 1)
    say(store, "c", "another matter", 2, session=2)
    say(store, "d", "elsewhere", 3, symbol="X")
    say(store, "e", "much later", 600)
    store.embed_texts()
    assert parts(store) == [(1, 0), (2, 0), (2, CONTEXT), (3, 0), (4, 0), (5, 0)]


def test_an_answer_is_found_by_what_was_asked_before_it(store: MemoryStore) -> None:
    say(store, "q", "does anyone play the piano", 0)
    say(store, "a", "my daughter, since spring", 1)
    for i in range(40):
        say(store, f"n{i}", f"remark number {i} about the weather", 2 + i)
    at = START + DAY
    assert "a" not in {memory.key for memory in store.search("who plays piano", as_of=at, k=40, mode="vector")}
    assert "a" in {memory.key for memory in store.search("who plays piano", as_of=at, k=5)}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*UNSEEN, *LOOKED_AT, "otherwise worded"])
def test_both_ways_together_find_more_of_a_conversation_than_either_alone(tmp_path: Path, signer: Signer, name: str) -> None:
    """Turns and sessions found among ten, each question counting the share of its evidence that is."""
    turns, questions = otherwise_worded() if name == "otherwise worded" else talk(name)
    sessions = {turn.key: turn.session for turn in turns}
    found: dict[str, list[tuple[float, float]]] = {}
    settings = Settings()
    with MemoryStore.open(
        tmp_path / "m", signer=signer, embedder=SentenceEmbedder(settings.embedding), settings=settings, durable=False
    ) as store:
        with store.write() as w:
            for turn in turns:
                text, about = f"{turn.speaker}: {turn.text}", {"session": turn.session}
                store.remember(
                    w, kind="dialog", content=text, key=turn.key, happened_at=turn.at, known_at=turn.at, metadata=about
                )
        store.embed_texts()
        for question in questions:
            wanted = {turn.session for turn in question.evidence}
            for mode in ("text", "vector", "hybrid"):
                keys = [m.key for m in store.search(question.text, as_of=turns[-1].at, mode=mode)]
                there = float(np.mean([turn.key in keys for turn in question.evidence]))
                found.setdefault(mode, []).append((there, len(wanted & {sessions[key] for key in keys}) / len(wanted)))
    turn_recall, session_recall = ({mode: float(np.mean(hits, axis=0)[i]) for mode, hits in found.items()} for i in (0, 1))
    assert turn_recall["hybrid"] > max(turn_recall["text"], turn_recall["vector"]) + 0.1
    assert session_recall["hybrid"] > max(session_recall["text"], session_recall["vector"])
