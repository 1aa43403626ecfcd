"""The words people use for what the record holds: concepts with their phrases, kept in ``concepts.txt`` beside this file.

What is added there is understood by every reading that knows the concept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files


def _read() -> dict[str, str]:
    """The phrases of each concept, from the file beside this one."""
    out: dict[str, str] = {}
    for line in files("agent.chat.local").joinpath("concepts.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace():
            name = next(reversed(out))
            out[name] += f" {line.strip()}"
        else:
            name, _, phrases = line.partition(":")
            out[name] = phrases
    return out


PHRASES = _read()


def _word(word: str) -> str:
    """One word of a phrase as a pattern."""
    if word.startswith("(") and word.endswith(")"):
        return f"(?:{'|'.join(_word(one) for one in word[1:-1].split('/') if one)})"
    return re.escape(word.removesuffix("*")) + (r"[\w-]*" if word.endswith("*") else "")


@dataclass(frozen=True)
class Phrase:
    """One phrase of a concept; ``loose`` that words may stand between its own."""

    concept: str
    pattern: re.Pattern[str]
    loose: bool


def pattern_of(phrase: str) -> str:
    """A phrase as a pattern: words in order, a blank or a hyphen between them; what may stand between is a group."""
    out, glue = "", ""
    for word in phrase.split():
        if word == "...":
            glue = r"(\s+(?:\S+\s+){0,4}?)"
            continue
        optional = word.startswith("(") and (word.endswith("/)") or word.startswith("(/"))
        out += f"(?:{glue}{_word(word)})?" if optional else glue + _word(word)
        glue = r"[\s-]+"
    if phrase.startswith("re:"):
        return phrase[3:]
    begin = r"(?<!\w)" if re.match(r"[\w(]", phrase) else ""
    end = r"(?![\w])" if re.search(r"[\w*)]$", phrase) else ""
    return begin + out + end


def _split(phrases: str) -> list[str]:
    every = {" ".join(part.split()) for part in phrases.split(",")}
    return sorted(filter(None, every), key=lambda p: (-len(p), p))


def compiled(phrases: str) -> re.Pattern[str]:
    """Phrases as one pattern, the longest first."""
    return re.compile("|".join(pattern_of(p) for p in _split(phrases)))


CONCEPTS = {name: compiled(phrases) for name, phrases in PHRASES.items()}
SINGLE = {
    name: tuple(Phrase(name, re.compile(pattern_of(p)), "..." in p) for p in _split(phrases)) for name, phrases in PHRASES.items()
}
# words that only carry a question
BARE = frozenset(files("agent.chat.local").joinpath("bare.txt").read_text(encoding="utf-8").split())
WORDS = frozenset(re.findall(r"(?<![\w*])[a-z']{3,}(?![\w*])", " ".join(PHRASES.values())))
