"""The service file: systemd accepts it, and it says what the loop does with signals and exit codes."""

from __future__ import annotations

import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

import agent.deploy

UNIT = Path(agent.deploy.__file__).with_name("tradecraft.service")


def test_a_halted_or_misconfigured_loop_is_not_started_again_and_a_hung_one_is() -> None:
    unit = RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    assert service["RestartPreventExitStatus"].split() == ["2", "3"]
    assert (service["Type"], service["Restart"], service["KillSignal"]) == ("notify", "on-failure", "SIGTERM")
    assert int(service["WatchdogSec"]) > 60


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here to ask")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    there = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/opt/tradecraft/.venv/bin/tradecraft", shutil.which("true") or "/bin/true")
    there.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", str(there)], capture_output=True, text=True, check=False)
    assert UNIT.name not in done.stderr, done.stderr
