"""The vectors of situations and texts in the derived index: what it proposes to recall, and how it is brought up to the journal.

It only proposes; exact distances decide. Before it is asked it is looked at: as many vectors as there should be, and some of them
found. What fails that look, or breaks while it is filled, is built anew.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from agent.errors import JournalError
from memory_db.chroma import BATCH, NOT_BUILT, ChromaIndex, IndexDoubt, Matrix, Progress, Seqs
from memory_db.index import Index, collection_name, spread
from memory_db.meaning import Meaning
from memory_db.situations import Situations


class Proposing:
    """One index over the situations and, where there is an embedder, the meaning of texts."""

    def __init__(self, index: Index, situations: Situations, meaning: Meaning | None, oversample: int) -> None:
        """Nothing is opened yet. ``oversample`` is how many times more than are asked for the index names."""
        self.index = index
        self._situations = situations
        self._meaning = meaning
        self._oversample = oversample
        self._collection = collection_name("situations", situations.fingerprint)

    def covers(self, as_of: datetime) -> bool:
        """Say whether it can be asked for this time: all that it holds was known by then."""
        newest = self._situations.newest_known(self._watermark())
        return newest is not None and newest <= as_of and self._trusted()

    def situations(self, vector: Matrix, k: int) -> Seqs | None:
        """Return candidates from the index and every situation it does not hold yet; None once it fails."""
        proposed = self.index.propose(self._collection, "l2", vector, k * self._oversample)
        return None if proposed is None else np.concatenate([proposed, self._situations.tail(self._watermark())])

    def follow(self, last: int, progress: Progress | None) -> dict[str, int]:
        """Add what is stored up to a fact to the index as it stands; where that fails, or it is in doubt, build it anew."""
        sound = self.index.chroma() is not None and self._sound()
        chroma = self.index.chroma() if sound else None
        try:
            return self._fill(chroma or self.index.renew(), last, progress)
        except IndexDoubt as err:
            if chroma is None:
                raise JournalError(f"the index cannot be built: {err}; check disk and permissions of its folder") from None
        return self._fill(self.index.renew(), last, progress)

    def doubts(self) -> list[str]:
        """Look at everything it should hold, and name what is wrong."""
        if self._watermark():
            self._trusted()
        if self._meaning and self.index.mark(self._meaning.collection).watermark:
            self._meaning.trusted(self.index)
        return [doubt for doubt in self.index.doubts if doubt != NOT_BUILT]

    def count(self) -> int:
        """How many vectors can be found through it."""
        texts = self.index.mark(self._meaning.collection).count if self._meaning else 0
        return self.index.mark(self._collection).count + texts

    def _watermark(self) -> int:
        return self.index.mark(self._collection).watermark

    def _sound(self) -> bool:
        if self._watermark() and not self._trusted():
            return False
        texts = self._meaning
        return not (texts and self.index.mark(texts.collection).watermark) or texts.trusted(self.index)

    def _trusted(self) -> bool:
        def expected() -> tuple[int, Matrix]:
            seqs, matrix = self._situations.held_up_to(self._watermark())
            return len(seqs), matrix[spread(len(seqs))]

        return self.index.trusted(self._collection, "l2", expected)

    def _fill(self, chroma: ChromaIndex, last: int, progress: Progress | None) -> dict[str, int]:
        counts = {"situations": 0, "episodes": 0}
        after = chroma.mark(self._collection).watermark
        if after < last:
            counts["situations"] = chroma.add(self._collection, "l2", self._situations.batches(after, last, BATCH), progress)
        if self._meaning is not None:
            after = chroma.mark(self._meaning.collection).watermark
            if after < last:
                counts["episodes"] = chroma.add(self._meaning.collection, "cosine", self._meaning.batches(after, last), progress)
        return counts
