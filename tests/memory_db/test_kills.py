"""Two imports at once, killed at random moments: whatever was acknowledged is there, whole and found again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.guard.signing import Signer
from agent.settings import Settings
from memory_db.journal import Journal
from memory_db.store import MemoryStore

ROOT = Path(__file__).parents[2]
LINES = 2000
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def importing(home: Path, name: str) -> subprocess.Popen[bytes]:
    file = home.parent / f"{name}.jsonl"
    with file.open("w") as out:
        for i in range(LINES):
            line = {
                "kind": "dialog",
                "content": f"{name} said thing{i}",
                "key": f"{name}:{i}",
                "happened_at": "2024-01-01T00:00:00Z",
            }
            out.write(json.dumps(line) + "\n")
    words = [sys.executable, "-m", "agent", "--home", str(home), "memory", "import", "--jsonl", str(file), "--ack"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)


def killed_midway(home: Path, attempt: int, chance: random.Random) -> list[str]:
    """Kill both somewhere on their way and return what they had acknowledged."""
    running = [importing(home, f"{attempt}{name}") for name in "ab"]
    said = b""
    for process in running:
        assert process.stdout is not None
        for _ in range(chance.randrange(0, LINES // 4)):
            said += process.stdout.readline()
    for process in running:
        process.kill()
    for process in running:
        rest = process.communicate()[0]
        # a line that was cut off told nobody anything
        said += rest[: rest.rfind(b"\n") + 1]
    return [json.loads(line)["key"] for line in said.splitlines()]


def survived(home: Path, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    signer = Signer.load_or_create(home, "agent")
    folder = home / "runs" / "paper"
    acknowledged: list[str] = []
    for attempt in range(0, kills, 2):
        acknowledged += killed_midway(home, attempt, chance)
    with Journal.open(folder / "journal.sqlite", signer) as journal:
        assert journal.verify() == []
        held = {fact.key for fact in journal.facts(["dialog"])}
    assert acknowledged
    assert {f"import:{key}" for key in acknowledged} <= held
    with MemoryStore.open(folder, signer=signer, embedder=None, settings=Settings(), durable=True) as store:
        store.index()
        assert store.verify()["ok"]
        for key in chance.sample(acknowledged, 20):
            name, number = key.split(":")
            found = store.search(f"{name} thing{number}", as_of=LATER, k=3, mode="text")
            assert key in {memory.key for memory in found}


def test_imports_killed_a_few_times_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    survived(tmp_path / "home", 4, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_imports_killed_a_hundred_times_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    survived(tmp_path / "home", 100, seed=2)
