"""What was remembered of each symbol lately, in memory: the context window that a decision looks through.

Read from the journal when a symbol is first asked for and grown with every commit, so that a decision costs no query.
Facts invalidate it: what is archived or forgotten leaves it in the same moment.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from agent.domain import Memory, ScoreParts
from agent.settings import Recall
from memory_db import folding
from memory_db.chain import Fact
from memory_db.episodes import KINDS, MAX_IMPORTANCE, age_days, memory_of, recency, shape_of
from memory_db.journal import Journal
from memory_db.upkeep import ARCHIVED, FORGOTTEN
from memory_db.writer import Commit

# what came from outside is found by who asks for it, and is not put before a decision unasked
_TRUSTED = ("market", "operator", "model")
_MOST = 400  # held of a symbol before those outside the window are let go
_KINDS = tuple(kind for kind in KINDS if kind != "dialog")


class Recent:
    """The text memories of the last days of each symbol, as of any time within them."""

    def __init__(self, journal: Journal, settings: Recall) -> None:
        """Nothing is read before it is asked for."""
        self._journal = journal
        self._settings = settings
        self._lock = threading.Lock()
        self._held: dict[str, list[tuple[Fact, dict[str, Any]]]] = {}
        self._since: dict[str, datetime] = {}
        self._gone: dict[int, int] = {}
        self._seen = -1
        journal.listen(self._follow)

    def window(self, symbol: str, as_of: datetime) -> list[Memory]:
        """Return what matters most of the days before ``as_of``: by importance and recency, near-identical ones as one."""
        begin = as_of - timedelta(days=self._settings.window_days)
        now = (as_of - datetime.fromtimestamp(0, as_of.tzinfo)) // timedelta(microseconds=1)
        with self._lock:
            self._catch_up(symbol, begin)
            if len(self._held[symbol]) > _MOST:
                self._held[symbol] = [item for item in self._held[symbol] if item[0].happened_at >= begin]
                self._since[symbol] = begin
            held = [
                (fact, data)
                for fact, data in self._held[symbol]
                if fact.known_us <= now and fact.happened_at >= begin and self._gone.get(fact.seq, now + 1) > now
            ]
        best = sorted((self._scored(fact, data, as_of) for fact, data in held), key=lambda item: (-item[0], -item[1].seq))
        shown = self._shown(held)
        chosen = [(value, fact, parts) for value, fact, parts in best if fact.seq in shown][: self._settings.window_texts]
        return [memory_of(fact, value, parts, shown[fact.seq]) for value, fact, parts in chosen]

    def _shown(self, held: list[tuple[Fact, dict[str, Any]]]) -> dict[int, int]:
        """Return the facts that are shown, each with how many it stands for."""
        shapes = np.array([shape_of(fact, data) for fact, data in held], dtype=np.int64)
        seqs = np.array([fact.seq for fact, _ in held], dtype=np.int64)
        known = np.array([fact.known_us for fact, _ in held], dtype=np.int64)
        rows, counts = folding.folded(shapes, known, seqs, np.ones(len(seqs), dtype=bool))
        shown = dict.fromkeys(seqs[shapes == 0].tolist(), 1)
        shown.update(zip(seqs[rows].tolist(), counts.tolist(), strict=True))
        return shown

    def _scored(self, fact: Fact, data: dict[str, Any], now: datetime) -> tuple[float, Fact, ScoreParts]:
        importance = float(data["importance"]) / MAX_IMPORTANCE
        parts = ScoreParts(similarity=0.0, importance=importance, recency=recency(fact.kind, age_days(fact, now)))
        weights = self._settings
        return weights.weight_importance * parts.importance + weights.weight_recency * parts.recency, fact, parts

    def _catch_up(self, symbol: str, begin: datetime) -> None:
        """Read what the window lacks: a symbol met for the first time, days before those held, what others committed."""
        last = self._journal.last_seq if self._seen < 0 else self._seen
        if self._seen < 0:
            self._take(self._journal.facts([ARCHIVED, FORGOTTEN]))
            self._seen = last
        if symbol not in self._held or begin < self._since[symbol]:
            found = self._journal.facts(_KINDS, symbol=symbol, known_from=begin)
            self._held[symbol] = []
            self._since[symbol] = begin
            self._take(fact for fact in found if fact.seq <= self._seen)

    def _follow(self, commit: Commit) -> None:
        with self._lock:
            if self._seen < 0:
                return
            if commit.before != self._seen:  # another process wrote in between
                self._held.clear()
                self._since.clear()
                self._gone.clear()
                self._seen = -1
                return
            self._take(commit.facts)
            self._seen = commit.last

    def _take(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            if fact.kind == ARCHIVED:
                self._gone.update(dict.fromkeys(fact.data["facts"], fact.known_us))
            elif fact.kind == FORGOTTEN:
                self._gone[int(fact.data["fact"])] = 0
            elif fact.symbol in self._held and fact.kind in _KINDS and fact.trust in _TRUSTED:
                data = fact.data
                if "content" in data and "importance" in data:
                    self._held[fact.symbol].append((fact, data))
