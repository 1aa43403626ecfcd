"""Reading a question: what it names (days, symbols, ids, skills, features with their bounds) and the concepts in its words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from agent.chat.local.dates import read_dates
from agent.chat.local.names import FEATURE_WORDS, SYMBOL_ALIASES
from agent.chat.local.periods import Period
from agent.chat.local.slot import Slot
from agent.chat.local.slots import follows_of, read_slots
from agent.chat.local.spelling import VOCABULARY, guessed, mended, plain
from agent.chat.local.tokens import Token, tokens_of
from agent.chat.tools.figures import MEANS, Bound
from agent.domain import ExitReason, RegimeLabel

_IDENT = re.compile(r"\b(?=[0-9a-f-]*\d)(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{6,12})\b")
_THEN = re.compile(r"(?<=more|less) then\b|(?<=wer|ger|ter|her) then\b")
_STRATEGY = re.compile(r"\b(?:the|this|our|your|its) (?:whole |entire )?(?:strategy|system|bot)\b")
_BEFORE_SKILL = re.compile(r"[- ](?:\w+ )?(?:skill|strategy|setup)\b")
_LATEST = re.compile(r"\b(?:(?:very )?most recent|latest|newest) (?=[a-z])")
_MEMORY = re.compile(r"\bm\d+\b")


@dataclass(frozen=True)
class Names:
    """What a run names: its symbols, its skills (name to id), its voters."""

    symbols: tuple[str, ...]
    skills: dict[str, str]
    voters: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question as read. ``text`` is spelt right and without days, symbols, ids and skills; ``doubts`` say what was guessed."""

    said: str
    text: str
    tokens: tuple[Token, ...]
    concepts: frozenset[str]
    slots: tuple[Slot, ...] = ()
    periods: tuple[Period, ...] = ()
    symbols: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    idents: tuple[str, ...] = ()
    memories: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    doubts: tuple[str, ...] = field(default=())

    def has(self, *names: str) -> bool:
        """Whether every one of these concepts is in it; "a|b" asks for one of them."""
        return all(any(one in self.concepts for one in name.split("|")) for name in names)

    def any(self, *names: str) -> bool:
        """Whether one of these concepts is in it."""
        return any(name in self.concepts for name in names)

    def values(self, kind: str) -> tuple[Any, ...]:
        """What was named of a kind, each once, in the order said."""
        return tuple(dict.fromkeys(slot.value for slot in self.slots if slot.kind == kind))

    def value(self, kind: str) -> Any:
        """What was named of a kind, where exactly one was."""
        found = self.values(kind)
        return found[0] if len(found) == 1 else None

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
    def regimes(self) -> tuple[RegimeLabel, ...]:
        """The regimes named."""
        return self.values("regime")

    @property
    def regime(self) -> RegimeLabel | None:
        """The regime, where exactly one is named."""
        return self.regimes[0] if len(self.regimes) == 1 else None

    @property
    def features(self) -> tuple[str, ...]:
        """The features named, with a bound or without."""
        held = [b.feature.removeprefix("close_to_") for b in self.bounds]
        bounded = [name for name in held if name in _feature_names()]
        return tuple(dict.fromkeys([*self.values("feature"), *bounded]))

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """The conditions with a number."""
        return self.values("bound")

    @property
    def tests(self) -> tuple[Bound, ...]:
        """The conditions on features."""
        return tuple(b for b in self.bounds if b.feature in _feature_names() or b.feature in MEANS)

    @property
    def voters(self) -> tuple[str, ...]:
        """The voters named."""
        return self.values("voter")

    @property
    def limit(self) -> str | None:
        """The limit named first."""
        return next(iter(self.values("limit")), None)

    @property
    def weekday(self) -> int | None:
        """The weekday, where exactly one is named."""
        found: int | None = self.value("weekday")
        return found

    @property
    def exit(self) -> ExitReason | None:
        """The way of ending, where exactly one is named."""
        found: ExitReason | None = self.value("exit")
        return found

    @property
    def top(self) -> int:
        """How many are asked for; 1 where no number is said."""
        return next(iter(self.values("top")), 1)

    @property
    def amounts(self) -> tuple[float, ...]:
        """The figures that are nothing else."""
        return self.values("amount")

    def only(self, **parts: Any) -> Question:
        """The question with some of what it names replaced, for one of several at a time."""
        return replace(self, **parts)


def _feature_names() -> frozenset[str]:
    from agent.market.features import FEATURES

    return frozenset(FEATURES)


