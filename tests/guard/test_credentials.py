"""Credentials: found anew at every use, on record by name, and in no log, error or record by value."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from agent.errors import ConfigError, MarketDataError
from agent.feeds.database import ADDRESS, BarTable
from agent.guard.credentials import Credentials
from agent.loop.doors import audited
from agent.loop.people import ADDRESSES, Apprise, People
from agent.settings import Database
from tests.cycle.build import READY, desk_at, feed_of, known, run

SENTINEL = "s3cr3t-5ent1nel"


def test_a_changed_file_is_used_at_the_next_use_and_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses: list[tuple[str, str, str]] = []
    found = Credentials(lambda *use: uses.append(use))
    file = tmp_path / "key"
    monkeypatch.setenv("BROKER_KEY_FILE", str(file))
    file.write_text("first\n")
    assert found.need("BROKER_KEY", "orders") == "first"
    file.write_text("second\n")
    assert found.need("BROKER_KEY", "orders") == "second"
    monkeypatch.setenv("BROKER_KEY", "third")
    assert found.need("BROKER_KEY", "orders") == "third"
    assert uses == [("BROKER_KEY", "orders", source) for source in ("file", "file", "environment")]
    assert "third" not in repr(found.need("BROKER_KEY", "orders"))


def test_a_missing_one_is_one_line_that_says_where_to_put_it() -> None:
    with pytest.raises(ConfigError, match="NO_SUCH_KEY is needed for orders; set it"):
        Credentials(lambda *use: None).need("NO_SUCH_KEY", "orders")


def test_no_secret_reaches_a_log_an_error_or_a_record(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ADDRESSES, f"json://{SENTINEL}@127.0.0.1:9/x  nonsense://{SENTINEL}")
    monkeypatch.setenv(ADDRESS, f"postgresql://me:{SENTINEL}@127.0.0.1:9/bars")
    with structlog.testing.capture_logs() as logs, desk_at(home, feed_of("SP500")) as desk:
        people = People(lambda record: None, Apprise(audited(desk)))
        for record in run(desk, READY, READY + 30):
            people.record(record)
        people.trouble("halt", "trading is halted", known(READY))
        table = BarTable(lambda: audited(desk).need(ADDRESS, "bars"), Database())
        with pytest.raises(MarketDataError) as caught:
            table.fetch("SP500", "1d", known(0), known(1))
        people.close()
        uses = [fact.data for fact in desk.memory.journal.facts(kinds=("credential_used",))]
    assert {use["name"] for use in uses} == {ADDRESSES, ADDRESS}
    printed = capfd.readouterr()
    stored = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    said = f"{logs}{caught.value}{printed.out}{printed.err}"
    assert any("not delivered" in str(entry["event"]) for entry in logs)
    assert SENTINEL not in said
    assert SENTINEL.encode() not in stored
