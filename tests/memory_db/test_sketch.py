"""The quick look at the signs of many vectors: it names what the whole product would have named."""

from collections.abc import Sequence

import numpy as np
import pytest

from agent.embedding import Vectors
from agent.settings import Settings
from memory_db import meaning
from memory_db.store import MemoryStore
from tests.memory_db.fakes import DAY, START


class Scattered:
    """Texts that begin with the same word lie about one point of the sphere."""

    fingerprint, dimension = "scattered:384", 384

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = [np.random.default_rng(list(text.split()[0].encode())).normal(size=384) for text in texts]
        own = [np.random.default_rng(list(text.encode())).normal(size=384) for text in texts]
        found = np.array(rows) + 0.8 * np.array(own)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("mode", ["hybrid", "vector"])
def test_many_texts_are_found_as_few_are(
    store: MemoryStore, settings: Settings, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    embedder = Scattered()
    store._meaning = meaning.Meaning(store.journal, embedder, 64)
    at = START + DAY
    with store.write() as w:
        for i in range(4000):
            kind, session = ("dialog", {"session": i // 9}) if i % 2 else ("lesson", {})
            store.remember(
                w, kind=kind, content=f"w{i % 40} {i}", key=f"k{i}", happened_at=START, known_at=START, metadata=session
            )
    store.embed_texts()
    queries = [f"w{i} asked" for i in range(12)]
    whole = [[m.key for m in store.search(query, as_of=at, mode=mode)] for query in queries]  # type: ignore[arg-type]
    monkeypatch.setattr(meaning, "_SKETCHED", 1000)
    sketched = [[m.key for m in store.search(query, as_of=at, mode=mode)] for query in queries]  # type: ignore[arg-type]
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(whole, sketched, strict=True)]
    assert np.mean(shared) >= 0.98
