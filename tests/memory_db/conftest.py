from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from tests.memory_db.fakes import HashingEmbedder


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.load_or_create(tmp_path / "home", "agent")


@pytest.fixture
def journal(tmp_path: Path, signer: Signer) -> Iterator[Journal]:
    with Journal.open(tmp_path / "run" / "journal.sqlite", signer, durable=False) as opened:
        yield opened


@pytest.fixture
def settings() -> Settings:
    return Settings(recall=Recall(k=5, min_settled=4, exact=True))


@pytest.fixture
def store(tmp_path: Path, signer: Signer, settings: Settings) -> Iterator[MemoryStore]:
    with MemoryStore.open(
        tmp_path / "run", signer=signer, embedder=HashingEmbedder(), settings=settings, durable=False
    ) as opened:
        yield opened
