"""How fast memory answers and opens as it grows, beside a bare Chroma query over the same vectors.

The situations are those of two real indices; beyond their number they repeat with a jitter of a
twentieth of their scale, under further symbols. Recall@10 compares what the index proposes with an exact scan.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.fernet import Fernet

from agent.embedding import Embedder, Vectors
from agent.guard.signing import Signer
from agent.guard.vault import Cipher, Vault
from agent.market.feed import builtin
from agent.market.situation import LAYOUT
from agent.settings import Recall, Settings
from agent.wiring.homes import text_embedder
from agent.wiring.recorded import prepared
from memory_db.meaning import CONTEXT
from memory_db.store import MemoryStore
from memory_db.weighing import KIND
from memory_db.weights import Weights

SIZES = (1_000, 10_000, 100_000)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_HORIZON_NS = 5 * 86_400 * 10**9
_QUERIES = 60
_PER_SYMBOL = 5_000
_WORDS = ("breakout", "gap", "stop", "range", "volume", "trend", "loss", "quiet", "rally", "spike", "open", "close")

Json = dict[str, Any]


def measure(sizes: tuple[int, ...] = SIZES, settings: Settings | None = None) -> list[Json]:
    """Build a memory of each size in a temporary folder and measure it."""
    chosen = settings or Settings()
    return [row for size in sizes for row in [*_of_size(size, chosen), *_sealed(size, chosen)]]


def situations(count: int, seed: int = 11) -> Vectors:
    """Return ``count`` situations of the real indices, repeated with jitter beyond their number."""
    series = prepared([builtin("SP500"), builtin("NASDAQ")], Settings())
    real = np.concatenate([one.situations[np.isfinite(one.situations).all(axis=1)] for one in series.values()])
    chance = np.random.default_rng(seed)
    rows = chance.permutation(len(real)) if count <= len(real) else chance.integers(0, len(real), count)
    chosen = real[rows[:count]].astype(np.float32)
    repeated = np.arange(count) >= len(real)
    chosen[repeated] += chance.normal(scale=0.05, size=(int(repeated.sum()), real.shape[1])).astype(np.float32)
    return np.clip(chosen, -4, 4)


def _of_size(size: int, settings: Settings) -> list[Json]:
    vectors = situations(size + _QUERIES)
    stored, queries = vectors[:size], vectors[size:]
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as name:
        folder = Path(name)
        with _open(folder, settings) as store:
            _fill(store, stored)
        begun = time.perf_counter()
        with _open(folder, settings) as store:
            opened = time.perf_counter() - begun
            recall = _p50([partial(_recall, store, q, size) for q in queries])
            bare = _bare(stored, queries)
            found = [(_recall(store, q, size)) for q in queries]
        indexed = settings.model_copy(update={"recall": Recall(exact_below=0)})
        with _open(folder, indexed) as store:
            begun = time.perf_counter()
            store.rebuild()
            rate = size / (time.perf_counter() - begun)
            same = np.mean([_shared(a, _recall(store, q, size)) for a, q in zip(found, queries, strict=True)])
            proposed = _p50([partial(_recall, store, q, size) for q in queries])
        with _open(folder, settings) as store:
            _learn(store, size)
            learnt = _p50([partial(_recall, store, q, size, shown=True) for q in queries])
    words, meaning = _texts(size, settings)
    return [
        _row(f"memory {size} situation recall", recall * 1e3, "ms p50 (baseline: bare Chroma)", bare * 1e3, len(queries)),
        _row(f"memory {size} learnt recall", learnt * 1e3, "ms p50 (baseline: bare Chroma)", bare * 1e3, len(queries)),
        _row(f"memory {size} recall by index", proposed * 1e3, "ms p50 (baseline: bare Chroma)", bare * 1e3, len(queries)),
        _row(f"memory {size} recall@10", float(same), "of the exact scan's (baseline: all)", 1.0, len(queries)),
        _row(f"memory {size} open", opened, "s (baseline: asked for)", 1.0, 1),
        _row(f"memory {size} index build", rate, "rows/s (baseline: asked for)", 1500.0, size),
        _row(
            f"memory {size} text search",
            words * 1e3,
            "ms p50 among as many turns, beside embedding the query (baseline: that)",
            meaning * 1e3,
            _QUERIES,
        ),
    ]


def _open(folder: Path, settings: Settings, vault: Vault | None = None, embedder: Embedder | None = None) -> MemoryStore:
    signer, embedder = Signer.load_or_create(folder, "agent"), embedder or text_embedder(settings)
    return MemoryStore.open(
        folder / "m", signer=signer, embedder=embedder, settings=settings, durable=False, layout=LAYOUT, vault=vault
    )


class _Key(Vault):
    """One key for as long as a measurement takes."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._key = Fernet.generate_key().decode()

    def cipher(self) -> Cipher:
        """The cipher of the key."""
        return Cipher(lambda: [self._key], "benchmark")


def _sealed(size: int, settings: Settings) -> list[Json]:
    """What encryption costs, in processor time: writing, and opening, which then reads every row and opens it."""
    vectors = situations(size)
    write, opened = {}, {}
    for name in ("clear", "sealed"):
        with tempfile.TemporaryDirectory(prefix="tradecraft-") as place:
            folder = Path(place)
            vault = _Key(folder)
            with _open(folder, settings, vault) as store:
                if name == "sealed":
                    store.journal.encrypt(vault.cipher())
            begun = time.process_time()
            with _open(folder, settings, vault) as store:
                _fill(store, vectors)
                write[name] = time.process_time() - begun
            shutil.rmtree(folder / "m" / "index", ignore_errors=True)
            begun = time.process_time()
            with _open(folder, settings, vault):
                opened[name] = time.process_time() - begun
    return [
        _row(f"memory {size} {what} encrypted", took["sealed"], "s of processor (baseline: in the clear)", took["clear"], size)
        for what, took in (("write", write), ("open", opened))
    ]


