"""A deterministic embedder without a model, and short ways to write facts."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from agent.embedding import Vectors
from memory_db.store import MemoryStore

START = datetime(2014, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_NS = 86_400 * 10**9


class HashingEmbedder:
    """A bag of words, each a fixed direction."""

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.fingerprint = f"hashing:{dimension}"
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                place = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big")
                row[place % self.dimension] += 1.0
            row /= np.linalg.norm(row) or 1.0
        return rows


def fill(store: MemoryStore, count: int, *, start: int = 0, symbols: int = 2, lag: int = 3, seed: int = 7) -> None:
    """Write ``count`` daily situations per symbol and, ``lag`` days later, what followed them."""
    for day in range(start, start + count):
        with store.write() as w:
            for code in range(symbols):
                symbol, known = f"S{code}", START + (day + 1) * DAY
                random = np.random.default_rng([seed, day, code])
                vector = np.clip(random.normal(size=6), -4, 4).astype(np.float32)
                store.add_situation(
                    w,
                    id=f"{symbol}-{day:05d}",
                    symbol=symbol,
                    bar_time=START + day * DAY,
                    known_at=known,
                    vector=vector,
                    line="quiet",
                )
                if day >= lag:
                    buy, sell = np.random.default_rng([seed, day - lag, code, 1]).normal(size=2)
                    store.add_shadow(
                        w, id=f"{symbol}-{day - lag:05d}", symbol=symbol, buy=float(buy), sell=float(sell), known_at=known
                    )


def remember(
    store: MemoryStore, content: str, *, day: int = 0, kind: str = "lesson", symbol: str | None = None, importance: float = 1.0
) -> None:
    """Write one text memory with its content as the key."""
    with store.write() as w:
        store.remember(
            w,
            kind=kind,
            content=content,
            key=f"{day}:{content[:80]}",
            happened_at=START + day * DAY,
            known_at=START + day * DAY,
            symbol=symbol,
            importance=importance,
        )
