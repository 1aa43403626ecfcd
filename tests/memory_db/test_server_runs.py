"""Runs on a PostgreSQL server from the command line: the same promises, and one line where something cannot be."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

ROOT = Path(__file__).parents[2]
LESSONS = (
    '{"kind": "lesson", "content": "gaps on earnings are bought too early", "key": "a", "known_at": "2020-01-01T00:00:00Z"}\n'
    '{"kind": "lesson", "content": "quiet ranges pay nothing", "key": "b", "known_at": "2020-01-02T00:00:00Z"}\n'
)


def tradecraft(home: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TRADECRAFT_MEMORY__URL": url}
    command = [sys.executable, "-m", "agent", "--home", str(home), "--json", *words]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=300, check=False)


def document(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_run_on_a_server_is_imported_searched_verified_and_rebuilt(server: str, tmp_path: Path) -> None:
    lines = tmp_path / "lessons.jsonl"
    lines.write_text(LESSONS, encoding="utf-8")
    assert document(tradecraft(tmp_path, server, "memory", "import", "--jsonl", str(lines)))["imported"] == 2
    found = document(tradecraft(tmp_path, server, "memory", "search", "--query", "earnings gap", "--mode", "text", "--k", "1"))
    assert found["results"][0]["key"] == "a"  # type: ignore[index]
    document(tradecraft(tmp_path, server, "memory", "rebuild"))
    assert document(tradecraft(tmp_path, server, "memory", "verify")) == {"ok": True, "facts": 2, "indexed": 2, "problems": []}
    assert not list(tmp_path.rglob("journal.sqlite"))
    for command, instead in (("backup", "pg_dump"), ("encrypt", "encrypt the server's disk")):
        refused = tradecraft(tmp_path, server, "memory", command)
        assert refused.returncode == 2
        assert instead in json.loads(refused.stdout)["error"]["message"]
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("UPDATE tradecraft_paper.facts SET payload = 'other' WHERE seq = 1"))
    engine.dispose()
    assert tradecraft(tmp_path, server, "memory", "verify").returncode == 1


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", 1, "start it or correct memory.url"),
        ("mysql://somewhere/x", 2, "memory.url names 'mysql'"),
        ("nonsense", 2, "memory.url is no address"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line(tmp_path: Path, url: str, code: int, said: str) -> None:
    pytest.importorskip("psycopg")
    done = tradecraft(tmp_path, url, "memory", "stats")
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert said in done.stderr


def test_the_address_is_not_shown(tmp_path: Path) -> None:
    done = tradecraft(tmp_path, "postgresql://someone:hunter2@host/base", "show-config")
    assert done.returncode == 0
    assert "hunter2" not in done.stdout + done.stderr
