import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.schema import CreateSchema

from agent.guard.signing import Signer
from agent.settings import Recall, Settings
from memory_db.journal import Journal
from memory_db.store import MemoryStore
from tests.memory_db.fakes import HashingEmbedder
from tests.memory_db.server import missing, running


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.load_or_create(tmp_path / "home", "agent")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server; skips where there can be none."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with running() as url:
        yield url


@pytest.fixture
def postgres(server: str, tmp_path: Path) -> str:
    """The URL of an empty schema of its own."""
    schema = f"t{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]}"
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(CreateSchema(schema))
    engine.dispose()
    return f"{server}?options=-csearch_path%3D{schema}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def journal(request: pytest.FixtureRequest, tmp_path: Path, signer: Signer) -> Iterator[Journal]:
    if request.param == "sqlite":
        where, head = str(tmp_path / "run" / "journal.sqlite"), None
    else:
        where, head = request.getfixturevalue("postgres"), tmp_path / "head"
    with Journal.open(where, signer, durable=False, head=head) as opened:
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
