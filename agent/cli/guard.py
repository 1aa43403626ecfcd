"""Commands of the write door: skills check, add, import, quarantine, approve, reject, revoke-source, and keys."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import emit, lines, table
from agent.cli.skills import skills
from agent.errors import ConfigError, SkillRejected

if TYPE_CHECKING:
    from rich.console import Console

    from agent.guard.detect import Likeness
    from agent.guard.principals import Principal
    from memory_db.journal import Journal
    from skills.admit import Admission
    from skills.catalogue import Catalogue

MAX_LINE = 16_000_000
MAX_FILE = 10_000_000
Ident = Annotated[str, typer.Argument(metavar="ID", help="A skill's id or name.")]
Why = Annotated[str, typer.Option("--reason", help="Why, for the record.")]
Version = Annotated[int | None, typer.Option("--version", help="Which version; default: the one waiting, else the newest.")]


def register(app: typer.Typer) -> None:
    """Add the commands that stand beside ``skills``; the others join the skills' own."""
    app.command()(keys)


def ask() -> str:
    """Ask a person at a terminal for the operator's passphrase; nothing where there is no terminal."""
    import getpass

    return getpass.getpass("operator's passphrase: ") if sys.stdin.isatty() else ""


def _new_passphrase() -> str:
    """Return the passphrase that is to come, from the environment or typed twice; ConfigError without one."""
    import getpass
    import os

    from agent.guard.keys import NEW_PASSPHRASE

    if found := os.environ.get(NEW_PASSPHRASE):
        return found
    if not sys.stdin.isatty():
        raise ConfigError(f"a new passphrase is needed; set {NEW_PASSPHRASE}, or run this at a terminal")
    typed = getpass.getpass("new passphrase: ")
    if typed != getpass.getpass("once more: "):
        raise ConfigError("the two new passphrases differ; nothing was changed")
    return typed


def operator_key(home: Path) -> str | None:
    """Return the id of the operator's key, making it where a passphrase is at hand; None where none is."""
    from agent.guard.keys import HomeKeys

    held = HomeKeys(home, ask)
    try:
        held.passphrase()
    except ConfigError:
        return None
    return held.signer("operator").key_id


def _principal() -> Principal:
    from agent.guard.principals import principal_named

    return principal_named(GLOBALS.principal)


@contextmanager
def _writing() -> Iterator[tuple[Journal, Catalogue]]:
    from agent.wiring import open_catalogue

    with open_catalogue(GLOBALS.home, GLOBALS.run or "paper", GLOBALS.settings(), ask) as (journal, catalogue):
        yield journal, catalogue


@skills.command()
def check(
    jsonl: Annotated[Path, typer.Option("--jsonl", help='Lines {"id","text"}, {"id","skill"} or {"id","skill_md"}.')],
    no_detection: Annotated[bool, typer.Option("--no-detection", help="Structure alone.")] = False,
    no_likeness: Annotated[bool, typer.Option("--no-likeness", help="Rules without sentence vectors.")] = False,
) -> None:
    """What the write door would say, as JSON lines; nothing is stored."""
    from agent.guard.detect import detect
    from agent.guard.likeness import MAX_WINDOWS
    from agent.wiring import likeness

    measure = None
    if not no_detection and not no_likeness:
        measure = likeness(GLOBALS.settings())
    if not no_detection:
        detect("Rules and model are loaded before anything is timed.\n" * MAX_WINDOWS, likeness=measure)
    with ExitStack() as stack:
        door = _Door(_principal(), not no_detection, measure, lambda: _checking(stack))
        for number, raw in _raw_lines(jsonl):
            door.prepare(raw)
            started = time.perf_counter()
            ident, verdict, reasons = door.line(number, raw)
            spent = (time.perf_counter() - started) * 1000
            lines([{"id": ident, "verdict": verdict, "reasons": reasons, "ms": round(spent, 3)}])


