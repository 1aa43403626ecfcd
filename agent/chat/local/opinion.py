"""A second opinion on a reading: which kinds of answers were right for questions worded like this one. Pure.

``examples.txt`` holds questions as they are read, each with the kind of answer that was right. A question is likened to them by
its words and pairs of words, the rare ones weighing more (TF-IDF, cosine). Where the likeliest kind is another than that of the
reading, by more than ``MARGIN``, the answer is unsure. The margin was set on the examples themselves, each likened to the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from importlib.resources import files

import numpy as np

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


def _stem(word: str) -> str:
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
    words = [_stem(_PEOPLE.get(word, word)) for word in text.split()]
    found = Counter(word for word in words if word not in _LEFT_OUT)
    found.update(f"{a} {b}" for a, b in zip(words, words[1:], strict=False))
    found.update(marks)
    found.update(f"^{word}" for word in words[:1])
    return found


class _Examples:
    """The examples as one matrix of unit rows, one for each, with their kinds."""

    def __init__(self) -> None:
        lines = files("agent.chat.local").joinpath("examples.txt").read_text(encoding="utf-8").splitlines()
        rows = [line.split(" | ") for line in lines if line.strip() and not line.startswith("#")]
        self.kinds = np.array([kind for kind, _ in rows])
        told = [_split(question) for _, question in rows]
        counted = [_parts(text, marks) for text, marks in told]
        seen = Counter(part for counts in counted for part in counts)
        self._weight = {part: math.log((len(rows) + 1) / (n + 0.5)) for part, n in seen.items()}
        self._column = {part: i for i, part in enumerate(self._weight)}
        self.matrix = np.stack([self.vector(counts) for counts in counted])

    def vector(self, counts: Counter[str]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """A unit vector; parts no example holds have no place in it."""
        row = np.zeros(len(self._column), dtype=np.float32)
        for part, n in counts.items():
            if part in self._column:
                row[self._column[part]] = (1 + math.log(n)) * self._weight[part]
        return row / max(float(np.linalg.norm(row)), 1e-9)

    def likeness(self, text: str, marks: tuple[str, ...]) -> dict[str, float]:
        """By kind, how much the most alike of its examples resembles a question."""
        alike = self.matrix @ self.vector(_parts(text, marks))
        best: dict[str, float] = {}
        for kind, value in zip(self.kinds, alike, strict=True):
            best[str(kind)] = max(best.get(str(kind), 0.0), float(value))
        return best


def _split(question: str) -> tuple[str, tuple[str, ...]]:
    words = question.split()
    return " ".join(w for w in words if not w.startswith("@")), tuple(w for w in words if w.startswith("@"))


@lru_cache(maxsize=1)
def _examples() -> _Examples:
    return _Examples()


def other_kind(q: Question, kind: str) -> str | None:
    """The kind of answer that questions worded like this one had, where it is clearly not the kind given."""
    alike = _examples().likeness(masked(q), marks_of(q))
    own = alike.pop(kind, _UNKNOWN)
    likeliest = max(alike, key=lambda name: alike[name])
    return likeliest if alike[likeliest] > own + MARGIN else None
