"""Upkeep of text memories: forgetting for good, and archiving what decayed or is too much.

To forget deletes the payload, its salt and every vector made with it, and drops the indexes; the fact's
columns stay, so the chain holds. To archive deletes nothing: it is a fact, and recall as of an
earlier time still sees what was archived later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from agent.errors import ConfigError
from agent.settings import Recall
from memory_db.chain import Fact
from memory_db.episodes import HALF_LIFE_DAYS, IMPORTED, KINDS
from memory_db.journal import Journal
from memory_db.lexical import Listing
from memory_db.schema import facts, to_micros
from memory_db.talk import said_before

FORGOTTEN = "forgotten"
ARCHIVED = "archived"
BACKUP = "backup"
# these are carried from year to year: only the cap archives them
_LASTING = ("trade", "outcome", "lesson", "pattern", "preference")
_FOLLOWERS = 20


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, and the backups that still hold it."""

    seq: int
    key: str
    kind: str
    backups: list[str]


def find(journal: Journal, name: str) -> Fact:
    """Return the text memory with this id (m12) or key; ConfigError if there is none."""
    fact = journal.get(IMPORTED + name) or journal.get(name)
    if fact is None and name[:1] == "m" and name[1:].isdigit():
        fact = next(iter(journal.by_seq([int(name[1:])])), None)
    if fact is None or fact.kind not in KINDS:
        raise ConfigError(f"there is no memory {name!r}; give the id or key that memory search shows")
    if fact.payload is None:
        raise ConfigError(f"memory {name!r} was forgotten before; nothing of it is left to forget")
    return fact


def forget(journal: Journal, fact: Fact, now: datetime, reason: str) -> Forgotten:
    """Delete a memory's content for good and record that it was; the caller drops the indexes."""
    stale = list(_made_with(journal, fact))
    with journal.write() as w:
        w.erase(fact.seq, stale)
        w.add(FORGOTTEN, {"fact": fact.seq, "reason": reason}, key=f"{FORGOTTEN}:{fact.seq}", happened_at=now, known_at=now)
    journal.checkpoint()
    kept = [item.data for item in journal.facts([BACKUP])]
    places = [str(item["path"]) for item in kept if int(item["seq"]) >= fact.seq and Path(str(item["path"])).exists()]
    return Forgotten(fact.seq, fact.key.removeprefix(IMPORTED), fact.kind, places)


def decayed(listing: Listing, archived: set[int], now: datetime, settings: Recall) -> list[int]:
    """Return the facts to archive: what decayed, and the least of what exceeds the cap of its kind and symbol."""
    at = to_micros("now", now)
    here = np.flatnonzero((listing.known <= at) & ~np.isin(listing.seq, sorted(archived)))
    ages = (at - listing.happened[here]) / 86_400e6
    halves = np.array([HALF_LIFE_DAYS[kind] for kind in listing.kind[here].tolist()])
    worth = listing.importance[here] * 0.5 ** (ages / np.maximum(halves, 1e-9))
    lasting = np.isin(listing.kind[here], _LASTING)
    gone = (worth < settings.archive_below) & ~lasting
    for group in _groups(listing, here):
        left = group[~gone[group]]
        cap = settings.cap_outcomes if listing.kind[here[group[0]]] in ("outcome", "trade") else settings.cap_texts
        if len(left) > cap:
            order = np.lexsort((listing.seq[here[left]], worth[left]))
            gone[left[order[: len(left) - cap]]] = True
    return [int(seq) for seq in listing.seq[here[gone]]]


def archive(journal: Journal, seqs: list[int], now: datetime) -> None:
    """Record that these memories are archived from ``now`` on."""
    if not seqs:
        return
    name = hashlib.sha256(f"{now.isoformat()}{seqs}".encode()).hexdigest()[:24]
    with journal.write() as w:
        w.add(ARCHIVED, {"facts": seqs}, key=f"{ARCHIVED}:{name}", happened_at=now, known_at=now)


def _made_with(journal: Journal, fact: Fact) -> Iterator[int]:
    """Yield what was said after a memory and has a vector of both."""
    if fact.kind != "dialog":
        return
    later = select(facts.c.seq).where(facts.c.kind == fact.kind, facts.c.seq > fact.seq)
    rows = journal.read(later.where(facts.c.symbol.is_not_distinct_from(fact.symbol)).order_by(facts.c.seq).limit(_FOLLOWERS))
    for item in journal.by_seq([row[0] for row in rows]):
        if fact.seq in {before.seq for before in said_before(journal, item)}:
            yield item.seq


def _groups(listing: Listing, here: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return positions in ``here`` by kind and symbol."""
    names = np.char.add(np.char.add(listing.kind[here], "|"), listing.symbol[here])
    _, codes = np.unique(names, return_inverse=True)
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)] if len(here) else []
