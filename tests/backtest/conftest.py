"""Real bars and a quick embedder for every walk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kit import Call, caller, frame, quick_embedder, write_bars


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("agent.wiring.homes.SentenceEmbedder", quick_embedder)
    monkeypatch.delenv("TRADECRAFT_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    return caller(capsys, tmp_path / "home")


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars"), frame())
