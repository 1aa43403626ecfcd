"""One finished backtest for all tests of the conversation; who writes takes a copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.chat.view import View, open_view
from agent.settings import Settings
from tests.cli.kit import Json, frame, quick_embedder, write_bars

NOW = datetime(2014, 7, 1, 12, tzinfo=UTC)
RANGE = "20140101-20140630"


def now() -> datetime:
    """The clock of every test."""
    return NOW


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("agent.wiring.homes.SentenceEmbedder", quick_embedder)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Json]:
    """A home with a finished run over two real indices, and the run's document."""
    from agent.cli import main

    folder = tmp_path_factory.mktemp("chat")
    files = [str(write_bars(folder, frame(name=n), f"{s}-1d.parquet")) for n, s in (("sp500", "SP500"), ("nasdaq", "NASDAQ"))]
    home = folder / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.wiring.homes.SentenceEmbedder", quick_embedder)
        assert main(["--home", str(home), "backtest", "--data", *files, "--timerange", RANGE, "--llm", "none"]) == 0
    run = (home / "latest").read_text().strip()
    return home, json.loads((home / "runs" / run / "result.json").read_text())


@pytest.fixture(scope="session")
def shared_view(finished: tuple[Path, Json]) -> Iterator[View]:
    """The run opened once for questions that change nothing."""
    home, document = finished
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.wiring.homes.SentenceEmbedder", quick_embedder)
        with open_view(home, document["run"], Settings(), now) as view:
            yield view


@pytest.fixture
def copied(finished: tuple[Path, Json], tmp_path: Path) -> Path:
    """A home of its own with the same run."""
    return Path(shutil.copytree(finished[0], tmp_path / "home"))
