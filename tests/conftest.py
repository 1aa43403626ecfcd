"""What every test gets: no settings from the outside, and a home of its own when it asks for one."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in sorted(os.environ):
        if name.startswith(("TRADECRAFT_", "ANTHROPIC_")) and name != "TRADECRAFT_DATA":  # no test asks a model for money
            monkeypatch.delenv(name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"
