"""A skill's past as the journal tells it: versions, transitions, executions, pins; and what changed between versions."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from agent.errors import ConfigError
from memory_db.journal import Journal
from skills.catalogue import PINS_SPACE, Catalogue
from skills.schema import Skill

KINDS = ("skill_version", "skill_transition", "skill_execution", "skill_pin")


def history(journal: Journal, skill: str, *, executions: bool = False) -> list[dict[str, Any]]:
    """Return what happened to a skill (by id), oldest first, one flat mapping each with ``at`` and ``event``."""
    kinds = KINDS if executions else tuple(kind for kind in KINDS if kind != "skill_execution")
    told = []
    for fact in journal.facts(kinds=kinds):
        data = json.loads(fact.payload) if fact.payload else {}
        if data.get("id" if fact.kind == "skill_version" else "skill") == skill:
            told.append({"at": _time(data, fact.kind), "event": fact.kind.removeprefix("skill_"), **_essence(fact.kind, data)})
    return told


def _time(data: dict[str, Any], kind: str) -> str:
    name = {"skill_version": "created_at", "skill_transition": "since", "skill_execution": "at", "skill_pin": "at"}[kind]
    return str(data[name])


def _essence(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind == "skill_version":
        return {name: data.get(name) for name in ("version", "origin", "trust", "writer")}
    if kind == "skill_transition":
        return {"version": data["version"], "from": data["from"], "to": data["status"]} | {
            name: data[name] for name in ("rule", "reason", "by")
        }
    return {name: value for name, value in data.items() if name not in ("skill", "at")}


def difference(old: Skill, new: Skill) -> list[dict[str, Any]]:
    """Return each place where two versions differ, as ``{"path", "from", "to"}``; None stands for absent."""
    before, after = _leaves(old.document()), _leaves(new.document())
    paths = sorted(before.keys() | after.keys())
    return [
        {"path": path, "from": before.get(path), "to": after.get(path)} for path in paths if before.get(path) != after.get(path)
    ]


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts = [(f"{path}.{key}" if path else str(key), part) for key, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"{path}[{i}]", part) for i, part in enumerate(value)]
    else:
        return {path: value}
    return {name: leaf for at, part in parts for name, leaf in _leaves(part, at).items()}


def pin(journal: Journal, catalogue: Catalogue, skill: Skill, *, on: bool, reason: str, by: str, at: datetime) -> None:
    """Hold a skill where it is, or let go of it: a pinned one does not go stale and is not tuned or merged.

    No pin stops a retirement. ConfigError when only an operator may do it, or when nothing would change.
    """
    if by != "operator":
        raise ConfigError(f"{by} may not pin a skill; ask an operator")
    if on == (skill.id in catalogue.pins):
        raise ConfigError(f"{skill.name} is {'already pinned' if on else 'not pinned'}; nothing to do")
    with journal.write() as w:
        w.add(
            "skill_pin",
            {"skill": skill.id, "pinned": on, "reason": reason, "by": by, "at": at.isoformat()},
            key=f"pin:{skill.id}:{at.isoformat()}",
            happened_at=at,
            known_at=at,
            writer=by,
            trust="operator",
            sets=[(PINS_SPACE, skill.id, reason if on else None)],
        )
    catalogue.load()
