"""What was remembered of each symbol lately, in memory: the context window that a decision looks through.

Read from the journal when a symbol is first asked for and grown with every commit, so that a decision costs no query.
Facts invalidate it: what is archived or forgotten leaves it in the same moment.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from agent.domain import Memory, ScoreParts
from agent.settings import Recall
from memory_db import folding
from memory_db.chain import Fact
from memory_db.episodes import KINDS, MAX_IMPORTANCE, memory_of, recency, shape_of
from memory_db.journal import Journal
from memory_db.schema import to_micros
from memory_db.upkeep import ARCHIVED, FORGOTTEN
from memory_db.writer import Commit

# what came from outside is found by who asks for it, and is not put before a decision unasked
_TRUSTED = ("market", "operator", "model")
_MOST = 400  # held of a symbol before those outside the window are let go, once they are half of all
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)
_KINDS = tuple(kind for kind in KINDS if kind != "dialog")


class _Held(NamedTuple):
    """A fact with what a decision needs of it, so that nothing is worked out twice."""

    fact: Fact
    happened: int
    shape: int
    importance: float


class Recent:
    """The text memories of the last days of each symbol, as of any time within them."""

    def __init__(self, journal: Journal, settings: Recall) -> None:
        """Nothing is read before it is asked for."""
        self._journal = journal
        self._settings = settings
        self._lock = threading.Lock()
        self._held: dict[str, list[_Held]] = {}
        self._since: dict[str, datetime] = {}
        self._gone: dict[int, int] = {}
        self._seen = -1
        journal.listen(self._follow)

    def window(self, symbol: str, as_of: datetime) -> list[Memory]:
        """Return what matters most of the days before ``as_of``: by importance and recency, near-identical ones as one."""
        begin = as_of - timedelta(days=self._settings.window_days)
        since, now = to_micros("begin", begin), to_micros("as_of", as_of)
        with self._lock:
            self._catch_up(symbol, begin)
            lately = self._held[symbol]
            if len(lately) > _MOST and lately[len(lately) // 2].happened < since:  # seldom, so that it costs little
                lately = self._held[symbol] = [one for one in lately if one.happened >= since]
                self._since[symbol] = begin
            gone = self._gone
            held = [
                one
                for one in lately
                if one.happened >= since and one.fact.known_us <= now and gone.get(one.fact.seq, now + 1) > now
            ]
        shown = _shown(held)
        valued = [(self._value(one, now), one) for one in held if one.fact.seq in shown]
        best = sorted(valued, key=lambda item: (-item[0], -item[1].fact.seq))[: self._settings.window_texts]
        return [memory_of(one.fact, value, _parts(one, now), shown[one.fact.seq]) for value, one in best]

    def _value(self, one: _Held, now: int) -> float:
        weights = self._settings
        return weights.weight_importance * one.importance + weights.weight_recency * _recency(one, now)

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
                    importance = float(data["importance"]) / MAX_IMPORTANCE
                    self._held[fact.symbol].append(_Held(fact, fact.happened_us, shape_of(fact, data), importance))


def _recency(one: _Held, now: int) -> float:
    return recency(one.fact.kind, (now - one.happened) / _DAY_US)


def _parts(one: _Held, now: int) -> ScoreParts:
    return ScoreParts(similarity=0.0, importance=one.importance, recency=_recency(one, now))


def _shown(held: list[_Held]) -> dict[int, int]:
    """Return the facts that are shown, each with how many it stands for."""
    shapes = np.array([one.shape for one in held], dtype=np.int64)
    seqs = np.array([one.fact.seq for one in held], dtype=np.int64)
    known = np.array([one.fact.known_us for one in held], dtype=np.int64)
    rows, counts = folding.folded(shapes, known, seqs, np.ones(len(seqs), dtype=bool))
    shown = dict.fromkeys(seqs[shapes == 0].tolist(), 1)
    shown.update(zip(seqs[rows].tolist(), counts.tolist(), strict=True))
    return shown
