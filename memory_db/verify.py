"""Proof that a journal is whole: chain, digests, head, state rebuilt from the facts, vector checksums.

Every function reads only and returns problems in words. The state is folded again from
every fact's ``sets`` beside the stored one and compared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from memory_db.chain import GENESIS, Head, canonical, digest, seal, vector_checksum
from memory_db.schema import facts, state, vectors

_SHOWN = 20


def parse(value: str) -> Any:
    """Return a stored state value."""
    return json.loads(value)


def check_head(connection: Connection, signed: Head | None, path: Path) -> str | None:
    """Compare the signed head with the journal: an older head is fine, a missing tail or other history is not."""
    last = connection.execute(select(func.max(facts.c.seq))).scalar() or 0
    if signed is None:
        return f"head {path} is missing while the journal has facts; restore it from a backup" if last else None
    if last < signed.seq:
        return f"the journal ends at fact {last} but fact {signed.seq} was signed ({path}): its tail is lost; restore a backup"
    found = connection.execute(select(facts.c.hash).where(facts.c.seq == signed.seq)).scalar()
    if signed.seq and found != signed.hash:
        return f"fact {signed.seq} is not the one that was signed ({path}): history was changed; restore a backup"
    return None


def check_facts(connection: Connection) -> list[str]:
    """Walk the whole chain and fold the state; return the first problems of each sort."""
    problems: list[str] = []
    folded: dict[tuple[str, str], tuple[str, int]] = {}
    previous, expected = GENESIS, 1
    for row in connection.execute(select(facts).order_by(facts.c.seq)).yield_per(1000).mappings():
        wrong = _wrong(dict(row), previous, expected)
        if wrong:
            problems.append(f"fact {row['seq']} ({row['kind']}): {wrong}")
        else:
            _fold(folded, row["sets"], row["seq"])
        previous, expected = row["hash"], row["seq"] + 1
    return _short(problems) + _compare_state(connection, folded)


def check_vectors(connection: Connection) -> list[str]:
    """Compare every vector with its checksum and look for its fact."""
    problems = [
        f"vector of fact {row.fact_seq} ({row.fingerprint}): its bytes were changed"
        for row in connection.execute(select(vectors).order_by(vectors.c.fact_seq)).yield_per(1000)
        if vector_checksum(row.fact_seq, row.fingerprint, row.part, row.blob) != row.checksum
    ]
    orphans = select(vectors.c.fact_seq).outerjoin(facts, facts.c.seq == vectors.c.fact_seq).where(facts.c.seq.is_(None))
    problems += [f"vector of fact {seq}: there is no such fact" for seq in sorted(connection.execute(orphans).scalars())]
    return _short(problems)


def _wrong(row: dict[str, Any], previous: str, expected: int) -> str | None:
    if row["seq"] != expected:
        return f"facts {expected} to {row['seq'] - 1} are missing"
    if row["prev"] != previous:
        return "it does not follow the fact before it"
    if row["hash"] != seal(row):
        return "its columns were changed"
    if (row["payload"] is None) != (row["salt"] is None):
        return "its payload or its salt is missing"
    if row["payload"] is not None and digest(row["salt"], row["payload"]) != row["digest"]:
        return "its payload was changed"
    return None


def _fold(folded: dict[tuple[str, str], tuple[str, int]], sets: str, seq: int) -> None:
    for space, key, value in json.loads(sets):
        if value is None:
            folded.pop((space, key), None)
        else:
            folded[space, key] = (canonical(value), seq)


def _compare_state(connection: Connection, folded: dict[tuple[str, str], tuple[str, int]]) -> list[str]:
    rows = connection.execute(select(state.c.space, state.c.key, state.c.value, state.c.seq))
    stored = {(row.space, row.key): (row.value, row.seq) for row in rows}
    differing = sorted(name for name in stored.keys() | folded.keys() if stored.get(name) != folded.get(name))
    return _short([f"state {space}/{key} is not what the facts lead to" for space, key in differing])


def _short(problems: list[str]) -> list[str]:
    more = len(problems) - _SHOWN
    return problems if more <= 0 else [*problems[:_SHOWN], f"and {more} more of this sort"]
