"""Options that every command takes, wherever they stand on the line."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.settings import Settings

FLAGS = ("--json", "--debug")
VALUED = ("--home", "--run", "--seed", "--llm", "--max-cost", "--deadline", "--as")
PRINCIPALS = ("operator", "agent", "importer", "outside")


def hoist(argv: list[str]) -> list[str]:
    """Move the global options in front of the command, so that they may stand anywhere."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(_probing(argv))
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in FLAGS or word.split("=", 1)[0] in VALUED and "=" in word:
            front.append(word)
        elif word in VALUED:
            value = next(words, None)
            if value is None or value.startswith("--"):
                return [*(flag for flag in FLAGS if flag in argv), word]  # so that it is refused by its own name
            front += [word, value]
        else:
            rest.append(word)
    return front + _each_file(rest)


def _probing(argv: list[str]) -> list[str]:
    """Let ``doctor --llm`` without a mode mean that the model is asked what it can do."""
    if "doctor" not in argv:
        return argv
    bare = [word == "--llm" and (not after or after.startswith("-")) for word, after in zip(argv, [*argv[1:], ""], strict=True)]
    return ["--probe" if alone else word for word, alone in zip(argv, bare, strict=True)]


def _each_file(words: list[str]) -> list[str]:
    """Let ``--data A B`` mean ``--data A --data B``, and the same for ``--replay``."""
    out: list[str] = []
    listing = ""
    for word in words:
        if word in ("--data", "--replay"):
            listing = word
            continue
        listing = "" if word.startswith("-") else listing
        out += [listing, word] if listing else [word]
    return out


@dataclass
class Globals:
    """The global options of this invocation."""

    home_option: str | None = None
    json: bool = False
    debug: bool = False
    run: str | None = None
    seed: int | None = None
    llm: str | None = None
    max_cost: float | None = None
    deadline: float | None = None
    principal: str = "operator"

    def reset(self) -> None:
        """Forget the options of an earlier call in the same process."""
        self.__init__()  # type: ignore[misc]

    @property
    def home(self) -> Path:
        """The home folder: option, then TRADECRAFT_HOME, then ./.tradecraft; ConfigError when it is a file."""
        from agent.errors import ConfigError

        folder = Path(self.home_option or os.environ.get("TRADECRAFT_HOME") or ".tradecraft").expanduser()
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"home {folder} is a file; name a folder with --home or TRADECRAFT_HOME")
        return folder

    def check(self) -> None:
        """Refuse a principal there is none of (ConfigError)."""
        from agent.errors import ConfigError

        if self.principal not in PRINCIPALS:
            raise ConfigError(f"--as {self.principal!r} is unknown; choose {', '.join(PRINCIPALS[:-1])} or {PRINCIPALS[-1]}")

    def settings(self, options: dict[str, Any] | None = None) -> Settings:
        """The settings with this invocation's options on top."""
        from agent.settings import load

        given: dict[str, Any] = {k: v for k, v in (options or {}).items() if v is not None}
        if self.seed is not None:
            given["seed"] = self.seed
        if self.llm is not None:
            given["llm"] = self.llm
        bounds = {k: v for k, v in (("max_cost", self.max_cost), ("deadline", self.deadline)) if v is not None}
        if bounds:
            given["model"] = {**given.get("model", {}), **bounds}
        return load(Path.cwd(), given)[0]

    def read_run(self) -> str:
        """The run a reading command looks at: --run, else the one written last, else paper.

        ConfigError when the run that --run names was never written: a mistyped home is not answered with an empty book.
        """
        from agent.errors import ConfigError

        if self.run:
            if self.run in ("paper", "live") and not (self.home / "runs" / self.run).is_dir():
                raise ConfigError(f"there is no run {self.run} at home {self.home}; name another with --home or --run")
            return self.run
        latest = self.home / "latest"
        return latest.read_text(encoding="utf-8").strip() if latest.exists() else "paper"

    def wrote(self, run: str) -> None:
        """Remember the run written last."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = self.home / ".latest.tmp"
        scratch.write_text(run, encoding="utf-8")
        scratch.chmod(0o600)
        scratch.replace(self.home / "latest")


GLOBALS = Globals()
