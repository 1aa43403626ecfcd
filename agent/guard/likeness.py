"""Likeness to known attacks: our own exemplars vote on a text, the nearer the more, by sentence vectors.

At most 8 windows of a text are embedded; the most alike decides, and among many windows it has to
stand out a little more. The vote is a kernel machine (radial basis, on unit vectors) fitted on
``exemplars.txt`` alone. Its vectors and weights are kept in ``likeness.npz`` beside the fingerprint of the embedder and
the digest of the exemplars; with another embedder, or after the exemplars were edited, it is fitted
anew when first used. ``python -m agent.guard.likeness`` writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.embedding.embedder import Embedder
from agent.errors import ConfigError
from agent.guard.detect import Opinion
from agent.guard.exemplars import digest, exemplars
from agent.guard.views import folded

VOTERS = Path(__file__).with_name("likeness.npz")
MAX_WINDOWS = 8
_WINDOW = 240
_SHORTEST = 16
_NEARNESS = 2.0  # how fast a voter's say falls with squared distance
_STRENGTH = 3.0  # inverse regularisation of the fit
_STEEPNESS = 4.0  # of the score over the vote
_MANY = 0.1  # what a vote loses each time the number of windows doubles: the largest of many is large by chance
_STOP = re.compile(r"(?<=[.!?;:])\s+|\n+")
# which sentences of a long text are worth looking at first: those that speak to somebody
_SPEAKS = re.compile(
    r"\b(?:you|your|ai|assistant|model|please|must|now|ignore|forget|instead|instructions?|prompt|system|user|reveal|send|"
    r"execute|print|say|tell|write|act|pretend|respond|answer|password|key|token|secret|http)\b",
    re.IGNORECASE,
)


class Voters:
    """Fitted exemplars: unit vectors in eight bits a number, a weight each, and a bias."""

    def __init__(self, rows: NDArray[np.int8], weights: NDArray[np.float32], bias: float) -> None:
        """Take vectors as they are kept (rounded, each to its own scale)."""
        wide = rows.astype(np.float32)
        self.rows, self.weights, self.bias = rows, weights, bias
        self._unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)

    def vote(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one number a vector: above 0 most of its neighbours are attacks."""
        near = np.exp(2 * _NEARNESS * (vectors @ self._unit.T - 1))
        return np.asarray(near @ self.weights + self.bias, dtype=np.float32)


class ExemplarLikeness:
    """Scores a text: how alike its most suspicious window is to attacks, by our exemplars.

    ``without`` leaves out exemplars that were written after reading only these corpora; it is for
    measuring, and fits anew.
    """

    def __init__(self, embedder: Embedder, without: Set[str] = frozenset()) -> None:
        """Take the numbers that fit the embedder; fit them when there are none."""
        self._embedder = embedder
        self._voters = fitted(embedder, without) if without else _kept(embedder)

    def __call__(self, text: str) -> list[Opinion]:
        """Return the most alike window with its score in [0, 1]; nothing for a text without words."""
        shown = windows(text)
        if not shown:
            return []
        votes = self._voters.vote(self._embedder.embed(shown)) - _MANY * np.log2(len(shown))
        best = int(np.argmax(votes))
        return [Opinion(score=float(1 / (1 + np.exp(-_STEEPNESS * votes[best]))), excerpt=shown[best])]


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


def fitted(embedder: Embedder, without: Set[str] = frozenset()) -> Voters:
    """Fit on the exemplars, but for those written after reading only the corpora ``without``."""
    from sklearn.svm import SVC

    kept = [place for place, each in enumerate(exemplars()) if not each.after or not set(each.after) <= without]
    vectors = embedder.embed([folded(exemplars()[place].text) for place in kept])
    labels = [exemplars()[place].label == "attack" for place in kept]
    rows = np.round(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    model = SVC(C=_STRENGTH, gamma=_NEARNESS, class_weight="balanced").fit(vectors, labels)
    return Voters(rows[model.support_], model.dual_coef_[0].astype(np.float32), float(model.intercept_[0]))


def _kept(embedder: Embedder) -> Voters:
    try:
        with np.load(VOTERS, allow_pickle=False) as data:
            if str(data["fingerprint"]) == embedder.fingerprint and str(data["exemplars"]) == digest():
                return Voters(data["rows"], data["weights"], float(data["bias"]))
    except (OSError, ValueError, KeyError) as err:
        raise ConfigError(f"likeness {VOTERS} cannot be read: {err}; install the package again") from None
    return fitted(embedder)


def write(embedder: Embedder, path: Path = VOTERS) -> None:
    """Fit and keep the numbers."""
    voters = fitted(embedder)
    np.savez_compressed(
        path,
        rows=voters.rows,
        weights=voters.weights,
        bias=np.float64(voters.bias),
        fingerprint=np.str_(embedder.fingerprint),
        exemplars=np.str_(digest()),
    )


if __name__ == "__main__":
    from agent.embedding.sentence import SentenceEmbedder
    from agent.settings import Embedding

    write(SentenceEmbedder(Embedding()))
