"""Our own texts, attacks and harmless ones, that likeness is measured against.

The files of ``texts/`` hold one text a line under a header ``[attack]`` or ``[harmless]``; ``after`` in the header
names the corpora whose texts the writer had read. ``‹one|two|three›`` in a line stands for variants: the
line is read as often as its longest choice is long, each choice in turn, the shorter ones from the start again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from agent.domain import Frozen
from agent.errors import ConfigError

EXEMPLARS = Path(__file__).with_name("texts")
_HEADER = re.compile(r"\[(\w+)(?: after ([a-z_ ]+))?\]\Z")
_CHOICE = re.compile("‹([^›]*)›")

Label = Literal["attack", "harmless"]


class Exemplar(Frozen):
    """One text, what it is, and which corpora had been read when it was written."""

    text: str
    label: Label
    after: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def exemplars() -> tuple[Exemplar, ...]:
    """Return every exemplar once, variants written out; ConfigError when a file cannot be read."""
    found: dict[str, Exemplar] = {}
    for path in _files():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as err:
            raise ConfigError(f"exemplars {path} cannot be read: {err}; install the package again") from None
        for each in _read(lines):
            found.setdefault(each.text, each)
    return tuple(found.values())


def _files() -> list[Path]:
    return sorted(EXEMPLARS.glob("*.txt"))


def _read(lines: list[str]) -> Iterator[Exemplar]:
    label: Label = "attack"
    after: tuple[str, ...] = ()
    for line in lines:
        header = _HEADER.match(line)
        if header is not None and header[1] in get_args(Label):
            label, after = ("attack" if header[1] == "attack" else "harmless"), tuple((header[2] or "").split())
        elif line and not line.startswith("# "):
            yield from (Exemplar(text=text, label=label, after=after) for text in variants(line))


def variants(line: str) -> list[str]:
    """Return a line once for each place of its longest choice.

    >>> variants("‹buy|sell› at ‹one|two|three›")
    ['buy at one', 'sell at two', 'buy at three']
    """
    choices = [match[1].split("|") for match in _CHOICE.finditer(line)]
    texts = []
    for turn in range(max(map(len, choices), default=1)):
        chosen = iter([words[turn % len(words)] for words in choices])
        texts.append("".join(part if place % 2 == 0 else next(chosen) for place, part in enumerate(_CHOICE.split(line))))
    return texts


def digest() -> str:
    """Return 16 hex digits of the files, so that numbers made from others are known as such."""
    return hashlib.sha256(b"\n".join(path.read_bytes() for path in _files())).hexdigest()[:16]
