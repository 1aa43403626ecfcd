"""The words of a question, each with the concepts it may stand for.

An idiom takes its words from the shorter phrases inside it ("buy and hold" is no buying). Words that only carry a question
("what", "did", "please", "the agent") are bare: they neither ask for something nor have to be accounted for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.chat.local.lexicon import BARE, CONCEPTS, SINGLE

# concepts whose phrases of several words mean something else than their words do
IDIOMS = frozenset(
    [
        "benchmark",
        "win_rate",
        "factor",
        "hold",
        "untried",
        "drawdown",
        "cagr",
        "sharpe",
        "calibrated",
        "would_halt",
        "start_cash",
        "calendar_month",
        "break_even",
        "halt",
        "payoff",
        "clock",
        "secret",
        "holding",
        "elsewhere",
        "spacing",
        "most",
        "best",
        "worst",
        "return",
        "how_works",
        "exit_way",
    ]
)
# what is done in words that by themselves say nothing: "get out", "go long"
ACTS = frozenset({"buy", "close", "hold", "without", "similar"})
_TOKEN = re.compile(r"[a-z][a-z']*")


@dataclass(frozen=True)
class Token:
    """A word: where it stands, what it may stand for, and whether it must be accounted for."""

    text: str
    begin: int
    end: int
    concepts: frozenset[str]
    bare: bool


@dataclass(frozen=True)
class _Match:
    concept: str
    words: frozenset[int]
    loose: bool


def tokens_of(text: str) -> tuple[tuple[Token, ...], frozenset[str]]:
    """The words of a text, and every concept that something more than bare words stands for."""
    places = [(m.group(0), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    matches = _matches(text, places)
    longer = [m for m in matches if m.concept in IDIOMS and len(m.words) > 1 and not m.loose]
    kept = [m for m in matches if not any(m.words < other.words and m.concept != other.concept for other in longer)]
    concepts: dict[int, set[str]] = {i: set() for i in range(len(places))}
    for match in kept:
        for i in match.words:
            concepts[i].add(match.concept)
    acting = {i for m in kept if m.concept in ACTS and len(m.words) > 1 and not m.loose for i in m.words}
    tokens = tuple(
        Token(word, b, e, frozenset(concepts[i]), word in BARE and i not in acting) for i, (word, b, e) in enumerate(places)
    )
    meant = {m.concept for m in kept if len(m.words) > 1 or any(not tokens[i].bare for i in m.words)}
    return tokens, frozenset(meant)


def _matches(text: str, places: list[tuple[str, int, int]]) -> list[_Match]:
    found = []
    for name, pattern in CONCEPTS.items():
        if not pattern.search(text):
            continue
        for phrase in SINGLE[name]:
            for match in phrase.pattern.finditer(text):
                gaps = [match.span(i) for i in range(1, (match.re.groups or 0) + 1)]
                words = frozenset(
                    i for i, (_, b, e) in enumerate(places)
                    if match.start() <= b and e <= match.end() and not any(g[0] <= b and e <= g[1] for g in gaps)
                )  # fmt: skip
                if words:
                    found.append(_Match(name, words, phrase.loose))
    return found
