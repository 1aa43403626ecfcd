import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from agent.guard.signing import Signer
from memory_db.journal import Journal

ROOT = Path(__file__).parents[2]

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agent.guard.signing import Signer
from memory_db.journal import Journal

folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
at = datetime(2014, 1, 1, tzinfo=UTC)
with Journal.open(folder / "j.sqlite", Signer.load_or_create(folder, "agent"), durable=False) as journal:
    for i in range(count):
        with journal.write() as w:
            for part in range(3):
                sets = [("count", name, i)]
                w.add("note", {"i": i}, key=f"{name}:{i}:{part}", happened_at=at, known_at=at, sets=sets)
            w.add("shared", {}, key=f"shared:{i}", happened_at=at, known_at=at)
        print(i, flush=True)
"""


def start(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_two_processes_writing_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    running = [start(tmp_path, name, 60) for name in ("a", "b")]
    for process in running:
        process.communicate()
        assert process.returncode == 0
    with Journal.open(tmp_path / "j.sqlite", Signer.load_or_create(tmp_path, "agent")) as journal:
        assert journal.verify() == []
        keys = [fact.key for fact in journal.facts()]
        expected = {f"{name}:{i}:{part}" for name in "ab" for i in range(60) for part in range(3)} | {
            f"shared:{i}" for i in range(60)
        }
        assert len(keys) == len(expected)
        assert set(keys) == expected
        assert journal.state("count") == {"a": 59, "b": 59}


def test_killed_writers_leave_a_journal_that_holds_all_they_acknowledged(tmp_path: Path) -> None:
    generator = random.Random(20140101)
    signer = Signer.load_or_create(tmp_path, "agent")
    for attempt in range(5):
        running = {name: start(tmp_path, f"{attempt}{name}", 100_000) for name in ("a", "b")}
        acknowledged: dict[str, int] = {}
        for name, process in running.items():
            assert process.stdout is not None
            for line in process.stdout:
                acknowledged[name] = int(line)
                if acknowledged[name] >= generator.randrange(5, 40):
                    break
        for process in running.values():
            process.send_signal(signal.SIGKILL)
        for name, process in running.items():
            rest = process.communicate()[0].split()
            acknowledged[name] = int(rest[-1]) if rest else acknowledged[name]
        with Journal.open(tmp_path / "j.sqlite", signer) as journal:
            assert journal.verify() == []
            for name, last in acknowledged.items():
                missing = [i for i in range(last + 1) for part in range(3) if journal.get(f"{attempt}{name}:{i}:{part}") is None]
                assert missing == []
