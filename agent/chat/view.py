"""A run opened for questions: its journal, its skills, its tables, and the document its backtest left.

Promises: opening and asking write nothing into the run; what another process adds is seen at the next question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from agent.backtest.walk import read_result
from agent.chat.tables import Row, Tables
from agent.cycle import Control, read_control
from agent.errors import ConfigError
from agent.settings import Settings
from agent.wiring.homes import STANDING_RUNS, open_catalogue, open_memory, run_names, run_place
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from skills.catalogue import Catalogue

Json = dict[str, Any]


@dataclass
class View:
    """One run, as far as it has come."""

    home: Path
    run: str
    settings: Settings
    journal: Journal
    catalogue: Catalogue
    tables: Tables
    clock: Callable[[], datetime]
    _memory: MemoryStore | None = None
    _loaded: int = field(default=0)

    def follow(self) -> None:
        """See what was written since the last question."""
        seq = self.journal.last_seq
        if seq != self._loaded:
            self.tables.follow(self.journal)
            self.catalogue.load()
            self._loaded = seq

    @property
    def today(self) -> date:
        """What "now" means: the last bar of a recorded run, the calendar's day of one that has none."""
        return self.tables.today or self.clock().date()

    @property
    def now(self) -> datetime:
        """When the last decision was made, else the clock's time."""
        last = self.tables.last
        return last.as_of if last else self.clock()

    @property
    def live(self) -> bool:
        """Whether real money is behind this run."""
        return self.run == "live"

    @property
    def control(self) -> Control:
        """Whether a person or a limit stopped trading."""
        return read_control(self.journal)

    @cached_property
    def result(self) -> Json | None:
        """The document of a finished backtest."""
        return read_result(self.home, self.run)

    @property
    def memory(self) -> MemoryStore:
        """The run's text memories, opened when first asked for."""
        if self._memory is None:
            self._memory = open_memory(self.home, self.run, self.settings, durable=True)
        return self._memory

    def warm(self) -> None:
        """Open now what the first question about memories would wait for."""
        self.memory.recent(1)

    def record(self, row: Row) -> Json:
        """The whole record of a decision."""
        fact = self.journal.get(row.id)
        if fact is None or fact.payload is None:
            return {}
        loaded: Json = from_json(fact.payload)
        return loaded

    def siblings(self) -> dict[str, Json]:
        """The other finished arms of the same configuration, data and seed, by arm."""
        tail = self.run.rpartition("-")[2]
        found = {}
        for name in run_names(self.home) + [p.parent.name for p in (self.home / "runs").glob("*/result.json")]:
            if name != self.run and name.rpartition("-")[2] == tail and name not in STANDING_RUNS:
                document = read_result(self.home, name)
                if document is not None:
                    found[document["arm"]] = document
        return found

    def close(self) -> None:
        """Let go of what was opened for questions."""
        if self._memory is not None:
            self._memory.close()
            self._memory = None


@contextmanager
def open_view(home: Path, run: str, settings: Settings, clock: Callable[[], datetime]) -> Iterator[View]:
    """A run opened for questions; ConfigError in one line when there is none."""
    if not run_place(home, run).exists():
        have = ", ".join(run_names(home))
        if have:
            raise ConfigError(f"run {run!r} has no journal in {home}; runs there: {have}")
        raise ConfigError(f"nothing is recorded in {home} yet; run `tradecraft demo` first, or name another --home")
    with open_catalogue(home, run, settings) as (journal, catalogue):
        view = View(home, run, settings, journal, catalogue, Tables(), clock)
        view.follow()
        try:
            yield view
        finally:
            view.close()
