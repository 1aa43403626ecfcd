"""A way to call the command line."""

from pathlib import Path

import pytest

from tests.cli.kit import Call, caller


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], home: Path) -> Call:
    return caller(capsys, home)
