"""Conversations: whose turn a memory is, of which session, and what was said just before it.

A turn names its speaker in its metadata or as ``Speaker: text``. A session is what the metadata
call one; without that, turns whose keys differ in their last number only (``D3:12``, ``D3:13``), on one day.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from memory_db.chain import Fact
from memory_db.journal import Journal
from memory_db.schema import facts

KIND = "dialog"
_SPEAKER = ("speaker", "author", "name", "role")
_SESSION = ("conversation", "conversation_id", "session", "session_id", "thread")
_PREFIX = re.compile(r"([^\W\d_][\w.'’-]*)(?: [^\W\d_][\w.'’-]*){0,2}: ")
_NUMBERED = re.compile(r"(.*[:/_.#-])\d+$", re.DOTALL)
_DAY_US = 86_400_000_000
_BEFORE, _LOOK_BACK, _LOOKED_AT = 2, 1000, 12
_MICROSECOND = timedelta(microseconds=1)
_APART = timedelta(hours=1)


def code_of(text: str) -> int:
    """Return a number above 0 that stands for a text, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=7).digest(), "big") + 1


def name_code(word: str) -> int:
    """Return the number of a speaker's (first) name, however it is written."""
    return code_of(word.casefold())


def speaker_code(fact: Fact, data: Mapping[str, Any]) -> int:
    """Return the number of who said a memory, 0 where nobody is named or it was not said."""
    if fact.kind != KIND:
        return 0
    about = data.get("metadata") or {}
    named = next((about[field] for field in _SPEAKER if isinstance(about.get(field), str)), "").split()
    if named:
        return name_code(named[0])
    prefix = _PREFIX.match(str(data["content"]))
    return name_code(prefix[1]) if prefix else 0


def session_code(fact: Fact, data: Mapping[str, Any]) -> int:
    """Return the number of the session a memory was said in, 0 for what was not said."""
    if fact.kind != KIND:
        return 0
    return code_of(repr((fact.symbol, _session(data) or (_key_prefix(fact.key), fact.happened_us // _DAY_US))))


def said_before(journal: Journal, fact: Fact) -> list[Fact]:
    """Return the last two things said before in the same conversation, known by then, in order.

    A conversation has one symbol and one session; an hour apart is another one, and so is what lies more
    than a thousand facts back.
    """
    # coalesce keeps the database from an index that would make it sort every turn there is
    query = (
        select(facts.c.seq)
        .where(facts.c.seq.between(fact.seq - _LOOK_BACK, fact.seq - 1), func.coalesce(facts.c.kind, "") == fact.kind)
        .where(func.coalesce(facts.c.symbol, "") == (fact.symbol or ""), func.coalesce(facts.c.known_at, 0) <= fact.known_us)
        .where(facts.c.happened_at.between(fact.happened_us - _APART // _MICROSECOND, fact.happened_us))
        .order_by(facts.c.seq.desc())
        .limit(_LOOKED_AT)
    )
    found = journal.by_seq([row[0] for row in journal.read(query)])
    mine = _marks(fact)
    return [item for item in found if _marks(item) == mine and "content" in item.data][-_BEFORE:]


def _marks(fact: Fact) -> object:
    return _session(fact.data) or _key_prefix(fact.key)


def _session(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the metadata call the session, () where they do not."""
    about = data.get("metadata") or {}
    return tuple(f"{field}={about[field]}" for field in _SESSION if about.get(field) is not None)


def _key_prefix(key: str) -> str:
    numbered = _NUMBERED.match(key)
    return numbered[1] if numbered else ""
