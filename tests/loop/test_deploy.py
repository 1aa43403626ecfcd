"""The service file: systemd accepts it, and it says what the loop does with signals and exit codes."""

from __future__ import annotations

import shutil
import socket
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

import agent.deploy
from agent.loop.schedule import Due
from tests.cycle.build import READY, desk_at, feed_of, known
from tests.loop.build import Dues, FakeClock, loop_of

UNIT = Path(agent.deploy.__file__).with_name("tradecraft.service")


def test_a_halted_or_misconfigured_loop_is_not_started_again_and_a_hung_one_is() -> None:
    unit = RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    assert service["RestartPreventExitStatus"].split() == ["2", "3"]
    assert (service["Type"], service["Restart"], service["KillSignal"]) == ("notify", "on-failure", "SIGTERM")
    assert int(service["WatchdogSec"]) > 60
    written = dict(pair.split("=", 1) for pair in service["Environment"].split())
    assert written["TRADECRAFT_HOME"] == f"/var/lib/{service['StateDirectory']}"
    assert written["XDG_CACHE_HOME"] == f"/var/cache/{service['CacheDirectory']}"  # nothing else may be written to


def test_systemd_hears_when_the_loop_is_ready_alive_and_stopping(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = home / "notify"
    home.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ears:
        ears.bind(str(address))
        ears.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        with desk_at(home, feed_of("SP500")) as desk:
            dues = Dues(Due(known(READY), ("SP500",)))
            with loop_of(desk, home, dues, FakeClock(known(READY - 1)), ticks=iter(range(100)).__next__) as (loop, _):
                loop.run(known(READY - 1))
        heard = [ears.recv(100).decode() for _ in range(4)]
    assert heard == ["READY=1", "WATCHDOG=1", "STOPPING=1", "WATCHDOG=1"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here to ask")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    there = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/opt/tradecraft/.venv/bin/tradecraft", shutil.which("true") or "/bin/true")
    there.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", str(there)], capture_output=True, text=True, check=False)
    assert UNIT.name not in done.stderr, done.stderr
