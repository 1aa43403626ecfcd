"""Commands of the write door that write: skills add, import, quarantine, approve, reject, revoke-source."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit
from agent.cli.persons import Ident, Why, principal, writing
from agent.cli.skill_check import why_not
from agent.errors import ConfigError, SkillRejected

if TYPE_CHECKING:
    from rich.console import Console

    from agent.guard.principals import Principal
    from skills.admit import Admission
    from skills.catalogue import Catalogue

MAX_FILE = 10_000_000
Version = Annotated[int | None, typer.Option("--version", help="Which version; default: the one waiting, else the newest.")]


def add(skills: typer.Typer) -> None:
    """Add the commands to the group ``skills``."""
    commands: dict[str, Callable[..., int | None]] = {
        "add": add_draft,
        "import": import_,
        "quarantine": quarantine,
        "approve": approve,
        "reject": reject,
        "revoke-source": revoke_source,
    }
    for name, command in commands.items():
        skills.command(name)(command)


def add_draft(
    file: Annotated[Path, typer.Argument(metavar="F.json", help="A draft, as `skills show` prints it.")],
    source: Annotated[list[str] | None, typer.Option("--source", help="Where text from outside came from.")] = None,
    no_detection: Annotated[bool, typer.Option("--no-detection", help="Structure alone.")] = False,
) -> int:
    """Hand a draft to the write door; exit 1 when it is rejected."""
    return _admit(_read(file), source or [], not no_detection)


def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A skill folder, or a pack of them with a manifest.")],
    source: Annotated[list[str] | None, typer.Option("--source", help="Where it came from; default: the folder's name.")] = None,
    no_detection: Annotated[bool, typer.Option("--no-detection", help="Structure alone.")] = False,
) -> int:
    """Hand a skill folder, or a signed pack of them, to the write door; an operator's import is an import all the same."""
    from agent.cli.skill_packs import import_pack, is_pack
    from skills.skillmd import read_folder

    asker = principal()
    carried: Principal = "importer" if asker in ("operator", "importer") else asker
    if is_pack(folder):
        return import_pack(folder, source or [], detection=not no_detection, principal=carried)
    try:
        draft = read_folder(folder).draft
    except SkillRejected as err:
        reasons = [why_not("schema", "folder", reason) for reason in err.reasons]
        _told({"id": None, "version": None, "status": None, "verdict": "reject", "reasons": reasons})
        return 1
    return _admit(draft.document(), source or [folder.resolve().name], not no_detection, carried)


