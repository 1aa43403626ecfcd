"""Where words came from: sources, taint, and which words need none.

A source is named by who carried the text in. Everything derived from a tainted input is
tainted by the same sources; nothing but an operator's recorded approval clears it. Words that
a machine puts together from the market's closed vocabulary carry nobody's message.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).with_name("vocabulary.txt")
_WORD = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
_PLACEHOLDER = re.compile(r"\{[a-z][a-z0-9_]*\}")


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Return the words of the market that a generated text may use."""
    return frozenset(VOCABULARY.read_text(encoding="utf-8").split())


def foreign_words(texts: Iterable[str], known: Collection[str] = ()) -> list[str]:
    """Return the words that are neither market vocabulary nor in ``known``, in order, each once."""
    words = vocabulary()
    found = (word for text in texts for word in _WORD.findall(_PLACEHOLDER.sub(" ", text.lower())))
    return list(dict.fromkeys(word for word in found if word not in words and word not in known and len(word) > 1))
