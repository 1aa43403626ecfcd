"""Is this machine ready? Each check says what it found; secrets are looked for and never shown."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from agent.errors import TradecraftError
from agent.settings import Settings

Check = dict[str, Any]
PACKAGES = ("anthropic", "chromadb", "sentence-transformers", "torch", "TA-Lib", "SQLAlchemy", "pydantic")


def examine(home: Path, settings: Settings, secrets: tuple[str, ...]) -> list[Check]:
    """Run every check; none changes anything but the probe file it removes again."""
    checks = [
        _run("python", _python),
        *(_run(f"package {name}", lambda name=name: _package(name)) for name in PACKAGES),  # type: ignore[misc]
        _run("home", lambda: _home(home)),
        _run("disk", lambda: _disk(home)),
        _run("full-text search", _full_text),
        _run("embedding model", lambda: _embedding(settings)),
    ]
    checks += [_run(f"run {name}", lambda name=name: _journal(home, name)) for name in _runs(home)]  # type: ignore[misc]
    for name in secrets:
        detail = "set" if os.environ.get(name) else "not set: the arithmetic reasoner decides"
        checks.append({"name": name, "ok": True, "detail": detail})
    return checks


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return {"name": name, "ok": True, "detail": check()}
    except (TradecraftError, OSError, PackageNotFoundError, sqlite3.Error, RuntimeError) as err:
        return {"name": name, "ok": False, "detail": " ".join(str(err).split()) or type(err).__name__}


def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] < (3, 15):
        raise RuntimeError(f"Python {sys.version.split()[0]} is not supported; use 3.11 to 3.14")
    return sys.version.split()[0]


def _package(name: str) -> str:
    return version(name)


def _home(home: Path) -> str:
    if not home.exists():
        return f"{home} is not there yet; the first command that writes makes it"
    probe = home / ".probe"
    probe.write_text("", encoding="utf-8")
    probe.unlink()
    loose = [p.name for p in home.rglob("*.sqlite") if p.stat().st_mode & 0o077]
    if loose:
        raise RuntimeError(f"{', '.join(loose)} can be read by others; chmod 600 them")
    return f"{home} can be written"


def _disk(home: Path) -> str:
    there = next(p for p in (home.resolve(), *home.resolve().parents) if p.exists())
    free = shutil.disk_usage(there).free / 2**30
    if free < 1:
        raise RuntimeError(f"{free:.1f} GiB free; make room for at least 1 GiB")
    return f"{free:.0f} GiB free"


def _full_text() -> str:
    with sqlite3.connect(":memory:") as probe:
        probe.execute("CREATE VIRTUAL TABLE probe USING fts5(body)")
    return f"SQLite {sqlite3.sqlite_version} with FTS5"


def _embedding(settings: Settings) -> str:
    from agent.embedding.sentence import SentenceEmbedder

    embedder = SentenceEmbedder(settings.embedding)
    made = embedder.embed(["a probe"])
    return f"{embedder.fingerprint}, {made.shape[1]} dimensions"


def _runs(home: Path) -> list[str]:
    from agent.wiring.homes import run_names

    return run_names(home)


def _journal(home: Path, run: str) -> str:
    from agent.cycle import minds
    from agent.cycle.activity import hold_share, passive
    from agent.wiring.homes import open_journal
    from skills import alarms

    with open_journal(home, run) as journal:
        facts, activity = journal.last_seq, str(journal.state(minds.SPACE).get("activity", ""))
        odd = len(journal.state(alarms.SPACE))
    alarm, share = passive(activity), hold_share(activity)
    if alarm is not None:
        raise RuntimeError(alarm)
    held = "" if share is None else f"; the model held {share:.0%} of its last {len(activity)} decisions"
    return f"{facts} facts{held}" + (f"; {odd} skills with alarms, see `skills list`" if odd else "")
