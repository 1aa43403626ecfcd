"""A second opinion on a reading: which kinds of answers were right for questions worded like this one. Pure.

``examples.txt`` holds questions as they are read, each with the kind of answer that was right. A question is likened to them by
its words and pairs of words, the rare ones weighing more (TF-IDF, cosine). Where the likeliest kind is another than that of the
reading, by more than ``MARGIN``, the answer is unsure. The margin was set on the examples themselves, each likened to the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

from agent.chat.local.reading import Question

MARGIN = 0.15
_UNKNOWN = 0.1  # what a kind without an example is likened with
_WORD = re.compile(r"[a-z#']+")
_FIGURE = re.compile(r"\d[\d,.]*%?")
_LEFT_OUT = frozenset(
    ["the", "a", "an", "of", "is", "are", "was", "were", "be", "been", "to", "and", "or", "for", "with", "by", "that", "this",
     "there", "as", "from", "please"]
)  # fmt: skip
_PEOPLE = dict.fromkeys(["we", "our", "us", "you", "your", "i", "my", "agent", "it", "its"], "we")
_ENDINGS = ("ing", "ed", "es", "s", "ly")


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    word = _PEOPLE.get(word, word)
    end = next((e for e in _ENDINGS if word.endswith(e) and len(word) - len(e) >= 3), "")
    return word[: len(word) - len(end)]


def marks_of(q: Question) -> tuple[str, ...]:
    """What a question names besides its words: a day, a stretch, a symbol, a skill, an id."""
    named = (
        ("@day", q.day is not None), ("@stretch", q.day is None and q.period is not None), ("@symbol", bool(q.symbols)),
        ("@skill", bool(q.skills)), ("@id", bool(q.idents)),
    )  # fmt: skip
    return tuple(mark for mark, there in named if there)


def masked(q: Question) -> str:
    """A question as an example holds it: its words as read, figures as one sign."""
    return " ".join(_WORD.findall(_FIGURE.sub("#", q.text)))


def _parts(text: str, marks: tuple[str, ...]) -> Counter[str]:
    """Words, pairs of words, the first word and what is named, counted."""
    words = [_stem(word) for word in text.split()]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    return Counter([*(word for word in words if word not in _LEFT_OUT), *pairs, *marks, *(f"^{word}" for word in words[:1])])


class Examples:
    """The examples as unit vectors, kept part by part: which of them hold a part, and how much it weighs there."""

    def __init__(self) -> None:
        lines = files("agent.chat.local").joinpath("examples.txt").read_text(encoding="utf-8").splitlines()
        rows = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
        self.kinds = [kind for kind, _ in rows]
        counted = [_parts(*_split(question)) for _, question in rows]
        seen = Counter(part for counts in counted for part in counts)
        self._rarity = {part: math.log((len(rows) + 1) / (n + 0.5)) for part, n in seen.items()}
        self._held: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for i, counts in enumerate(counted):
            for part, weight in self._unit(counts).items():
                self._held[part].append((i, weight))

    def _unit(self, counts: Counter[str]) -> dict[str, float]:
        """A vector of length one; parts no example holds have no place in it."""
        weights = {part: (1 + math.log(n)) * self._rarity[part] for part, n in counts.items() if part in self._rarity}
        length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        return {part: weight / length for part, weight in weights.items()}

    def likeness(self, text: str, marks: tuple[str, ...]) -> dict[str, float]:
        """By kind, how much the most alike of its examples resembles a question."""
        alike: dict[int, float] = defaultdict(float)
        for part, weight in self._unit(_parts(text, marks)).items():
            for i, other in self._held[part]:
                alike[i] += weight * other
        best = dict.fromkeys(self.kinds, 0.0)
        for i, value in alike.items():
            best[self.kinds[i]] = max(best[self.kinds[i]], value)
        return best


def _split(question: str) -> tuple[str, tuple[str, ...]]:
    words = question.split()
    return " ".join(w for w in words if not w.startswith("@")), tuple(w for w in words if w.startswith("@"))


@lru_cache(maxsize=1)
def examples() -> Examples:
    """The examples, read once."""
    return Examples()


def other_kind(q: Question, kind: str) -> str | None:
    """The kind of answer that questions worded like this one had, where it is clearly not the kind given."""
    alike = examples().likeness(masked(q), marks_of(q))
    own = alike.pop(kind, _UNKNOWN)
    likeliest = max(alike, key=lambda name: alike[name])
    return likeliest if alike[likeliest] > own + MARGIN else None
