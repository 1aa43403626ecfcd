"""Words as they were meant: contractions written out, typing errors mended against the words that questions are made of."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from rapidfuzz import process
from rapidfuzz.distance import OSA

from agent.chat.local.lexicon import BARE, CONCEPTS, WORDS

VOCABULARY = frozenset(files("agent.chat.local").joinpath("vocabulary.txt").read_text(encoding="utf-8").split()) | WORDS | BARE

_ANAGRAMS = {
    "why": "wyh hwy yhw wy", "when": "wen whne",
    "the": "teh hte", "buy": "byu ubuy uby", "win": "iwn wni", "did": "ddi idd",
    "how": "hwo ohw hw",
    "give": "giv", "all": "al", "you": "yuo oyu u", "and": "adn nad n", "was": "wsa", "who": "woh", "sell": "sel",
    "bought": "bot",
    "loss": "los", "what": "wat wht", "have": "hav", "were": "wer", "because": "cuz bc", "many": "mny mayn",
    "which": "wich whch whcih wihch", "average": "avrg", "trades": "trds", "please": "pls plz", "list": "lst",
    "for": "fo fro", "with": "wiht", "did not": "didnt didn't", "does not": "doesnt doesn't", "do not": "dont don't",
    "is not": "isnt isn't", "was not": "wasnt wasn't", "were not": "werent weren't", "are not": "arent aren't",
    "have not": "havent haven't", "has not": "hasnt hasn't", "had not": "hadnt hadn't", "would not": "wouldnt wouldn't",
    "could not": "couldnt couldn't", "should not": "shouldnt shouldn't", "will not": "wont won't", "cannot": "cant can't",
    "what is": "whats what's wats", "it is": "its' it's", "that is": "that's thats", "there is": "there's theres",
    "who is": "who's whos", "how is": "how's hows", "where is": "where's wheres", "when is": "when's",
    "let us": "let's lets", "we are": "we're", "you are": "you're", "they are": "they're", "we have": "we've",
    "you have": "you've", "i have": "i've", "we would": "we'd", "you would": "you'd", "i would": "i'd", "we will": "we'll",
    "you will": "you'll", "i am": "i'm", "it would": "it'd", "loses": "looses", "losing": "loosing", "lose": "loose",
}  # fmt: skip
_SWAPPED = {wrong: word for word, many in _ANAGRAMS.items() for wrong in many.split()}
_MOST = 4000
# what traders write short
_WRITTEN_OUT = {
    "conf": "confidence", "lvl": "level", "sl": "stop loss", "tp": "target", "tps": "targets", "pos": "position",
    "wr": "win rate", "ret": "return", "mdd": "maximum drawdown", "eq": "equity", "pct": "percent", "xover": "crossover",
    "xovers": "crossovers", "qtr": "quarter", "qtrs": "quarters", "chgd": "changed", "chg": "change", "prefs": "preferences",
    "params": "parameters", "param": "parameter", "mo": "month", "yr": "year", "yrs": "years", "wk": "week", "n": "and",
    "no of": "number of", "w/o": "without", "thru": "through", "avg": "average", "cnt": "count", "2x": "twice",
    "3x": "three times",
}  # fmt: skip
_SHORT = re.compile(rf"(?<![\w&'.-])(?:{'|'.join(sorted(map(re.escape, _WRITTEN_OUT), key=len, reverse=True))})(?![\w&'.-]\w|\w)")
_ABBREVIATED = re.compile(r"\b(?:e\.g\.|i\.e\.|eg\b|etc\.)")


def plain(said: str) -> str:
    """A question in small letters with plain quotes."""
    table = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2014": " - ", "\u2013": " - "})
    text = _ABBREVIATED.sub(" ", said.translate(table).strip().lower())
    return _SHORT.sub(lambda found: _WRITTEN_OUT[found.group(0)], text)


def mended(text: str, names: frozenset[str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with contractions written out and typing errors mended, and what was mended; ``names`` are right as they are."""
    fixed: list[tuple[str, str]] = []

    def mend(match: re.Match[str]) -> str:
        token = match.group(0)
        if token in _SWAPPED:
            return _SWAPPED[token]
        bare = token.removesuffix("'s").strip("'")
        if bare in names or bare in VOCABULARY or len(bare) < 4 or any(c in bare for c in "_-"):
            return bare
        word = _almost(bare) if known(bare) else _nearest(bare, names)
        if word != bare:
            fixed.append((bare, word))
        return word

    return re.sub(r"[a-z][a-z'_-]*", mend, text), tuple(fixed)


def guessed(token: str, word: str) -> bool:
    """Whether a mended word may have been another: where it differs in more than one letter of five."""
    return sorted(token) != sorted(word) and bool(OSA.normalized_similarity(token, word) < 0.8)


@lru_cache(maxsize=_MOST)
def known(token: str) -> bool:
    """Whether a word is one of those questions are made of, or one of them with an ending."""
    if token in VOCABULARY:
        return True
    for end in ("s", "es", "ed", "d", "ing", "ly", "er", "n't"):
        stem = token.removesuffix(end)
        undoubled = stem[:-1] if len(stem) > 3 and stem[-1] == stem[-2] else stem
        if stem != token and (
            stem in VOCABULARY or undoubled in VOCABULARY or (end in ("ed", "ing", "er") and stem + "e" in VOCABULARY)
        ):
            return True
    return any(pattern.fullmatch(token) for pattern in CONCEPTS.values())


@lru_cache(maxsize=_MOST)
def _almost(token: str) -> str:
    """A word with an ending that lacks or doubles one letter of another ("wining", "beter"): the other; else the word itself."""
    doubled = [token[:i] + c + token[i:] for i, c in enumerate(token)]
    return next((word for word in (*doubled, token.replace("eing", "ing")) if word in VOCABULARY), token)


@lru_cache(maxsize=_MOST)
def _nearest(token: str, names: frozenset[str]) -> str:
    """The word that was meant: the nearest; where there are several, one that a concept knows, then one of as many letters."""
    least = 0.74 if len(token) < 7 else 0.7
    near = process.extract(token, VOCABULARY | names, scorer=OSA.normalized_similarity, score_cutoff=least, limit=None)
    fits = [
        (score, sorted(word) == sorted(token), word in WORDS, len(word) == len(token), word)
        for word, score, _ in near
        if word[0] == token[0] or score >= 0.8
    ]
    return max(fits)[4] if fits else token
