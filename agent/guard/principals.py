"""Who may do what to skills: one table, read by the door, by loading and by the command line.

A principal is proved by its key. What it writes is stamped by this table, whatever the draft
says of itself; what it may order depends on the standing of the skill. Nobody below an operator
can lift quarantine, clear what came from outside, or make anything trade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from agent.errors import ConfigError

Principal = Literal["operator", "agent", "importer", "outside"]
PRINCIPALS: tuple[Principal, ...] = get_args(Principal)
Act = Literal["propose", "approve", "reject", "quarantine", "retire", "restore", "stale", "revoke-source"]


@dataclass(frozen=True, slots=True)
class Authority:
    """What a principal's work is stamped with, whose key signs it, and what it may do."""

    origin: Literal["manual", "learned", "imported"]
    trust: Literal["operator", "model", "imported", "outside"]
    signs_with: Literal["operator", "agent", "importer"]
    acts: frozenset[Act]


_ALL: frozenset[Act] = frozenset(get_args(Act))

# outside holds no key: what it hands in is signed by the importer that carried it, at outside trust
TABLE: Mapping[Principal, Authority] = {
    "operator": Authority("manual", "operator", "operator", _ALL),
    # the agent may make itself more careful, never bolder
    "agent": Authority("learned", "model", "agent", frozenset({"propose", "quarantine", "retire", "stale"})),
    "importer": Authority("imported", "imported", "importer", frozenset({"propose"})),
    "outside": Authority("imported", "outside", "importer", frozenset({"propose"})),
}


def principal_named(name: str) -> Principal:
    """Return the principal of that name; ConfigError when there is none."""
    found = next((principal for principal in PRINCIPALS if principal == name), None)
    if found is None:
        raise ConfigError(f"--as {name!r} is no principal; choose one of {', '.join(PRINCIPALS)}")
    return found


def require(principal: Principal, act: Act) -> None:
    """Raise ConfigError when the principal may not do this to a skill."""
    if act not in TABLE[principal].acts:
        raise ConfigError(f"{principal} may not {act} a skill; ask an operator")
