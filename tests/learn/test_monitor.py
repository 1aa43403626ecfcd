"""The performance monitor: it reduces after weak results and always gives back."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Outcome
from agent.learn.monitor import Evidence, Monitor
from agent.settings import Learning, Limits

WHEN = datetime(2020, 1, 6, tzinfo=UTC)
LIMITS = Limits(max_consecutive_losses=6, cooldown_bars=10)
FULL = {"size_multiplier": 1.0, "min_confidence": 0.35, "stop_multiplier": 1.0}
TIGHT = {"size_multiplier": 0.7, "min_confidence": 0.70, "stop_multiplier": 1.0}
PROVEN = {"size_multiplier": 1.1, "min_confidence": 0.35, "stop_multiplier": 0.9}


def outcome(won: bool, symbol: str = "SP500") -> Outcome:
    return ended(1.0 if won else -1.0, symbol)


def ended(r: float, symbol: str = "SP500") -> Outcome:
    return Outcome(
        position="p", decision="p", symbol=symbol, side="buy", quantity=Decimal(1), entry_bar=WHEN, entry_price=100,
        exit_bar=WHEN, exit_price=100 + r, closed_at=WHEN, bars_held=1, pnl=r, fees=0, income=0, r=r, mae=0, mfe=0,
        grade="success", reason="time",
    )  # fmt: skip


def monitor(limits: Limits = LIMITS) -> Monitor:
    return Monitor(Learning(), limits, 0.35)


def feed(watched: Monitor, wins: int, losses: int) -> None:
    """Settle trades spread so that no losing streak forms."""
    total = wins + losses
    for i in range(total):
        watched.settle(outcome((i + 1) * wins // total > i * wins // total))


def alerted() -> Monitor:
    watched = monitor()
    feed(watched, 8, 12)
    watched.review()
    return watched


@pytest.mark.parametrize(("wins", "losses", "alert"), [(8, 12, True), (9, 11, False), (0, 19, False), (13, 7, False)])
def test_alert_needs_fewer_than_45_percent_of_twenty(wins: int, losses: int, alert: bool) -> None:
    watched = monitor()
    feed(watched, wins, losses)
    made, _ = watched.review()
    assert watched.parameters == (TIGHT if alert else FULL)
    assert [change.name for change in made] == (["min_confidence", "size_multiplier"] if alert else [])


def test_alert_looks_at_the_last_twenty_only() -> None:
    watched = monitor()
    feed(watched, 0, 5)
    feed(watched, 20, 0)
    feed(watched, 0, 11)
    assert not watched.review()[0]
    feed(watched, 0, 1)
    (change, _), _ = watched.review()
    assert "40% over the last 20" in change.trigger
    assert (change.from_, change.to) == (0.35, 0.70)


def test_alert_never_lowers_a_stricter_threshold() -> None:
    watched = Monitor(Learning(), LIMITS, 0.8)
    feed(watched, 0, 20)
    made, _ = watched.review()
    assert watched.parameters["min_confidence"] == 0.8
    assert [change.name for change in made] == ["size_multiplier"]


def test_alert_ends_after_sixty_bars_and_needs_twenty_new_trades_to_return() -> None:
    watched = alerted()
    for _ in range(59):
        watched.tick("SP500")
    assert watched.review()[0] == []
    watched.tick("SP500")
    made, _ = watched.review()
    assert "periodic reset" in made[0].trigger
    assert watched.parameters == FULL
    feed(watched, 0, 19)
    assert watched.review()[0] == []
    feed(watched, 0, 1)
    assert watched.review()[0]


def test_alert_counts_bars_of_time_not_bars_of_symbols() -> None:
    watched = alerted()
    for _ in range(59):
        for symbol in ("SP500", "NASDAQ", "DAX"):
            watched.tick(symbol)
    assert watched.review()[0] == []
    watched.tick("DAX")
    assert watched.review()[0]


def test_alert_ends_when_the_shadow_book_wins_half_of_twenty() -> None:
    watched = alerted()
    for won in [False] * 5 + [True, False] * 9 + [False]:
        watched.shadow(r := 1.0 if won else -1.0, r, taken=False)
        assert watched.review()[0] == []
    watched.shadow(1.0, 1.0, taken=False)
    made, _ = watched.review()
    assert "shadow book" in made[0].trigger
    assert watched.parameters == FULL


def test_alert_does_not_wait_for_twenty_more_signals_once_luck_has_turned() -> None:
    """The shadow book is the book as it would have gone on: an alert that starts it anew stays long after its reason is gone."""
    watched = alerted()  # won 8 of 20, the earliest of them lost
    signals = 0
    while watched.parameters == TIGHT:
        watched.shadow(1.0, 1.0, taken=False)
        watched.review()
        signals += 1
    assert 2 <= signals <= 4


def test_shadow_book_is_kept_only_during_an_alert() -> None:
    watched = monitor()
    assert watched.shadow(1.0, 1.0, taken=True) == []
    assert watched.state.shadow_wins == []


def test_streak_pauses_its_symbol_alone_for_the_set_bars() -> None:
    watched = monitor()
    for _ in range(5):
        watched.settle(outcome(False))
    watched.settle(outcome(False, "NASDAQ"))
    assert watched.cooldown("SP500") == 0
    watched.settle(outcome(False))
    waits = []
    while watched.cooldown("SP500"):
        waits.append(watched.cooldown("SP500"))
        watched.tick("SP500")
        watched.tick("NASDAQ")
    assert waits == list(range(10, 0, -1))
    assert watched.cooldown("NASDAQ") == 0
    watched.settle(outcome(False))
    assert watched.cooldown("SP500") == 0


def test_win_ends_a_losing_streak() -> None:
    watched = monitor()
    for won in [False] * 5 + [True] + [False] * 5:
        watched.settle(outcome(won))
    assert watched.cooldown("SP500") == 0


def _applied(state: dict[str, dict[str, Any]], changes: list[tuple[str, str, Any]]) -> None:
    for space, key, value in changes:
        state.setdefault(space, {})[key] = value


def test_restored_monitor_goes_on_exactly_through_alert_and_reset() -> None:
    steady, restarted = monitor(), monitor()
    state: dict[str, dict[str, Any]] = {"monitor": {}, "streaks": {}}
    for i in range(150):
        late: list[tuple[str, str, Any]] = []  # ticks are committed after outcomes, as a cycle's own fact is
        for one in (steady, restarted):
            late = one.tick("SP500")
            if i % 2:
                early = one.settle(outcome(i % 3 == 0))
                _applied(state, early)
            late += one.shadow(r := 1.0 if i % 5 == 0 else -1.0, r, taken=False)
            made, changes = one.review()
            late += changes
        _applied(state, late)
        assert steady.parameters == restarted.parameters
        assert (steady.state, steady.streaks) == (restarted.state, restarted.streaks)
        restarted = monitor()
        restarted.restore(json.loads(json.dumps(state)))
    assert steady.state.seen == 75


def test_review_without_news_commits_nothing() -> None:
    watched = alerted()
    assert watched.review() == ([], [])


def test_the_end_of_an_alert_says_what_it_was_worth_against_the_old_values() -> None:
    watched = monitor()
    feed(watched, 5, 15)
    watched.review()
    assert watched.parameters == TIGHT
    for i in range(12):
        watched.shadow(r := -1.0 if i % 2 else 0.5, r, taken=False)  # too weak for the alert: it saves each of them
    for i in range(8):
        watched.shadow(r := -1.0 if i % 2 else 0.5, r, taken=True)  # taken at 0.7 of the size
    for _ in range(60):
        watched.tick("SP500")
    made, _ = watched.review()
    assert {change.name for change in made} == {"size_multiplier", "min_confidence"}
    expected = (12 * 0.25 + 8 * 0.3 * 0.25) / 20
    for change in made:
        assert change.impact == pytest.approx(expected)
        assert change.interval is not None
        assert change.interval[0] < 0 < expected < change.interval[1]
        assert change.signals == 20


def test_an_alert_without_signals_claims_no_worth() -> None:
    watched = monitor()
    feed(watched, 5, 15)
    (first, _), _ = watched.review()
    assert (first.impact, first.signals) == (None, 0)
    for _ in range(60):
        watched.tick("SP500")
    made, _ = watched.review()
    assert [(change.impact, change.interval, change.signals) for change in made] == [(None, None, 0)] * 2


def proven() -> Monitor:
    watched = monitor()
    feed(watched, 20, 4)
    watched.review()
    return watched


def test_proven_success_takes_a_little_more_size_on_a_nearer_stop_and_says_why() -> None:
    watched = monitor()
    feed(watched, 14, 5)
    assert watched.review()[0] == []
    feed(watched, 5, 0)
    made, sets = watched.review()
    assert watched.parameters == PROVEN
    assert [(c.name, c.from_, c.to) for c in made] == [("size_multiplier", 1.0, 1.1), ("stop_multiplier", 1.0, 0.9)]
    assert "24 trades made +0.58 R each" in made[0].trigger
    assert "however often one looks" in made[0].trigger
    assert ("parameters", "current", PROVEN) in sets


def test_many_small_wins_that_one_loss_takes_back_are_no_success() -> None:
    watched = monitor()
    for i in range(60):
        watched.settle(ended(-4.0 if i % 5 == 4 else 1.0))
        assert watched.review()[0] == []


def test_success_ends_with_the_bars_and_says_what_it_was_worth_against_the_old_values() -> None:
    watched = proven()
    for i in range(40):
        watched.shadow(*((-1.0, -0.9) if i % 4 == 0 else (1.0, 1.0)), taken=True)
    for _ in range(249):
        watched.tick("SP500")
    assert watched.review()[0] == []
    watched.tick("SP500")
    made, _ = watched.review()
    assert watched.parameters == FULL
    assert "periodic reset" in made[0].trigger
    for change in made:
        assert change.impact == pytest.approx((10 * (1.0 - 0.99) + 30 * 0.1) / 40)
        assert change.signals == 40
    feed(watched, 19, 0)
    assert watched.review()[0] == []
    feed(watched, 1, 0)
    assert watched.review()[0]


def test_success_ends_when_the_last_trades_lose_together_before_any_alert() -> None:
    watched = proven()
    trades = [0.5, 0.5, -1.5] * 6 + [0.5, -1.5]
    for r in trades[:-1]:
        watched.settle(ended(r))
    watched.review()
    assert watched.parameters == FULL
    assert not watched.state.alert


def test_an_alert_ends_a_success_at_once() -> None:
    watched = proven()
    feed(watched, 0, 14)
    made, _ = watched.review()
    assert watched.parameters == TIGHT
    assert {(c.name, c.from_, c.to) for c in made} == {
        ("size_multiplier", 1.1, 0.7), ("min_confidence", 0.35, 0.70), ("stop_multiplier", 0.9, 1.0),
    }  # fmt: skip


def test_a_journal_of_an_earlier_version_is_taken_up() -> None:
    watched = monitor()
    old = {"wins": [True] * 8, "shadow_wins": [], "alert": True, "alert_bars": {"SP500": 59}, "gains": [], "seen": 8}
    watched.restore({"monitor": {"state": old}, "streaks": {}})
    watched.tick("SP500")
    assert "periodic reset" in watched.review()[0][0].trigger


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=60))
def test_the_bound_lies_below_the_mean_and_follows_the_trades(rs: list[float]) -> None:
    tested = Evidence()
    for r in rs:
        tested = tested.joined(r)
    mean = math.fsum(rs) / len(rs)
    assert tested.mean == pytest.approx(mean, abs=1e-9)
    assert tested.squares == pytest.approx(math.fsum((r - mean) ** 2 for r in rs), abs=1e-6)
    assert tested.lower(0.05) <= tested.mean
    assert tested.lower(0.05) <= tested.lower(0.2)
