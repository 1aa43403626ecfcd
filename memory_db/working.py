"""Working memory: what one conversation or one day of the loop has seen, bounded, journalled and there again on resume.

Each item is a fact; the journal's state says which of them a name still holds, so that a resume reads those alone.
What falls out at the far end, or is closed, is no longer held and stays in the journal. Content is never part of the state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from agent.errors import ConfigError
from agent.guard.stored import cleaned
from memory_db.journal import Journal
from memory_db.schema import facts
from memory_db.writer import Trust

KIND, CLOSED = "working", "working_closed"
SPACE = "working"
MAX_CONTENT = 20_000


@dataclass(frozen=True, slots=True)
class Item:
    """Something seen: what sort, its text, when, and what else is known of it."""

    sort: str
    content: str
    at: datetime
    about: dict[str, Any]


class Working:
    """The working memory of one name in a journal: ``add``, ``recent``, ``close``."""

    def __init__(self, journal: Journal, name: str, limit: int = 50) -> None:
        """Take up what the name still holds; ``limit`` items at most. ConfigError for a name or limit that cannot be."""
        if not name.strip() or len(name) > 100 or limit < 1:
            raise ConfigError(
                f"working memory {name!r} of {limit} items cannot be; give a name of 1 to 100 characters, 1 item or more"
            )
        self.name = name
        self._journal = journal
        self._limit = limit

    def add(
        self, sort: str, content: str, at: datetime, *, symbol: str | None = None, trust: Trust = "market", **about: Any
    ) -> Item:
        """Keep what was seen at ``at``, durably; the oldest beyond the limit is let go. A text from outside is cleaned first."""
        text = content if trust == "market" else cleaned(content).text
        if len(text) > MAX_CONTENT:
            raise ConfigError(f"content has {len(text)} characters, at most {MAX_CONTENT} are kept; shorten it")
        with self._journal.write() as w:
            first, end = _span(w.state(SPACE).get(self.name))
            held = [max(first, end + 1 - self._limit), end + 1]
            w.add(
                KIND,
                {"sort": sort, "content": text, "about": about},
                key=self._key(end),
                symbol=symbol,
                happened_at=at,
                known_at=at,
                trust=trust,
                sets=[(SPACE, self.name, held)],
            )
        return Item(sort, text, at, about)

    def recent(self, n: int | None = None) -> list[Item]:
        """Return the last ``n`` items (all that are held), oldest first, also those that other processes added."""
        first, end = _span(self._journal.state(SPACE).get(self.name))
        first = max(first, end - self._limit if n is None else end - min(n, self._limit))
        keys = [self._key(number) for number in range(first, end)]
        seqs = [row.seq for row in self._journal.read(select(facts.c.seq).where(facts.c.key.in_(keys)))] if keys else []
        found = [(fact, fact.data) for fact in self._journal.by_seq(sorted(seqs))]
        return [Item(data["sort"], data["content"], fact.happened_at, data["about"]) for fact, data in found if data]

    def close(self, at: datetime) -> None:
        """Let go of everything; what is added under the name later begins anew."""
        with self._journal.write() as w:
            held = w.state(SPACE).get(self.name)
            if held is None:
                return
            first, end = _span(held)
            # the next number is kept: keys are never used twice
            w.add(
                CLOSED,
                {"name": self.name, "items": end - first},
                key=f"{CLOSED}:{self.name}:{end}",
                happened_at=at,
                known_at=at,
                sets=[(SPACE, self.name, [end, end])],
            )

    def _key(self, number: int) -> str:
        return f"{KIND}:{self.name}:{number}"


def _span(held: Any) -> tuple[int, int]:
    """Return the numbers of the first item that is held and of the one to come."""
    return (int(held[0]), int(held[1])) if held else (0, 0)
