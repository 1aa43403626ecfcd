"""The same journal on a PostgreSQL server: several processes at once, changed bytes found, content forgotten."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from agent.guard.signing import Signer
from memory_db.journal import Journal
from memory_db.schema import facts
from tests.memory_db.fakes import DAY, START

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agent.guard.signing import Signer
from memory_db.journal import Journal

url, folder, name, head = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
at = datetime(2014, 1, 1, tzinfo=UTC)
with Journal.open(url, Signer.load_or_create(folder, "agent"), head=head) as journal:
    for i in range(40):
        with journal.write() as w:
            w.add("note", {"i": i}, key=f"{name}:{i}", happened_at=at, known_at=at, sets=[("count", name, i)])
            w.add("shared", {}, key=f"shared:{i}", happened_at=at, known_at=at)
"""


@pytest.mark.parametrize("machines", [1, 2])
def test_two_processes_of_one_or_two_machines_lose_and_double_nothing(postgres: str, tmp_path: Path, machines: int) -> None:
    """Two machines share no lock file: the server alone orders them, and each keeps its own signed head."""
    signer = Signer.load_or_create(tmp_path, "agent")
    for i in range(machines):
        # a machine joins while the journal is empty; later it needs a copy of another one's head
        Journal.open(postgres, signer, head=tmp_path / f"head{i}").close()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, postgres, str(tmp_path), name, str(tmp_path / f"head{i % machines}")],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for i, name in enumerate("ab")
    ]
    assert [process.wait() for process in running] == [0, 0]
    with Journal.open(postgres, signer, head=tmp_path / "head0") as journal:
        assert journal.verify() == []
        assert journal.last_seq == 120
        assert journal.state("count") == {"a": 39, "b": 39}


def test_changed_bytes_and_a_missing_tail_are_found(postgres: str, tmp_path: Path, signer: Signer) -> None:
    with Journal.open(postgres, signer, head=tmp_path / "head") as journal:
        for i in range(4):
            with journal.write() as w:
                seq = w.add("note", {"i": i}, key=f"n{i}", happened_at=START, known_at=START + DAY)
                w.vector(seq, "m:3", np.array([i, 1, 2], dtype=np.float32))
        for statement, expected in (
            ("UPDATE facts SET payload = 'other' WHERE seq = 2", "fact 2 (note): its payload was changed"),
            ("UPDATE vectors SET blob = '\\x00' WHERE fact_seq = 3", "vector of fact 3"),
        ):
            with journal._engine.connect().execution_options(tradecraft_write=True) as connection, connection.begin():
                connection.execute(text(statement))
            assert any(expected in problem for problem in journal.verify())
        with journal._engine.connect().execution_options(tradecraft_write=True) as connection, connection.begin():
            connection.execute(text("DELETE FROM facts WHERE seq = 4"))
        assert any("its tail is lost" in problem for problem in journal.verify())


def test_forgotten_content_is_gone_and_the_chain_holds(postgres: str, tmp_path: Path, signer: Signer) -> None:
    with Journal.open(postgres, signer, head=tmp_path / "head") as journal:
        with journal.write() as w:
            seq = w.add("note", {"x": "xylophone"}, key="n", happened_at=START, known_at=START)
        with journal.write() as w:
            w.erase(seq)
        assert journal.read(facts.select().with_only_columns(facts.c.payload, facts.c.salt))[0] == (None, None)
        assert journal.verify() == []
