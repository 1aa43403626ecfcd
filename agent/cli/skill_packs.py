"""Packs of skills: a signed manifest with its folders, each skill through the write door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.cli.globals import GLOBALS
from agent.cli.output import emit
from agent.cli.persons import writing

if TYPE_CHECKING:
    from rich.console import Console

    from agent.guard.principals import Principal


def is_pack(folder: Path) -> bool:
    """Say whether a folder holds a manifest."""
    from skills.pack import MANIFEST

    return (folder / MANIFEST).is_file()


def import_pack(folder: Path, sources: list[str], *, detection: bool, principal: Principal) -> int:
    """Hand every skill of a pack to the write door, statistics from zero; a pack that is not as it was signed is refused whole.

    Prints a row for each skill; 1 when any was rejected.
    """
    from agent.errors import SkillRejected
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import likeness
    from skills.admit import admit
    from skills.pack import read_pack

    try:
        drafts, key = read_pack(folder)
    except SkillRejected as err:
        reasons = [{"rule": "pack", "where": "folder", "excerpt": reason[:160]} for reason in err.reasons]
        rows: list[dict[str, Any]] = [{"id": None, "version": None, "status": None, "verdict": "reject", "reasons": reasons}]
    else:
        measure = likeness(GLOBALS.settings()) if detection else None
        with writing() as (journal, catalogue), journal.write() as w:
            rows = [
                {"name": draft.name}
                | admit(
                    w,
                    catalogue,
                    draft,
                    principal=principal,
                    at=wall_clock(),
                    sources=sources or [f"pack {key[:16]}"],
                    detection=detection,
                    likeness=measure,
                ).model_dump(mode="json")
                for draft in drafts
            ]
    emit(rows, lambda out: _words(out, rows))
    return 1 if any(row["verdict"] == "reject" for row in rows) else 0


def _words(out: Console, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        where = f" as {row['status']} v{row['version']}" if row["status"] else ""
        out.print(f"{row.get('name', 'the pack')}: {row['verdict']}{where}", markup=False)
        for reason in row["reasons"]:
            out.print(f"  {reason['rule']} at {reason['where']}: {reason['excerpt']}", markup=False)