def read(said: str, names: Names, today: date) -> Question:
    """Read a question against what the run holds. Pure."""
    text = plain(said)
    idents = tuple(dict.fromkeys(m for m in _IDENT.findall(text) if not m.isdigit() or len(m) > 8))
    memories = tuple(_MEMORY.findall(text))
    for ident in idents:
        text = text.replace(ident, " ")
    text, symbols, strangers = _symbols(text, names)
    dated = read_dates(_LATEST.sub("last ", text), today)
    rest, skills = _named(dated.rest, names)
    words = frozenset(word for name in names.skills for word in name.split("-")) | frozenset(names.voters)
    rest, fixed = mended(rest, words | FEATURE_WORDS)
    if fixed and not dated.periods:  # a misspelt month or year is one only now
        dated = read_dates(rest, today)
        rest = dated.rest
    if not symbols and not strangers:
        rest, symbols, strangers = _symbols(rest, names)
    if not skills:
        rest, skills = _named(rest, names)
    rest = _THEN.sub(" than", rest)
    rest = _STRATEGY.sub("the agent", re.sub(r"\s+", " ", rest).strip())
    rest, follows = follows_of(rest)
    tokens, concepts = tokens_of(rest)
    if not skills and "skill" in concepts:
        rest, skills = _by_part(rest, names)
        tokens, concepts = tokens_of(rest) if skills else (tokens, concepts)
    slots = (*read_slots(rest, names.voters, of_voters=_of_voters(concepts)), *follows)
    if not skills and _ASKS_KNOWN.search(rest):
        rest, skills, taken = _by_setup(rest, names)
        tokens, concepts = tokens_of(rest) if skills else (tokens, concepts)
        slots = (*read_slots(rest, names.voters, of_voters=_of_voters(concepts)), *follows) if skills else slots
    else:
        taken = ()
    return Question(
        said=said,
        text=rest,
        tokens=tokens,
        concepts=_beside_conditions(tokens, concepts, slots),
        slots=slots,
        periods=dated.periods,
        symbols=symbols,
        strangers=strangers,
        idents=idents,
        memories=memories,
        skills=skills,
        fixed=fixed,
        doubts=(
            *(p.doubt for p in dated.periods if p.doubt),
            *(f"I read {a!r} as {b!r}" for a, b in fixed if guessed(a, b)),
            *(slot.value for slot in read_slots(rest, names.voters, of_voters=False) if slot.kind == "taken"),
            *_unnamed(rest, names),
            *taken,
            *(("I leave nothing out of it",) if _ALL_BUT.search(rest) else ()),
        ),
    )


def _beside_conditions(tokens: tuple[Token, ...], concepts: frozenset[str], slots: tuple[Slot, ...]) -> frozenset[str]:
    """The concepts without those that only the words of a condition stand for: "bigger than usual" asks for no biggest."""
    inside = [s for s in slots if s.kind == "cross" or s.kind == "bound" and s.value.than is not None]
    within = [t for t in tokens if any(s.begin <= t.begin and t.end <= s.end for s in inside)]
    outside = {concept for t in tokens if t not in within for concept in t.concepts}
    return frozenset(c for c in concepts if c in outside or not any(c in t.concepts for t in within))


def _of_voters(concepts: frozenset[str]) -> bool:
    """Whether "memory" and "forecast" are meant as voters: where votes are spoken of, or being right is and no trade."""
    if concepts & {"voter", "believe", "calibrated", "agree", "disagree"}:
        return True
    return bool(concepts & {"win", "lose", "win_rate"}) and not concepts & {"trade", "whatif", "without", "return"}


def _aliases(names: Names) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The words for the run's symbols, and those for symbols it does not hold."""
    held = [(alias, symbol) for symbol in names.symbols for alias in (symbol.lower(), *SYMBOL_ALIASES.get(symbol, ()))]
    taken = {alias for alias, _ in held}
    foreign = [
        (a, s) for s, many in SYMBOL_ALIASES.items() for a in (s.lower(), *many) if s not in names.symbols and a not in taken
    ]
    return sorted(held, key=lambda item: -len(item[0])), sorted(foreign, key=lambda item: -len(item[0]))


