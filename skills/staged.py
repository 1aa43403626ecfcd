"""The catalogue as one transaction sees it: what is committed, overlaid by its own changes."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from typing import Protocol

from memory_db.writer import Writer
from skills.lifecycle import Mode
from skills.records import EMPTY, Record, RecordKey
from skills.rows import Standing
from skills.schema import Skill


class Shelves(Protocol):
    """Versions, standings and records: of the catalogue, or as a transaction sees them."""

    @property
    def skills(self) -> Mapping[str, Skill]:
        """Every version by its key."""
        ...

    @property
    def standings(self) -> Mapping[str, Standing]:
        """How each stands."""
        ...

    @property
    def records(self) -> Mapping[RecordKey, Record]:
        """What each earned."""
        ...


class Staged:
    """The catalogue inside a transaction; what is put here becomes the catalogue's own on commit."""

    def __init__(
        self,
        w: Writer,
        skills: MutableMapping[str, Skill],
        standings: MutableMapping[str, Standing],
        records: MutableMapping[RecordKey, Record],
    ) -> None:
        """Begin with what is committed, which is never changed here."""
        self.writer = w
        self.skills: ChainMap[str, Skill] = ChainMap({}, skills)
        self.standings: ChainMap[str, Standing] = ChainMap({}, standings)
        self.records: ChainMap[RecordKey, Record] = ChainMap({}, records)

    def record(self, key: str, mode: Mode) -> Record:
        """Return the counts of a version in a mode."""
        return self.records.get((key, mode), EMPTY)
