"""The weights in force at any time: each look at what followed past situations is a fact, and the newest known by then counts.

So recall as of a time is what it was then, whatever was learnt later, and a run that goes on elsewhere takes up the trial where
it was. A look is due when enough situations came; it writes nothing else and changes nothing before the next decision.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from agent.market.situation import Layout
from memory_db.chain import Fact
from memory_db.journal import Journal
from memory_db.schema import to_micros
from memory_db.situations import Situations
from memory_db.weights import Weights, due, look
from memory_db.writer import Commit, Writer

KIND = "recall_weights"


class Weighing:
    """The looks of a journal beside its situations; read when first asked for, then grown with every commit."""

    def __init__(self, journal: Journal, situations: Situations, layout: Layout, learn: bool) -> None:
        """Nothing is read yet. Without ``learn``, or a layout that says what followed, no look is taken and none counts."""
        self._journal = journal
        self._situations = situations
        self._layout = layout
        self._learn = learn and bool(layout.followed)
        self._lock = threading.Lock()
        self._seen = 0
        self._behind = True
        self._looks: list[tuple[int, Weights]] = []
        journal.listen(self._follow)

    def at(self, as_of: datetime) -> Weights | None:
        """Return the learnt weights that stood at a time; None where the documented distance did."""
        found = self._newest(to_micros("as_of", as_of))
        return found[1] if found is not None and found[1].learnt else None

    def told(self, as_of: datetime) -> dict[str, Any]:
        """Return which distance stood at a time, and the evidence: in blocks, how much closer learnt weights came, with t."""
        found = self._newest(to_micros("as_of", as_of))
        if found is None:
            return {"distance": "documented", "blocks": 0}
        closer, paid = found[1].closer, found[1].paid
        return {
            "distance": "learnt" if found[1].learnt else "documented",
            "blocks": closer.blocks,
            "closer_by": closer.total / closer.blocks if closer.blocks else None,
            "t": closer.z,
            "t_of_results": paid.z,
        }

    def look(self, w: Writer, as_of: datetime) -> Weights | None:
        """Look again if it is due, at what was known before ``as_of``; return what came of it."""
        if not self._learn:
            return None
        now = to_micros("as_of", as_of)
        last = self._newest(now)
        held = self._situations
        if len(held) < due(last[1] if last else None, held.symbols()):
            return None
        columns, ids = held.stored()
        found = look(columns, ids, self._layout, now * 1000, (last[1], last[0] * 1000) if last else None)
        if found is not None and (last is None or found.count > last[1].count):
            w.add(KIND, found.model_dump_json(), key=f"{KIND}:{found.count}", happened_at=as_of, known_at=as_of)
        return found

    def _newest(self, now: int) -> tuple[int, Weights] | None:
        if not self._learn:
            return None
        with self._lock:
            self._catch_up()
            known = [one for one in self._looks if one[0] <= now]
        return max(known, key=lambda one: (one[0], one[1].count), default=None)

    def _catch_up(self) -> None:
        if self._behind:
            last = self._journal.last_seq
            self._take(fact for fact in self._journal.facts([KIND], after_seq=self._seen) if fact.seq <= last)
            self._seen, self._behind = last, False

    def _follow(self, commit: Commit) -> None:
        with self._lock:
            if self._behind or self._seen != commit.before:
                self._behind = True  # not asked yet, or another process wrote in between
                return
            self._take(fact for fact in commit.facts if fact.kind == KIND)
            self._seen = commit.last

    def _take(self, facts: Iterable[Fact]) -> None:
        self._looks += [(fact.known_us, Weights.model_validate(fact.data)) for fact in facts]
