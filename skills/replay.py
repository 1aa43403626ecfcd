"""Replaying recorded executions: the same ledger and the same lifecycle, outside any market.

Executions are taken by time; those of one time step are booked together in one transaction
with the maintenance that follows them. So any order within a step, the same lines twice, or
a replay that was cut off and begun again lead to the same counts and the same standings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from memory_db.journal import Journal
from memory_db.writer import Writer
from skills.catalogue import Catalogue
from skills.credit import credit
from skills.ledger import Execution, book
from skills.lifecycle import FOLLOWED, MODES, Mode
from skills.maintain import Change, maintain
from skills.rows import Standing
from skills.schema import Skill


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: executions booked, those that were booked before, and the transitions that followed."""

    booked: int
    repeated: int
    changes: tuple[Change, ...]


def copy_skills(w: Writer, catalogue: Catalogue, source: Iterable[tuple[Skill, Standing]], at: datetime) -> None:
    """Give a fresh catalogue the versions of another one in their standing since ``at``, with statistics from zero."""
    for skill, standing in source:
        catalogue.add_version(w, skill, Standing(standing.status, at, standing.rule, standing.reason, standing.by))


def replay(journal: Journal, catalogue: Catalogue, executions: Iterable[Execution]) -> Replayed:
    """Book executions by time and let the lifecycle follow each time step, for the skills they are of.

    An execution of a skill that is followed in shadow at that time counts as shadow.
    """
    ordered = sorted((_resolved(catalogue, execution) for execution in executions), key=_order)
    concerned = _concerned(catalogue, ordered)
    booked = 0
    changes: list[Change] = []
    for at, step in groupby(ordered, key=lambda execution: execution.at):
        new = list(_new(catalogue, step))
        if not new:
            continue
        with journal.write() as w:
            booked += sum(book(w, catalogue, execution, mode=mode) for execution, mode in new)
            # a skill's own executions come first: what it is credited with as a component never replaces them
            for execution in (execution for execution, mode in new if mode == "book"):
                credit(w, catalogue, execution)
            changes += maintain(w, catalogue, at, only=concerned)
    return Replayed(booked, len(ordered) - booked, tuple(changes))


def _concerned(catalogue: Catalogue, executions: Sequence[Execution]) -> set[str]:
    """Return the keys of the versions executed, of all their components, and of the composites that hold any of these."""
    executed = {f"{execution.skill}:{execution.version}" for execution in executions}
    idents = {execution.skill for execution in executions}
    grown = True
    while grown:
        below = {part for skill in catalogue.skills.values() if skill.id in idents for part in skill.sub_skills}
        grown = not below <= idents
        idents |= below
    components = idents - {execution.skill for execution in executions}
    return executed | {
        key for key, skill in catalogue.skills.items() if skill.id in components or idents.intersection(skill.sub_skills)
    }


def _resolved(catalogue: Catalogue, execution: Execution) -> Execution:
    """Return the execution under the skill's id; its name will do in a file."""
    return execution.model_copy(update={"skill": catalogue.get(execution.skill, execution.version).id})


def _order(execution: Execution) -> tuple[datetime, str]:
    return execution.at, execution.model_dump_json()


def _new(catalogue: Catalogue, step: Iterable[Execution]) -> Iterator[tuple[Execution, Mode]]:
    """Yield what neither the book nor the shadow holds yet, each once, with where it belongs."""
    seen = set()
    for execution in step:
        key = (execution.skill, execution.version)
        if (key, execution.decision) in seen or any(catalogue.booked(key, execution.decision, mode) for mode in MODES):
            continue
        seen.add((key, execution.decision))
        status = catalogue.standings[f"{key[0]}:{key[1]}"].status
        yield execution, "shadow" if status in FOLLOWED else "book"
