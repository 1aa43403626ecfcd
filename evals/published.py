"""Published output, run again: every transcript in the documents must still be what the program prints.

A transcript is a fenced block called ``console`` whose first line is ``$ `` and a command of ours; the lines after
it are what the command printed, 80 columns wide. A line that is only ``...`` stands for any lines. A command that
names ``$DATA`` needs a folder of bars and is left out where none is given.

``python -m evals.published [--data DIR] [--only WORD] [DOCUMENT..]`` runs them all, exit 1 when one differs.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "agent/docs")
ALIASES = {"make run": "tradecraft demo"}
DATA = "$DATA"


@dataclass(frozen=True)
class Transcript:
    """One command as a document shows it, where it stands, and the lines it is said to print."""

    document: str
    line: int
    command: str
    output: tuple[str, ...]

    @property
    def needs_data(self) -> bool:
        """Whether it can only be run with a folder of bars."""
        return DATA in self.command

    def arguments(self, data: Path | None) -> list[str]:
        """The words after ``tradecraft``, with the folder of bars put in."""
        words = shlex.split(ALIASES.get(self.command, self.command))
        if words[:1] != ["tradecraft"]:
            raise ValueError(f"{self.document}:{self.line}: {self.command!r} is no command of ours")
        return [word.replace(DATA, str(data)) for word in words[1:]]


def transcripts(document: Path, root: Path = ROOT) -> Iterator[Transcript]:
    """Every transcript of a document, in order."""
    name = document.relative_to(root).as_posix()
    block: list[str] | None = None
    started = 0
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```") and block is None:
            block, started = ([], number) if line.strip() == "```console" else (None, 0)
        elif line.startswith("```") and block is not None:
            if block and block[0].startswith("$ "):
                yield Transcript(name, started + 1, block[0][2:].strip(), tuple(x.rstrip() for x in block[1:]))
            block = None
        elif block is not None:
            block.append(line)


def documents(names: Sequence[str] = (), root: Path = ROOT) -> list[Path]:
    """The documents named, else every one that is published."""
    found: list[Path] = []
    for name in names or DOCUMENTS:
        path = root / name
        found += sorted(path.glob("*.md")) if path.is_dir() else [path]
    return found


def printed(transcript: Transcript, home: Path, data: Path | None) -> list[str]:
    """What the command prints today, in a home of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRADECRAFT_")}
    environment |= {"COLUMNS": "80", "NO_COLOR": "1", "TRADECRAFT_HOME": str(home)}
    environment.pop("ANTHROPIC_API_KEY", None)
    done = subprocess.run(  # noqa: S603 - our own program, with words from our own documents
        [sys.executable, "-m", "agent", *transcript.arguments(data)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line.rstrip() for line in done.stdout.splitlines()]


def same(published: Sequence[str], now: Sequence[str]) -> bool:
    """Whether the lines are those published, ``...`` standing for any."""
    pattern = "".join("(?:.*\n)*?" if line == "..." else re.escape(line + "\n") for line in published)
    return re.fullmatch(pattern, "".join(line + "\n" for line in now)) is not None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them and say which differ."""
    parser = argparse.ArgumentParser(prog="python -m evals.published", description="Run every published transcript again.")
    parser.add_argument("documents", nargs="*", help="documents or folders; default: README.md and agent/docs")
    parser.add_argument("--data", type=Path, help="folder of bars that $DATA stands for")
    parser.add_argument("--only", default="", help="only commands with this word")
    asked = parser.parse_args(arguments)
    if asked.data is not None and not asked.data.is_dir():
        parser.error(f"--data {asked.data} is no folder; give the folder that holds the bars")
    missing = [path for path in documents(asked.documents) if not path.is_file()]
    if missing:
        parser.error(f"{missing[0]} is not there; give a document of this checkout")
    found = [t for path in documents(asked.documents) for t in transcripts(path) if asked.only in t.command]
    differing = 0
    for transcript in found:
        place = f"{transcript.document}:{transcript.line}"
        if transcript.needs_data and asked.data is None:
            sys.stdout.write(f"left out  {place}  {transcript.command} (needs --data)\n")
            continue
        with tempfile.TemporaryDirectory() as home:
            now = printed(transcript, Path(home), asked.data)
        equal = same(transcript.output, now)
        differing += not equal
        sys.stdout.write(f"{'as said ' if equal else 'DIFFERS '}  {place}  {transcript.command}\n")
        if not equal:
            sys.stdout.write("".join(f"    {line}\n" for line in now))
        sys.stdout.flush()
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
