"""What the write door would say: skills check; nothing is stored."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.globals import GLOBALS
from agent.cli.output import lines
from agent.cli.persons import principal
from agent.errors import ConfigError, SkillRejected

if TYPE_CHECKING:
    from agent.guard.detect import Likeness
    from agent.guard.principals import Principal
    from skills.catalogue import Catalogue

Checked = tuple[Any, str, list[dict[str, str]]]
MAX_LINE = 16_000_000


def check(
    jsonl: Annotated[Path, typer.Option("--jsonl", help='Lines {"id","text"}, {"id","skill"} or {"id","skill_md"}.')],
    no_detection: Annotated[bool, typer.Option("--no-detection", help="Structure alone.")] = False,
    no_likeness: Annotated[bool, typer.Option("--no-likeness", help="Rules without sentence vectors.")] = False,
) -> None:
    """What the write door would say, as JSON lines; nothing is stored."""
    from agent.guard.detect import detect
    from agent.guard.likeness import MAX_WINDOWS
    from agent.wiring.homes import likeness

    measure = None
    if not no_detection and not no_likeness:
        measure = likeness(GLOBALS.settings())
    if not no_detection:
        detect("Rules and model are loaded before anything is timed.\n" * MAX_WINDOWS, likeness=measure)
    with ExitStack() as stack:
        door = _Door(principal(), not no_detection, measure, lambda: _checking(stack))
        for number, raw in _raw_lines(jsonl):
            door.prepare(raw)
            started = time.perf_counter()
            ident, verdict, reasons = door.line(number, raw)
            spent = (time.perf_counter() - started) * 1000
            lines([{"id": ident, "verdict": verdict, "reasons": reasons, "ms": round(spent, 3)}])


def _checking(stack: ExitStack) -> Catalogue:
    """Open the skills to compare with: the run's if there are any, else the shipped ones in a scratch home."""
    import tempfile

    from agent.wiring.homes import open_catalogue, run_place

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
            return number, "reject", [why_not("too-large", "line", f"more than {MAX_LINE} bytes")]
        try:
            row = json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as err:
            return number, "reject", [why_not("utf-8", f"line[{err.start}]", "not valid UTF-8")]
        except (ValueError, RecursionError) as err:
            return number, "reject", [why_not("json", "line", str(err) or "nested too deep")]
        if not isinstance(row, dict):
            return number, "reject", [why_not("json", "line", 'not an object with "id"')]
        return self._row(row.get("id", number), row)

    def _row(self, ident: Any, row: dict[str, Any]) -> Checked:
        kinds = [kind for kind in ("text", "skill", "skill_md") if kind in row]
        if len(kinds) != 1 or (kinds[0] != "skill" and not isinstance(row[kinds[0]], str)):
            return ident, "reject", [why_not("schema", "line", "give one of text, skill and skill_md")]
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
            return ("reject", [why_not("too-large", where, f"more than {MAX_BYTES} bytes")]) if large else ("accept", [])
        found = detect(text, where=where, likeness=self._likeness)
        verdict = judge(found)
        shown = [why_not(finding.rule, finding.where, finding.excerpt) for finding in found]
        return verdict, shown if verdict != "accept" else []

    def _skill_md(self, text: str) -> tuple[str, list[dict[str, str]]]:
        """Judge a SKILL.md: size, front matter, its narrow texts, and all of it as text."""
        from skills.skillmd import MAX_SKILL_MD, split
        from skills.text import slot_refusals

        if len(text.encode("utf-8", "surrogatepass")) > MAX_SKILL_MD:
            return "reject", [why_not("too-large", "skill_md", f"more than {MAX_SKILL_MD} bytes")]
        try:
            front, _ = split(text.replace("\r\n", "\n"))
        except SkillRejected as err:
            return "reject", [why_not("schema", "skill_md", reason) for reason in err.reasons]
        refused = slot_refusals(front.name, front.description)
        if refused:
            return "reject", [why_not("schema", where, what) for where, what in refused]
        if self._principal == "outside":
            return "quarantine", [why_not("authority", "principal", "what comes from outside waits for an operator")]
        return self._text(text, "skill_md")


def why_not(rule: str, where: str, excerpt: str) -> dict[str, str]:
    return {"rule": rule, "where": where, "excerpt": excerpt[:160]}
