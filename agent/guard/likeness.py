"""Likeness to known attacks: a linear model over the sentence vectors of our own exemplars.

At most 8 windows of a text are embedded; the most alike decides. The model is fitted on
``exemplars.txt`` alone and kept as numbers beside the fingerprint of the embedder and the hash of
the exemplars; with another embedder, or after the exemplars were edited, it is fitted anew when
first used. ``python -m agent.guard.likeness`` writes the numbers.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.embedding.embedder import Embedder
from agent.errors import ConfigError
from agent.guard.views import folded

EXEMPLARS = Path(__file__).with_name("exemplars.txt")
WEIGHTS = Path(__file__).with_name("likeness.json")
MAX_WINDOWS = 8
_WINDOW = 240
_SHORTEST = 16
_STRENGTH = 6.0  # inverse regularisation of the fit
_STOP = re.compile(r"(?<=[.!?;:])\s+|\n+")
# which sentences of a long text are worth looking at first: those that speak to somebody
_SPEAKS = re.compile(
    r"\b(?:you|your|ai|assistant|model|please|must|now|ignore|forget|instead|instructions?|prompt|system|user|reveal|send|"
    r"execute|print|say|tell|write|act|pretend|respond|answer|password|key|token|secret|http)\b",
    re.IGNORECASE,
)


class LinearLikeness:
    """Scores a text: how likely its most suspicious window is an attack, by our exemplars."""

    def __init__(self, embedder: Embedder) -> None:
        """Take the numbers that fit the embedder; fit them when there are none."""
        self._embedder = embedder
        self._weights, self._bias = _numbers(embedder)

    def __call__(self, text: str) -> tuple[float, str]:
        """Return (score in [0, 1], window) of the most alike; 0 for a text without words."""
        shown = windows(text)
        if not shown:
            return 0.0, ""
        logits = self._embedder.embed(shown).astype(np.float64) @ self._weights + self._bias
        best = int(np.argmax(logits))
        return float(1 / (1 + np.exp(-logits[best]))), shown[best]


def windows(text: str) -> list[str]:
    """Return at most 8 windows of whole sentences, those that speak to somebody first, then spread evenly."""
    parts: list[str] = []
    for sentence in (found for part in _STOP.split(text[:32_000]) if len(found := folded(part)) >= _SHORTEST):
        if parts and len(parts[-1]) + len(sentence) < _WINDOW // 2:
            parts[-1] += " " + sentence
        else:
            parts += [sentence[at : at + _WINDOW] for at in range(0, len(sentence), _WINDOW)]
    if len(parts) <= MAX_WINDOWS:
        return parts
    ranked = sorted(range(len(parts)), key=lambda i: (-len(_SPEAKS.findall(parts[i])), i))[: MAX_WINDOWS - 2]
    spread = [len(parts) // 3, len(parts) - 1]
    return [parts[i] for i in sorted({*ranked, *spread})]


@lru_cache(maxsize=1)
def exemplars() -> dict[str, list[str]]:
    """Return our own texts: ``attack`` and ``harmless``."""
    found: dict[str, list[str]] = {"attack": [], "harmless": []}
    section = found["attack"]
    for line in EXEMPLARS.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line[1:-1] in found:
            section = found[line[1:-1]]
        elif line and not line.startswith("# "):
            section.append(line)
    return found


def fitted(embedder: Embedder) -> dict[str, Any]:
    """Fit the linear model on the exemplars and return its numbers as JSON data."""
    from sklearn.linear_model import LogisticRegression

    data = exemplars()
    texts = [folded(text) for text in (*data["attack"], *data["harmless"])]
    labels = np.array([1] * len(data["attack"]) + [0] * len(data["harmless"]))
    model = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2000).fit(embedder.embed(texts), labels)
    return {
        "fingerprint": embedder.fingerprint,
        "exemplars": _digest(),
        "weights": [round(float(value), 5) for value in model.coef_[0]],
        "bias": round(float(model.intercept_[0]), 5),
    }


def _digest() -> str:
    return hashlib.sha256(EXEMPLARS.read_bytes()).hexdigest()[:16]


def _numbers(embedder: Embedder) -> tuple[NDArray[np.float64], float]:
    try:
        data = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        if data["fingerprint"] != embedder.fingerprint or data["exemplars"] != _digest():
            data = fitted(embedder)
        return np.array(data["weights"], dtype=np.float64), float(data["bias"])
    except (OSError, ValueError, KeyError) as err:
        raise ConfigError(f"likeness {WEIGHTS} cannot be read: {err}; install the package again") from None


if __name__ == "__main__":
    from agent.embedding.sentence import SentenceEmbedder
    from agent.settings import Embedding

    WEIGHTS.write_text(json.dumps(fitted(SentenceEmbedder(Embedding()))) + "\n", encoding="utf-8")
