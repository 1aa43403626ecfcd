"""Text to unit vectors: the protocol and the sentence-transformers embedder."""

from agent.embedding.embedder import Embedder, Vectors
from agent.embedding.sentence import SentenceEmbedder

__all__ = ["Embedder", "SentenceEmbedder", "Vectors"]
