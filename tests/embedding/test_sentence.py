import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agent.embedding import SentenceEmbedder
from agent.errors import ConfigError
from agent.settings import Embedding

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder(Embedding())


def test_embed_meaning_is_nearer_than_other_words(embedder: SentenceEmbedder) -> None:
    rows = embedder.embed(["the market fell sharply", "prices dropped a lot", "how to bake bread"])
    assert rows.shape == (3, 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2


def test_embed_nothing_gives_no_rows_of_the_right_width(embedder: SentenceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_fingerprint_names_model_dimension_and_content_without_torch() -> None:
    code = (
        "import sys; from agent.embedding import SentenceEmbedder; from agent.settings import Embedding;"
        "print(SentenceEmbedder(Embedding()).fingerprint, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["all-MiniLM-L6-v2:384:53aa51172d14", "False"]


def test_embedder_unknown_model_is_refused_before_loading() -> None:
    with pytest.raises(ConfigError, match=r"embedding\.model = other is not installed"):
        SentenceEmbedder(Embedding(model="other"))


def test_embedder_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        SentenceEmbedder(Embedding(path=str(tmp_path)))


def test_fingerprint_of_a_changed_model_folder_changes(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(bytes(3 << 20))
    before = SentenceEmbedder(Embedding(model="mine", path=str(tmp_path))).fingerprint
    weights.write_bytes(bytes((3 << 20) - 1) + b"x")
    assert SentenceEmbedder(Embedding(model="mine", path=str(tmp_path))).fingerprint != before


def test_embedder_wrong_dimension_names_the_right_one() -> None:
    with pytest.raises(ConfigError, match=r"set embedding\.dimension = 384"):
        SentenceEmbedder(Embedding(dimension=100)).embed(["x"])
