import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.embedding import Embedder, OnnxEmbedder, SentenceEmbedder, fastest
from agent.errors import ConfigError
from agent.settings import Embedding
from tests.memory_db.fakes import HashingEmbedder

TEXTS = ["rsi 28, trending", "She moved to Lisbon in May.", "", "a", "stop hit, volatility rising " * 90]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def opened(cache: Path, **settings: str) -> Embedder:
    chosen = Embedding(**settings)
    return fastest(SentenceEmbedder(chosen), chosen, cache)


@pytest.mark.slow
def test_export_gives_the_vectors_of_the_original_and_needs_no_torch_the_second_time(cache: Path) -> None:
    embedder = opened(cache, backend="onnx")
    assert isinstance(embedder, OnnxEmbedder)
    original = SentenceEmbedder(Embedding())
    cosines = (embedder.embed(TEXTS) * original.embed(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.9999
    assert embedder.fingerprint == original.fingerprint
    code = (
        "import sys; from pathlib import Path; from agent.embedding import SentenceEmbedder, fastest; "
        "from agent.settings import Embedding; s = Embedding(backend='onnx'); "
        f"rows = fastest(SentenceEmbedder(s), s, Path({str(cache)!r})).embed(['one', 'two']); "
        "print(rows.shape, 'torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(2, 384) False"


@pytest.mark.slow
def test_a_torn_export_is_made_again(cache: Path) -> None:
    embedder = opened(cache, backend="onnx")
    assert isinstance(embedder, OnnxEmbedder)
    embedder.embed(["one"])
    embedder.path.write_bytes(embedder.path.read_bytes()[:1000])
    again = opened(cache, backend="onnx")
    assert again.embed(["one"]).shape == (1, 384)


def test_a_cache_that_cannot_be_written_is_named_when_onnx_is_demanded(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigError, match=r"embedding\.backend = onnx"):
        opened(tmp_path / "file", backend="onnx").embed(["x"])


def test_backend_torch_and_other_embedders_stay_as_they_are(tmp_path: Path) -> None:
    assert isinstance(opened(tmp_path, backend="torch"), SentenceEmbedder)
    other = HashingEmbedder()
    assert fastest(other, Embedding(), tmp_path) is other
