"""Questions to memory, one or a file of them, and their answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agent.cli import inputs
from agent.errors import ConfigError

if TYPE_CHECKING:
    from agent.domain import Memory
    from memory_db.episodes import Formula, Mode
    from memory_db.store import MemoryStore

_FIELDS = {"id", "query", "symbol", "kind", "as_of", "k", "mode", "formula"}
_MODES = ("hybrid", "text", "vector")
_FORMULAS = ("default", "finmem", "additive")


@dataclass(frozen=True)
class Asked:
    """How to look; a line of a file may say otherwise."""

    symbol: str | None
    kind: str | None
    as_of: datetime
    k: int
    mode: str
    formula: str
    since: datetime | None = None
    least: float = 0.0

    def check(self) -> None:
        """Refuse an unknown mode or formula (ConfigError)."""
        if self.mode not in _MODES:
            raise ConfigError(f"--mode {self.mode!r} is unknown; choose {', '.join(_MODES[:-1])} or {_MODES[-1]}")
        if self.formula not in _FORMULAS:
            raise ConfigError(f"--formula {self.formula!r} is unknown; choose {', '.join(_FORMULAS[:-1])} or {_FORMULAS[-1]}")


def one(store: MemoryStore, query: str, asked: Asked) -> list[Memory]:
    """The memories that answer a query best; texts that have no vector yet get theirs first."""
    if asked.mode != "text":
        store.embed_texts()
    return store.search(
        query,
        symbol=asked.symbol,
        kind=asked.kind,
        as_of=asked.as_of,
        since=asked.since,
        min_importance=asked.least,
        k=asked.k,
        mode=cast("Mode", asked.mode),
        formula=cast("Formula", asked.formula),
    )


def read(path: Path, default: Asked) -> Iterator[tuple[Any, str, Asked]]:
    """The id, query and options of each line; ConfigError naming the first line that cannot be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(f"--jsonl {path} cannot be read: {err}; name a file of JSON lines") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                yield _parsed(line, default)
            except ConfigError as err:
                raise ConfigError(f"{path.name} line {number}: {err}") from None


def answers(store: MemoryStore, wanted: list[tuple[Any, str, Asked]]) -> Iterator[dict[str, Any]]:
    """Each query's results, in order."""
    for ident, query, asked in wanted:
        found = one(store, query, asked)
        yield {"id": ident, "results": [item.model_dump(mode="json") for item in found]}


def _parsed(line: str, default: Asked) -> tuple[Any, str, Asked]:
    try:
        given = json.loads(line)
    except ValueError as err:
        raise ConfigError(f"not a whole JSON object: {err}") from None
    if not isinstance(given, dict) or not isinstance(given.get("query"), str) or not given["query"].strip():
        raise ConfigError('it has no query; write {"id": .., "query": ".."}')
    unknown = sorted(given.keys() - _FIELDS)
    if unknown:
        raise ConfigError(f"field {unknown[0]!r} is not known; use {', '.join(sorted(_FIELDS))}")
    over: dict[str, Any] = {
        name: given[name] for name in ("symbol", "kind", "mode", "formula", "k") if given.get(name) is not None
    }
    if any(not isinstance(over.get(name, ""), str) for name in ("symbol", "kind", "mode", "formula")):
        raise ConfigError("symbol, kind, mode and formula are texts")
    if "k" in over and (isinstance(over["k"], bool) or not isinstance(over["k"], int) or not 1 <= over["k"] <= 1000):
        raise ConfigError(f"k = {over['k']!r} is not a whole number from 1 to 1000")
    if given.get("as_of") is not None:
        over["as_of"] = inputs.moment(str(given["as_of"]), "as_of")
    asked = replace(default, **over)
    asked.check()
    return given.get("id"), given["query"], asked
