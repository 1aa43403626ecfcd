"""Text to unit vectors: the protocol, the sentence-transformers embedder, and the same model through onnxruntime."""

from pathlib import Path

from agent.embedding.embedder import Embedder, Vectors
from agent.embedding.onnx import OnnxEmbedder
from agent.embedding.sentence import SentenceEmbedder
from agent.settings import Embedding

__all__ = ["Embedder", "OnnxEmbedder", "SentenceEmbedder", "Vectors", "fastest"]


def fastest(original: Embedder, settings: Embedding, cache: Path) -> Embedder:
    """Return ``original`` as the settings want it run; only a sentence-transformers model has another way."""
    if settings.backend == "torch" or not isinstance(original, SentenceEmbedder):
        return original
    return OnnxEmbedder(original, settings, Path(settings.cache) if settings.cache else cache)