def _fill(store: MemoryStore, vectors: Vectors) -> None:
    """Write situations a day apart and, five days later, their outcomes."""
    chance = np.random.default_rng(12)
    paid = chance.normal(size=(len(vectors), 2))
    for low in range(0, len(vectors), 2_000):
        with store.write() as w:
            for i in range(low, min(low + 2_000, len(vectors))):
                symbol, bar = f"S{i // _PER_SYMBOL}", _START + (i % _PER_SYMBOL) * _DAY
                known = bar + _DAY
                store.add_situation(w, id=f"{i:07d}", symbol=symbol, bar_time=bar, known_at=known, vector=vectors[i], line="")
                store.add_shadow(
                    w, id=f"{i:07d}", symbol=symbol, buy=float(paid[i, 0]), sell=float(paid[i, 1]), known_at=bar + 6 * _DAY
                )


def _learn(store: MemoryStore, size: int) -> None:
    """Put weights in force, by which situations are then compared; what they are makes no difference to how long it takes."""
    width = len(LAYOUT.followed)
    table = np.random.default_rng(14).normal(size=(2 * situations(1).shape[1], width))
    weights = Weights(count=size, learnt=True, table=tuple(tuple(row) for row in table.tolist()))
    with store.write() as w:
        w.add(KIND, weights.model_dump_json(), key=KIND, happened_at=_START, known_at=_START)


def _recall(store: MemoryStore, query: Vectors, size: int, *, shown: bool = False) -> list[str]:
    at = _START + (_PER_SYMBOL + 30) * _DAY
    found = store.recall(query, symbol="elsewhere", as_of=at, horizon_ns=_HORIZON_NS, k=10, shown=shown)
    return [item.id for item in found.analogues]


def _shared(a: list[str], b: list[str]) -> float:
    return len(set(a) & set(b)) / max(1, len(a))


def _bare(stored: Vectors, queries: Vectors) -> float:
    """Return the p50 of an unfiltered query for ten in a fresh Chroma collection with its own defaults."""
    import chromadb

    with tempfile.TemporaryDirectory(prefix="tradecraft-") as name:
        client = chromadb.PersistentClient(path=name, settings=chromadb.config.Settings(anonymized_telemetry=False))
        collection = client.create_collection("bare", embedding_function=None, configuration={"hnsw": {"space": "l2"}})
        for low in range(0, len(stored), 5_000):
            part = stored[low : low + 5_000]
            collection.add(ids=[str(i) for i in range(low, low + len(part))], embeddings=part)
        return _p50([partial(collection.query, query_embeddings=q[None, :], n_results=10) for q in queries])


class _Timed:
    """An embedder that says how long it took."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.fingerprint, self.dimension = embedder.fingerprint, embedder.dimension
        self.took = 0.0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed, and add what it took."""
        begun = time.perf_counter()
        rows = self._embedder.embed(texts)
        self.took += time.perf_counter() - begun
        return rows


def _texts(size: int, settings: Settings) -> tuple[float, float]:
    """Return the p50 of what a hybrid search among ``size`` turns takes beside embedding its query, and of the latter.

    The turns have random vectors, of themselves and in their context: to embed a hundred thousand would take minutes.
    """
    embedder = _Timed(text_embedder(settings))
    asked = [f"Who saw the {_WORDS[i % 12]} before the {_WORDS[(i * 5) % 12]} of {i}?" for i in range(_QUERIES)]
    at, rest, embedding = _START + size * timedelta(minutes=1), [], []
    with tempfile.TemporaryDirectory(prefix="tradecraft-") as name, _open(Path(name), settings, embedder=embedder) as store:
        _talk(store, embedder.fingerprint, embedder.dimension, size)
        # a process that asks often has read the vectors by then
        for i in range(12):
            store.search(f"warm {i} {' '.join(_WORDS)}", as_of=at)
        for query in asked:
            embedder.took, begun = 0.0, time.perf_counter()
            store.search(query, as_of=at)
            rest.append(time.perf_counter() - begun - embedder.took)
            embedding.append(embedder.took)
    return float(np.median(rest)), float(np.median(embedding))


def _talk(store: MemoryStore, fingerprint: str, dimension: int, size: int) -> None:
    """Write turns a minute apart, twenty a session, said by two."""
    chance = np.random.default_rng(13)
    for low in range(0, size, 2_000):
        count = min(2_000, size - low)
        rows = chance.normal(size=(2, count, dimension)).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=2, keepdims=True)
        words = chance.choice(_WORDS, size=(count, 9))
        with store.write() as w:
            for i in range(count):
                text, told = f"{('Ana', 'Ben')[i % 2]}: {' '.join(words[i])} {low + i}", _START + (low + i) * timedelta(minutes=1)
                about = {"session": (low + i) // 20}
                seq = store.remember(
                    w, kind="dialog", content=text, key=f"t{low + i}", happened_at=told, known_at=told, metadata=about
                )
                w.vector(seq, fingerprint, rows[0, i])
                if i % 20:
                    w.vector(seq, fingerprint, rows[1, i], CONTEXT)


def _p50(calls: list[Callable[[], object]]) -> float:
    calls[0]()
    took = []
    for call in calls:
        begun = time.perf_counter()
        call()
        took.append(time.perf_counter() - begun)
    return float(np.median(took))


def _row(name: str, value: float, unit: str, baseline: float, n: int) -> Json:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": value / baseline, "n": n}
