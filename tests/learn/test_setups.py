"""How often a setup came: beginnings alone, seven days back, the same after a restart."""

import json
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Recent
from agent.learn.regimes import RegimeTable
from agent.learn.setups import LOOKBACK, SetupTable
from tests.learn.test_monitor import outcome
from tests.market.build import day

NAMES = st.sampled_from([None, "buy|vote|momentum|trending", "sell|vote|momentum|trending"])


def test_a_setup_that_goes_on_came_once_and_after_seven_days_not_at_all() -> None:
    table = SetupTable()
    for n, setup in enumerate(["a", "a", "b", "a", "a", None, "a"]):
        table.note("X", setup, day(n))
    assert table.recent("X", day(6), 0) == Recent(setups={"a": 3, "b": 1}, standing="a")
    assert table.recent("X", day(8), 0).setups == {"a": 2, "b": 1}
    assert table.recent("X", day(60), -2) == Recent(standing="a", streak=-2)
    assert table.recent("Y", day(6), 0) == Recent()


@given(st.lists(st.tuples(NAMES, st.integers(1, 100)), max_size=40))
def test_counts_equal_those_of_the_whole_history_also_after_restarts(steps: list[tuple[str | None, int]]) -> None:
    table, at = SetupTable(), day(0)
    state: dict[str, object] = {}
    began: list[tuple[datetime, str]] = []
    standing: str | None = None
    for setup, hours in steps:
        at += timedelta(hours=hours)
        expected: dict[str, int] = {}
        for then, name in began:
            if at - then < LOOKBACK:
                expected[name] = expected.get(name, 0) + 1
        assert table.recent("X", at, 0) == Recent(setups=expected, standing=standing)
        if setup is not None and setup != standing:
            began.append((at, setup))
        standing = setup
        state |= {key: value for _, key, value in table.note("X", setup, at)}
        table = SetupTable()
        table.restore(json.loads(json.dumps(state)))


def test_the_streak_of_a_regime_turns_with_its_trades() -> None:
    table, seen = RegimeTable(), []
    for won in (True, True, False, False, False, True):
        table.settle(outcome(won), "ranging")
        seen.append(table.streak("ranging"))
    assert seen == [1, 2, -1, -2, -3, 1]
    assert table.streak("volatile") == 0
