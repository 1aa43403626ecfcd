"""The same model through onnxruntime: exported once, proved equal, and run without importing torch.

The export is a derived file in a cache folder, named by the model's fingerprint. It is used only
after its vectors were compared with the original's (cosine above 0.9999), and on every
load its SHA-256 is compared with the one written down then. Whatever does not fit (a model
without a fast tokenizer, a folder that cannot be written) leaves the original in use.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import secrets
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.embedding.embedder import Vectors
from agent.embedding.sentence import SentenceEmbedder
from agent.errors import ConfigError
from agent.settings import Embedding

EQUAL = 0.9999
_OPSET = 17
_PROBES = (
    "a long stopped out at a loss while volatility rose",
    "Caroline told me yesterday that she will move to Lisbon in May.",
    "rsi 28, below its lower band, trending",
    "ok",
    "The fill came late and eleven cents away from the quote; the spread had widened before the open, as it often does. " * 6,
)


class OnnxEmbedder:
    """Embeds with the export of ``original``'s model, making it when it is not there.

    With ``embedding.backend`` auto the original answers whenever the export cannot be had; with onnx
    that raises ConfigError.
    """

    def __init__(self, original: SentenceEmbedder, settings: Embedding, cache: Path) -> None:
        """Name the model and where its export is kept; nothing is loaded."""
        self._original = original
        self._settings = settings
        self._lock = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None
        self._given_up = False
        self.fingerprint = original.fingerprint
        self.dimension = original.dimension
        self.path = cache / f"{re.sub(r'[^A-Za-z0-9.]+', '-', self.fingerprint)}.onnx"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit float32 row per text."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return self._run(texts) if self._ready() else self._original.embed(texts)

    def _ready(self) -> bool:
        with self._lock:
            if self._session is None and not self._given_up:
                try:
                    self._open()
                except (OSError, ImportError, ConfigError, ValueError, RuntimeError) as err:
                    if self._settings.backend == "onnx":
                        reason = str(err).partition("\n")[0]
                        raise ConfigError(
                            f"embedding.backend = onnx: the model cannot be exported: {reason}; set it to auto or torch"
                        ) from None
                    self._given_up = True
            return self._session is not None

    def _open(self) -> None:
        tokenizer = self._tokenizer_of(self._original.path)
        if not _whole(self.path):
            self._export(tokenizer)
        self._tokenizer, self._session = tokenizer, _session(self.path)

    def _tokenizer_of(self, folder: Path) -> Any:
        from tokenizers import Tokenizer

        file = folder / "tokenizer.json"
        if not file.is_file():
            raise ConfigError(f"{folder} has no tokenizer.json")
        tokenizer = Tokenizer.from_file(str(file))
        tokenizer.enable_truncation(max_length=_longest(folder))
        # as long as the longest text of a batch; a file may ask for a fixed length
        padding = tokenizer.padding or {}
        tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))
        return tokenizer

    def _export(self, tokenizer: Any) -> None:
        """Write the export in one step, after its vectors were compared with the original's."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}")
        try:
            _trace(self._original.model(), draft)
            draft.chmod(0o600)
            rows = _vectors(_session(draft), tokenizer, list(_PROBES))
            cosine = float((rows * self._original.embed(_PROBES)).sum(axis=1).min())
            if not cosine > EQUAL:
                raise ConfigError(f"its export is only {cosine:.5f} similar")
            _mark(self.path).write_text(json.dumps({"sha256": _digest(draft), "cosine": cosine}), encoding="utf-8")
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)

    def _run(self, texts: Sequence[str]) -> Vectors:
        """Embed in batches of similar length, so that little of a batch is padding."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        for low in range(0, len(order), self._settings.batch):
            part = order[low : low + self._settings.batch]
            rows[part] = _vectors(self._session, self._tokenizer, [texts[i] for i in part])
        return rows


def _vectors(session: Any, tokenizer: Any, texts: list[str]) -> Vectors:
    encoded = tokenizer.encode_batch(texts)
    given = {
        "input_ids": np.array([item.ids for item in encoded], dtype=np.int64),
        "attention_mask": np.array([item.attention_mask for item in encoded], dtype=np.int64),
    }
    return np.ascontiguousarray(session.run(None, given)[0], dtype=np.float32)


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # spinning threads would take a core from whoever else works here
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _trace(model: Any, path: Path) -> None:
    """Export a sentence-transformers model as token ids and mask to unit vectors."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.model({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]
            return torch.nn.functional.normalize(found, p=2.0, dim=1)

    ids = torch.arange(1000, 1051).reshape(3, 17)
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    free = {0: "texts", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        # torch warns of its own tracer and of shapes that the probes then prove right
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole().eval(),
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_axes={"input_ids": free, "attention_mask": free, "vector": {0: "texts"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _longest(folder: Path) -> int:
    """Return how many tokens the model reads of a text."""
    try:
        raw = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
        return int(raw["max_seq_length"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{folder} does not say its max_seq_length") from None


def _mark(path: Path) -> Path:
    return path.with_suffix(".json")


def _whole(path: Path) -> bool:
    """Say whether the export is there and is what was compared."""
    try:
        return bool(json.loads(_mark(path).read_text(encoding="utf-8"))["sha256"] == _digest(path))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