def _symbols(text: str, names: Names) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The run's symbols in a text by any of their names, those it does not hold, and the text without them."""
    low = f" {text} "
    found: list[tuple[int, str]] = []
    strangers: list[str] = []
    held, foreign = _aliases(names)
    for alias, symbol in (*held, *foreign):
        pattern = re.compile(rf"(?<![\w&-]){re.escape(alias)}(?:'s)?(?![\w&])")
        match = pattern.search(low)
        if match is None:
            continue
        low = pattern.sub(lambda m: " " * len(m.group(0)), low)
        if symbol in names.symbols:
            found.append((match.start(), symbol))
        else:
            strangers.append(symbol)
    for match in re.finditer(r"[a-z&]{4,}(?:500)?|[a-z&]{2,}\d{2,}", low):
        near = _misspelt(match.group(0), names)
        if near is not None:
            found.append((match.start(), near))
            low = low[: match.start()] + " " * len(match.group(0)) + low[match.end() :]
    ordered = [symbol for _, symbol in sorted(found)]
    return re.sub(r"\s+", " ", low).strip(), tuple(dict.fromkeys(ordered)), tuple(dict.fromkeys(strangers))


def _misspelt(token: str, names: Names) -> str | None:
    """The symbol a word is nearly, when it is no other word."""
    if token in VOCABULARY or len(token) < 4:
        return None
    far = 2 if len(token) > 5 else 1
    near = [s for s in names.symbols if len(s) > 4 and OSA.distance(token, s.lower()) <= far]
    return near[0] if near else None


def _named(text: str, names: Names) -> tuple[str, tuple[str, ...]]:
    """The skills named in a text, with a typing error or two, and the text without them."""
    low, found = text, []
    for name in sorted(names.skills, key=len, reverse=True):
        parts = r"[-_ ]?".join(re.escape(part) for part in name.split("-"))
        pattern = re.compile(rf"(?<![\w-]){parts}(?:'s)?(?![\w-])")
        if match := pattern.search(low):
            found.append((match.start(), name))
            low = pattern.sub(lambda m: " " * len(m.group(0)), low)
    if not found and (near := _nearly(low, names)):
        found.append((0, near[0]))
        low = low.replace(near[1], " ")
    return re.sub(r"\s+", " ", low).strip(), tuple(name for _, name in sorted(found))


def _by_part(text: str, names: Names) -> tuple[str, tuple[str, ...]]:
    """The skill of which a word is a part, where it is that of one alone ("the breakout skill")."""
    for match in re.finditer(r"[a-z]{5,}", text):
        word = match.group(0).removesuffix("s")
        exact = [name for name in names.skills if word in name.split("-") and len(word) > 5]
        begun = [name for name in names.skills if any(part[:6] == word[:6] for part in name.split("-") if len(part) > 4)]
        fits = exact or (begun if _BEFORE_SKILL.match(text[match.end() :]) else [])
        if len(fits) == 1:
            return text[: match.start()] + text[match.end() :], (fits[0],)
    return text, ()


_ALL_BUT = re.compile(r"\b(?:all|every|each|any)\b(?: \w+){0,3} (?:but|except|save)\b(?! not)")
_ASKS_KNOWN = re.compile(
    r"\b(?:know|known|learnt?|learned|record say|experience with|evidence (?:on|for|about)|worked out|work out)\b"
)
_SETUP = re.compile(
    r"\b(?:buying |trading |fading )?(?:a |the )?(pullback|breakout|washout|rebound|reversal|gap)s?(?: (?:up|down)s?)?\b"
)


def _by_setup(text: str, names: Names) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The skills for a kind of setup that is spoken of ("what do we know about pullbacks"), and that it is taken so."""
    match = _SETUP.search(text)
    found = tuple(name for name in sorted(names.skills) if match and match.group(1) in name.split("-") and "data" not in name)
    if match is None or not found:
        return text, (), ()
    said = f"I take {match.group(0).strip()!r} for the skill{'s' if len(found) > 1 else ''} {', '.join(found)}"
    return text[: match.start()] + text[match.end() :], found, (said,)


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


def _unnamed(text: str, names: Names) -> tuple[str, ...]:
    """What looks like the name of a skill and is none of this run's: compound words made of the words of skills."""
    parts = {word for name in names.skills for word in name.split("-") if len(word) > 3}
    found = [t for t in re.findall(r"[a-z]+(?:-[a-z]+)+", text) if set(t.split("-")) & parts]
    known = {voter.replace("_", "-") for voter in names.voters} | {
        "mean-reversion",
        "range-bound",
        "trend-following",
        "buy-and-hold",
    }
    return tuple(f"no skill here is called {t!r}" for t in found if t not in known and t not in VOCABULARY)