def _checking(stack: ExitStack) -> Catalogue:
    """Open the skills to compare with: the run's if there are any, else the shipped ones in a scratch home."""
    import tempfile

    from agent.wiring import open_catalogue, run_place

    home, run = GLOBALS.home, GLOBALS.run or "paper"
    if not run_place(home, run).exists():
        home, run = Path(stack.enter_context(tempfile.TemporaryDirectory())), "paper"
    return stack.enter_context(open_catalogue(home, run, GLOBALS.settings()))[1]


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield numbered lines, each cut beyond the largest that is read, so that memory stays bounded."""
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(MAX_LINE + 1):
                number += 1
                rest = raw
                while len(rest) > MAX_LINE and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE + 1)
                if raw.strip():
                    yield number, raw
    except OSError as err:
        raise ConfigError(f"--jsonl {path} cannot be read: {err.strerror or err}; give a file of JSON lines") from None


Checked = tuple[Any, str, list[dict[str, str]]]


class _Door:
    """Judges one line after another."""

    def __init__(self, principal: Principal, detection: bool, likeness: Likeness | None, opened: Callable[[], Catalogue]) -> None:
        self._principal, self._detection, self._likeness = principal, detection, likeness
        self._opened = opened
        self._catalogue: Catalogue | None = None

    def prepare(self, raw: bytes) -> None:
        """Open the skills to compare with, once, if the line may hold a skill."""
        if self._catalogue is None and b'"skill"' in raw:
            self._catalogue = self._opened()

    def line(self, number: int, raw: bytes) -> Checked:
        if len(raw) > MAX_LINE:
            return number, "reject", [_why("too-large", "line", f"more than {MAX_LINE} bytes")]
        try:
            row = json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as err:
            return number, "reject", [_why("utf-8", f"line[{err.start}]", "not valid UTF-8")]
        except (ValueError, RecursionError) as err:
            return number, "reject", [_why("json", "line", str(err) or "nested too deep")]
        if not isinstance(row, dict):
            return number, "reject", [_why("json", "line", 'not an object with "id"')]
        return self._row(row.get("id", number), row)

    def _row(self, ident: Any, row: dict[str, Any]) -> Checked:
        kinds = [kind for kind in ("text", "skill", "skill_md") if kind in row]
        if len(kinds) != 1 or (kinds[0] != "skill" and not isinstance(row[kinds[0]], str)):
            return ident, "reject", [_why("schema", "line", "give one of text, skill and skill_md")]
        if kinds[0] == "text":
            return ident, *self._text(row["text"])
        if kinds[0] == "skill_md":
            return ident, *self._skill_md(row["skill_md"])
        from skills.admit import check as judged

        self._catalogue = self._catalogue or self._opened()
        admission = judged(
            self._catalogue, row["skill"], principal=self._principal, detection=self._detection, likeness=self._likeness
        )
        return ident, admission.verdict, [reason.model_dump() for reason in admission.reasons]

    def _text(self, text: str, where: str = "text") -> tuple[str, list[dict[str, str]]]:
        from agent.guard.detect import MAX_BYTES, detect, judge

        if not self._detection:
            large = len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES
            return ("reject", [_why("too-large", where, f"more than {MAX_BYTES} bytes")]) if large else ("accept", [])
        found = detect(text, where=where, likeness=self._likeness)
        verdict = judge(found)
        shown = [_why(finding.rule, finding.where, finding.excerpt) for finding in found]
        return verdict, shown if verdict != "accept" else []

    def _skill_md(self, text: str) -> tuple[str, list[dict[str, str]]]:
        """Judge a SKILL.md: size, front matter, its narrow texts, and all of it as text."""
        from skills.skillmd import MAX_SKILL_MD, split
        from skills.text import slot_refusals

        if len(text.encode("utf-8", "surrogatepass")) > MAX_SKILL_MD:
            return "reject", [_why("too-large", "skill_md", f"more than {MAX_SKILL_MD} bytes")]
        try:
            front, _ = split(text.replace("\r\n", "\n"))
        except SkillRejected as err:
            return "reject", [_why("schema", "skill_md", reason) for reason in err.reasons]
        refused = slot_refusals(front.name, front.description)
        if refused:
            return "reject", [_why("schema", where, what) for where, what in refused]
        if self._principal == "outside":
            return "quarantine", [_why("authority", "principal", "what comes from outside waits for an operator")]
        return self._text(text, "skill_md")


def _why(rule: str, where: str, excerpt: str) -> dict[str, str]:
    return {"rule": rule, "where": where, "excerpt": excerpt[:160]}


@skills.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="F.json", help="A draft, as `skills show` prints it.")],
    source: Annotated[list[str] | None, typer.Option("--source", help="Where text from outside came from.")] = None,
    no_detection: Annotated[bool, typer.Option("--no-detection", help="Structure alone.")] = False,
) -> int:
    """Hand a draft to the write door; exit 1 when it is rejected."""
    return _admit(_read(file), source or [], not no_detection)


@skills.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A skill folder, or a pack of them with a manifest.")],
    source: Annotated[list[str] | None, typer.Option("--source", help="Where it came from; default: the folder's name.")] = None,
    no_detection: Annotated[bool, typer.Option("--no-detection", help="Structure alone.")] = False,
) -> int:
    """Hand a skill folder, or a signed pack of them, to the write door; an operator's import is an import all the same."""
    from agent.cli.skill_packs import import_pack, is_pack
    from skills.skillmd import read_folder

    principal = _principal()
    carried: Principal = "importer" if principal in ("operator", "importer") else principal
    if is_pack(folder):
        return import_pack(folder, source or [], detection=not no_detection, principal=carried)
    try:
        draft = read_folder(folder).draft
    except SkillRejected as err:
        reasons = [_why("schema", "folder", reason) for reason in err.reasons]
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


