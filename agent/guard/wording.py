"""What the words of a text say: words and pairs of words, weighed by a linear model over our own exemplars.

Sentence vectors see what a text is about and miss single words and signs that give an attack away; this
model sees those and nothing else. Its numbers are kept beside the voters in ``likeness.npz``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_STRENGTH = 10.0  # inverse regularisation of the fit
# words of alphabets are words; other scripts put no spaces between theirs, so there each sign is one; a few signs tell much
_TOKEN = re.compile(
    "[a-z0-9_']+|[\u0400-\u052f]+|[\u0600-\u06ff]+|[\u0900-\u097f]+|[^\\W\\da-z_]|[\U0001f512\U0001f513<>{}\\[\\]$|`\"\\\\=]"
)


class Wording:
    """Terms with how rare they are (inverse document frequency) and a weight each, and a bias."""

    def __init__(self, terms: Sequence[str], rarity: NDArray[np.float32], weights: NDArray[np.float32], bias: float) -> None:
        """Take one rarity and one weight a term."""
        self.terms, self.rarity, self.weights, self.bias = tuple(terms), rarity, weights, bias
        self._known = {term: (float(r), float(w)) for term, r, w in zip(terms, rarity, weights, strict=True)}

    def vote(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the log-odds of an attack by each folded text's words; the bias where none is known."""
        return np.array([self._vote(text) for text in texts], dtype=np.float32)

    def _vote(self, text: str) -> float:
        # tf-idf with sublinear counts and unit length (Manning, Raghavan and Schuetze, 2008, ch. 6.4), as it was fitted
        total = length = 0.0
        for term, count in Counter(terms_of(text)).items():
            if term in self._known:
                rarity, weight = self._known[term]
                size = (1 + math.log(count)) * rarity
                total += size * weight
                length += size * size
        return self.bias + (total / math.sqrt(length) if length else 0.0)


def terms_of(text: str) -> list[str]:
    """Return the words and pairs of neighbouring words of a folded text.

    >>> terms_of("sell it all")
    ['sell', 'it', 'all', 'sell it', 'it all']
    """
    words = _TOKEN.findall(text)
    return words + [f"{first} {second}" for first, second in zip(words, words[1:], strict=False)]


def fitted(texts: Sequence[str], attacks: Sequence[bool]) -> Wording:
    """Fit on folded texts and whether each is an attack."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    table = TfidfVectorizer(analyzer=terms_of, sublinear_tf=True)
    model = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=500).fit(table.fit_transform(texts), attacks)
    terms = [str(term) for term in table.get_feature_names_out()]
    return Wording(terms, table.idf_.astype(np.float32), model.coef_[0].astype(np.float32), float(model.intercept_[0]))
