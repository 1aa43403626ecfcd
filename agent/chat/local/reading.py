"""Reading a question: what it names (days, symbols, ids, skills, features with their bounds) and the concepts in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from agent.chat.local.dates import Period, read_dates
from agent.chat.local.words import COMPILED, FEATURES_COMPILED, LIMITS_COMPILED, SYMBOL_ALIASES, VOCABULARY
from agent.chat.tools.market import Test
from agent.domain import RegimeLabel

_IDENT = re.compile(r"\b(?=[0-9a-f-]*\d)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{6,12})\b")
_MEMORY = re.compile(r"\bm\d+\b")
_OPS: tuple[tuple[str, str], ...] = (
    (r"at least|or more|no less than|>=|\u2265|from", ">="),
    (r"at most|or less|no more than|<=|\u2264|up to", "<="),
    (r"below|under|less than|lower than|smaller than|beneath|<|drops? below|fell below|falls? below", "<"),
    (r"above|over|more than|greater than|higher than|exceed\w*|beyond|>|rises? above|rose above", ">"),
)
_REGIME_WORDS: dict[RegimeLabel, str] = {
    "trending": r"\btrending\b|\btrends?\b(?! strength)(?= (?:market|regime|phase)s?)|trend(?:y|ing)? (?:market|regime|phase)s?",
    "ranging": (
        r"\branging\b|\brange(?:[- ]bound|d)?\b(?= (?:market|regime|phase)s?|[- ]bound)|sideways|choppy|quiet "
        r"(?:market|regime|phase)s?|\bin (?:a )?ranges?\b"
    ),
    "volatile": r"\bvolatile\b|turbulent|wild (?:market|regime|phase)s?|stormy|high[- ]vol(?:atility)? (?:market|regime|phase)s?",
}
_LEADS = "top|best|worst|last|first|latest|biggest|largest|recent|next|past|longest|shortest"
_MANY = r"\d{1,2}|two|three|four|five|six|seven|eight|nine|ten"
_TOP = re.compile(
    rf"\b(?:{_LEADS})\s+({_MANY})\b|\b({_MANY})\s+(?:{_LEADS}|most|least|trades|entries|buys|decisions|skills|winners|losers)\b"
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_ANAGRAMS = {
    "why": "wyh hwy yhw", "the": "teh hte", "buy": "byu ubuy uby", "win": "iwn wni", "did": "ddi idd", "how": "hwo ohw",
    "you": "yuo oyu", "and": "adn nad", "was": "wsa", "who": "woh", "sell": "sel", "bought": "bot", "loss": "los",
    "what": "wat wht", "have": "hav", "were": "wer", "because": "cuz bc", "many": "mny",
}  # fmt: skip
_SWAPPED = {wrong: word for word, many in _ANAGRAMS.items() for wrong in many.split()}


@dataclass(frozen=True)
class Names:
    """What a run names: its symbols, its skills (name to id), its voters."""

    symbols: tuple[str, ...]
    skills: dict[str, str]
    voters: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question as read. ``text`` is spelt right and without its days; ``doubts`` say what was guessed."""

    said: str
    text: str
    concepts: frozenset[str]
    periods: tuple[Period, ...] = ()
    symbols: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    idents: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    voters: tuple[str, ...] = ()
    regimes: tuple[RegimeLabel, ...] = ()
    features: tuple[str, ...] = ()
    tests: tuple[Test, ...] = ()
    limit: str | None = None
    weekday: int | None = None
    top: int = 1
    amounts: tuple[float, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    strange: tuple[str, ...] = ()
    doubts: tuple[str, ...] = field(default=())

    def has(self, *names: str) -> bool:
        """Whether every one of these concepts is in it."""
        return all(name in self.concepts for name in names)

    def any(self, *names: str) -> bool:
        """Whether one of these concepts is in it."""
        return any(name in self.concepts for name in names)

    @property
    def period(self) -> Period | None:
        """The first period named."""
        return self.periods[0] if self.periods else None

    @property
    def day(self) -> date | None:
        """The first single day named."""
        return next((p.day for p in self.periods if p.day), None)

    @property
    def symbol(self) -> str | None:
        """The symbol, where exactly one is named."""
        return self.symbols[0] if len(self.symbols) == 1 else None

    @property
    def regime(self) -> RegimeLabel | None:
        """The regime, where exactly one is named."""
        return self.regimes[0] if len(self.regimes) == 1 else None

    @property
    def side(self) -> Literal["buy", "sell"] | None:
        """The side trades are asked of, where one is named."""
        return "sell" if "short" in self.concepts and "short" in self.text else None

    def without(self, *names: str) -> Question:
        """The question with some concepts left out."""
        return replace(self, concepts=self.concepts - set(names))


def read(said: str, names: Names, today: date) -> Question:
    """Read a question against what the run holds. Pure."""
    plain = said.replace("\u2019", "'").replace("\u2018", "'").replace("\u201c", '"').replace("\u201d", '"').strip()
    idents = tuple(dict.fromkeys(m for m in _IDENT.findall(plain.lower()) if not m.isdigit() or len(m) > 8))
    text = plain
    for ident in idents:
        text = re.sub(re.escape(ident), " ", text, flags=re.IGNORECASE)
    text, symbols, strangers = _symbols(text, names)
    dated = read_dates(text, today)
    rest, skills = _named(dated.rest, names)
    rest, fixed = _spelt(rest, names)
    rest, more, _ = _symbols(rest, names) if not symbols else (rest, (), ())
    rest, also = _named(rest, names) if not skills else (rest, ())
    tests, features = _tests(rest)
    weekday = _weekday(rest)
    return Question(
        said=said,
        text=rest,
        concepts=frozenset(name for name, pattern in COMPILED.items() if pattern.search(rest)),
        periods=dated.periods,
        symbols=symbols or more,
        strangers=strangers,
        idents=idents,
        memories=tuple(_MEMORY.findall(plain)),
        skills=skills or also,
        voters=_voters(rest, names),
        regimes=tuple(label for label, words in _REGIME_WORDS.items() if re.search(words, rest)),
        features=features,
        tests=tests,
        limit=next((name for name, pattern in LIMITS_COMPILED.items() if pattern.search(rest)), None),
        weekday=weekday,
        top=_top(rest),
        amounts=tuple(float(x) for x in re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)(?![\w])", rest)),
        fixed=fixed,
        strange=_strange(rest, names),
        doubts=(*(p.doubt for p in dated.periods if p.doubt), *_unnamed(rest, names)),
    )


def _symbols(text: str, names: Names) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The run's symbols in a text by any of their names, those it does not hold, and the text without them."""
    low = f" {text} "
    found: list[tuple[int, str]] = []
    strangers: list[str] = []
    aliases = [(alias, symbol) for symbol in names.symbols for alias in (symbol.lower(), *SYMBOL_ALIASES.get(symbol, ()))]
    held = {alias for alias, _ in aliases}
    foreign = [
        (a, s) for s, many in SYMBOL_ALIASES.items() for a in (s.lower(), *many) if s not in names.symbols and a not in held
    ]
    for alias, symbol in sorted(aliases, key=lambda item: -len(item[0])) + sorted(foreign, key=lambda item: -len(item[0])):
        pattern = re.compile(rf"(?<![\w&]){re.escape(alias)}(?:'s)?(?![\w&])", re.IGNORECASE)
        match = pattern.search(low)
        if match is None:
            continue
        low = pattern.sub(lambda m: " " * len(m.group(0)), low)
        if symbol in names.symbols:
            found.append((match.start(), symbol))
        else:
            strangers.append(symbol)
    ordered = [symbol for _, symbol in sorted(found)]
    for token in re.findall(r"[A-Za-z]{5,}", low):
        near = [s for s in names.symbols if len(s) > 4 and OSA.distance(token.lower(), s.lower()) in (1, 2)]
        if (
            near
            and token.lower() not in VOCABULARY
            and OSA.distance(token.lower(), near[0].lower()) <= (2 if len(token) > 5 else 1)
        ):
            ordered.append(near[0])
            low = low.replace(token, " ", 1)
    return re.sub(r"\s+", " ", low).strip(), tuple(dict.fromkeys(ordered)), tuple(dict.fromkeys(strangers))


def _named(text: str, names: Names) -> tuple[str, tuple[str, ...]]:
    """The skills named in a text, with a typing error or two, and the text without them."""
    low, found = text, []
    for name in sorted(names.skills, key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(name).replace('-', '[-_ ]')}(?:'s)?(?!\w)", re.IGNORECASE)
        if re.search(r"\\-", re.escape(name)):
            pattern = re.compile(
                r"(?<!\w)" + r"[-_ ]?".join(re.escape(part) for part in name.split("-")) + r"(?:'s)?(?!\w)", re.IGNORECASE
            )
        if pattern.search(low):
            found.append(name)
            low = pattern.sub(" ", low)
    if not found and (near := _nearly(low, names)):
        found.append(near[0])
        low = low.replace(near[1], " ")
    return re.sub(r"\s+", " ", low).strip(), tuple(found)


def _nearly(text: str, names: Names) -> tuple[str, str] | None:
    """A skill's name misspelt: a run of as many words that is nearly it."""
    tokens = re.findall(r"[a-z][a-z'-]+", text)
    best: tuple[float, str, str] | None = None
    for name in names.skills:
        words = len(name.split("-"))
        for i in range(len(tokens)):
            for size in {1, words}:
                part = " ".join(tokens[i : i + size])
                if len(part) < 7 or part in VOCABULARY:
                    continue
                score = fuzz.ratio(part.replace("-", " "), name.replace("-", " "))
                if score >= 84 and (best is None or score > best[0]):
                    best = (score, name, part)
    return (best[1], best[2]) if best else None


def _spelt(text: str, names: Names) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text with its typing errors mended, and what was mended."""
    known = VOCABULARY | {word for name in names.skills for word in name.split("-")} | {v for v in names.voters}
    fixed: list[tuple[str, str]] = []

    def mend(match: re.Match[str]) -> str:
        token = match.group(0)
        if token in known or token in _SWAPPED or len(token) < 4 or any(c in token for c in "_-") or _inflected(token, known):
            word = _SWAPPED.get(token, token)
        else:
            word = _nearest(token, known)
        if word != token:
            fixed.append((token, word))
        return str(word)

    return re.sub(r"[a-z][a-z'_-]*", mend, text), tuple(fixed)


def _strange(text: str, names: Names) -> tuple[str, ...]:
    """Words that nobody here knows."""
    known = VOCABULARY | {word for name in names.skills for word in name.split("-")} | set(names.voters)
    taken = " ".join(m.group(0) for pattern in (*COMPILED.values(), *FEATURES_COMPILED.values()) for m in pattern.finditer(text))
    tokens = re.findall(r"(?<![\w'])[a-z]{4,}(?![\w])", text)
    parts = [word for word in taken.split() if len(word) >= 4]
    return tuple(t for t in tokens if t not in known and not any(t.startswith(w) for w in parts) and not _inflected(t, known))


def _unnamed(text: str, names: Names) -> tuple[str, ...]:
    """What looks like the name of a skill and is none of this run's: compound words made of the words of skills."""
    parts = {word for name in names.skills for word in name.split("-") if len(word) > 3}
    tokens = [t for t in re.findall(r"[a-z]+(?:-[a-z]+)+", text) if set(t.split("-")) & parts]
    unknown = [t for t in tokens if not any(p.search(t) for p in (*COMPILED.values(), *FEATURES_COMPILED.values()))]
    return tuple(f"no skill here is called {t!r}" for t in unknown)


def _nearest(token: str, known: frozenset[str]) -> str:
    """The word that was meant: the nearest; where there are several, one that a concept knows, then one of as many letters."""
    least = 0.74 if len(token) < 7 else 0.7
    near = process.extract(token, known, scorer=OSA.normalized_similarity, score_cutoff=least, limit=None)
    fits = [(score, _told(word), len(word) == len(token), word) for word, score, _ in near if word[0] == token[0] or score >= 0.8]
    return max(fits)[3] if fits else token


def _told(word: str) -> bool:
    """Whether a word alone says something that a concept knows."""
    return any((found := pattern.search(word)) and found.group(0) == word for pattern in COMPILED.values())


def _inflected(token: str, known: frozenset[str]) -> bool:
    """Whether a word is a known one with an ending, or one that a concept knows whole."""
    stems = (token.removesuffix(end) for end in ("s", "es", "ed", "d", "ing", "ly", "er", "'s", "n't"))
    if any(stem != token and (stem in known or stem + "e" in known) for stem in stems):
        return True
    return any((found := pattern.search(token)) and found.group(0) == token for pattern in COMPILED.values())


def _tests(text: str) -> tuple[tuple[Test, ...], tuple[str, ...]]:
    """Bounds on features ("rsi below 30"), and every feature named."""
    tests: list[Test] = []
    features: list[str] = []
    taken: list[tuple[int, int]] = []
    for name, pattern in FEATURES_COMPILED.items():
        for match in pattern.finditer(text):
            if any(match.start() < end and begin < match.end() for begin, end in taken):
                continue
            taken.append(match.span())
            features.append(name)
            test = _bound(name, text[match.end() :])
            tests += test
    return tuple(tests), tuple(dict.fromkeys(features))


def _bound(name: str, after: str) -> list[Test]:
    """The bound that follows a feature's name."""
    between = re.match(r"[^\d]{0,20}?between\s+(-?\d+(?:\.\d+)?)\s+and\s+(-?\d+(?:\.\d+)?)", after)
    if between:
        return [
            Test(feature=name, op=">=", value=float(between.group(1))),
            Test(feature=name, op="<=", value=float(between.group(2))),
        ]
    for words, op in _OPS:
        match = re.match(rf"[^\d<>]{{0,22}}?(?:{words})\s*(?:of\s+)?(-?\d+(?:\.\d+)?)\s*(%)?", after)
        if match:
            value = float(match.group(1)) / (100 if match.group(2) and name not in ("rsi_14", "adx_14") else 1)
            return [Test(feature=name, op=op, value=value)]
    if name == "rsi_14":
        if re.match(r"[^\d]{0,25}?oversold", after):
            return [Test(feature=name, op="<", value=30.0)]
        if re.match(r"[^\d]{0,25}?overbought", after):
            return [Test(feature=name, op=">", value=70.0)]
    return []


def _voters(text: str, names: Names) -> tuple[str, ...]:
    """The voters named; "memory" and "forecast" count where votes or weights are spoken of."""
    found = [v for v in names.voters if v not in ("memory", "forecast") and re.search(rf"\b{v.replace('_', '[_ -]?')}\b", text)]
    if "rsi_reversal" in names.voters and "rsi_reversal" not in found and re.search(r"\breversal\b", text):
        found.append("rsi_reversal")
    voting = (
        COMPILED["voter"].search(text)
        or COMPILED["believe"].search(text)
        or re.search(
            (
                r"\b(?:right|wrong|"
                r"accura\w+)\b"
            ),
            text,
        )
    )
    return tuple(found + [v for v in ("memory", "forecast") if v in names.voters and voting and re.search(rf"\b{v}\b", text)])


def _weekday(text: str) -> int | None:
    from agent.chat.local.dates import WEEKDAYS

    return next((i for i, name in enumerate(WEEKDAYS) if re.search(rf"\b{name}s?\b", text)), None)


def _top(text: str) -> int:
    match = _TOP.search(text)
    if not match:
        return 1
    word = match.group(1) or match.group(2)
    return max(1, min(20, int(word) if word.isdigit() else _COUNTS[word]))
