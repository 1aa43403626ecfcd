"""A run of cycles: the same bars give the same records, however often the program died in between."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from agent.domain import CycleRecord
from agent.learn.monitor import MonitorState, Streak
from agent.market.series import Series, prepare
from agent.wiring.recorded import RecordedFeed
from tests.cycle.build import BOTH, READY, SETTINGS, desk_at, feed_of, market, run, tell


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> list[CycleRecord]:
    """One symbol from the first ready bar to the last, never interrupted; it trades, is put on alert and released."""
    with desk_at(tmp_path_factory.mktemp("steady"), feed_of("SP500")) as desk:
        records = run(desk, READY, 700)
        assert desk.memory.journal.verify() == []
    assert sum(len(record.outcomes) for record in records) >= 15
    assert {change.to for record in records for change in record.changes} >= {0.7, 1.0}
    return records


def test_same_bars_in_another_home_give_the_same_bytes(home: Path, steady: list[CycleRecord]) -> None:
    with desk_at(home, feed_of("SP500")) as desk:
        assert tell(run(desk, READY, 400)) == tell(steady[: 400 - READY])


def test_killed_between_bars_goes_on_as_if_nothing_had_happened(home: Path, steady: list[CycleRecord]) -> None:
    feed, records = feed_of("SP500"), []
    stops = [READY, READY + 3, *range(360, 600, 40), *range(600, 641, 4), 700]
    for first, last in zip(stops, stops[1:], strict=False):
        with desk_at(home, feed) as desk:
            records += run(desk, first, last)
    assert tell(records) == tell(steady)


def test_killed_run_of_two_symbols_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    feed, records = feed_of(*BOTH), []
    with desk_at(tmp_path / "steady", feed) as desk:
        expected = run(desk, READY, 420, BOTH)
    for first in range(READY, 420, 22):
        with desk_at(tmp_path / "killed", feed) as desk:
            records += run(desk, first, first + 22, BOTH)
    assert tell(records) == tell(expected)


def test_journal_holds_what_was_learned_as_it_stands_after_every_bar(home: Path) -> None:
    trading_on = SETTINGS.learning.model_copy(update={"alert_confidence": 0.5})  # so that trades end during alerts
    with desk_at(home, feed_of("SP500"), settings=SETTINGS.model_copy(update={"learning": trading_on})) as desk:
        alerts = 0
        for i in range(READY, 510):
            run(desk, i, i + 1)
            state = desk.memory.journal.state
            assert MonitorState.model_validate(state("monitor").get("state", {})) == desk.monitor.state
            assert {k: Streak.model_validate(v) for k, v in state("streaks").items()} == desk.monitor.streaks
            assert state("account")["paper"] == desk.broker.account.model_dump(mode="json")
            alerts += desk.monitor.state.alert
        assert alerts
        assert desk.monitor.state.seen >= 5


def test_bars_that_come_later_change_no_earlier_record(home: Path, steady: list[CycleRecord]) -> None:
    with desk_at(home, RecordedFeed({"SP500": _first_bars(450)})) as desk:
        assert tell(run(desk, READY, 450)) == tell(steady[: 450 - READY])


def _first_bars(n: int) -> Series:
    whole = market("SP500")
    return prepare(whole.bars.head(n), whole.instrument, SETTINGS.market)


def test_record_adds_up_and_stays_inside_the_mandate(steady: list[CycleRecord]) -> None:
    for record in steady:
        if record.signal is not None:
            assert abs(math.fsum(part.value for part in record.contributions)) == record.signal.confidence
            assert abs(record.decision.size) <= min(abs(record.signal.size), SETTINGS.limits.max_position)
        assert (record.status == "ok") == (record.signal is not None)
        assert (record.decision.action == "none") == (record.status != "ok")


def test_every_outcome_is_of_an_order_on_record_and_changes_cash_by_its_profit(steady: list[CycleRecord]) -> None:
    orders = {record.order.client_id: record for record in steady if record.order is not None}
    earned = sum(outcome.pnl for record in steady for outcome in record.outcomes)
    assert all(outcome.position in orders for record in steady for outcome in record.outcomes)
    assert not steady[-1].book.positions
    assert steady[-1].book.cash == pytest.approx(SETTINGS.cash + earned)


@pytest.mark.parametrize("arm", ["no-memory", "no-skills"])
def test_arm_without_a_part_decides_some_bars_otherwise(home: Path, steady: list[CycleRecord], arm: str) -> None:
    with desk_at(home, feed_of("SP500"), arm=arm) as desk:
        records = run(desk, READY, 700)
    pairs = list(zip(records, steady, strict=True))
    assert any(one.decision != two.decision for one, two in pairs)
    assert any(one.contributions != two.contributions for one, two in pairs)
    gone = [record.recollection.analogues if arm == "no-memory" else record.skills for record in records]
    assert not any(gone)


_BARE = """
import sys
from pathlib import Path
from tests.cycle.build import READY, desk_at, run
with desk_at(Path(sys.argv[1])) as desk:
    run(desk, READY, READY + 40)
print(*sorted(set(sys.modules) & {"torch", "sentence_transformers", "chromadb", "plotly"}))
"""


def test_cycle_loads_no_embedding_model_and_no_index(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _BARE, str(home)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
