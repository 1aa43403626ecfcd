"""Text memories: what may be remembered, and how it is found by words and by meaning.

A search sees exactly what was known at ``as_of``. Relevance (``memory_db.relevance``) orders the
results; among equally relevant ones the score, and so importance and recency, decides.
Parts and score are returned and depend on nothing but the facts.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from agent.domain import Memory, ScoreParts
from agent.errors import ConfigError
from agent.guard.stored import cleaned
from agent.settings import Recall
from memory_db import folding
from memory_db.chain import Fact
from memory_db.lexical import Listing
from memory_db.schema import from_micros
from memory_db.writer import Trust, Writer

Mode = Literal["hybrid", "text", "vector"]
Formula = Literal["default", "finmem", "additive"]

KINDS: tuple[str, ...] = (
    "trade",
    "signal",
    "regime",
    "agent_vote",
    "outcome",
    "market_event",
    "sentiment_extreme",
    "pattern",
    "preference",
    "topic",
    "project",
    "dialog",
    "lesson",
    "event",
    "explanation",
)
# keys that came in from outside have a space of their own and are shown without it
IMPORTED = "import:"
MAX_CONTENT = 20_000
MAX_IMPORTANCE = 2.0

# days in which a memory's recency halves, for decisions on daily bars
HALF_LIFE_DAYS: dict[str, float] = {
    "trade": 365.0,
    "signal": 30.0,
    "regime": 30.0,
    "agent_vote": 30.0,
    "outcome": 365.0,
    "market_event": 14.0,
    "sentiment_extreme": 7.0,
    "pattern": 365.0,
    "preference": 3650.0,
    "topic": 90.0,
    "project": 365.0,
    "dialog": 30.0 / (24 * 60),
    "lesson": 365.0,
    "event": 14.0,
    "explanation": 90.0,
}

# FinMem's layers (Yu et al. 2023): days of stability of shallow, intermediate and deep memory
_SHALLOW, _INTERMEDIATE, _DEEP = 14.0, 90.0, 365.0
_FINMEM_LAYER = {
    **dict.fromkeys(KINDS, _INTERMEDIATE),
    **dict.fromkeys(("market_event", "sentiment_extreme", "event", "dialog", "signal", "agent_vote"), _SHALLOW),
    **dict.fromkeys(("outcome", "lesson", "pattern", "preference", "project"), _DEEP),
}

Floats = NDArray[np.float64]


def remember(
    w: Writer,
    *,
    kind: str,
    content: str,
    key: str,
    happened_at: datetime,
    known_at: datetime,
    symbol: str | None = None,
    importance: float = 1.0,
    metadata: Mapping[str, Any] | None = None,
    writer: str = "agent",
    trust: Trust = "market",
    fold: bool = False,
) -> int:
    """Write a text memory and return its fact number; the same key twice is one memory.

    ``importance`` is in [0, 2], 1 normal and 2 critical. ``fold`` lets a market event be shown as one with
    near-identical ones; other kinds never are. A text of any trust but ``market`` is stripped of what is hidden in it and
    keeps the rules it sets off as ``flags`` in its metadata. Raises ConfigError naming the field
    for an unknown kind, empty, oversized or control-character text, and bad times.
    """
    check(kind=kind, content=content, key=key.removeprefix(IMPORTED), symbol=symbol, importance=importance)
    about = dict(metadata or {})
    if trust != "market":
        kept = cleaned(content)
        content = kept.text
        _check_text("content without what is hidden in it", content, MAX_CONTENT)
        if kept.flags:
            about["flags"] = list(kept.flags)
    payload = {"content": content, "importance": float(importance), "metadata": about}
    if fold and kind in folding.KINDS:
        payload["fold"] = True
    return w.add(kind, payload, key=key, happened_at=happened_at, known_at=known_at, symbol=symbol, writer=writer, trust=trust)


def check(*, kind: str, content: str, key: str, symbol: str | None, importance: float) -> None:
    """Raise ConfigError naming the first field that cannot be remembered."""
    check_kind(kind)
    _check_text("content", content, MAX_CONTENT)
    _check_text("key", key, 200)
    if symbol is not None:
        _check_text("symbol", symbol, 64)
    if not 0 <= importance <= MAX_IMPORTANCE:
        raise ConfigError(f"importance {importance} is not in 0 to 2; 1 is normal, 2 critical")


def check_kind(kind: str) -> None:
    """Raise ConfigError if there is no such kind of memory."""
    if kind not in KINDS:
        raise ConfigError(f"kind {kind!r} is not known; use one of {', '.join(KINDS)}")


def _check_text(name: str, value: str, limit: int) -> None:
    if not value.strip():
        raise ConfigError(f"{name} is empty; give it at least one character")
    if len(value) > limit:
        raise ConfigError(f"{name} has {len(value)} characters, at most {limit} are kept; shorten or split it")
    for character in value:
        if character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs"):
            raise ConfigError(f"{name} holds the control character U+{ord(character):04X}; remove it")


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for among what was known at ``as_of``."""

    text: str
    as_of: datetime
    k: int
    symbol: str | None = None
    kind: str | None = None
    mode: Mode = "hybrid"
    formula: Formula = "default"
    since: datetime | None = None
    min_importance: float = 0.0

    def check(self) -> None:
        """Raise ConfigError for a query that cannot be answered."""
        if not self.text.strip():
            raise ConfigError("query is empty; say what to look for")
        if self.k < 1:
            raise ConfigError(f"k = {self.k} results cannot be shown; ask for at least 1")
        if self.as_of.tzinfo is None:
            raise ConfigError(f"as_of {self.as_of.isoformat()} has no time zone; write it like 2016-02-12T00:00:00Z")
        if self.since is not None and self.since.tzinfo is None:
            raise ConfigError(f"since {self.since.isoformat()} has no time zone; write it like 2016-02-12T00:00:00Z")
        if self.kind is not None:
            check_kind(self.kind)
        if self.mode not in ("hybrid", "text", "vector"):
            raise ConfigError(f"mode {self.mode!r} is not known; use hybrid, text or vector")
        if self.formula not in ("default", "finmem", "additive"):
            raise ConfigError(f"formula {self.formula!r} is not known; use default, finmem or additive")


