"""A PostgreSQL server of its own on loopback, in a temporary directory, for as long as the tests run."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def missing() -> str | None:
    """Say why there can be no server here; None if there can."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed: pip install 'tradecraft[postgres]'"
    if _programs() is None:
        return "there is no PostgreSQL on this machine: apt-get install postgresql"
    if os.geteuid() == 0 and not _has_user():
        return "PostgreSQL refuses to run as root and there is no postgres user"
    return None


@contextmanager
def running() -> Iterator[str]:
    """Start a server and give its URL without a schema; it and its files are gone afterwards."""
    programs, user = _programs(), "postgres" if os.geteuid() == 0 else None
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="tradecraft-pg-"))
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=300"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-t", "60", "-l", str(folder / "log")]
    try:
        words = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]
        _call(words, user, folder)
        _call([*control, "-o", options, "start"], user, folder)
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            _call([*control, "-m", "immediate", "stop"], user, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _call(words: list[str], user: str | None, folder: Path) -> None:
    subprocess.run(words, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "pg_ctl").exists()), None)


def _has_user() -> bool:
    return any(entry.pw_name == "postgres" for entry in pwd.getpwall())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
