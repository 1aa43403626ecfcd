"""What tests of the command line share: real bars in a file, a quick embedder, and a way to call it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agent.cli import main
from agent.embedding import Embedder
from agent.embedding.embedder import Vectors
from agent.settings import Embedding

Json = Any
RANGE = "20140101-20140630"


class HashEmbedder:
    """Unit vectors drawn from a text's digest: the same text, the same vector, in no time."""

    def __init__(self, settings: Embedding | None = None) -> None:
        self.dimension = 32
        self.fingerprint = "hash:32:test"

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        for i, text in enumerate(texts):
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
            row = np.random.default_rng(seed).normal(size=self.dimension)
            rows[i] = row / np.linalg.norm(row)
        return rows


def quick_embedder(settings: Embedding) -> Embedder:
    """Stands where wiring asks for the sentence-transformers model."""
    return HashEmbedder(settings)


def frame(first: str = "2012-01-01", last: str = "2014-06-30", name: str = "sp500") -> pd.DataFrame:
    """Daily bars of a real index, as a file holds them."""
    import arch.data.nasdaq
    import arch.data.sp500

    source = arch.data.sp500 if name == "sp500" else arch.data.nasdaq
    bars: pd.DataFrame = source.load().loc[first:last].rename(columns=str.lower)
    bars["timestamp"] = pd.DatetimeIndex(bars.index).tz_localize("UTC")
    return bars[["timestamp", "open", "high", "low", "close", "volume"]].reset_index(drop=True)


def write_bars(folder: Path, bars: pd.DataFrame, name: str = "SP500-1d.parquet") -> Path:
    """Write bars under a name that says symbol and interval."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if path.suffix == ".csv":
        bars.assign(timestamp=[f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in bars["timestamp"]]).to_csv(path, index=False)
    else:
        bars.to_parquet(path)
    return path


@dataclass(frozen=True)
class Said:
    """How a call ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Json:
        """The one JSON document on stdout."""
        assert self.out.count("\n") == 1, self.out[:500]
        return json.loads(self.out)

    @property
    def lines(self) -> list[Json]:
        """The JSON lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> str:
        """The one error line."""
        found = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(found) == 1, self.err
        assert "Traceback" not in self.err
        return found[0]


Call = Callable[..., Said]


def caller(capsys: pytest.CaptureFixture[str], home: Path) -> Call:
    """Call the command line in this process with a home."""

    def call(*words: str | Path, at: Path = home) -> Said:
        capsys.readouterr()
        code = main(["--home", str(at), *(str(word) for word in words)])
        printed = capsys.readouterr()
        return Said(code, printed.out, printed.err)

    return call
