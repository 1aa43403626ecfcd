"""Where words came from: sources, taint, and which words need none.

A source is named by who carried the text in. Everything derived from a tainted input is
tainted by the same sources; nothing but an operator's recorded approval clears it. Words that
a machine puts together from the market's closed vocabulary carry nobody's message.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

VOCABULARY = Path(__file__).with_name("vocabulary.txt")
# a parameter, a word of ours, a number, or a sign between them; whatever else stands in a text is somebody's
_PIECE = re.compile(r"\{[a-z][a-z0-9_]*\}|[a-z]+(?:_[a-z0-9]+)*|[+-]?\d+(?:[.,]\d+)?|[<>]=?|[.,;:()%=+/&*'\"-]|\s+|\S")
_WORD = re.compile(r"[a-z]")
_SIGNS = frozenset("<>.,;:()%=+/&*'\"-") | {"<=", ">="}
_MOST = {"letters": 2, "numbers": 3, "signs": 3}  # more of one in a row spell something out


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Return the words of the market that a generated text may use."""
    return frozenset(VOCABULARY.read_text(encoding="utf-8").split())


def foreign_words(texts: Iterable[str], known: Collection[str] = ()) -> list[str]:
    """Return what is neither market vocabulary nor in ``known``, in order, each once.

    Letters of other scripts are foreign whatever they say; so are letters, numbers or signs in a row too
    long for a sentence, since they may spell out or encode one.
    """
    return list(dict.fromkeys(word for text in texts for word in _foreign(text, known)))


def _foreign(text: str, known: Collection[str]) -> Iterator[str]:
    words = vocabulary()
    row: dict[str, list[str]] = {"letters": [], "numbers": [], "signs": []}
    for piece in _PIECE.findall(text.lower()):
        kind = _kind(piece)
        for other in row:
            if other != kind and kind != "space":
                row[other].clear()
        if kind in row:
            row[kind].append(piece)
            if len(row[kind]) > _MOST[kind]:
                yield " ".join(row[kind])
        elif kind == "other" or (kind == "word" and piece not in words and piece not in known):
            yield piece


def _kind(piece: str) -> str:
    if piece.isspace():
        return "space"
    if piece in _SIGNS:
        return "signs"
    if piece[0] == "{" and len(piece) > 1:
        return "parameter"
    if piece[-1].isdecimal() and not _WORD.match(piece):
        return "numbers"
    if _WORD.match(piece):
        return "letters" if len(piece) == 1 else "word"
    return "other"