def _admit(draft: Any, sources: list[str], detection: bool, principal: Principal | None = None) -> int:
    from agent.wiring import likeness, wall_clock
    from skills.admit import admit

    measure = likeness(GLOBALS.settings()) if detection else None
    with _writing() as (journal, catalogue), journal.write() as w:
        admission: Admission = admit(
            w,
            catalogue,
            draft,
            principal=principal or _principal(),
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


@skills.command()
def quarantine(
    ident: Annotated[str | None, typer.Argument(metavar="ID", help="A skill; without one, all that wait.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Put the skill into quarantine, for this reason.")] = None,
    version: Version = None,
) -> None:
    """What waits for an operator: diff, findings, source, what would change; with --reason, put a skill there."""
    from skills.approval import review

    with _writing() as (_, catalogue):
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


@skills.command()
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
    from agent.wiring import wall_clock
    from skills.approval import approve as approved
    from skills.approval import review

    principal = _principal()
    require(principal, "approve")
    with _writing() as (journal, catalogue):
        skill = _waiting(catalogue, ident, version)
        shown = review(catalogue, skill)
        _shown(console(stderr=True), [shown.document()])
        if reviewed is None and sys.stdin.isatty() and not typer.confirm("approve this?", err=True):
            raise typer.Abort
        with journal.write() as w:
            status = approved(
                w, catalogue, skill, principal=principal, reason=reason, at=wall_clock(), reviewed=reviewed or shown.digest
            )
    _standing(skill, status)


@skills.command()
def reject(ident: Ident, reason: Why, version: Version = None) -> None:
    """Refuse what waits, for good; it stays on record."""
    with _writing() as (_, catalogue):
        _order(catalogue, ident, version, "reject", reason)


def _order(catalogue: Catalogue, ident: str, version: int | None, what: Any, reason: str) -> None:
    from agent.wiring import wall_clock
    from skills.admit import order

    skill = _waiting(catalogue, ident, version)
    if what == "quarantine" and version is None:
        skill = catalogue.get(ident)
    with catalogue.journal.write() as w:
        status = order(w, catalogue, skill, what, principal=_principal(), reason=reason, at=wall_clock())
    _standing(skill, status)


def _standing(skill: Any, status: str) -> None:
    document = {"id": skill.id, "name": skill.name, "version": skill.version, "status": status}
    emit(document, lambda out: out.print(f"{skill.name} v{skill.version} is {status}", markup=False))


@skills.command("revoke-source")
def revoke_source(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A source as `skills quarantine ID` names it.")],
    reason: Why,
) -> None:
    """Stop believing a source: everything that descends from it is suspended."""
    from agent.wiring import wall_clock
    from skills.approval import revoke_source as revoked

    with _writing() as (journal, catalogue), journal.write() as w:
        hit = revoked(w, catalogue, source, principal=_principal(), reason=reason, at=wall_clock())
    document = {"source": source, "suspended": [{"id": s.id, "name": s.name, "version": s.version} for s in hit]}
    names = ", ".join(f"{s.name} v{s.version}" for s in hit) or "nothing was in use"
    emit(document, lambda out: out.print(f"{source} is revoked; suspended: {names}", markup=False))


def keys(
    change_passphrase: Annotated[
        bool,
        typer.Option("--change-passphrase", help="Lock the operator's key anew; TRADECRAFT_NEW_PASSPHRASE or typed."),
    ] = False,
) -> None:
    """Who can sign in this home; keys themselves are never shown."""
    from agent.guard.keys import HomeKeys

    held = HomeKeys(GLOBALS.home, ask)
    if change_passphrase:
        held.change_passphrase(_new_passphrase())
    rows = held.listing()

    def words(out: Console) -> None:
        shown = table(None, "principal", "key", "private key", "protected by")
        for row in rows:
            shown.add_row(row["principal"], row["key_id"] or "-", "here" if row["private"] else "not here", row["protection"])
        out.print(shown)

    emit(rows, words)