@dataclass(frozen=True, slots=True)
class Scored:
    """A row of the listing with its score."""

    row: int
    score: float
    parts: ScoreParts


def score(listing: Listing, relevance: Floats, query: Query, now: int, weights: Recall) -> list[Scored]:
    """Score the rows with any relevance and return the best ``k``.

    default: w_sim similarity + w_imp importance / 2 + w_rec 0.5^(age / half-life), ordered by
    relevance first. additive: importance * 0.5^(age / half-life) + similarity. finmem:
    similarity + importance / 2 + exp(-age / stability), its three parts added unweighted as in
    FinMem, stability 14, 90 or 365 days by kind. The last two are ordered by their score.
    """
    rows = np.flatnonzero(relevance > 0)
    if query.formula == "default" and len(rows) > query.k:
        # only what is as relevant as the k-th can be among them
        rows = rows[relevance[rows] >= np.partition(relevance[rows], -query.k)[-query.k]]
    scored = []
    for row in rows:
        age = (now - int(listing.happened[row])) / 86_400e6
        kind, importance = str(listing.kind[row]), float(listing.importance[row])
        parts = ScoreParts(
            similarity=min(1.0, float(relevance[row])), importance=importance / MAX_IMPORTANCE, recency=recency(kind, age)
        )
        scored.append(Scored(int(row), _total(query.formula, parts, importance, kind, age, weights), parts))
    by_relevance = query.formula == "default"
    scored.sort(
        key=lambda item: (
            -float(relevance[item.row]) if by_relevance else 0.0,
            -item.score,
            -int(listing.known[item.row]),
            item.row,
        )
    )
    return scored[: query.k]


def recency(kind: str, age_days: float) -> float:
    """Return 0.5^(age / half-life) of a kind, in [0, 1]."""
    return float(0.5 ** (age_days / HALF_LIFE_DAYS[kind]))


def memory_of(fact: Fact, value: float, parts: ScoreParts, count: int = 1) -> Memory:
    """Return a fact as a recalled memory."""
    return Memory(
        id=f"m{fact.seq}",
        key=fact.key.removeprefix(IMPORTED),
        kind=fact.kind,
        symbol=fact.symbol,
        content=str(fact.data.get("content", "")),
        happened_at=from_micros(fact.happened_us),
        known_at=from_micros(fact.known_us),
        score=value,
        parts=parts,
        count=count,
        flags=(fact.data.get("metadata") or {}).get("flags") or [],
    )


def shape_of(fact: Fact, data: Mapping[str, Any]) -> int:
    """Return what near-identical memories have in common, 0 for one that is never folded."""
    return folding.shape(fact.kind, fact.symbol, str(data["content"])) if data.get("fold") else 0


def age_days(fact: Fact, now: datetime) -> float:
    """Return how long ago a fact happened."""
    return (now - fact.happened_at) / timedelta(days=1)


def _total(formula: Formula, parts: ScoreParts, importance: float, kind: str, age: float, weights: Recall) -> float:
    if formula == "additive":
        return importance * parts.recency + parts.similarity
    if formula == "finmem":
        return parts.similarity + parts.importance + math.exp(-age / _FINMEM_LAYER[kind])
    return (
        weights.weight_similarity * parts.similarity
        + weights.weight_importance * parts.importance
        + weights.weight_recency * parts.recency
    )
