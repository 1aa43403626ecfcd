"""Likeness to known attacks: our own exemplars vote on a text, the nearer the more, by sentence vectors and by words.

At most 8 windows of a text are looked at; the most alike decides, and among many windows it has to
stand out a little more. The vote is a kernel machine (radial basis, on unit vectors) plus a linear
model of words, both fitted on ``exemplars/`` alone. Their numbers are kept in ``likeness.npz`` beside the fingerprint of
the embedder and the digest of the exemplars; with another embedder, or after the exemplars were
edited, they are fitted anew when first used. ``python -m agent.guard.likeness`` writes the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.embedding.embedder import Embedder
from agent.errors import ConfigError
from agent.guard import wording
from agent.guard.characters import latinised, mixed_word
from agent.guard.detect import Opinion
from agent.guard.exemplars import digest, exemplars
from agent.guard.views import folded
from agent.guard.wording import Wording

FIT = Path(__file__).with_name("likeness.npz")
MAX_WINDOWS = 8
_WINDOW = 240
_SHORTEST = 16  # bytes of a sentence that can say something, if there is another
_FEWEST = 4  # letters and digits of a text that can
_NEARNESS = 2.0  # how fast a voter's say falls with squared distance
_STRENGTH = 3.0  # inverse regularisation of the fit
_WORDS = 0.2  # what the words' log-odds count beside the voters
_STEEPNESS = 4.0  # of the score over the vote
_MANY = 0.22  # what a vote loses each time the number of windows doubles: the largest of many is large by chance
_STOP = re.compile(r"(?<=[.!?;:])\s+|(?<=[。！？])|\n+")
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


@dataclass(frozen=True, slots=True)
class Jury:
    """Who votes: the exemplars by nearness, and the words by weight."""

    voters: Voters
    wording: Wording

    def vote(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one number a folded text: the higher, the more like an attack."""
        return self.voters.vote(vectors) + np.float32(_WORDS) * self.wording.vote(texts)


class ExemplarLikeness:
    """Scores a text: how alike its most suspicious window is to attacks, by our exemplars.

    ``without`` leaves out exemplars that were written after reading only these corpora; it is for
    measuring, and fits anew.
    """

    def __init__(self, embedder: Embedder, without: Set[str] = frozenset()) -> None:
        """Take the numbers that fit the embedder; fit them when there are none."""
        self._embedder = embedder
        self._jury = fitted(embedder, without) if without else _kept(embedder)

    def __call__(self, text: str) -> list[Opinion]:
        """Return the most alike window with its score in [0, 1]; nothing for a text without words."""
        shown = windows(latinised(text) if mixed_word(text) else text)
        if not shown:
            return []
        votes = self._jury.vote(shown, self._embedder.embed(shown))
        best = int(np.argmax(votes))
        vote = float(votes[best])
        return [
            Opinion(
                score=_score(vote - _MANY * float(np.log2(len(shown)))),
                excerpt=shown[best],
                # what was not looked at, or is only by its length less alike, is not called harmless
                calm=1 - _score(vote) if len(shown) < MAX_WINDOWS else 0.0,
            )
        ]


def _score(vote: float) -> float:
    return float(1 / (1 + np.exp(-_STEEPNESS * vote)))


def windows(text: str) -> list[str]:
    """Return at most 8 windows of whole sentences, those that speak to somebody first, then spread evenly."""
    parts: list[str] = []
    sentences = [folded(part) for part in _STOP.split(text[:32_000])]
    for sentence in (found for found in sentences if len(found.encode("utf-8", "surrogatepass")) >= _SHORTEST):
        if parts and len(parts[-1]) + len(sentence) < _WINDOW // 2:
            parts[-1] += " " + sentence
        else:
            parts += [sentence[at : at + _WINDOW] for at in range(0, len(sentence), _WINDOW)]
    if not parts:
        whole = " ".join(sentences)[:_WINDOW].strip()
        return [whole] if sum(c.isalnum() for c in whole) >= _FEWEST else []
    if len(parts) <= MAX_WINDOWS:
        return parts
    ranked = sorted(range(len(parts)), key=lambda i: (-len(_SPEAKS.findall(parts[i])), i))[: MAX_WINDOWS - 2]
    spread = [len(parts) // 3, len(parts) - 1]
    return [parts[i] for i in sorted({*ranked, *spread})]


def fitted(embedder: Embedder, without: Set[str] = frozenset()) -> Jury:
    """Fit on the exemplars, but for those written after reading only the corpora ``without``."""
    from sklearn.svm import SVC

    kept = [each for each in exemplars() if not each.after or not set(each.after) <= without]
    texts, attacks = [folded(each.text) for each in kept], [each.label == "attack" for each in kept]
    vectors = embedder.embed(texts)
    rows = np.round(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    model = SVC(C=_STRENGTH, gamma=_NEARNESS, class_weight="balanced").fit(vectors, attacks)
    voters = Voters(rows[model.support_], model.dual_coef_[0].astype(np.float32), float(model.intercept_[0]))
    return Jury(voters, wording.fitted(texts, attacks))


def _kept(embedder: Embedder) -> Jury:
    try:
        with np.load(FIT, allow_pickle=False) as data:
            if str(data["fingerprint"]) == embedder.fingerprint and str(data["exemplars"]) == digest():
                voters = Voters(data["rows"], data["weights"], float(data["bias"]))
                terms = bytes(data["terms"]).decode().split("\n")
                return Jury(voters, Wording(terms, data["rarity"], data["term_weights"], float(data["term_bias"])))
    except (OSError, ValueError, KeyError) as err:
        raise ConfigError(f"likeness {FIT} cannot be read: {err}; install the package again") from None
    return fitted(embedder)


def write(embedder: Embedder, path: Path = FIT) -> None:
    """Fit and keep the numbers."""
    jury = fitted(embedder)
    np.savez_compressed(
        path,
        rows=jury.voters.rows,
        weights=jury.voters.weights,
        bias=np.float64(jury.voters.bias),
        terms=np.frombuffer("\n".join(jury.wording.terms).encode(), dtype=np.uint8),
        rarity=jury.wording.rarity,
        term_weights=jury.wording.weights,
        term_bias=np.float64(jury.wording.bias),
        fingerprint=np.str_(embedder.fingerprint),
        exemplars=np.str_(digest()),
    )


if __name__ == "__main__":
    from agent.embedding.sentence import SentenceEmbedder
    from agent.settings import Embedding

    write(SentenceEmbedder(Embedding()))