def _read(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise ConfigError(f"{path} is not a plain file (links are not followed); give a draft in JSON")
    if path.stat().st_size > MAX_FILE:
        raise ConfigError(f"{path} is larger than {MAX_FILE} bytes; a draft has at most 64,000 characters")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not valid UTF-8; save it as UTF-8") from None


def _admit(draft: Any, sources: list[str], detection: bool, carried: Principal | None = None) -> int:
    from agent.wiring.clock import wall_clock
    from agent.wiring.homes import likeness
    from skills.admit import admit

    measure = likeness(GLOBALS.settings()) if detection else None
    with writing() as (journal, catalogue), journal.write() as w:
        admission: Admission = admit(
            w,
            catalogue,
            draft,
            principal=carried or principal(),
            at=wall_clock(),
            sources=sources,
            detection=detection,
            likeness=measure,
        )
    _told(admission.model_dump(mode="json"))
    return 1 if admission.verdict == "reject" else 0


def _told(document: dict[str, Any]) -> None:
    def words(out: Console) -> None:
        where = f" as {document['status']} v{document['version']}" if document["status"] else ""
        out.print(f"{document['verdict']}{where}")
        for reason in document["reasons"]:
            out.print(f"  {reason['rule']} at {reason['where']}: {reason['excerpt']}", markup=False)

    emit(document, words)


def quarantine(
    ident: Annotated[str | None, typer.Argument(metavar="ID", help="A skill; without one, all that wait.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Put the skill into quarantine, for this reason.")] = None,
    version: Version = None,
) -> None:
    """What waits for an operator: diff, findings, source, what would change; with --reason, put a skill there."""
    from skills.approval import review

    with writing() as (_, catalogue):
        if ident is None:
            waiting = [s for s in catalogue.versions() if catalogue.standings[s.key].status == "quarantined"]
            shown = [review(catalogue, skill) for skill in waiting]
        else:
            if reason is not None:
                return _order(catalogue, ident, version, "quarantine", reason)
            shown = [review(catalogue, _waiting(catalogue, ident, version))]
        documents = [found.document() for found in shown]
    return emit(documents if ident is None else documents[0], lambda out: _shown(out, documents))


def _shown(out: Console, documents: list[dict[str, Any]]) -> None:
    if not documents:
        out.print("nothing waits for an operator")
    for document in documents:
        out.print(f"{document['name']} v{document['version']} ({document['status']}), by {document['writer']}", markup=False)
        out.print(f"  from: {', '.join(document['sources']) or 'no outside source'}; trust {document['trust']}", markup=False)
        for finding in document["findings"]:
            out.print(f"  {finding}", markup=False)
        for line in document["diff"]:
            out.print(f"    {line}", markup=False)
        out.print(f"  approved, it {document['would']} (digest {document['digest']})", markup=False)


def _waiting(catalogue: Catalogue, ident: str, version: int | None) -> Any:
    """Return the version meant: the one given, else the newest that waits for a decision, else the newest."""
    if version is not None:
        return catalogue.get(ident, version)
    versions = [skill for skill in catalogue.versions() if ident in (skill.id, skill.name)]
    if not versions:
        return catalogue.get(ident)
    return max(versions, key=lambda s: (catalogue.standings[s.key].status == "quarantined", s.version))


def approve(
    ident: Ident,
    reason: Why,
    version: Version = None,
    reviewed: Annotated[
        str | None, typer.Option("--reviewed", help="Digest of the review you saw (skills quarantine ID).")
    ] = None,
) -> None:
    """Show diff and findings, then lift quarantine and taint on an operator's word; it still has to earn its trades."""
    from agent.cli.output import console
    from agent.guard.principals import require
    from agent.wiring.clock import wall_clock
    from skills.approval import approve as approved
    from skills.approval import review

    asker = principal()
    require(asker, "approve")
    with writing() as (journal, catalogue):
        skill = _waiting(catalogue, ident, version)
        shown = review(catalogue, skill)
        _shown(console(stderr=True), [shown.document()])
        if reviewed is None and sys.stdin.isatty() and not typer.confirm("approve this?", err=True):
            raise typer.Abort
        with journal.write() as w:
            status = approved(
                w, catalogue, skill, principal=asker, reason=reason, at=wall_clock(), reviewed=reviewed or shown.digest
            )
    _standing(skill, status)


def reject(ident: Ident, reason: Why, version: Version = None) -> None:
    """Refuse what waits, for good; it stays on record."""
    with writing() as (_, catalogue):
        _order(catalogue, ident, version, "reject", reason)


def _order(catalogue: Catalogue, ident: str, version: int | None, what: Any, reason: str) -> None:
    from agent.wiring.clock import wall_clock
    from skills.admit import order

    skill = _waiting(catalogue, ident, version)
    if what == "quarantine" and version is None:
        skill = catalogue.get(ident)
    with catalogue.journal.write() as w:
        status = order(w, catalogue, skill, what, principal=principal(), reason=reason, at=wall_clock())
    _standing(skill, status)


def _standing(skill: Any, status: str) -> None:
    document = {"id": skill.id, "name": skill.name, "version": skill.version, "status": status}
    emit(document, lambda out: out.print(f"{skill.name} v{skill.version} is {status}", markup=False))


def revoke_source(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source as `skills quarantine ID` names it.")],
    reason: Why,
) -> None:
    """Stop believing a source: everything that descends from it is suspended."""
    from agent.wiring.clock import wall_clock
    from skills.approval import revoke_source as revoked

    with writing() as (journal, catalogue), journal.write() as w:
        hit = revoked(w, catalogue, source, principal=principal(), reason=reason, at=wall_clock())
    document = {"source": source, "suspended": [{"id": s.id, "name": s.name, "version": s.version} for s in hit]}
    names = ", ".join(f"{s.name} v{s.version}" for s in hit) or "nothing was in use"
    emit(document, lambda out: out.print(f"{source} is revoked; suspended: {names}", markup=False))
