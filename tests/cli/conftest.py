"""Real bars, a quick embedder and a home of its own for every test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.kit import RANGE, Call, caller, frame, quick_embedder, write_bars


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("agent.wiring.homes.SentenceEmbedder", quick_embedder)
    monkeypatch.setattr("agent.embedding.sentence.SentenceEmbedder", quick_embedder)  # where `doctor` looks
    monkeypatch.delenv("TRADECRAFT_HOME", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    return caller(capsys, tmp_path / "home")


@pytest.fixture(scope="session")
def bars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bars(tmp_path_factory.mktemp("bars"), frame())


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, bars: Path) -> Path:
    """A home with a finished run of the full arm; tests read it and do not write."""
    from agent.cli import main

    home = tmp_path_factory.mktemp("walked") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agent.wiring.homes.SentenceEmbedder", quick_embedder)
        assert main(["--home", str(home), "backtest", "--data", str(bars), "--timerange", RANGE, "--json"]) == 0
    return home
